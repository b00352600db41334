"""The backends by name.

Backend ``b`` is the module ``isograph.network.b`` with two functions, ``b_network`` and ``b_memory``; it is imported
when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from isograph.config import FitConfig
from isograph.features.channel import Channels
from isograph.network.result import Network
from isograph.runtime.progress import Steps


def infer_network(channels: Channels, config: FitConfig, *, threads: int, steps: Steps) -> Network:
    """Return the network that the configured backend infers from the channels."""
    infer = _function(config, "network")
    network: Network = infer(channels, config.backend_settings, seed=config.seed, threads=threads, steps=steps)
    return network


def network_memory(n_features: int, config: FitConfig, *, threads: int) -> int:
    """Return the bytes the configured backend needs beside the features themselves."""
    n_bytes: int = _function(config, "memory")(n_features, config.backend_settings, threads=threads)
    return n_bytes


def _function(config: FitConfig, purpose: str) -> Any:  # noqa: ANN401
    return getattr(import_module(f"isograph.network.{config.backend}"), f"{config.backend}_{purpose}")

"""The backends by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from isograph.config import FitConfig
from isograph.features.channel import Channels
from isograph.network.factor import factor_network
from isograph.network.result import Network
from isograph.runtime.progress import Steps

_BACKENDS: Mapping[str, Callable[..., Network]] = {"factor": factor_network}


def infer_network(channels: Channels, config: FitConfig, *, threads: int, steps: Steps) -> Network:
    """Return the network that the configured backend infers from the channels."""
    return _BACKENDS[config.backend](channels, config.settings, seed=config.seed, threads=threads, steps=steps)

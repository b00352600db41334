"""The network backends. A new one is a module of its own and one entry in ``_backend``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from isograph.config import BackendConfig, FactorConfig, FitConfig, VaeConfig
from isograph.features.channel import Channels
from isograph.network.result import Network
from isograph.runtime.extras import require_extra
from isograph.runtime.progress import Steps


class _InferNetwork(Protocol):
    def __call__(self, channels: Channels, /, *, seed: int, threads: int, steps: Steps) -> Network: ...


class _EstimateMemory(Protocol):
    def __call__(self, n_features: int, /, *, threads: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend with its settings.

    Attributes
    ----------
    network : infers the network of channels.
    memory : estimates the bytes that this takes beside the features themselves.
    """

    network: _InferNetwork
    memory: _EstimateMemory


def infer_network(channels: Channels, config: FitConfig, *, threads: int, steps: Steps) -> Network:
    """Return the network that the configured backend infers from the channels."""
    return _backend(config.backend_settings).network(channels, seed=config.seed, threads=threads, steps=steps)


def network_memory(n_features: int, config: FitConfig, *, threads: int) -> int:
    """Return the bytes the configured backend needs beside the features themselves."""
    return _backend(config.backend_settings).memory(n_features, threads=threads)


def _backend(settings: BackendConfig) -> Backend:
    """Return the backend that takes the settings; only that one is imported, as torch takes seconds."""
    if isinstance(settings, FactorConfig):
        from isograph.network.factor import factor_memory, factor_network

        return Backend(partial(factor_network, config=settings), partial(factor_memory, config=settings))
    if isinstance(settings, VaeConfig):
        require_extra("torch", "the vae backend", "vae")
        from isograph.network.vae import vae_memory, vae_network

        return Backend(partial(vae_network, config=settings), partial(vae_memory, config=settings))
    from isograph.network.wgcna import wgcna_memory, wgcna_network

    return Backend(partial(wgcna_network, config=settings), partial(wgcna_memory, config=settings))

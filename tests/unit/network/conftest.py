from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from isograph.features.channel import Channels

MakeChannels = Callable[..., Channels]


def _channels(features: dict[str, np.ndarray]) -> Channels:
    """Channels from ``<gene>::<type>`` → values; the values are centred and scaled, the features put in order."""
    ordered = sorted(features)
    genes = sorted({name.partition("::")[0] for name in ordered})
    z = np.array([features[name] for name in ordered], dtype=np.float64)
    z = z - z.mean(axis=1, keepdims=True)
    z = z / z.std(axis=1, ddof=1, keepdims=True)
    return Channels(
        gene_ids=genes,
        gene_of=np.array([genes.index(name.partition("::")[0]) for name in ordered], dtype=np.int64),
        is_switch=np.array([name.endswith("::switch") for name in ordered]),
        z=z,
        missing=None,
        n_transcripts=np.full(len(ordered), 2, dtype=np.int64),
        residual_dof=z.shape[1] - 2,
        loadings=pl.DataFrame(),
        excluded=pl.DataFrame(),
    )


@pytest.fixture(scope="session")
def make_channels() -> MakeChannels:
    return _channels


@pytest.fixture
def waves() -> np.ndarray:
    """Four rows over 16 samples with mean 0, unit norm and no correlation between them."""
    angle = 2 * np.pi * np.arange(16) / 16
    rows = np.array([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def two_signals(make_channels) -> Channels:
    """Two signals with 12 and 8 features, 60 features of noise, 50 samples."""
    rng = np.random.default_rng(4)
    signals = rng.normal(size=(2, 50))
    features = {f"a{i:02d}::abundance": 3.0 * signals[0] + rng.normal(size=50) for i in range(12)}
    features |= {f"b{i:02d}::abundance": 3.0 * signals[1] + rng.normal(size=50) for i in range(8)}
    features |= {f"n{i:02d}::abundance": rng.normal(size=50) for i in range(60)}
    return make_channels(features)

from __future__ import annotations

import numpy as np
import pytest
import torch

from isograph.network.vae import Sizes, VaeModel
from isograph.network.vae.model import linear_start


@pytest.fixture
def planted(make_channels):
    """Genes a (14) and b (10) share a signal each; 60 genes of noise, 60 samples."""
    rng = np.random.default_rng(4)
    signals = rng.normal(size=(2, 60))
    features = {
        f"{letter}{i:02d}::{kind}": 2.0 * signals[number] + rng.normal(size=60)
        for number, (letter, size, kind) in enumerate([("a", 14, "abundance"), ("b", 10, "switch")])
        for i in range(size)
    }
    features |= {f"n{i:02d}::abundance": rng.normal(size=60) for i in range(60)}
    return make_channels(features)


@pytest.fixture
def noise(make_channels):
    rng = np.random.default_rng(8)
    return make_channels({f"n{i:03d}::abundance": rng.normal(size=40) for i in range(200)})


@pytest.fixture
def model() -> VaeModel:
    """A model of 30 features, 5 directions and 3 latent dimensions that no one trained."""
    sizes = Sizes(n_features=30, rank=5, latent_size=3, hidden_sizes=(7, 4))
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.normal(size=(30, 5)))[0].astype(np.float32)
    samples = torch.from_numpy(rng.normal(size=(40, 5)) * np.array([3.0, 2.0, 1.5, 0.5, 0.2]))
    networks = linear_start(samples, sizes, 0.1, beta=1.0, seed=3)
    return VaeModel(
        feature_ids=[f"g{i:02d}::switch" for i in range(30)],
        feature_types=["switch"] * 30,
        sizes=sizes,
        basis=torch.from_numpy(basis).to(torch.float64),
        scale=1.5,
        noise_variance=0.1,
        active=(True, True, False),
        encoder=networks.encoder.requires_grad_(requires_grad=False),
        decoder=networks.decoder.requires_grad_(requires_grad=False),
    )

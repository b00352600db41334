from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from isograph.explanation.feature import Features

N_FEATURES, N_SAMPLES = 12, 40


@pytest.fixture(scope="session")
def encoded() -> Callable:
    """Samples as a model with random weights sees them; ``bent`` scales what is not linear in it."""
    import torch

    from isograph.explanation.encoded import Encoded
    from isograph.network.vae.model import Decoder, Encoder, Sizes, VaeModel

    sizes = Sizes(n_features=N_FEATURES, rank=4, latent_size=2, hidden_sizes=(5,))

    def samples(*, bent: float) -> Encoded:
        torch.manual_seed(3)
        encoder, decoder = Encoder(sizes), Decoder(sizes)
        with torch.no_grad():
            encoder.bend.weight *= bent
            decoder.bend.weight *= bent
        genes = [f"g{i}" for i in range(N_FEATURES)]
        model = VaeModel(
            feature_ids=[f"{gene}::abundance" for gene in genes],
            feature_types=["abundance"] * N_FEATURES,
            sizes=sizes,
            basis=torch.linalg.qr(torch.randn(N_FEATURES, sizes.rank, dtype=torch.float64))[0],
            scale=1.5,
            noise_variance=1.0,
            active=(True,) * sizes.latent_size,
            encoder=encoder.requires_grad_(requires_grad=False),
            decoder=decoder.requires_grad_(requires_grad=False),
        )
        x = np.random.default_rng(4).normal(size=(N_FEATURES, N_SAMPLES))
        rows = pl.DataFrame({"feature_id": model.feature_ids, "gene_id": genes, "feature_type": model.feature_types})
        return Encoded(model, Features(rows, x), x, model.encode(x))

    return samples

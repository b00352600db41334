"""What the decoder makes of a step along a module: which features respond, and how surely."""

from __future__ import annotations

import numpy as np
import polars as pl
import torch

from isograph.arrays import Matrix, Vector
from isograph.explanation.encoded import Encoded, LatentDirection
from isograph.explanation.feature import Association
from isograph.explanation.tables import strongest_features
from isograph.network.vae import VaeModel
from isograph.network.vae.training import one_torch_thread
from isograph.schemas.explanation import VAE_DRIVERS

SAMPLES_AT_ONCE = 64
MAX_Q = 0.05
MIN_PERCENTILE = 75.0
MIN_SIGN_AGREEMENT = 0.9


def decoder_response(model: VaeModel, z: Matrix, direction: LatentDirection, signs: Vector) -> tuple[Vector, Vector]:
    """Return the mean response of every feature to the direction's step, and how often it has the sign asked for.

    The response in a sample is the exact Jacobian of the decoder at the sample's latent mean, times the step: by how
    many sd the feature moves when the module moves by one.

    z: (d, n) latent means. signs: (p,) −1, 0 or 1. Returns (p,) and (p,), the latter the share of the samples.
    """
    decoder = model.feature_decoder
    means = np.ascontiguousarray(z[:, direction.samples].T)
    total, agreeing = np.zeros(len(signs)), np.zeros(len(signs))
    with one_torch_thread():
        for start in range(0, len(means), SAMPLES_AT_ONCE):
            at = torch.from_numpy(means[start : start + SAMPLES_AT_ONCE])
            step = torch.from_numpy(direction.step).expand_as(at)
            # NOTE: not by torch.func.jvp, which compiles with torch.jit and warns that this is deprecated.
            moved = torch.autograd.functional.jvp(decoder, at, step)[1]  # type: ignore[no-untyped-call]
            response = moved.numpy()
            total += response.sum(axis=0)
            agreeing += (np.sign(response) == signs).sum(axis=0)
    return total / len(means), agreeing / len(means)


def vae_driver_table(
    encoded: Encoded, direction: LatentDirection, association: Association, members: pl.Series, *, module: int
) -> pl.LazyFrame:
    """Return the ``vae_drivers`` of one module: every gene with its feature of the largest |response|.

    A high-confidence driver is a gene of the module whose feature correlates with the eigengene at q < 0.05, whose
    |response| is in the upper quarter of the module's genes, and whose response has the sign of that correlation in
    at least 90 % of the samples. association: of the features of the fit.
    """
    columns = association.columns(module)
    signs = np.nan_to_num(np.sign(columns["r"]))
    response, agreement = np.full(len(signs), np.nan), np.full(len(signs), np.nan)
    if direction.exists:
        response, agreement = decoder_response(encoded.model, encoded.z, direction, signs)
    responding = (
        encoded.features.rows.lazy()
        .select("gene_id", "feature_type", "feature_id")
        .with_columns(
            decoded_response=pl.Series(response),
            sign_agreement=pl.Series(agreement),
            qvalue=pl.Series(columns["qvalue"]),
            latent_dim=pl.lit(direction.latent_dim, pl.Int64),
            latent_eigengene_r=pl.lit(direction.latent_r, pl.Float64),
            direction_eigengene_r=pl.lit(direction.direction_r, pl.Float64),
        )
    )
    # NOTE: rows are in the order of |response|, so a gene reaches that of every member from its own row on.
    n_reached = pl.col("in_module").cast(pl.Int64).cum_sum(reverse=True)
    percentile = (
        pl.when(pl.col("decoded_response").is_nan()).then(float("nan")).otherwise(100.0 * n_reached / len(members))
    )
    is_sure = (
        pl.col("in_module")
        & pl.col("qvalue").fill_nan(1.0).lt(MAX_Q)
        & pl.col("percentile").fill_nan(0.0).ge(MIN_PERCENTILE)
        & pl.col("sign_agreement").fill_nan(0.0).ge(MIN_SIGN_AGREEMENT)
    )
    return (
        strongest_features(responding, "decoded_response", members)
        .with_columns(percentile=percentile)
        .with_columns(high_confidence=is_sure)
        .select(list(VAE_DRIVERS.schema))
    )

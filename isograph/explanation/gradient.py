"""Integrated gradients of the encoder: what each feature adds to the eigengene that it predicts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from captum.attr import IntegratedGradients

from isograph.arrays import Matrix, Vector
from isograph.config.explain import MAX_IG_N_STEPS
from isograph.explanation.encoded import Encoded, LatentDirection
from isograph.explanation.feature import Features
from isograph.explanation.tables import strongest_features
from isograph.network.vae.training import one_torch_thread
from isograph.schemas.explanation import IG_ATTRIBUTIONS

logger = logging.getLogger(__name__)

MAX_DELTA = 0.01
MAX_STEPS = MAX_IG_N_STEPS
# NOTE: numbers in the rows of features that captum holds at once; it keeps some five such blocks.
VALUES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Integrated:
    """Integrated gradients of one module.

    Attributes
    ----------
    mean, mean_abs, toward : (p,) over the samples: the mean attribution, the mean of its absolute value, and the mean
        of it times the sign of the change that is attributed.
    delta : Σ |Σ attributions − change| over Σ |change|, sums over features and samples.
    n_steps : steps of the integral.
    """

    mean: Vector
    mean_abs: Vector
    toward: Vector
    delta: float
    n_steps: int


def integrated_gradients(encoded: Encoded, direction: LatentDirection, *, baseline: str, n_steps: int) -> Integrated:
    """Return the integrated gradients of the predicted eigengene, in the space of features.

    Sundararajan, Taly & Yan 2017, ICML, eq. 1, by Gauss–Legendre quadrature. The attributions of a sample add up to its
    predicted eigengene less that of the baseline; while they miss more than 1 % of that over the samples, the steps
    are doubled, up to 4096.

    baseline: ``zero`` or ``mean`` of the samples; scores have mean 0, so the two differ by rounding.
    """
    encoder, weights = encoded.model.feature_encoder, torch.from_numpy(direction.weights)

    def predicted(x: torch.Tensor) -> torch.Tensor:
        """Return the eigengene that the encoder predicts, in sd: (n, p) → (n,)."""
        eigengene: torch.Tensor = encoder(x) @ weights
        return eigengene

    samples = np.ascontiguousarray(encoded.x[:, direction.samples].T)
    start = np.zeros(samples.shape[1]) if baseline == "zero" else samples.mean(axis=0)
    integrated = _integrated(predicted, samples, start, n_steps)
    while integrated.delta > MAX_DELTA and n_steps < MAX_STEPS:
        n_steps = min(2 * n_steps, MAX_STEPS)
        integrated = _integrated(predicted, samples, start, n_steps)
    if integrated.delta > MAX_DELTA:
        logger.warning("integrated gradients miss %.2g of what they explain after %d steps", integrated.delta, n_steps)
    return integrated


def _integrated(
    predicted: Callable[[torch.Tensor], torch.Tensor], samples: Matrix, start: Vector, n_steps: int
) -> Integrated:
    """Return the integrated gradients of ``predicted`` between ``start``, (p,), and each of the samples, (n, p)."""
    n, p = samples.shape
    at_once = max(1, min(n, VALUES_AT_ONCE // p // 4))
    inner = max(at_once, VALUES_AT_ONCE // p)
    mean, mean_abs, toward = np.zeros(p), np.zeros(p), np.zeros(p)
    missed = changed = 0.0
    baseline = torch.from_numpy(start[None, :])
    method = IntegratedGradients(predicted)
    with one_torch_thread():
        for first in range(0, n, at_once):
            block = torch.from_numpy(samples[first : first + at_once])
            with torch.no_grad():
                change = (predicted(block) - predicted(baseline)).numpy()
            attributed = (
                method.attribute(
                    block,
                    baselines=baseline,
                    n_steps=n_steps,
                    method="gausslegendre",
                    internal_batch_size=max(inner, len(block)),
                )
                .detach()
                .numpy()
            )
            mean += attributed.sum(axis=0)
            mean_abs += np.abs(attributed).sum(axis=0)
            toward += np.sign(change) @ attributed
            missed += float(np.abs(attributed.sum(axis=1) - change).sum())
            changed += float(np.abs(change).sum())
    delta = missed / changed if changed > 0.0 else missed
    return Integrated(mean / n, mean_abs / n, toward / n, delta, n_steps)


def ig_attribution_table(
    integrated: Integrated | None, direction: LatentDirection, features: Features, members: pl.Series
) -> pl.LazyFrame:
    """Return the ``ig_attributions`` of one module: every gene with its feature of the largest mean |attribution|.

    integrated: None where the module has no direction in the latent space. features: those of the fit.
    """
    if integrated is None:
        nothing = np.full(features.rows.height, np.nan)
        integrated = Integrated(nothing, nothing, nothing, float("nan"), 0)
    attributed = (
        features.rows.lazy()
        .select("gene_id", "feature_id", "feature_type")
        .with_columns(
            mean_ig=pl.Series(integrated.mean),
            mean_abs_ig=pl.Series(integrated.mean_abs),
            mean_toward_ig=pl.Series(integrated.toward),
            latent_dim=pl.lit(direction.latent_dim, pl.Int64),
            latent_eigengene_r=pl.lit(direction.latent_r, pl.Float64),
            direction_eigengene_r=pl.lit(direction.direction_r, pl.Float64),
            convergence_delta=pl.lit(integrated.delta, pl.Float64),
            n_steps=pl.lit(integrated.n_steps, pl.Int64),
        )
    )
    return strongest_features(attributed, "mean_abs_ig", members).select(list(IG_ATTRIBUTIONS.schema))

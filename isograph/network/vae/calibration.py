"""How well a model reconstructs the features, whether chance would do as well, and what the fit says of its model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special

from isograph.arrays import Matrix, Vector
from isograph.config import VaeConfig
from isograph.features.channel import Channels
from isograph.network.vae.model import ElboTerms, VaeModel
from isograph.network.vae.rowspace import RowSpace
from isograph.network.vae.training import Trained
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How near the features' reconstructions are to them.

    Attributes
    ----------
    r : (n_features,) Pearson r of the feature with its reconstruction over the samples it was observed in.
    pvalue : (n_features,) of r under no relation.
    rmse : root mean square of feature − reconstruction over everything observed; features have variance 1.
    """

    r: Vector
    pvalue: Vector
    rmse: float


def reconstruction_fidelity(channels: Channels, basis: Matrix, decoded: Matrix, *, threads: int) -> Fidelity:
    """Return how well the decoded samples reconstruct the features.

    A reconstruction is a combination of the k decoded coordinates, so its r² is at most that of a regression on all k,
    which for a feature unrelated to them has the distribution Beta(k / 2, (m − 1 − k) / 2), m samples. A negative r has
    p-value 1.

    basis: (p, k). decoded: (n, k) coordinates of every sample, in the unit of the features. k < m − 1.
    """
    z, missing = channels.z, channels.missing
    r = np.zeros(len(z))
    squares = np.zeros(len(z))
    n_observed = np.full(len(z), z.shape[1])

    def task(start: int, stop: int) -> None:
        rows = slice(start, stop)
        reconstructed = basis[rows] @ decoded.T
        observed = np.ones(reconstructed.shape) if missing is None else (~missing[rows]).astype(np.float64)
        n_observed[rows] = observed.sum(axis=1)
        squares[rows] = (observed * np.square(z[rows] - reconstructed)).sum(axis=1)
        r[rows] = _row_correlations(z[rows], reconstructed, observed)

    run_chunks(task, len(z), chunk=ROWS_PER_CHUNK, threads=threads)
    k = decoded.shape[1]
    dof = channels.residual_dof + 1 - k - (z.shape[1] - n_observed)
    tail = scipy.special.betainc(np.maximum(dof, 1) / 2.0, k / 2.0, np.clip(1.0 - np.square(r), 0.0, 1.0))
    return Fidelity(
        r=r,
        pvalue=np.where((r > 0) & (dof > 0), tail, 1.0),
        rmse=float(np.sqrt(squares.sum() / max(1, n_observed.sum()))),
    )


def _row_correlations(a: Matrix, b: Matrix, weight: Matrix) -> Vector:
    """Return Pearson r of corresponding rows over the entries of weight 1; 0 where a row does not vary."""
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
    a = weight * (a - (weight * a).sum(axis=1, keepdims=True) / total)
    b = weight * (b - (weight * b).sum(axis=1, keepdims=True) / total)
    norm = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
    product = (a * b).sum(axis=1)
    r: Vector = np.divide(product, norm, out=np.zeros_like(product), where=norm > 0)
    return r


def model_calibration(
    config: VaeConfig, space: RowSpace, trained: Trained, model: VaeModel, fidelity: Fidelity
) -> dict[str, object]:
    """Return what ``calibration.json`` says of the model, plain JSON values; losses are in nats per sample."""
    best_run = trained.best_run
    latent_size_reason = "lowest loss of the samples held out among the sizes given"
    if config.latent_sizes is None:
        latent_size_reason = "as many as there are directions; what the model can do without is collapsed"
    elif len(trained.runs) == 1:
        latent_size_reason = "given"
    return {
        "rank": model.sizes.rank,
        "directions_above_noise": space.n_signals,
        "row_space_dimensions": len(space.variances),
        "noise_variance": space.noise_variance,
        "noise_edge": space.noise_edge,
        "scale": space.scale,
        "latent_size": model.sizes.latent_size,
        "latent_size_reason": latent_size_reason,
        "latent_sizes_tried": [
            {
                "latent_size": run.latent_size,
                "best_epoch": run.best_epoch,
                "epochs_run": run.epochs_run,
                "stopped": run.stopped,
                "held_out_loss": run.best.loss(config.beta),
            }
            for run in trained.runs
        ],
        "collapsed_dimensions": [number for number, active in enumerate(model.active) if not active],
        "n_active_dimensions": sum(model.active),
        "kl_per_dimension": list(trained.terms.divergence),
        "elbo": _elbo_values(trained.terms, config.beta),
        "elbo_held_out": _elbo_values(best_run.best, config.beta),
        "elbo_held_out_linear_start": _elbo_values(best_run.start, config.beta),
        "reconstruction_rmse": fidelity.rmse,
        "best_epoch": best_run.best_epoch,
        "epochs_run": best_run.epochs_run,
        "stopped": best_run.stopped,
        "converged": best_run.stopped == "patience",
        "device": config.device,
    }


def _elbo_values(terms: ElboTerms, beta: float) -> dict[str, float]:
    """Return the bound's terms; the evidence bound itself is −(reconstruction + kl)."""
    return {"reconstruction": terms.reconstruction, "kl": sum(terms.divergence), "loss": terms.loss(beta)}

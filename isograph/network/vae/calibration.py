"""How well a model reconstructs each feature, and whether chance would do as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import NDArray

from isograph.arrays import Matrix, Vector
from isograph.config import VaeConfig
from isograph.features.channel import Channels
from isograph.network.communities import Partition, graph_calibration
from isograph.network.vae.model import Terms, VaeModel
from isograph.network.vae.rowspace import RowSpace
from isograph.network.vae.training import Search, Trained
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What is left of each feature after encoding and decoding.

    Attributes
    ----------
    r : (n_features,) Pearson r of the feature with its reconstruction over the samples it was observed in.
    pvalue : (n_features,) of r under no relation.
    rmse : root mean square of feature − reconstruction over everything observed; features have variance 1.
    """

    r: Vector
    pvalue: Vector
    rmse: float

    def significant(self, fdr: float) -> NDArray[np.bool_]:
        """Return the features that chance does not explain, at the false discovery rate ``fdr``.

        Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x: up to the largest i with pᵢ ≤ fdr · i / n.
        """
        order = np.argsort(self.pvalue, kind="stable")
        limits = fdr * np.arange(1, len(order) + 1) / max(1, len(order))
        passing = np.flatnonzero(self.pvalue[order] <= limits)
        chosen = np.zeros(len(order), dtype=np.bool_)
        chosen[order[: passing[-1] + 1 if len(passing) else 0]] = True
        return chosen


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a fit found out on its way."""

    config: VaeConfig
    space: RowSpace
    trained: Trained
    model: VaeModel
    fidelity: Fidelity
    partition: Partition


def calibration(evidence: Evidence) -> dict[str, object]:
    """Return plain JSON values; losses are in nats per sample."""
    return {**_of_model(evidence), **_of_network(evidence)}


def _of_model(evidence: Evidence) -> dict[str, object]:
    config, space, trained, model = evidence.config, evidence.space, evidence.trained, evidence.model
    chosen = trained.chosen
    return {
        "rank": model.sizes.rank,
        "directions_above_noise": space.n_signals,
        "row_space_dimensions": len(space.variances),
        "noise_variance": space.noise_variance,
        "noise_edge": space.noise_edge,
        "scale": space.scale,
        "latent_size": model.sizes.latent_size,
        "latent_size_reason": _latent_reason(evidence),
        "latent_sizes_tried": [_search(search, config.beta) for search in trained.searches],
        "collapsed_dimensions": [number for number, active in enumerate(model.active) if not active],
        "n_active_dimensions": sum(model.active),
        "kl_per_dimension": list(trained.terms.divergence),
        "elbo": _terms(trained.terms, config.beta),
        "elbo_held_out": _terms(chosen.best, config.beta),
        "elbo_held_out_linear_start": _terms(chosen.start, config.beta),
        "reconstruction_rmse": evidence.fidelity.rmse,
        "best_epoch": chosen.best_epoch,
        "epochs_run": chosen.epochs_run,
        "stopped": chosen.stopped,
        "converged": chosen.stopped == "patience",
        "device": config.device,
    }


def _of_network(evidence: Evidence) -> dict[str, object]:
    return {
        "n_features_reconstructed": int(evidence.fidelity.significant(evidence.config.feature_fdr).sum()),
        **graph_calibration(
            evidence.partition.similar.pairs,
            evidence.partition.division,
            "lowest Bayesian information criterion among the cuts tried",
        ),
    }


def _latent_reason(evidence: Evidence) -> str:
    if evidence.config.latent_sizes is None:
        return "as many as there are directions; what the model can do without is collapsed"
    if len(evidence.trained.searches) == 1:
        return "given"
    return "lowest loss of the samples held out among the sizes given"


def _search(search: Search, beta: float) -> dict[str, object]:
    return {
        "latent_size": search.latent_size,
        "best_epoch": search.best_epoch,
        "epochs_run": search.epochs_run,
        "stopped": search.stopped,
        "held_out_loss": search.best.loss(beta),
    }


def _terms(terms: Terms, beta: float) -> dict[str, float]:
    """Return the bound's terms; the evidence bound itself is −(reconstruction + kl)."""
    kl = sum(terms.divergence)
    return {"reconstruction": terms.reconstruction, "kl": kl, "loss": terms.loss(beta)}

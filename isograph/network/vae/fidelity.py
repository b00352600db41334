"""How well a model reconstructs each feature, and whether chance would do as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import NDArray

from isograph.features.channel import Channels
from isograph.kernels._jit import Matrix, Vector
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

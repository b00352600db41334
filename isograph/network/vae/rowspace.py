"""The row space of a feature matrix: the few directions that n samples of p features can vary in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from isograph.arrays import Matrix, Vector
from isograph.runtime.threads import single_threaded_blas
from isograph.stats import marchenko_pastur_edge

SMALLEST_SHARE = 1e-10
FEWEST_DIRECTIONS = 2
MOST_DIRECTIONS = 256
# NOTE: almost without noise the bound would be so steep that no step size fits.
NOISE_FLOOR = 1e-3
ROWS_PER_BLOCK = 4096
MEDIAN_GRID = 20_001


@dataclass(frozen=True, slots=True)
class RowSpace:
    """Coordinates of the samples in the leading directions of the row space of their features.

    Attributes
    ----------
    scores : (n_samples, k), S, columns in order of falling variance; the first has variance 1.
    basis : (n_features, k), V, orthonormal columns of float32 precision.
    scale : √(λ₁ / n); the part of the features in these directions is X = scale · S Vᵀ.
    variances : variance of every direction, falling, the first 1.
    noise_edge : the variance of the largest direction that noise alone would have, in the unit of ``variances``.
    n_signals : directions above it.
    """

    scores: Matrix
    basis: Matrix
    scale: float
    variances: Vector
    noise_edge: float
    n_signals: int

    @property
    def noise_variance(self) -> float:
        """Variance that a model should assume about a coordinate, so that it drops directions that may be noise."""
        return max(self.noise_edge, NOISE_FLOOR)


def row_space(z: Matrix, *, residual_dof: int, directions: int | None = None) -> RowSpace:
    """Return the leading directions of the row space of the features.

    With X = zᵀ (n × p) the eigenvectors of the n × n matrix X Xᵀ = U Λ Uᵀ give S = U √Λ and V = Xᵀ U Λ^(−½), so nothing
    of size p² is made. Each column of S is turned so that its largest entry is positive (ties: the first sample).

    z: (p, n), rows with mean 0. residual_dof: degrees of freedom of a correlation, m − 1 for m independent samples.
    directions: how many to return, None for those above the noise (``largest_noise_variance``), 2 to 256 and at most
    half of m; never more than z varies in, which is none for z of zeros alone.
    """
    n = z.shape[1]
    with single_threaded_blas():
        values, vectors = _spectrum(z)
        edge = largest_noise_variance(values / n, z.shape[0], residual_dof + 1)
        n_signals = int((values / n > edge).sum())
        if directions is None:
            most = max(1, min(MOST_DIRECTIONS, (residual_dof + 1) // 2))
            directions = min(max(n_signals, FEWEST_DIRECTIONS), most)
        leading = slice(min(directions, len(values)))
        basis = (z @ vectors[:, leading]) / np.sqrt(values[leading])
    largest = float(values[0]) if len(values) else 1.0
    scale = float(np.sqrt(largest / n))
    return RowSpace(
        scores=np.ascontiguousarray(vectors[:, leading] * np.sqrt(values[leading]) / scale),
        # NOTE: as a checkpoint keeps it, so that the model of a fit and the one read back are the same.
        basis=np.ascontiguousarray(basis.astype(np.float32).astype(np.float64)),
        scale=scale,
        variances=values / largest,
        noise_edge=edge * n / largest,
        n_signals=n_signals,
    )


def largest_noise_variance(variances: Vector, n_features: int, n_samples: int) -> float:
    """Return the largest variance of a direction that the noise in the data is expected to have.

    Independent noise of variance σ² spreads over all directions, the largest of which has σ² (1 + √(p/m))², p features
    and m samples. σ² is the median variance over that of noise of variance 1, as most directions are noise (Gavish &
    Donoho 2014, doi:10.1109/TIT.2014.2323359, section III.E).

    variances: of all directions that are not empty, falling.
    """
    n_directions = min(n_features, n_samples)
    padded = np.zeros(max(1, n_directions))
    not_empty = variances[:n_directions]
    padded[: len(not_empty)] = not_empty
    ratio = n_features / n_samples
    sigma2 = float(np.median(padded)) / marchenko_pastur_median(ratio)
    return sigma2 * marchenko_pastur_edge(ratio)


def marchenko_pastur_median(ratio: float) -> float:
    """Return the median of the non-zero eigenvalues of X Xᵀ / n, X n × p of independent unit variances, ratio p / n."""
    low, high = (1.0 - np.sqrt(ratio)) ** 2, marchenko_pastur_edge(ratio)
    # NOTE: with x = mean − half · cos t the density's square roots become smooth at both ends.
    angle = np.linspace(0.0, np.pi, MEDIAN_GRID)
    x = 0.5 * (low + high) - 0.5 * (high - low) * np.cos(angle)
    density = np.sin(angle) ** 2 / np.maximum(x, np.finfo(float).tiny)
    mass = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    return float(np.interp(0.5 * mass[-1], mass, x))


def _spectrum(z: Matrix) -> tuple[Vector, Matrix]:
    """Return the eigenvalues of X Xᵀ that are not 0, falling, and their vectors in columns."""
    gram = np.zeros((z.shape[1], z.shape[1]))
    # NOTE: blocks of a fixed number of rows, added in order, so that no number of threads changes a bit.
    for start in range(0, z.shape[0], ROWS_PER_BLOCK):
        block = z[start : start + ROWS_PER_BLOCK]
        gram += block.T @ block
    values, vectors = scipy.linalg.eigh(gram, driver="evr")
    not_zero = np.flatnonzero(values > SMALLEST_SHARE * max(float(values[-1]), np.finfo(float).tiny))[::-1]
    values, vectors = values[not_zero], vectors[:, not_zero]
    if len(not_zero):
        vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(not_zero))])
    return values, vectors

"""Two factors a feature: its module's eigengene and a factor shared between modules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isograph.kernels._jit import Index, Matrix, Vector

# NOTE: a feature that its factors explain without rest would make the criterion infinite.
SMALLEST_RESIDUAL = 1e-12
POWER_STEPS = 10


@dataclass(frozen=True, slots=True)
class BifactorFit:
    """Least-squares loadings of unit-norm features.

    Attributes
    ----------
    shared : (p,) loading on the shared factor, 0 where the feature has none.
    own : (p,) loading on the eigengene of the feature's module, 0 where it has none.
    residual : (p,) share of the feature's variance that neither explains, at least 1e-12.
    """

    shared: Vector
    own: Vector
    residual: Vector


def fit_bifactor(
    unit: Matrix, factor: Vector, loads: NDArray[np.bool_], eigengenes: Matrix, community_of: Index
) -> BifactorFit:
    """Return both loadings of every feature, fitted jointly, so that neither takes what they have in common.

    unit: (p, n_samples), rows with mean 0 and norm 1. factor: (n_samples,), unit norm; loads: (p,) which features have
    it. eigengenes: (m, n_samples), unit norm; community_of: (p,) in [0, m), −1 for none.
    """
    member = community_of >= 0
    r_shared = np.where(loads, unit @ factor, 0.0)
    r_own, between = np.zeros(len(unit)), np.zeros(len(unit))
    r_own[member] = np.einsum("ij,ij->i", unit[member], eigengenes[community_of[member]])
    between[member & loads] = (eigengenes @ factor)[community_of[member & loads]]
    independent = np.maximum(1.0 - between**2, SMALLEST_RESIDUAL)
    shared = np.where(loads, (r_shared - between * r_own) / independent, 0.0)
    own = np.where(member, (r_own - between * r_shared) / independent, 0.0)
    residual = np.maximum(1.0 - shared * r_shared - own * r_own, SMALLEST_RESIDUAL)
    return BifactorFit(shared, own, residual)


def refined_factor(unit: Matrix, fit: BifactorFit, factor: Vector, loads: NDArray[np.bool_], kept: Matrix) -> Vector:
    """Return the first principal component of what the modules leave of the features that load on the factor.

    kept: (p, n_samples), each feature's module eigengene (any row where ``fit.own`` is 0). Power iteration from
    ``factor``, so the result is the one nearest to it.
    """
    left = unit[loads] - fit.own[loads, None] * kept[loads]
    refined = factor
    for _ in range(POWER_STEPS):
        refined = unit_norm(left.T @ (left @ refined))
    return refined


def unit_norm(vector: Vector) -> Vector:
    """Return the vector with mean 0 and norm 1."""
    centred = vector - vector.mean()
    unit: Vector = centred / np.linalg.norm(centred)
    return unit


def unit_rows(matrix: Matrix) -> Matrix:
    """Return the matrix with rows of norm 1; rows of zeros stay."""
    norm = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: Matrix = np.divide(matrix, norm, out=np.zeros_like(matrix), where=norm > 0)
    return unit

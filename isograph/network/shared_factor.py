"""A factor that features of many modules share: where it may point, what loads on it, how many modules it reaches.

Features are unit vectors over the samples, and so are factors and eigengenes: a product of two is Pearson r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.stats import marchenko_pastur_edge

# NOTE: a feature that its factors explain without rest would make the criterion infinite.
SMALLEST_RESIDUAL = 1e-12
POWER_STEPS = 10
VARIMAX_STEPS = 50
VARIMAX_TOLERANCE = 1e-7
MOST_DIFFERENCES = 6
# NOTE: modules that differ by the same factor give nearly the same direction; 0.7 is an angle of 45 degrees.
SAME_DIRECTION = 0.7
SAME_MODULE = 0.98
LEAST_PAIRS = 3


def principal_directions(unit: Matrix, dof: int) -> tuple[Matrix, Vector]:
    """Return the principal directions above the edge of noise, (k, n_samples) with unit norm, and all eigenvalues.

    unit: (p, n_samples), rows with mean 0 and norm 1. Eigenvalues are those of the features' correlation matrix,
    largest first, min(p, n_samples) of them. At least one direction is returned.
    """
    values, vectors = np.linalg.eigh(unit.T @ unit)
    values, vectors = values[::-1], vectors[:, ::-1]
    n_above = max(1, int((values > marchenko_pastur_edge(len(unit) / dof)).sum()))
    return np.ascontiguousarray(vectors[:, :n_above].T), values


def varimax_directions(unit: Matrix, principal: Matrix) -> Matrix:
    """Return the principal directions rotated so that each feature loads on few of them, the strongest first.

    Kaiser 1958, Psychometrika 23:187: the rotation R maximises Σⱼ var((L R)²ⱼ), L: (p, k) loadings.
    """
    loadings = unit @ principal.T
    p, k = loadings.shape
    rotation, reached = np.eye(k), 0.0
    for _ in range(VARIMAX_STEPS):
        rotated = loadings @ rotation
        left, singular, right = np.linalg.svd(loadings.T @ (rotated**3 - rotated * ((rotated**2).sum(axis=0) / p)))
        rotation = left @ right
        if singular.sum() < reached * (1 + VARIMAX_TOLERANCE):
            break
        reached = singular.sum()
    directions: Matrix = rotation.T @ principal
    strength = ((unit @ directions.T) ** 2).sum(axis=0)
    return directions[np.argsort(-strength, kind="stable")]


def module_differences(eigengenes: Matrix, least_r: float) -> Matrix:
    """Return directions by which several pairs of modules differ, (k, n_samples) with unit norm.

    A factor that acts on some members of every module splits each into two whose eigengenes differ by that factor. For
    every ordered pair of eigengenes with ``least_r`` ≤ |r| < 0.98, what the first leaves of the second is a direction;
    directions that agree (|cos| ≥ 0.7) for at least 3 pairs are merged into their principal one.
    """
    r = eigengenes @ eigengenes.T
    first, second = np.nonzero((np.abs(r) >= least_r) & (np.abs(r) < SAME_MODULE))
    if len(first) == 0:
        return np.empty((0, eigengenes.shape[1]))
    differences = eigengenes[second] - r[first, second][:, None] * eigengenes[first]
    differences /= np.linalg.norm(differences, axis=1, keepdims=True)
    agrees = np.abs(differences @ differences.T) >= SAME_DIRECTION
    # The difference that most others agree with leads a group; its group leaves, and the next leader is sought.
    free = np.ones(len(first), dtype=np.bool_)
    merged = []
    for _ in range(MOST_DIFFERENCES):
        counts = np.where(free, (agrees & free).sum(axis=1), 0)
        leader = int(counts.argmax())
        if counts[leader] < LEAST_PAIRS:
            break
        group = agrees[leader] & free
        merged.append(np.linalg.svd(differences[group], full_matrices=False)[2][0])
        free &= ~group
    return np.array(merged).reshape(len(merged), eigengenes.shape[1])


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


def fit_bifactor(unit: Matrix, factor: Vector, loads: Flags, eigengenes: Matrix, community_of: Index) -> BifactorFit:
    """Return both loadings of every feature, fitted jointly, so that neither takes what they have in common.

    unit: (p, n_samples), rows with mean 0 and norm 1. factor: (n_samples,), unit norm; loads: (p,) which features load
    on it. eigengenes: (m, n_samples), unit norm; community_of: (p,) in [0, m), −1 for none.
    """
    member = community_of >= 0
    r_shared = np.where(loads, unit @ factor, 0.0)
    r_own, between = np.zeros(len(unit)), np.zeros(len(unit))
    r_own[member] = np.einsum("ij,ij->i", unit[member], eigengenes[community_of[member]])
    between[member & loads] = (eigengenes @ factor)[community_of[member & loads]]
    # The normal equations of two regressors with correlation ``between``.
    independent = np.maximum(1.0 - between**2, SMALLEST_RESIDUAL)
    shared = np.where(loads, (r_shared - between * r_own) / independent, 0.0)
    own = np.where(member, (r_own - between * r_shared) / independent, 0.0)
    residual = np.maximum(1.0 - shared * r_shared - own * r_own, SMALLEST_RESIDUAL)
    return BifactorFit(shared, own, residual)


def refined_factor(unit: Matrix, fit: BifactorFit, factor: Vector, loads: Flags, own_eigengenes: Matrix) -> Vector:
    """Return the first principal component of what the modules leave of the features that load on the factor.

    own_eigengenes: (p, n_samples), each feature's module eigengene (any row where ``fit.own`` is 0). Power iteration
    from ``factor``, so the result is the component nearest to it.
    """
    left = unit[loads] - fit.own[loads, None] * own_eigengenes[loads]
    refined = factor
    for _ in range(POWER_STEPS):
        refined = unit_norm(left.T @ (left @ refined))
    return refined


def unit_norm(vector: Vector) -> Vector:
    """Return the vector with mean 0 and norm 1."""
    centred = vector - vector.mean()
    unit: Vector = centred / np.linalg.norm(centred)
    return unit


def module_breadth(loads: Flags, community_of: Index, gene_of: Index, share: float) -> int:
    """Return how many modules have at least ``share`` (and 2) of their genes with a feature that loads.

    loads: (p,) whether a feature loads on a direction; community_of: (p,), −1 for none; gene_of: (p,). A gene counts in
    the modules of any of its features, with any of its features.
    """
    gene_loads = np.zeros(int(gene_of.max()) + 1, dtype=np.bool_)
    gene_loads[gene_of[loads]] = True
    members = np.flatnonzero(community_of >= 0)
    module, gene = np.unique(np.stack([community_of[members], gene_of[members]]), axis=1)
    n_genes = np.bincount(module)
    n_loading = np.bincount(module[gene_loads[gene]], minlength=len(n_genes))
    return int((n_loading >= np.maximum(2, share * n_genes)).sum())

"""Features divided into blocks of similar ones, where one block would be too large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import correlation
from isograph.network.wgcna.eigengene import _leading_component, _standardised
from isograph.network.wgcna.imputation import impute_knn
from isograph.network.wgcna.r_random import RRandom
from isograph.runtime.threads import single_threaded_blas

MAX_ITERATIONS = 1000
REVERTED_SHARE = 3 / 5


@dataclass(slots=True)
class _Clusters:
    """Clusters of features around centres; distances of clusters that did not change may be stale, as in R."""

    number: Index
    centres: Matrix
    distances: Matrix


def feature_blocks(
    features: Matrix, *, max_block_size: int, n_centers: int, penalty_power: float, seed: int, threads: int = 1
) -> Index:
    """Return the block of each feature, 1 for the largest; R: ``projectiveKMeans``.

    k-means with 1 − |r| to the first principal component of a cluster as distance, times a penalty on clusters above
    the block size, then joining of small clusters.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    max_block_size : features in a block. A cluster that stays larger in spite of the penalty is a block as it is.
    n_centers : clusters to begin with.
    penalty_power : a distance is multiplied by (size / max_block_size)^power in clusters above that size.
    seed : of R's random numbers, which the first clusters are drawn with.
    """
    scaled = _standardised(features)
    if np.isnan(scaled).any():
        try:
            scaled = np.nan_to_num(impute_knn(scaled), nan=0.0)
        except InputError as error:
            raise InputError("blocks", [f"missing values cannot be imputed: {error}"]) from None
    draw = np.empty(len(scaled), dtype=np.int64)
    draw[:] = RRandom(seed).sample(len(scaled))
    clusters = _Clusters(
        number=draw % n_centers,
        centres=np.zeros((n_centers, scaled.shape[1])),
        distances=np.zeros((len(scaled), n_centers)),
    )
    with single_threaded_blas():
        _settle(scaled, clusters, max_block_size, penalty_power, threads)
        _merge_small(scaled, clusters, max_block_size, threads)
    sizes = np.bincount(clusters.number, minlength=len(clusters.centres))
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    return rank[clusters.number]


def _settle(scaled: Matrix, clusters: _Clusters, preferred: int, penalty_power: float, threads: int) -> None:
    """Move features to nearer clusters until none gains by it."""
    changed = np.arange(len(clusters.centres))
    own = np.zeros(len(scaled))
    for _ in range(MAX_ITERATIONS):
        for cluster in changed:
            _recentre(scaled, clusters, int(cluster), threads)
        touched = np.isin(clusters.number, changed)
        own[touched] = _penalised(clusters.distances, clusters.number, preferred, penalty_power)[touched]
        nearest = np.argmin(clusters.distances, axis=1)
        if not (own > clusters.distances.min(axis=1)).any():
            return
        proposal = _acceptable(clusters, nearest, own, preferred, penalty_power)
        if proposal is None:
            return
        changed = _moved(clusters, proposal)


def _acceptable(
    clusters: _Clusters, proposal: Index, own: Vector, preferred: int, penalty_power: float
) -> Index | None:
    """Return the proposal without the moves that make a feature worse off, None when no move is left."""
    proposal = proposal.copy()
    while True:
        moved = proposal != clusters.number
        if not moved.any():
            return None
        new = _penalised(clusters.distances, proposal, preferred, penalty_power)
        worse = np.flatnonzero(moved & (new > own))
        if len(worse) == 0:
            return proposal
        order = np.argsort((own - new)[worse], kind="stable")
        reverted = worse[order[: int(np.ceil(REVERTED_SHARE * len(worse)))]]
        proposal[reverted] = clusters.number[reverted]


def _moved(clusters: _Clusters, proposal: Index) -> Index:
    """Apply the proposal, drop empty clusters and return which to recompute.

    NOTE: R recomputes as many clusters as were involved, but the first ones, whichever they were.
    """
    moved = proposal != clusters.number
    involved = np.union1d(clusters.number[moved], proposal[moved])
    kept = np.flatnonzero(np.bincount(proposal, minlength=len(clusters.centres)) > 0)
    number = np.full(len(clusters.centres), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    clusters.number = number[proposal]
    clusters.centres = clusters.centres[kept]
    clusters.distances = np.ascontiguousarray(clusters.distances[:, kept])
    return np.arange(len(np.intersect1d(involved, kept)))


def _merge_small(scaled: Matrix, clusters: _Clusters, preferred: int, threads: int) -> None:
    """Join clusters below the preferred size, the nearest first, while two of them fit together."""
    while True:
        sizes = np.bincount(clusters.number, minlength=len(clusters.centres))
        small = np.flatnonzero(sizes < preferred)
        pair = _nearest_fitting(clusters.centres[small], sizes[small], preferred)
        if pair is None:
            return
        low, high = sorted(int(small[position]) for position in pair)
        clusters.number[clusters.number == high] = low
        clusters.number[clusters.number > high] -= 1
        clusters.centres = np.delete(clusters.centres, high, axis=0)
        clusters.distances = np.delete(clusters.distances, high, axis=1)
        _recentre(scaled, clusters, low, threads)


def _nearest_fitting(centres: Matrix, sizes: Index, preferred: int) -> tuple[int, int] | None:
    if len(sizes) < 2:
        return None
    distance = 1.0 - np.abs(correlation(centres))
    one, other = np.triu_indices(len(sizes), 1)
    for position in np.argsort(distance[one, other], kind="stable"):
        if sizes[one[position]] + sizes[other[position]] <= preferred:
            return int(one[position]), int(other[position])
    return None


def _recentre(scaled: Matrix, clusters: _Clusters, cluster: int, threads: int) -> None:
    clusters.centres[cluster] = _leading_component(scaled[clusters.number == cluster])
    r = correlation(scaled, clusters.centres[cluster : cluster + 1], threads=threads)
    clusters.distances[:, cluster] = 1.0 - np.abs(r[:, 0])


def _penalised(distances: Matrix, number: Index, preferred: int, penalty_power: float) -> Vector:
    """Return each feature's distance to its cluster, times the penalty on the cluster's size."""
    sizes = np.bincount(number, minlength=distances.shape[1])
    penalty = np.maximum(1.0, (sizes / preferred) ** penalty_power)
    own: Vector = distances[np.arange(len(number)), number] * penalty[number]
    return own

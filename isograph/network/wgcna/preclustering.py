"""Features divided into blocks of similar ones, where one block would be too large."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import correlation
from isograph.network.wgcna.eigengene import leading_component, standardised
from isograph.network.wgcna.imputation import impute_knn
from isograph.network.wgcna.r_random import RRandom
from isograph.runtime.threads import single_threaded_blas

MAX_ITERATIONS = 1000
REVERTED_SHARE = 3 / 5


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
    scaled = standardised(features)
    if np.isnan(scaled).any():
        try:
            scaled = np.nan_to_num(impute_knn(scaled), nan=0.0)
        except InputError as error:
            raise InputError("blocks", f"missing values cannot be imputed: {error}") from None
    clusters = _Clusters(scaled, RRandom(seed).sample(len(scaled)) % n_centers, n_centers, max_block_size, threads)
    with single_threaded_blas():
        _move_to_nearest(clusters, penalty_power)
        _merge_small(clusters)
    sizes = clusters.sizes
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    return rank[clusters.number]


class _Clusters:
    """Clusters of features around centres, their first principal components.

    Attributes
    ----------
    features : (p, n), standardised.
    number : (p,) cluster of each feature.
    centres : (k, n).
    distances : (p, k), 1 − |r|. Those of clusters that were not recentred after a change are stale, as in R.
    preferred_size : features of a cluster above which there is a penalty.
    """

    def __init__(self, features: Matrix, number: Index, n_centers: int, preferred_size: int, threads: int) -> None:
        self.features = features
        self.number = number
        self.centres = np.zeros((n_centers, features.shape[1]))
        self.distances = np.zeros((len(features), n_centers))
        self.preferred_size = preferred_size
        self._threads = threads

    @property
    def sizes(self) -> Index:
        return np.bincount(self.number, minlength=len(self.centres))

    def recentre(self, cluster: int) -> None:
        self.centres[cluster] = leading_component(self.features[self.number == cluster])
        r = correlation(self.features, self.centres[cluster : cluster + 1], threads=self._threads)
        self.distances[:, cluster] = 1.0 - np.abs(r[:, 0])

    def penalised(self, number: Index, penalty_power: float) -> Vector:
        """Return each feature's distance to a cluster, times the penalty on the size the cluster then has."""
        sizes = np.bincount(number, minlength=len(self.centres))
        penalty = np.maximum(1.0, (sizes / self.preferred_size) ** penalty_power)
        distances: Vector = self.distances[np.arange(len(number)), number] * penalty[number]
        return distances

    def renumber(self, number: Index) -> Index:
        """Move features to other clusters, drop the empty ones, and return those to recentre."""
        moved = number != self.number
        involved = np.union1d(self.number[moved], number[moved])
        occupied = np.flatnonzero(np.bincount(number, minlength=len(self.centres)) > 0)
        position = np.full(len(self.centres), -1, dtype=np.int64)
        position[occupied] = np.arange(len(occupied))
        self.number = position[number]
        self.centres = self.centres[occupied]
        self.distances = np.ascontiguousarray(self.distances[:, occupied])
        # NOTE: R recentres as many clusters as were involved, but the first ones, whichever they were.
        return np.arange(len(np.intersect1d(involved, occupied)))


def _move_to_nearest(clusters: _Clusters, penalty_power: float) -> None:
    """Move features to nearer clusters until none gains by it."""
    changed = np.arange(len(clusters.centres))
    own = np.zeros(len(clusters.features))
    for _ in range(MAX_ITERATIONS):
        for cluster in changed.tolist():
            clusters.recentre(cluster)
        touched = np.isin(clusters.number, changed)
        own[touched] = clusters.penalised(clusters.number, penalty_power)[touched]
        nearest = np.argmin(clusters.distances, axis=1)
        if not (own > clusters.distances.min(axis=1)).any():
            return
        number = _without_losses(clusters, nearest, own, penalty_power)
        if (number == clusters.number).all():
            return
        changed = clusters.renumber(number)


def _without_losses(clusters: _Clusters, proposal: Index, own: Vector, penalty_power: float) -> Index:
    """Return the proposed clusters without the moves that make a feature worse off, at worst the clusters as they are.

    Moves change the sizes and with them the penalties, so the worst are taken back first and the rest judged again.
    """
    number = proposal.copy()
    while True:
        moved = number != clusters.number
        new = clusters.penalised(number, penalty_power)
        worse = np.flatnonzero(moved & (new > own))
        if len(worse) == 0:
            return number
        order = np.argsort((own - new)[worse], kind="stable")
        reverted = worse[order[: int(np.ceil(REVERTED_SHARE * len(worse)))]]
        number[reverted] = clusters.number[reverted]


def _merge_small(clusters: _Clusters) -> None:
    """Merge clusters below the preferred size, the nearest first, while two of them fit together."""
    while True:
        small = np.flatnonzero(clusters.sizes < clusters.preferred_size)
        if len(small) < 2:
            return
        left, right = np.triu_indices(len(small), 1)
        fits = (clusters.sizes[small[left]] + clusters.sizes[small[right]]) <= clusters.preferred_size
        if not fits.any():
            return
        distance = (1.0 - np.abs(correlation(clusters.centres[small])))[left, right]
        order = np.argsort(distance, kind="stable")
        nearest = order[fits[order]][0]
        # Numbers above the higher one of the two move down.
        low, high = int(small[left[nearest]]), int(small[right[nearest]])
        clusters.number[clusters.number == high] = low
        clusters.number[clusters.number > high] -= 1
        clusters.centres = np.delete(clusters.centres, high, axis=0)
        clusters.distances = np.delete(clusters.distances, high, axis=1)
        clusters.recentre(low)

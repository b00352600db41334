"""Objects near clusters: the PAM stage of the hybrid tree cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.network.wgcna.tree import objects_of

REJECTED = -1


def assign_nearby(
    condensed: Vector,
    clusters: Index,
    groups: Index,
    on_branch: Index,
    *,
    candidates: Mapping[int, Sequence[int]] | None,
    max_distance: float,
) -> Index:
    """Return the labels after objects outside clusters joined the nearest one.

    A group of objects, then each object left, joins the cluster of least mean dissimilarity (ties: the lower label)
    if that is below the cluster's diameter or below ``max_distance``. Clusters are those given, whoever joined
    meanwhile.

    Parameters
    ----------
    condensed : (n (n − 1) / 2,) dissimilarities.
    clusters : (n,) label of each object, 0 for none.
    groups : (n,) number of the group an object decides with, 0 for none.
    on_branch : (n,) composite branch an object hangs on, 0 for none.
    candidates : labels that may be joined by branch; None where any may, whatever the branch.
    max_distance : distance below which the diameter does not matter.
    """
    from isograph.kernels.treecut import object_distances

    n = objects_of(condensed)
    members, offsets = _members(clusters)
    diameters = _diameters(condensed, n, members, offsets)
    labels = clusters.copy()
    for group in np.unique(groups[groups > 0]):
        objects = np.flatnonzero(groups == group)
        allowed = _allowed(int(on_branch[objects[0]]), candidates, len(diameters))
        if len(allowed):
            joined = _nearest_of_group(condensed, objects, members, offsets, allowed)
            labels[objects] = _decided(*joined, diameters, max_distance, otherwise=REJECTED)
    single = np.flatnonzero(labels == 0)
    distances = _wanted(on_branch[single], candidates, len(diameters))
    object_distances(condensed, n, single, members, offsets, distances, 0, len(single))
    for number, label in enumerate(single):
        if np.isfinite(distances[number]).any():
            nearest = int(np.argmin(distances[number]))
            distance = float(distances[number, nearest])
            labels[label] = _decided(nearest, distance, diameters, max_distance, otherwise=0)
    labels[labels == REJECTED] = 0
    return labels


def _members(clusters: Index) -> tuple[Index, Index]:
    """Return the objects of every cluster, cluster by cluster, and where each cluster begins."""
    order = np.argsort(clusters, kind="stable")
    sizes = np.bincount(clusters)
    return order[sizes[0] :], np.concatenate([[0], np.cumsum(sizes[1:])]).astype(np.int64)


def _diameters(condensed: Vector, n: int, members: Index, offsets: Index) -> Vector:
    from isograph.kernels.treecut import cluster_diameter

    own = [members[offsets[k] : offsets[k + 1]] for k in range(len(offsets) - 1)]
    return np.array([cluster_diameter(condensed, n, objects) for objects in own])


def _allowed(branch: int, candidates: Mapping[int, Sequence[int]] | None, n_clusters: int) -> Sequence[int]:
    if candidates is None:
        return range(1, n_clusters + 1)
    return candidates[branch] if branch else ()


def _nearest_of_group(
    condensed: Vector, objects: Index, members: Index, offsets: Index, allowed: Sequence[int]
) -> tuple[int, float]:
    """Return the nearest cluster's number (label − 1) and its distance."""
    from isograph.kernels.treecut import group_distance

    n = objects_of(condensed)
    distances = [group_distance(condensed, n, objects, members[offsets[k - 1] : offsets[k]]) for k in allowed]
    nearest = int(np.argmin(distances))
    return allowed[nearest] - 1, float(distances[nearest])


def _wanted(branches: Index, candidates: Mapping[int, Sequence[int]] | None, n_clusters: int) -> Matrix:
    """Return NaN where an object may join a cluster, infinity elsewhere."""
    wanted = np.full((len(branches), n_clusters), np.inf)
    for number, branch in enumerate(branches.tolist()):
        wanted[number, [label - 1 for label in _allowed(branch, candidates, n_clusters)]] = np.nan
    return wanted


def _decided(nearest: int, distance: float, diameters: Vector, max_distance: float, *, otherwise: int) -> int:
    joins = distance < diameters[nearest] or distance < max_distance
    return nearest + 1 if joins else otherwise

"""Means of dissimilarities that cutting a tree compares, rounded once so that ties stay ties.

NOTE: R sums in extended precision. Its mean is rounded once; where it divides a sum by hand, the sum is rounded first.
"""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel


@kernel
def core_scatter(condensed: Vector, n: int, core: Index) -> float:
    """Return the mean dissimilarity of the core's members to the other ones.

    condensed: (n (n − 1) / 2,), pairs (i, j > i) row by row. core: (c ≥ 2,) distinct objects.
    Langfelder, Zhang & Horvath 2008, doi:10.1093/bioinformatics/btm563, supplement.
    Twin: tests/reference/treecut.py
    """
    c = core.shape[0]
    means = np.empty(c)
    for position in range(c):
        means[position] = _sum_to(condensed, n, core[position], core)[0] / (c - 1)
    return _mean(means)


@kernel
def cluster_diameter(condensed: Vector, n: int, members: Index) -> float:
    """Return the largest of the members' mean dissimilarities to the other members.

    condensed: (n (n − 1) / 2,). members: (c ≥ 2,) distinct objects.   Twin: tests/reference/treecut.py
    """
    largest = -np.inf
    for member in members:
        largest = max(largest, _sum_to(condensed, n, member, members)[0] / (members.shape[0] - 1))
    return float(largest)


@kernel
def object_distances(
    condensed: Vector, n: int, objects: Index, members: Index, offsets: Index, wanted: Matrix, start: int, stop: int
) -> None:
    """Write the mean dissimilarity of objects ``start`` to ``stop`` to each cluster that is asked for.

    condensed: (n (n − 1) / 2,). objects: (m,). members: clusters one after the other, offsets: (k + 1,) into it.
    wanted: (m, k), NaN where a distance is asked for, replaced by it; other entries stay.
    Twin: tests/reference/treecut.py
    """
    for number in range(start, stop):
        for cluster in range(offsets.shape[0] - 1):
            if np.isnan(wanted[number, cluster]):
                own = members[offsets[cluster] : offsets[cluster + 1]]
                total, lost = _sum_to(condensed, n, objects[number], own)
                wanted[number, cluster] = _share(total, lost, own.shape[0])


@kernel
def group_distance(condensed: Vector, n: int, group: Index, members: Index) -> float:
    """Return the mean over a cluster's members of their mean dissimilarity to a group's objects.

    condensed: (n (n − 1) / 2,). group, members: objects, disjoint.   Twin: tests/reference/treecut.py
    """
    means = np.empty(members.shape[0])
    for position in range(members.shape[0]):
        total, lost = _sum_to(condensed, n, members[position], group)
        means[position] = _share(total, lost, group.shape[0])
    return _mean(means)


@kernel
def _sum_to(condensed: Vector, n: int, member: int, others: Index) -> tuple[float, float]:
    """Return the sum of the dissimilarities of an object to others, itself 0, and what rounding lost of it."""
    total = 0.0
    lost = 0.0
    for other in others:
        if other != member:
            low = min(member, other)
            high = max(member, other)
            total, lost = _added(total, lost, condensed[low * (2 * n - low - 1) // 2 + high - low - 1])
    return total + lost, (total - (total + lost)) + lost


@kernel
def _mean(values: Vector) -> float:
    """Return the mean of the values."""
    total = 0.0
    lost = 0.0
    for value in values:
        total, lost = _added(total, lost, value)
    return _share(total + lost, (total - (total + lost)) + lost, values.shape[0])


@kernel
def _added(total: float, lost: float, value: float) -> tuple[float, float]:
    """Return Neumaier's compensated sum after one more value."""
    new = total + value
    return new, lost + ((total - new) + value if abs(total) >= abs(value) else (value - new) + total)


@kernel
def _share(total: float, lost: float, n: int) -> float:
    """Return (total + lost) / n rounded once, by the exact remainder of the quotient (Dekker's product)."""
    quotient = total / n
    head = quotient * 134217729.0
    head = head - (head - quotient)
    tail = quotient - head
    remainder = ((total - head * n) - tail * n) + lost
    return quotient + remainder / n

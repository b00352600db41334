"""Average-linkage clustering by nearest-neighbour chains."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel


@kernel
def average_merges(d: Matrix, left: Index, right: Index, height: Vector) -> None:
    """Write the merges of average linkage (UPGMA) in the order a nearest-neighbour chain finds them.

    A chain starts at the lowest active node and steps to the nearest other one (the lowest of equals, but the chain's
    previous node before all). Two nodes that are nearest to each other merge under the higher number, at distance
    s d(lower, k) + t d(higher, k), s and t their shares of the members; the search goes on before them, or from the
    start where fewer than two nodes are left of the chain.

    d: (n, n), symmetric, finite; destroyed. left < right: (n − 1,) numbers of the merged nodes. height: (n − 1,).
    Müllner 2011, arXiv:1109.2378, fig. 3.   Twin: tests/reference/linkage.py
    """
    n = d.shape[0]
    active = np.arange(n)
    n_active = n
    size = np.ones(n)
    chain = np.empty(n, dtype=np.int64)
    length = 0
    for merge in range(n - 1):
        if length <= 1:
            chain[0] = active[0]
            length = 1
        while True:
            tip = chain[length - 1]
            previous = chain[length - 2] if length > 1 else -1
            nearest = previous
            least = d[tip, previous] if previous >= 0 else np.inf
            for position in range(n_active):
                k = active[position]
                if d[tip, k] < least and k != tip:
                    least = d[tip, k]
                    nearest = k
            if nearest == previous:
                break
            chain[length] = nearest
            length += 1
        low = min(tip, previous)
        high = max(tip, previous)
        left[merge] = low
        right[merge] = high
        height[merge] = least
        length -= 2
        n_left = 0
        members = size[low] + size[high]
        share_low = size[low] / members
        share_high = size[high] / members
        for position in range(n_active):
            k = active[position]
            if k == low:
                continue
            active[n_left] = k
            n_left += 1
            if k != high:
                value = share_low * d[low, k] + share_high * d[high, k]
                d[high, k] = value
                d[k, high] = value
        n_active = n_left
        size[high] = members

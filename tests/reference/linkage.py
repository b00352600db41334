"""Average linkage from its definition: the two nearest clusters merge, distances are means over pairs."""

from __future__ import annotations

import numpy as np


def average_merges(d):
    """Return (members of one, members of the other, height) of every merge, in the order of height."""
    clusters = [(i,) for i in range(len(d))]
    merges = []
    while len(clusters) > 1:
        pairs = [(a, b) for number, a in enumerate(clusters) for b in clusters[number + 1 :]]
        height, one, other = min((d[np.ix_(a, b)].mean(), a, b) for a, b in pairs)
        merges.append((one, other, height))
        clusters = [c for c in clusters if c not in (one, other)] + [tuple(sorted(one + other))]
    return merges

"""Means of dissimilarities in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np


def mean(values):
    """Return the mean of floats, rounded once."""
    return float(sum(map(Fraction, values)) / len(values))


def mean_of_rounded_sum(values, n):
    """Return the sum of floats rounded, over n rounded again."""
    return float(sum(map(Fraction, values))) / n


def core_scatter(square, core):
    """Return the mean over the core of the mean dissimilarity to the rest of it."""
    rows = [[square[i, j] for j in core if j != i] for i in core]
    return mean([mean_of_rounded_sum(row, len(row)) for row in rows])


def cluster_diameter(square, members):
    """Return the largest mean dissimilarity of a member to the others."""
    rows = [[square[i, j] for j in members if j != i] for i in members]
    return max(mean_of_rounded_sum(row, len(row)) for row in rows)


def object_distances(square, objects, clusters, wanted):
    """Return ``wanted`` with NaN replaced by the mean dissimilarity of the object to the cluster."""
    out = wanted.copy()
    for number, one in enumerate(objects):
        for k, members in enumerate(clusters):
            if np.isnan(wanted[number, k]):
                out[number, k] = mean([square[one, j] for j in members])
    return out


def group_distance(square, group, members):
    """Return the mean over members of their mean dissimilarity to a group."""
    return mean([mean([square[i, j] for j in group]) for i in members])

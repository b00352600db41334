"""Unit rows of Pearson correlation and biweight midcorrelation, and pairs on common samples, by numpy."""

from __future__ import annotations

import numpy as np


def pearson_unit(values, centred):
    """Return one row as its unit vector, None where it has none."""
    there = ~np.isnan(values)
    present = values[there]
    if len(present) == 0 or (centred and len(np.unique(present)) == 1):
        return None
    rest = present - (present.mean() if centred else 0.0)
    norm = np.sqrt((rest**2).sum())
    if norm == 0:
        return None
    out = np.zeros(len(values))
    out[there] = rest / norm
    return out


def biweight_unit(values, max_outliers, fallback, centred):
    """Return one row as its biweight unit vector (None where it has none) and whether its mad is 0."""
    there = ~np.isnan(values)
    present = values[there]
    if len(present) == 0:
        return None, False
    median = np.median(present)
    mad = np.median(np.abs(present - median))
    if mad == 0:
        return (pearson_unit(values, centred) if fallback else None), True
    u = (present - median) / (9 * mad)
    if max_outliers < 1:
        low = min(np.quantile(u, max_outliers), -0.5)
        high = max(np.quantile(u, 1 - max_outliers), 0.5)
        u = np.where(u < 0, u * 0.5 / abs(low), u * 0.5 / high)
    weight = np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
    rest = (present - (median if centred else 0.0)) * weight
    norm = np.sqrt((rest**2).sum())
    if norm == 0:
        return None, False
    out = np.zeros(len(values))
    out[there] = rest / norm
    return out, False


def pearson_units(x, centred):
    """Return every row as its unit vector, NaN where it has none."""
    units = [pearson_unit(row, centred) for row in x]
    return np.array([np.full(x.shape[1], np.nan) if unit is None else unit for unit in units])


def biweight_units(x, max_outliers, fallback, centred):
    """Return every row as its biweight unit vector, NaN where it has none, and whose mad is 0."""
    found = [biweight_unit(row, max_outliers, fallback, centred) for row in x]
    units = [np.full(x.shape[1], np.nan) if unit is None else unit for unit, _ in found]
    return np.array(units), np.array([zero for _, zero in found])


def pairwise_pearson(x, y, centred):
    """Return r of every row of x with every row of y over their common samples."""
    out = np.full((len(x), len(y)), np.nan)
    for i, one in enumerate(x):
        for j, other in enumerate(y):
            common = ~(np.isnan(one) | np.isnan(other))
            left = pearson_unit(one[common], True)
            right = pearson_unit(other[common], True)
            if left is not None and right is not None:
                out[i, j] = pearson_unit(one[common], centred) @ pearson_unit(other[common], centred)
    return out


def pairwise_biweight(x, y, tolerated, max_outliers, fallback, robust_x, robust_y, centred):
    """Return the biweight midcorrelation of every row of x with every row of y over their common samples."""

    def unit(values, robust):
        return biweight_unit(values, max_outliers, fallback, centred)[0] if robust else pearson_unit(values, centred)

    out = np.full((len(x), len(y)), np.nan)
    for i, one in enumerate(x):
        for j, other in enumerate(y):
            masked_one = np.where(np.isnan(other), np.nan, one)
            masked_other = np.where(np.isnan(one), np.nan, other)
            again_one = np.isnan(masked_one).sum() - np.isnan(one).sum() > tolerated
            again_other = np.isnan(masked_other).sum() - np.isnan(other).sum() > tolerated
            left = unit(masked_one if again_one else one, robust_x)
            right = unit(masked_other if again_other else other, robust_y)
            if left is not None and right is not None:
                common = ~(np.isnan(one) | np.isnan(other))
                out[i, j] = (left * right)[common].sum()
    return out

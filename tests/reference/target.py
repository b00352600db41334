"""Correlation of rows with targets over the samples that both have."""

from __future__ import annotations

from math import isnan, nan

import numpy as np

FLAT = 1e-10


def target_correlation(values, targets):
    """Return r and the number of complete samples, (p, m) each."""
    found = [[_pearson(row, target) for target in targets] for row in values]
    shape = (len(values), len(targets))
    r = np.array([[pair[0] for pair in row] for row in found], dtype=float).reshape(shape)
    return r, np.array([[pair[1] for pair in row] for row in found], dtype=np.int64).reshape(shape)


def _pearson(x, y):
    both = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if not (isnan(a) or isnan(b))]
    n = len(both)
    if n < 3:
        return nan, n
    dx, dy = (_deviations([pair[side] for pair in both]) for side in (0, 1))
    if dx is None or dy is None:
        return nan, n
    product = sum(a * b for a, b in zip(dx, dy, strict=True))
    return max(-1.0, min(1.0, product / (sum(a * a for a in dx) * sum(b * b for b in dy)) ** 0.5)), n


def _deviations(values):
    """Deviations from the mean in units of the largest value; None where they are flat."""
    largest = max(abs(value) for value in values)
    if largest == 0:
        return None
    mean = sum(values) / len(values) / largest
    deviations = [value / largest - mean for value in values]
    return deviations if sum(d * d for d in deviations) > FLAT**2 * len(values) else None

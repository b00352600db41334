"""Leading axis of a symmetric matrix, by LAPACK, and the rule for its sign."""

from __future__ import annotations

import numpy as np


def leading_axis(symmetric):
    """Return the largest eigenvalue and a unit eigenvector of it, of either sign."""
    values, vectors = np.linalg.eigh(symmetric)
    return values[-1], vectors[:, -1]


def largest_is_positive(axis):
    """Return ``axis`` or −``axis``: the first entry whose size is the largest (within 1e-10) is not negative."""
    largest = max(abs(entry) for entry in axis)
    deciding = next(entry for entry in axis if abs(entry) >= largest - 1e-10)
    return np.array([-entry if deciding < 0 else entry for entry in axis])

"""Distances between rows with missing values."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.kernels._jit import kernel

NOTHING_COMMON = 1e10


@kernel
def row_distances(x: Matrix, row: int, out: Vector) -> None:
    """Write the mean squared difference of a row to every row over the columns present in both.

    x: (p, n), NaN where missing. out: (p,), 1e10 where no column is present in both.
    Troyanskaya et al. 2001, doi:10.1093/bioinformatics/17.6.520.   Twin: tests/reference/neighbour.py
    """
    for other in range(x.shape[0]):
        total = 0.0
        common = 0
        for s in range(x.shape[1]):
            difference = x[row, s] - x[other, s]
            if not np.isnan(difference):
                total += difference * difference
                common += 1
        out[other] = total / common if common else NOTHING_COMMON

"""Correlation of rows with a few targets, over the samples that both have."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix
from isograph.kernels._jit import kernel

FLAT = 1e-10


@kernel
def target_correlation(values: Matrix, targets: Matrix, start: int, stop: int, r: Matrix, n_complete: Index) -> None:
    """Write Pearson r of rows ``start`` to ``stop`` of ``values`` with every target, and the samples it is over.

    Pairwise complete: means, squares and product are over the samples in which both rows have a value. NaN where there
    are fewer than 3 of them, or where a row's sd over them is at most 1e-10 of its largest value there.

    values: (p, n); targets: (m, n); NaN is a missing value, all others finite. r: (p, m), in [−1, 1]; n_complete:
    (p, m). Each call owns its rows of both.   Twin: tests/reference/target.py
    """
    n_samples = values.shape[1]
    for row in range(start, stop):
        for target in range(targets.shape[0]):
            n = 0
            mean_x = 0.0
            mean_y = 0.0
            largest_x = 0.0
            largest_y = 0.0
            for s in range(n_samples):
                x = values[row, s]
                y = targets[target, s]
                if not (np.isnan(x) or np.isnan(y)):
                    n += 1
                    mean_x += x
                    mean_y += y
                    largest_x = max(largest_x, abs(x))
                    largest_y = max(largest_y, abs(y))
            n_complete[row, target] = n
            r[row, target] = np.nan
            if n < 3 or largest_x == 0.0 or largest_y == 0.0:
                continue
            # NOTE: in units of the largest value, so that no square overflows or vanishes.
            mean_x = mean_x / n / largest_x
            mean_y = mean_y / n / largest_y
            product = 0.0
            square_x = 0.0
            square_y = 0.0
            for s in range(n_samples):
                x = values[row, s]
                y = targets[target, s]
                if not (np.isnan(x) or np.isnan(y)):
                    dx = x / largest_x - mean_x
                    dy = y / largest_y - mean_y
                    product += dx * dy
                    square_x += dx * dx
                    square_y += dy * dy
            if square_x > FLAT * FLAT * n and square_y > FLAT * FLAT * n:
                r[row, target] = min(1.0, max(-1.0, product / np.sqrt(square_x * square_y)))

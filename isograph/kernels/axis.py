"""Leading axis of a symmetric matrix."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.kernels._jit import kernel

MAX_SWEEPS = 60
TIE_TOLERANCE = 1e-10


@kernel
def leading_axis(symmetric: Matrix, out: Vector) -> float:
    """Write the unit eigenvector of the largest eigenvalue into ``out`` and return that eigenvalue.

    symmetric: (k, k), finite; destroyed. out: (k,). Cyclic Jacobi rotations, so no LAPACK build decides the bits.
    Among equal eigenvalues the first diagonal position wins. The sign is left as it comes.
    Golub & Van Loan 2013, Matrix Computations, 4th ed., §8.5.   Twin: tests/reference/axis.py
    """
    k = symmetric.shape[0]
    vectors = np.eye(k)
    for _ in range(MAX_SWEEPS):
        off = 0.0
        total = 0.0
        for i in range(k):
            total += symmetric[i, i] ** 2
            for j in range(i + 1, k):
                off += symmetric[i, j] ** 2
        if off <= 1e-32 * total or off == 0.0:
            break
        for p in range(k - 1):
            for q in range(p + 1, k):
                apq = symmetric[p, q]
                if apq == 0.0:
                    continue
                theta = (symmetric[q, q] - symmetric[p, p]) / (2.0 * apq)
                t = (1.0 if theta >= 0.0 else -1.0) / (abs(theta) + np.sqrt(theta * theta + 1.0))
                c = 1.0 / np.sqrt(t * t + 1.0)
                s = t * c
                for r in range(k):
                    left = symmetric[r, p]
                    right = symmetric[r, q]
                    symmetric[r, p] = c * left - s * right
                    symmetric[r, q] = s * left + c * right
                for r in range(k):
                    left = symmetric[p, r]
                    right = symmetric[q, r]
                    symmetric[p, r] = c * left - s * right
                    symmetric[q, r] = s * left + c * right
                for r in range(k):
                    left = vectors[r, p]
                    right = vectors[r, q]
                    vectors[r, p] = c * left - s * right
                    vectors[r, q] = s * left + c * right
    best = 0
    for i in range(1, k):
        if symmetric[i, i] > symmetric[best, best]:
            best = i
    for r in range(k):
        out[r] = vectors[r, best]
    return float(symmetric[best, best])


@kernel
def largest_is_positive(axis: Vector) -> None:
    """Flip ``axis`` in place so that its largest |entry| is positive; among near-equal entries the first decides.

    axis: (k,), finite. Entries within 1e-10 of the largest count as equal to it.   Twin: tests/reference/axis.py
    """
    largest = 0.0
    for i in range(axis.shape[0]):
        largest = max(largest, abs(axis[i]))
    for i in range(axis.shape[0]):
        if abs(axis[i]) >= largest - TIE_TOLERANCE:
            if axis[i] < 0.0:
                for j in range(axis.shape[0]):
                    axis[j] = -axis[j]
            return

"""Second-order similarity: how alike two features' correlation profiles are."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Vector
from isograph.kernels._jit import kernel


@kernel
def second_order_similarity(
    indptr: Index, indices: Index, strengths: Vector, pair_of: Index, start: int, stop: int, out: Vector
) -> None:
    """Write the cosine between the rows of a sparse |r| matrix, for the kept pairs whose lower row is in the range.

    cos(i, j) = Σₘ sᵢₘ sⱼₘ / (‖sᵢ‖ ‖sⱼ‖) with sᵢᵢ = max over row i, as if a feature were its own strongest partner.

    indptr, indices, strengths: symmetric (p, p) CSR of |r| > 0 without diagonal, indices ascending in a row. pair_of:
    as ``indices``, the number of the pair each entry belongs to. start, stop: rows. out: (n_pairs,), in [0, 1].
    Twin: tests/reference/similarity.py
    """
    p = indptr.shape[0] - 1
    profile = np.zeros(p)
    for i in range(start, stop):
        norm_i = _fill_profile(indptr, indices, strengths, i, profile)
        for entry in range(indptr[i], indptr[i + 1]):
            j = indices[entry]
            if j <= i:
                continue
            largest = 0.0
            product = 0.0
            square = 0.0
            for other in range(indptr[j], indptr[j + 1]):
                strength = strengths[other]
                largest = max(largest, strength)
                product += strength * profile[indices[other]]
                square += strength * strength
            product += largest * profile[j]
            square += largest * largest
            out[pair_of[entry]] = min(1.0, product / np.sqrt(norm_i * square))
        for entry in range(indptr[i], indptr[i + 1]):
            profile[indices[entry]] = 0.0
        profile[i] = 0.0


@kernel
def _fill_profile(indptr: Index, indices: Index, strengths: Vector, row: int, profile: Vector) -> float:
    """Write row ``row`` into the dense ``profile`` (p,), its own entry the row's largest; return the squared norm."""
    largest = 0.0
    square = 0.0
    for entry in range(indptr[row], indptr[row + 1]):
        strength = strengths[entry]
        profile[indices[entry]] = strength
        largest = max(largest, strength)
        square += strength * strength
    profile[row] = largest
    return square + largest * largest

"""Powers of similarities, connectivity and topological overlap, tile by tile."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel

MAX_WHOLE_POWER = 64


@kernel
def signed_power(values: Matrix, power: float) -> None:
    """Replace every value v by sign(v) |v|^power in place; NaN stays NaN.

    values: any shape (a, b). Whole powers are multiplied out.   Twin: tests/reference/overlap.py
    """
    whole = int(power)
    exact = whole == power and 1 <= whole <= MAX_WHOLE_POWER
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            value = abs(values[i, j])
            result = 1.0
            if exact:
                factor = value
                left = whole
                while left > 0:
                    if left & 1:
                        result *= factor
                    factor *= factor
                    left >>= 1
            else:
                result = value**power
            values[i, j] = -result if values[i, j] < 0.0 else result


@kernel
def power_sums(tile: Matrix, row0: int, column0: int, powers: Vector, out: Matrix) -> None:
    """Add s^power of every entry of a tile to the sum of its row, for each power; NaN and the diagonal are left out.

    tile: (a, b), s ≥ 0 of features row0… with features column0…. powers: (k,) ascending. out: (p, k), the
    connectivity of feature i at power k once every tile of its row was added.
    Zhang & Horvath 2005, doi:10.2202/1544-6115.1128, eq. 7.   Twin: tests/reference/overlap.py
    """
    k = powers.shape[0]
    for i in range(tile.shape[0]):
        sums = out[row0 + i]
        for j in range(tile.shape[1]):
            s = tile[i, j]
            if row0 + i == column0 + j or np.isnan(s):
                continue
            square = s * s
            value = s ** powers[0] if powers[0] != 1.0 else s
            sums[0] += value
            for number in range(1, k):
                step = powers[number] - powers[number - 1]
                if step == 1.0:
                    value *= s
                elif step == 2.0:
                    value *= square
                else:
                    value *= s**step
                sums[number] += value


@kernel
def overlap_tile(
    shared: Matrix,
    adjacency: Matrix,
    connectivity: Vector,
    row0: int,
    column0: int,
    mean_denominator: bool,
    second: bool,
    absolute: bool,
    out: Vector,
) -> None:
    """Write 1 − topological overlap of the pairs of a tile that lie above the diagonal.

    With L = Σ_u a_iu a_uj over all u, a_ii = 1, K_i = Σ_u |a_iu| and E = min(K_i, K_j) − |a_ij| (or their mean), the
    overlap is (L − a)/E, 0 where E is 0; the second kind is (a + (L − 2a)/(E − 1))/2, its fraction 0 where E ≤ 1.

    shared: (a, b), L of features row0… with column0…. adjacency: (p, p), diagonal 1. connectivity: (p,), K. absolute:
    the overlap's absolute value is taken. out: (p (p − 1) / 2,), pairs (i, j > i) row by row.
    Zhang & Horvath 2005, doi:10.2202/1544-6115.1128, eq. 4; Yip & Horvath 2007, doi:10.1186/1471-2105-8-22.
    Twin: tests/reference/overlap.py
    """
    p = adjacency.shape[0]
    for i in range(shared.shape[0]):
        row = row0 + i
        base = row * (2 * p - row - 1) // 2 - row - 1
        for j in range(max(0, row + 1 - column0), shared.shape[1]):
            column = column0 + j
            a = adjacency[row, column]
            if mean_denominator:
                left = (connectivity[row] + connectivity[column]) / 2.0 - abs(a)
            else:
                left = min(connectivity[row], connectivity[column]) - abs(a)
            if second:
                rest = (shared[i, j] - 2.0 * a) / (left - 1.0) if left > 1.0 else 0.0
                overlap = (a + rest) / 2.0
            else:
                overlap = (shared[i, j] - a) / left if left != 0.0 else 0.0
            out[base + column] = 1.0 - (abs(overlap) if absolute else overlap)


@kernel
def fill_square(condensed: Vector, start: int, stop: int, out: Matrix) -> None:
    """Write rows ``start`` to ``stop`` of the symmetric matrix whose upper triangle is given, diagonal 0.

    condensed: (p (p − 1) / 2,), pairs (i, j > i) row by row. out: (p, p).   Twin: tests/reference/overlap.py
    """
    p = out.shape[0]
    for i in range(start, stop):
        entry = i - 1
        for j in range(i):
            out[i, j] = condensed[entry]
            entry += p - j - 2
        out[i, i] = 0.0
        base = i * (2 * p - i - 1) // 2 - i - 1
        for j in range(i + 1, p):
            out[i, j] = condensed[base + j]


@kernel
def nearest_partners(condensed: Vector, gene_of: Index, start: int, stop: int, partners: Index) -> None:
    """Write each feature's partners of least dissimilarity, nearest first, for the features ``start`` to ``stop``.

    condensed: (p (p − 1) / 2,). gene_of: (p,), partners of the same gene are passed over. partners: (p, k), −1 where
    there are fewer; ties go to the lower number.   Twin: tests/reference/overlap.py
    """
    p, k = partners.shape
    nearest = np.empty(k)
    for i in range(start, stop):
        n_found = 0
        entry = i - 1
        base = i * (2 * p - i - 1) // 2 - i - 1
        for j in range(p):
            if j < i:
                d = condensed[entry]
                entry += p - j - 2
            elif j == i:
                continue
            else:
                d = condensed[base + j]
            if gene_of[i] == gene_of[j] or (n_found == k and d >= nearest[k - 1]):
                continue
            slot = n_found if n_found < k else k - 1
            while slot > 0 and nearest[slot - 1] > d:
                nearest[slot] = nearest[slot - 1]
                partners[i, slot] = partners[i, slot - 1]
                slot -= 1
            nearest[slot] = d
            partners[i, slot] = j
            n_found = min(n_found + 1, k)
        for slot in range(n_found, k):
            partners[i, slot] = -1

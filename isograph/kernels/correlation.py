"""Pearson correlation of all feature pairs, tile by tile, and of listed pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.kernels._jit import kernel

Tile = NDArray[np.float32]
Partners = NDArray[np.int32]

# NOTE: few pairs reach the floor; a segment of a row in which none does is passed over as a whole.
SEGMENT = 64


@kernel
def scan_tile(
    tile: Tile,
    row0: int,
    column0: int,
    floor: float,
    gene_of: Index,
    histogram: Index,
    strengths: Tile,
    partners: Partners,
) -> None:
    """Count the |r| of a tile into ``histogram`` and keep every feature's strongest partners.

    tile: (rows, columns) r of features row0… with features column0…; of a tile on the diagonal only the part above
    it is read. Pairs with |r| < floor are passed over, and so are pairs within a gene. gene_of: (p,) gene number of
    each feature. histogram: (bins,) counts of |r|, bin = ⌊|r|·bins⌋, 1 in the last. strengths, partners: (p, k),
    heaps with the weakest partner first, −1 where empty; a pair enters the heaps of both its features. Ties in |r|
    prefer the lower partner number, so what is kept does not depend on the order of tiles.
    Twin: tests/reference/correlation.py
    """
    bins = histogram.shape[0]
    limit = np.float32(floor)
    if np.float64(limit) < floor:
        limit = np.nextafter(limit, np.float32(2.0))
    for i in range(tile.shape[0]):
        row = row0 + i
        for start in range(max(0, row + 1 - column0), tile.shape[1], SEGMENT):
            stop = min(start + SEGMENT, tile.shape[1])
            if not _reaches(tile[i, start:stop], limit):
                continue
            for j in range(start, stop):
                strength = abs(tile[i, j])
                column = column0 + j
                if strength < limit or gene_of[row] == gene_of[column]:
                    continue
                histogram[min(bins - 1, int(strength * bins))] += 1
                if strength >= strengths[row, 0]:
                    offer_partner(strengths, partners, row, strength, column)
                if strength >= strengths[column, 0]:
                    offer_partner(strengths, partners, column, strength, row)


@kernel
def _reaches(r: NDArray[np.float32], limit: np.float32) -> bool:
    """Return whether any |r| is at least ``limit``."""
    # NOTE: without a branch, so that it compiles to vector instructions.
    reaches = False
    for j in range(r.shape[0]):
        reaches |= abs(r[j]) >= limit
    return reaches


@kernel
def offer_partner(strengths: Tile, partners: Partners, feature: int, strength: float, partner: int) -> None:
    """Put ``partner`` into the feature's heap if it is stronger than the weakest there (ties: lower number).

    strengths, partners: (p, k) heaps as in ``scan_tile``.   Twin: tests/reference/correlation.py
    """
    weakest = strengths[feature, 0]
    if strength < weakest or (strength == weakest and partner > partners[feature, 0]):
        return
    k = strengths.shape[1]
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= k:
            break
        right = child + 1
        if right < k and (
            strengths[feature, right] < strengths[feature, child]
            or (
                strengths[feature, right] == strengths[feature, child]
                and partners[feature, right] > partners[feature, child]
            )
        ):
            child = right
        if strengths[feature, child] > strength or (
            strengths[feature, child] == strength and partners[feature, child] <= partner
        ):
            break
        strengths[feature, hole] = strengths[feature, child]
        partners[feature, hole] = partners[feature, child]
        hole = child
    strengths[feature, hole] = strength
    partners[feature, hole] = partner


@kernel
def merge_partners(strengths: Tile, partners: Partners, more_strengths: Tile, more_partners: Partners) -> None:
    """Offer every partner of the second pair of heaps to the first.

    All four: (p, k) heaps as in ``scan_tile``.   Twin: tests/reference/correlation.py
    """
    for feature in range(strengths.shape[0]):
        for slot in range(more_strengths.shape[1]):
            if more_partners[feature, slot] >= 0:
                offer_partner(strengths, partners, feature, more_strengths[feature, slot], more_partners[feature, slot])


@kernel
def observed_pair_correlation(
    z: Matrix,
    missing: Flags,
    source: Index,
    target: Index,
    start: int,
    stop: int,
    out: Vector,
    n_observed: Index,
) -> None:
    """Write Pearson r of the pairs ``start`` to ``stop`` over the samples observed in both rows, and their number.

    z: (p, n), finite; what it holds where ``missing`` (p, n) is True is not read. out: (n_pairs,), in [−1, 1]; 0 where
    fewer than 3 samples are observed in both or a row does not vary over them. n_observed: (n_pairs,).
    Twin: tests/reference/correlation.py
    """
    for pair in range(start, stop):
        a = source[pair]
        b = target[pair]
        n = 0
        mean_a = 0.0
        mean_b = 0.0
        for s in range(z.shape[1]):
            if not (missing[a, s] or missing[b, s]):
                n += 1
                mean_a += z[a, s]
                mean_b += z[b, s]
        n_observed[pair] = n
        out[pair] = 0.0
        if n < 3:
            continue
        mean_a /= n
        mean_b /= n
        product = 0.0
        square_a = 0.0
        square_b = 0.0
        for s in range(z.shape[1]):
            if not (missing[a, s] or missing[b, s]):
                product += (z[a, s] - mean_a) * (z[b, s] - mean_b)
                square_a += (z[a, s] - mean_a) ** 2
                square_b += (z[b, s] - mean_b) ** 2
        if square_a > 0.0 and square_b > 0.0:
            out[pair] = min(1.0, max(-1.0, product / np.sqrt(square_a * square_b)))


@kernel
def pair_correlation(z: Matrix, source: Index, target: Index, start: int, stop: int, out: Vector) -> None:
    """Write Pearson r of the pairs ``start`` to ``stop`` of (source, target) rows of ``z``.

    z: (p, n), every row with mean 0, finite, not constant. out: (n_pairs,), in [−1, 1].
    Twin: tests/reference/correlation.py
    """
    for pair in range(start, stop):
        a = source[pair]
        b = target[pair]
        product = 0.0
        square_a = 0.0
        square_b = 0.0
        for s in range(z.shape[1]):
            product += z[a, s] * z[b, s]
            square_a += z[a, s] * z[a, s]
            square_b += z[b, s] * z[b, s]
        out[pair] = min(1.0, max(-1.0, product / np.sqrt(square_a * square_b)))


@kernel
def pair_top_share(z: Matrix, source: Index, target: Index, start: int, stop: int, out: Vector) -> None:
    """Write the share of each pair's correlation that is one sample's: max_s z_as z_bs / Σ_s z_as z_bs, signs as of r.

    z: (p, n), every row with mean 0, finite, not constant. out: (n_pairs,), above 0; above 1 where the other samples
    together go the other way, infinite for r = 0.   Twin: tests/reference/correlation.py
    """
    for pair in range(start, stop):
        a = source[pair]
        b = target[pair]
        product = 0.0
        most = 0.0
        least = 0.0
        for s in range(z.shape[1]):
            term = z[a, s] * z[b, s]
            product += term
            most = max(most, term)
            least = min(least, term)
        if product == 0.0:
            out[pair] = np.inf
        else:
            out[pair] = most / product if product > 0.0 else least / product

"""Correlation of feature pairs, and the strongest partners of each feature, from sorted lists."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np


def pair_correlation(z, source, target):
    """Return Pearson r of pairs of rows of ``z``, from exact sums of the numbers as they are."""
    return np.array([_pearson(z[a], z[b]) for a, b in zip(source, target, strict=True)])


def _pearson(x, y):
    x, y = [Fraction(float(value)) for value in x], [Fraction(float(value)) for value in y]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    product = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    square_x, square_y = sum((a - mean_x) ** 2 for a in x), sum((b - mean_y) ** 2 for b in y)
    return (1 if product > 0 else -1) * sqrt(product**2 / (square_x * square_y))


def offer_partner(kept, strength, partner, k):
    """Return the ``k`` best of ``kept`` and the offer as (strength, partner): strongest first, then lowest number."""
    return sorted([*kept, (strength, partner)], key=lambda offer: (-offer[0], offer[1]))[:k]


def merge_partners(kept, more, k):
    """Return, for each feature, the ``k`` best of two lists of partners."""
    merged = [list(partners) for partners in kept]
    for feature, others in enumerate(more):
        for strength, partner in others:
            merged[feature] = offer_partner(merged[feature], strength, partner, k)
    return merged


def scan_tile(r, gene_of, bins, k):
    """Return the histogram of |r| and the ``k`` strongest partners of each feature, from all of ``r`` (p, p) at once.

    ⌊|r|·bins⌋ is the bin, 1 counts in the last one. Pairs within a gene are left out.
    """
    p = len(gene_of)
    histogram = [0] * bins
    partners = [[] for _ in range(p)]
    for a in range(p):
        for b in range(a + 1, p):
            if gene_of[a] != gene_of[b]:
                strength = float(abs(r[a, b]))
                histogram[min(int(strength * bins), bins - 1)] += 1
                partners[a] = offer_partner(partners[a], strength, b, k)
                partners[b] = offer_partner(partners[b], strength, a, k)
    return histogram, partners


def observed_pair_correlation(a, b, missing_a, missing_b):
    """Pearson r over the samples observed in both rows, 0 where it is not defined, and the number of those samples."""
    both = [s for s in range(len(a)) if not missing_a[s] and not missing_b[s]]
    n = len(both)
    if n < 3:
        return 0.0, n
    mean_a = sum(a[s] for s in both) / n
    mean_b = sum(b[s] for s in both) / n
    product = sum((a[s] - mean_a) * (b[s] - mean_b) for s in both)
    square_a = sum((a[s] - mean_a) ** 2 for s in both)
    square_b = sum((b[s] - mean_b) ** 2 for s in both)
    if square_a == 0 or square_b == 0:
        return 0.0, n
    return max(-1.0, min(1.0, product / (square_a * square_b) ** 0.5)), n


def pair_top_share(z, source, target):
    """Return the largest share that one sample has in the sum of products of each pair of rows."""
    shares = []
    for a, b in zip(source, target, strict=True):
        terms = z[a] * z[b]
        total = terms.sum()
        shares.append(np.inf if total == 0 else (terms / total).max())
    return np.array(shares)

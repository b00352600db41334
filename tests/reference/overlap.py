"""Powers, connectivity and topological overlap by their formulas."""

from __future__ import annotations

import numpy as np


def signed_power(values, power):
    """Return sign(v) |v|^power."""
    return np.sign(values) * np.abs(values) ** power


def power_sums(similarity, powers):
    """Return the sum of s^power over the other features, NaN left out; similarity: (p, p)."""
    s = similarity.copy()
    np.fill_diagonal(s, np.nan)
    return np.column_stack([np.nansum(s**power, axis=1) for power in powers])


def overlap_tile(adjacency, mean_denominator, second, absolute):
    """Return 1 − overlap of every pair above the diagonal, pair by pair."""
    p = len(adjacency)
    out = []
    for i in range(p):
        for j in range(i + 1, p):
            a = adjacency[i, j]
            shared = sum(adjacency[i, u] * adjacency[u, j] for u in range(p) if u not in (i, j)) + 2 * a
            sums = np.abs(adjacency[i]).sum(), np.abs(adjacency[j]).sum()
            rest = (sum(sums) / 2 if mean_denominator else min(sums)) - abs(a)
            if second:
                overlap = (a + ((shared - 2 * a) / (rest - 1) if rest > 1 else 0.0)) / 2
            else:
                overlap = (shared - a) / rest if rest != 0 else 0.0
            out.append(1 - (abs(overlap) if absolute else overlap))
    return np.array(out)


def fill_square(condensed, n):
    """Return the symmetric matrix of an upper triangle."""
    out = np.zeros((n, n))
    out[np.triu_indices(n, 1)] = condensed
    return out + out.T


def nearest_partners(square, gene_of, k):
    """Return the k partners of least dissimilarity of another gene, −1 where there are fewer."""
    out = np.full((len(square), k), -1)
    for i, row in enumerate(square):
        others = [j for j in range(len(row)) if gene_of[j] != gene_of[i]]
        chosen = sorted(others, key=lambda j: (row[j], j))[:k]
        out[i, : len(chosen)] = chosen
    return out

"""Moment estimate of the overdispersion of a Dirichlet-multinomial, one gene, written from the formulas.

Weir & Hill 2002, Annu Rev Genet 36:721-750, in the notation of La Rosa et al. 2012, PLoS ONE 7:e52078: N_i the counts
of sample i, π_j the pooled share of category j, S_j and G_j between and within samples.
"""

from __future__ import annotations


def overdispersion(counts: list[list[float]]) -> float:
    """Return θ; counts has a row a sample and a column a category, every sample at least one count."""
    sizes = [sum(row) for row in counts]
    n, total, k = len(counts), sum(sizes), len(counts[0])
    n_c = (total - sum(size**2 for size in sizes) / total) / (n - 1)
    above = below = 0.0
    for j in range(k):
        pooled = sum(row[j] for row in counts) / total
        s = g = 0.0
        for row, size in zip(counts, sizes, strict=True):
            share = row[j] / size
            s += size * (share - pooled) ** 2 / (n - 1)
            g += size * share * (1 - share) / sum(other - 1 for other in sizes)
        above += s - g
        below += s + (n_c - 1) * g
    return above / below

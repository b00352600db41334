"""Isoform usage: how much it varies beyond counting, and the principal axis of its variation, gene by gene."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel
from isograph.kernels.axis import leading_axis

# Columns of the noise matrix that ``usage_axes`` writes.
STATISTIC, EXPECTED, VARIANCE, DISPERSION = 0, 1, 2, 3
N_NOISE = 4
CONSTANT_TOLERANCE = 1e-10
# NOTE: a Dirichlet prior this strong weighs samples by their counts alone, which is what no overdispersion means.
LARGEST_PRIOR = 1e6


@kernel
def usage_axes(
    counts: Matrix,
    rows: Index,
    offsets: Index,
    basis: Matrix,
    start: int,
    stop: int,
    scores: Matrix,
    loadings: Vector,
    scales: Vector,
    noise: Matrix,
    mean_usage: Vector,
) -> None:
    """Write each gene's switch score, its loadings, its scale, its noise model and its mean usage.

    With counts c, gene totals N and pooled usage π = Σ c / Σ N, the usage of a sample is the posterior mean
    (c + aπ) / (N + a) under a Dirichlet prior with the gene's own concentration a = (1 − ρ) / ρ, ρ its overdispersion:
    its expectation is π whatever N, so a score moves neither with depth nor with the gene's own total. Usage less π is
    projected off ``basis``; the first principal axis v of what is left is taken over samples; the score is vᵀ usage,
    z-scored (sample sd). The sign of v is left as it comes.

    noise: T = Σ_s |√N (u − μ)|² over raw usage u = c / N, μ its regression on the basis with weights N; expectation
    and variance of T if the counts are multinomial given N; and ρ, by which T exceeds its expectation:
    E T = Σ_s (1 − h)(1 − Σπ²)(1 + ρ (N − 1)), h the leverage of a sample in the regression.

    counts: (n_transcripts, n_samples), ≥ 0, finite. rows: transcript rows in gene order. offsets: (n_genes + 1,) into
    ``rows``; every gene has at least 2. basis: (q, n_samples), orthonormal rows, the constant included.
    scores: (n_genes, n_samples), loadings: as ``rows``, scales: (n_genes,) sd of the unscaled score; 0 marks a gene
    whose usage does not vary, with scores and loadings 0. noise: (n_genes, 4). mean_usage: as ``rows``, mean over
    samples of the posterior means, which unlike π does not lean towards the samples in which the gene is abundant. Each
    call owns the slices of its genes, ``start`` to ``stop``.
    Tarone 1979, Biometrika 66:585, doi:10.1093/biomet/66.3.585 (overdispersion); Johnson, Kotz & Balakrishnan 1997,
    Discrete Multivariate Distributions, ch. 35 (moments).   Twin: tests/reference/usage.py
    """
    n_samples = counts.shape[1]
    for gene in range(start, stop):
        first = offsets[gene]
        k = offsets[gene + 1] - first
        deviation = np.empty((k, n_samples))
        totals = np.zeros(n_samples)
        pooled = np.zeros(k)
        _deviations(counts, rows, first, deviation, totals, pooled)
        _noise(deviation, totals, pooled, basis, noise[gene])
        dispersion = noise[gene, DISPERSION]
        prior = min((1.0 - dispersion) / dispersion, LARGEST_PRIOR) if dispersion > 0.0 else LARGEST_PRIOR
        for s in range(n_samples):
            if totals[s] > 0.0:
                for i in range(k):
                    deviation[i, s] /= totals[s] + prior
        for i in range(k):
            mean_usage[first + i] = pooled[i] + deviation[i].mean()
        _project_off(deviation, basis)
        axis = np.empty(k)
        covariance = np.empty((k, k))
        for i in range(k):
            for j in range(i, k):
                total = 0.0
                for s in range(n_samples):
                    total += deviation[i, s] * deviation[j, s]
                covariance[i, j] = total
                covariance[j, i] = total
        leading_axis(covariance, axis)
        total = 0.0
        for s in range(n_samples):
            score = 0.0
            for i in range(k):
                score += axis[i] * deviation[i, s]
            scores[gene, s] = score
            total += score * score
        scale = np.sqrt(total / (n_samples - 1))
        # NOTE: usage shrunk by a prior is small where counts are few, and that is no sign of being constant.
        if scale * (1.0 + prior) <= CONSTANT_TOLERANCE:
            scale = 0.0
        scales[gene] = scale
        for s in range(n_samples):
            scores[gene, s] = scores[gene, s] / scale if scale > 0.0 else 0.0
        for i in range(k):
            loadings[first + i] = axis[i] if scale > 0.0 else 0.0


@kernel
def orient_axes(
    loadings: Vector,
    mean_usage: Vector,
    offsets: Index,
    part_of_axis: float,
    clear_lead: float,
    start: int,
    stop: int,
    scores: Matrix,
) -> None:
    """Flip loadings and scores of genes ``start`` to ``stop`` so that the major isoform has a positive loading.

    Of the transcripts with a |loading| of at least ``part_of_axis`` times the largest, the most used one is made
    positive; where it does not lead the most used one on the other side by ``clear_lead``, the first of them is.

    loadings, mean_usage: (n_rows,), in natural order of transcript ids within a gene. offsets: (n_genes + 1,).
    scores: (n_genes, n_samples).   Twin: tests/reference/usage.py
    """
    for gene in range(start, stop):
        first, last = offsets[gene], offsets[gene + 1]
        largest = 0.0
        for i in range(first, last):
            largest = max(largest, abs(loadings[i]))
        leading = -1
        above, below = -1, -1
        for i in range(first, last):
            if largest > 0.0 and abs(loadings[i]) >= part_of_axis * largest:
                if leading < 0:
                    leading = i
                if loadings[i] > 0.0 and (above < 0 or mean_usage[i] > mean_usage[above]):
                    above = i
                if loadings[i] < 0.0 and (below < 0 or mean_usage[i] > mean_usage[below]):
                    below = i
        if above >= 0 and (below < 0 or mean_usage[above] >= mean_usage[below] + clear_lead):
            leading = above
        elif below >= 0 and (above < 0 or mean_usage[below] >= mean_usage[above] + clear_lead):
            leading = below
        if leading >= 0 and loadings[leading] < 0.0:
            for i in range(first, last):
                loadings[i] = -loadings[i]
            for s in range(scores.shape[1]):
                scores[gene, s] = -scores[gene, s]


@kernel
def usage_shifts(
    counts: Matrix,
    rows: Index,
    offsets: Index,
    basis: Matrix,
    scores: Matrix,
    start: int,
    stop: int,
    out: Vector,
) -> None:
    """Write the largest change of a transcript's usage between the samples of the high and of the low third of a score.

    Raw usage c / N, projected off ``basis``; mean over the high third less mean over the low third; the largest
    absolute value over the transcripts of the gene. Samples without counts of the gene are left out; samples that tie
    with the last of a third belong to it. 0 where the thirds meet.

    counts, rows, offsets, basis: as in ``usage_axes``. scores: (n_genes, n_samples). out: (n_genes,).
    Twin: tests/reference/usage.py
    """
    n_samples = counts.shape[1]
    third = n_samples // 3
    for gene in range(start, stop):
        out[gene] = 0.0
        ordered = np.sort(scores[gene])
        if third < 1 or ordered[third - 1] >= ordered[n_samples - third]:
            continue
        low, high = ordered[third - 1], ordered[n_samples - third]
        first = offsets[gene]
        k = offsets[gene + 1] - first
        deviation = np.empty((k, n_samples))
        totals = np.zeros(n_samples)
        pooled = np.zeros(k)
        _deviations(counts, rows, first, deviation, totals, pooled)
        for s in range(n_samples):
            if totals[s] > 0.0:
                for i in range(k):
                    deviation[i, s] /= totals[s]
        _project_off(deviation, basis)
        n_high, n_low = 0, 0
        for s in range(n_samples):
            if totals[s] > 0.0:
                n_high += scores[gene, s] >= high
                n_low += scores[gene, s] <= low
        if n_high == 0 or n_low == 0:
            continue
        for i in range(k):
            above, below = 0.0, 0.0
            for s in range(n_samples):
                if totals[s] > 0.0:
                    if scores[gene, s] >= high:
                        above += deviation[i, s]
                    if scores[gene, s] <= low:
                        below += deviation[i, s]
            out[gene] = max(out[gene], abs(above / n_high - below / n_low))


@kernel
def _deviations(counts: Matrix, rows: Index, first: int, deviation: Matrix, totals: Vector, pooled: Vector) -> None:
    """Write counts less expected counts, c − Nπ (k, n_samples), the totals N and the pooled usage π."""
    k, n_samples = deviation.shape
    whole = 0.0
    for i in range(k):
        for s in range(n_samples):
            value = counts[rows[first + i], s]
            deviation[i, s] = value
            totals[s] += value
            pooled[i] += value
            whole += value
    for i in range(k):
        pooled[i] = pooled[i] / whole if whole > 0.0 else 0.0
        for s in range(n_samples):
            deviation[i, s] -= totals[s] * pooled[i]


@kernel
def _noise(deviation: Matrix, totals: Vector, pooled: Vector, basis: Matrix, out: Vector) -> None:
    """Write T, its expectation and variance under multinomial counts, and the overdispersion; see ``usage_axes``.

    deviation: (k, n_samples), c − Nπ. √N (u − π) = (c − Nπ) / √N is regressed on √N times the basis.
    """
    k, n_samples = deviation.shape
    weighted = np.zeros((basis.shape[0], n_samples))
    n_columns = _weighted_basis(basis, totals, weighted)
    leverage = np.zeros(n_samples)
    for q in range(n_columns):
        for s in range(n_samples):
            leverage[s] += weighted[q, s] ** 2
    statistic = 0.0
    residual = np.empty(n_samples)
    for i in range(k):
        for s in range(n_samples):
            residual[s] = deviation[i, s] / np.sqrt(totals[s]) if totals[s] > 0.0 else 0.0
        for q in range(n_columns):
            dot = 0.0
            for s in range(n_samples):
                dot += residual[s] * weighted[q, s]
            for s in range(n_samples):
                residual[s] -= dot * weighted[q, s]
        for s in range(n_samples):
            statistic += residual[s] ** 2
    square, cube = 0.0, 0.0
    for i in range(k):
        square += pooled[i] ** 2
        cube += pooled[i] ** 3
    fourth = 0.0
    for i in range(k):
        fourth += pooled[i] * (1.0 - 2.0 * pooled[i] + square) ** 2
    spread = 1.0 - square
    trace = square - 2.0 * cube + square * square
    expected, variance, free, excess = 0.0, 0.0, 0.0, 0.0
    for s in range(n_samples):
        if totals[s] > 0.0:
            left = 1.0 - leverage[s]
            free += left
            excess += left * max(totals[s] - 1.0, 0.0)
            variance += left * left * (fourth - spread * spread - 2.0 * trace) / totals[s]
    expected = free * spread
    out[STATISTIC] = statistic
    out[EXPECTED] = expected
    out[VARIANCE] = max(variance + 2.0 * trace * free, 0.0)
    dispersion = (statistic / spread - free) / excess if spread > 0.0 and excess > 0.0 else 0.0
    out[DISPERSION] = min(max(dispersion, 0.0), 1.0)


@kernel
def _weighted_basis(basis: Matrix, totals: Vector, out: Matrix) -> int:
    """Write orthonormal rows that span √N times the rows of ``basis`` and return how many there are."""
    n_columns = 0
    n_samples = basis.shape[1]
    for q in range(basis.shape[0]):
        before = 0.0
        for s in range(n_samples):
            out[n_columns, s] = np.sqrt(totals[s]) * basis[q, s]
            before += out[n_columns, s] ** 2
        for _ in range(2):
            for earlier in range(n_columns):
                dot = 0.0
                for s in range(n_samples):
                    dot += out[n_columns, s] * out[earlier, s]
                for s in range(n_samples):
                    out[n_columns, s] -= dot * out[earlier, s]
        norm = 0.0
        for s in range(n_samples):
            norm += out[n_columns, s] ** 2
        if norm > 1e-18 * before and norm > 0.0:
            for s in range(n_samples):
                out[n_columns, s] /= np.sqrt(norm)
            n_columns += 1
    return n_columns


@kernel
def _project_off(matrix: Matrix, basis: Matrix) -> None:
    """Subtract from every row of ``matrix`` (k, n) its projection on the orthonormal rows of ``basis`` (q, n)."""
    for i in range(matrix.shape[0]):
        for q in range(basis.shape[0]):
            dot = 0.0
            for s in range(matrix.shape[1]):
                dot += matrix[i, s] * basis[q, s]
            for s in range(matrix.shape[1]):
                matrix[i, s] -= dot * basis[q, s]

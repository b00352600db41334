"""Isoform usage of one gene after another, each step as its definition reads."""

from __future__ import annotations

import numpy as np


def noise(counts, basis):
    """Return T, its expectation and variance under multinomial counts, and the overdispersion of one gene."""
    totals = counts.sum(axis=0)
    counted = totals > 0
    if not counted.any():
        return 0.0, 0.0, 0.0, 0.0
    counts, totals, basis = counts[:, counted], totals[counted], basis[:, counted]
    pooled = counts.sum(axis=1) / totals.sum()
    weighted = np.sqrt(totals)[:, None] * basis.T
    hat = weighted @ np.linalg.pinv(weighted)
    residual = (np.eye(len(totals)) - hat) @ (np.sqrt(totals) * (counts / totals)).T
    statistic = (residual**2).sum()
    left = 1.0 - np.diag(hat)
    # Moments of y = e_t − π, t one multinomial draw: |y|² is 1 − 2π_t + Σπ², with covariance Σ = diag π − ππᵀ of y.
    lengths = 1.0 - 2.0 * pooled + (pooled**2).sum()
    spread = pooled @ lengths
    covariance = np.diag(pooled) - np.outer(pooled, pooled)
    trace = np.trace(covariance @ covariance)
    of_one_draw = pooled @ lengths**2 - spread**2 - 2.0 * trace
    expected = left.sum() * spread
    variance = 2.0 * trace * left.sum() + (left**2 * of_one_draw / totals).sum()
    excess = (left * np.maximum(totals - 1.0, 0.0)).sum()
    dispersion = (statistic / spread - left.sum()) / excess if spread > 1e-12 and excess > 0 else 0.0
    return statistic, expected, max(variance, 0.0), float(np.clip(dispersion, 0.0, 1.0))


def usage_axes(counts, rows, offsets, basis):
    """Return scores, loadings, scales, noise (n_genes, 4) and mean usage; scores are 0 in a gene that is constant."""
    n_genes, n_samples = len(offsets) - 1, counts.shape[1]
    scores, loadings, scales = np.zeros((n_genes, n_samples)), np.zeros(len(rows)), np.zeros(n_genes)
    moments, mean_usage = np.zeros((n_genes, 4)), np.zeros(len(rows))
    for gene in range(n_genes):
        entries = slice(offsets[gene], offsets[gene + 1])
        of_gene = counts[rows[entries]]
        totals = of_gene.sum(axis=0)
        if totals.sum() == 0:
            continue
        pooled = of_gene.sum(axis=1) / totals.sum()
        moments[gene] = noise(of_gene, basis)
        dispersion = moments[gene, 3]
        prior = min((1.0 - dispersion) / dispersion, 1e6) if dispersion > 0 else 1e6
        posterior = np.where(
            totals > 0, (of_gene + prior * pooled[:, None]) / np.where(totals > 0, totals + prior, 1.0), pooled[:, None]
        )
        left = (posterior - pooled[:, None]) @ (np.eye(n_samples) - basis.T @ basis)
        axis = np.linalg.svd(left)[0][:, 0]
        score = axis @ left
        scale = np.sqrt((score**2).sum() / (n_samples - 1))
        mean_usage[entries] = posterior.mean(axis=1)
        if scale * (1.0 + prior) > 1e-10:
            scores[gene], loadings[entries], scales[gene] = score / scale, axis, scale
    return scores, loadings, scales, moments, mean_usage


def orient_axes(loadings, mean_usage, offsets, part_of_axis, clear_lead, scores):
    """Return loadings and scores with the major isoform of each axis positive."""
    loadings, scores = loadings.copy(), scores.copy()
    for gene in range(len(offsets) - 1):
        entries = slice(offsets[gene], offsets[gene + 1])
        axis, usage = loadings[entries], mean_usage[entries]
        if not axis.any():
            continue
        in_axis = np.flatnonzero(np.abs(axis) >= part_of_axis * np.abs(axis).max())
        lead = {sign: max((usage[i] for i in in_axis if np.sign(axis[i]) == sign), default=None) for sign in (1, -1)}
        sign = np.sign(axis[in_axis[0]])
        for side in (1, -1):
            if lead[side] is not None and (lead[-side] is None or lead[side] >= lead[-side] + clear_lead):
                sign = side
        loadings[entries], scores[gene] = sign * axis, sign * scores[gene]
    return loadings, scores


def usage_shifts(counts, rows, offsets, basis, scores):
    """Return the largest change of a transcript's usage between the high and the low third of each gene's score."""
    n_samples = counts.shape[1]
    third = n_samples // 3
    shifts = np.zeros(len(offsets) - 1)
    for gene in range(len(offsets) - 1):
        of_gene = counts[rows[offsets[gene] : offsets[gene + 1]]]
        totals = of_gene.sum(axis=0)
        if totals.sum() == 0 or third == 0:
            continue
        pooled = of_gene.sum(axis=1) / totals.sum()
        usage = np.where(totals > 0, of_gene / np.where(totals > 0, totals, 1.0), pooled[:, None]) - pooled[:, None]
        left = usage @ (np.eye(n_samples) - basis.T @ basis)
        low, high = np.sort(scores[gene])[[third - 1, n_samples - third]]
        above, below = (scores[gene] >= high) & (totals > 0), (scores[gene] <= low) & (totals > 0)
        if low < high and above.any() and below.any():
            shifts[gene] = np.abs(left[:, above].mean(axis=1) - left[:, below].mean(axis=1)).max()
    return shifts

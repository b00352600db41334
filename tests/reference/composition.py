"""Isoform composition of one gene after another, each step as its definition reads."""

from __future__ import annotations

import numpy as np
from reference.axis import largest_is_positive


def centred_log_ratio(counts):
    """Return log(u) − mean over transcripts of log(u), u = (c + 0.5) / Σ(c + 0.5) in each sample."""
    usage = (counts + 0.5) / (counts + 0.5).sum(axis=0)
    return np.log(usage) - np.log(usage).mean(axis=0)


def composition_axes(counts, rows, offsets, basis):
    """Return scores (n_genes, n_samples), loadings (n_rows,) and scales (n_genes,); 0 in a gene that is constant."""
    n_genes, n_samples = len(offsets) - 1, counts.shape[1]
    scores, loadings, scales = np.zeros((n_genes, n_samples)), np.zeros(len(rows)), np.zeros(n_genes)
    for gene in range(n_genes):
        entries = slice(offsets[gene], offsets[gene + 1])
        of_gene = counts[rows[entries]]
        left = centred_log_ratio(of_gene) @ (np.eye(n_samples) - basis.T @ basis)
        axis = largest_is_positive(np.linalg.svd(left)[0][:, 0])
        score = axis @ left
        scale = np.sqrt((score**2).sum() / (n_samples - 1))
        if scale > 1e-10 * np.abs(np.log(of_gene + 0.5)).max():
            scores[gene], loadings[entries], scales[gene] = score / scale, axis, scale
    return scores, loadings, scales

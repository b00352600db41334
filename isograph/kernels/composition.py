"""Isoform composition: centred log-ratio and its first principal axis, gene by gene."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel
from isograph.kernels.axis import largest_is_positive, leading_axis

PSEUDOCOUNT = 0.5
CONSTANT_TOLERANCE = 1e-10


@kernel
def composition_axes(
    counts: Matrix,
    rows: Index,
    offsets: Index,
    basis: Matrix,
    start: int,
    stop: int,
    scores: Matrix,
    loadings: Vector,
    scales: Vector,
) -> None:
    """Write each gene's switch score, its loadings and its scale for genes ``start`` to ``stop``.

    With usage u = (c + 0.5) / Σ(c + 0.5), clr(u) = log u − mean(log u) = log(c + 0.5) − mean over the gene's
    transcripts. Each clr row is projected off ``basis``; the first principal axis v of what is left is taken over
    samples; the score is vᵀ clr, z-scored (sample sd). v is oriented so that its largest |loading| is positive.

    counts: (n_transcripts, n_samples), ≥ 0, finite. rows: transcript rows in gene order. offsets: (n_genes + 1,) into
    ``rows``; every gene has at least 2. basis: (q, n_samples), orthonormal rows, the constant included.
    scores: (n_genes, n_samples), loadings: as ``rows``, scales: (n_genes,) sd of the unscaled score; 0 marks a gene
    whose composition does not vary, with scores and loadings 0. Each call owns its genes' slices.
    Aitchison 1986, The Statistical Analysis of Compositional Data, §4.6 (clr), §8.3 (principal components).
    Twin: tests/reference/composition.py
    """
    n_samples = counts.shape[1]
    for gene in range(start, stop):
        first = offsets[gene]
        k = offsets[gene + 1] - first
        clr = np.empty((k, n_samples))
        largest = _centred_log_ratio(counts, rows, first, clr)
        _project_off(clr, basis)
        axis = np.empty(k)
        if k == 2:
            # NOTE: the two clr rows are x and −x, so the axis is (1, −1)/√2 whatever the data.
            axis[0] = np.sqrt(0.5)
            axis[1] = -axis[0]
        else:
            covariance = np.empty((k, k))
            for i in range(k):
                for j in range(i, k):
                    total = 0.0
                    for s in range(n_samples):
                        total += clr[i, s] * clr[j, s]
                    covariance[i, j] = total
                    covariance[j, i] = total
            leading_axis(covariance, axis)
            largest_is_positive(axis)
        total = 0.0
        for s in range(n_samples):
            score = 0.0
            for i in range(k):
                score += axis[i] * clr[i, s]
            scores[gene, s] = score
            total += score * score
        scale = np.sqrt(total / (n_samples - 1))
        if scale <= CONSTANT_TOLERANCE * largest:
            scale = 0.0
        scales[gene] = scale
        for s in range(n_samples):
            scores[gene, s] = scores[gene, s] / scale if scale > 0.0 else 0.0
        for i in range(k):
            loadings[first + i] = axis[i] if scale > 0.0 else 0.0


@kernel
def _centred_log_ratio(counts: Matrix, rows: Index, first: int, out: Matrix) -> float:
    """Write log(c + 0.5) − column mean into ``out`` (k, n_samples); return the largest |log(c + 0.5)|."""
    k, n_samples = out.shape
    largest = 0.0
    for i in range(k):
        for s in range(n_samples):
            value = np.log(counts[rows[first + i], s] + PSEUDOCOUNT)
            largest = max(largest, abs(value))
            out[i, s] = value
    for s in range(n_samples):
        mean = 0.0
        for i in range(k):
            mean += out[i, s]
        mean /= k
        for i in range(k):
            out[i, s] -= mean
    return largest


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

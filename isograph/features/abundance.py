"""The abundance channel: how strongly a gene is expressed."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.covariate import Design

CPM_PSEUDOCOUNT = 0.5
CONSTANT_TOLERANCE = 1e-10
MIN_OBSERVED = 4
MIN_OBSERVED_SHARE = 0.5
ROWS_AT_ONCE = 1024


def gene_totals(transcript_counts: Matrix, rows: Index, offsets: Index) -> Matrix:
    """Return the counts of each gene, summed over its transcripts in the order of ``rows``.

    transcript_counts: (n_transcripts, n_samples). rows: transcript rows in gene order; offsets: (n_genes + 1,).
    """
    if len(offsets) == 1:
        return np.empty((0, transcript_counts.shape[1]))
    totals: Matrix = np.add.reduceat(transcript_counts[rows], offsets[:-1], axis=0)
    return totals


def log_cpm(gene_counts: Matrix) -> Matrix:
    """Return log2(CPM + 0.5), CPM = counts per million of the sample's column sum.

    gene_counts: (n_genes, n_samples), ≥ 0, finite, no column sum 0. Scaling a column changes nothing.
    """
    library_size = gene_counts.sum(axis=0)
    result: Matrix = gene_counts * (1e6 / library_size)
    result += CPM_PSEUDOCOUNT
    np.log2(result, out=result)
    return result


def residual_scores(values: Matrix, design: Design) -> tuple[Matrix, Flags]:
    """Return the rows of ``values`` with the design projected out and z-scored, and which of them vary.

    values: (n_features, n_samples); NaN is a missing value. A row is fitted on its observed samples only, z-scored
    there (mean 0, sample sd 1) and NaN elsewhere. A row does not vary, and its scores are 0, where it is constant after
    the projection, or is observed in less than half of the samples or in fewer than 4 + the covariate columns.
    """
    z = (values @ design.basis.T) @ design.basis
    np.subtract(values, z, out=z)
    for row in np.flatnonzero(np.isnan(values).any(axis=1)):
        z[row] = _observed_residual(values[row], design)
    n_enough = max(MIN_OBSERVED + len(design.columns), MIN_OBSERVED_SHARE * values.shape[1])
    varies = np.empty(len(z), dtype=np.bool_)
    for start in range(0, len(z), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        varies[rows] = _scale(z[rows], values[rows], n_enough)
    return z, varies


def _scale(z: Matrix, values: Matrix, n_enough: float) -> Flags:
    """Z-score the residuals ``z`` of ``values`` in place, 0 in rows that do not vary; return which do."""
    observed = (~np.isnan(z)).sum(axis=1)
    largest = np.nanmax(np.abs(np.where(np.isnan(values), 0.0, values)), axis=1, initial=0.0)
    # NOTE: in units of the row's largest value, so that no square overflows or vanishes.
    z /= np.where(largest > 0.0, largest, 1.0)[:, None]
    scale = np.sqrt(np.nansum(z * z, axis=1) / np.maximum(observed - 1, 1))
    varies: Flags = (observed >= n_enough) & (scale > CONSTANT_TOLERANCE)
    z[varies] /= scale[varies, None]
    z[~varies] = 0.0
    return varies


def _observed_residual(row: Vector, design: Design) -> Vector:
    """Return the residual of one row on the design over its observed samples, NaN elsewhere."""
    present = ~np.isnan(row)
    residual = np.full_like(row, np.nan)
    if present.any():
        within = design.basis[:, present].T
        weights, *_ = np.linalg.lstsq(within, row[present], rcond=None)
        residual[present] = row[present] - within @ weights
    return residual

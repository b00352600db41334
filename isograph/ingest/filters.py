"""Which genes and transcripts are expressed enough to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Matrix
from isograph.config import ImportConfig
from isograph.errors import UsageError


@dataclass(frozen=True, slots=True)
class GeneGrouping:
    """Transcripts grouped by gene.

    Attributes
    ----------
    gene_ids : (n_genes,) in order of first appearance.
    codes : (n_transcripts,) index into ``gene_ids``.
    """

    gene_ids: pl.Series
    codes: NDArray[np.intp]

    def totals(self, counts: Matrix) -> Matrix:
        """Return the sum of the transcripts of every gene, (n_genes, n_samples), added in row order."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.flatnonzero(np.diff(self.codes[order], prepend=-1))
        return np.add.reduceat(counts[order], starts, axis=0) if starts.size else counts[:0]


def grouping(gene_ids: pl.Series) -> GeneGrouping:
    """Return the grouping that ``gene_ids`` (n_transcripts, none missing) states."""
    levels = gene_ids.unique(maintain_order=True)
    codes = gene_ids.cast(pl.Enum(levels)).to_physical().to_numpy().astype(np.intp)
    return GeneGrouping(levels.alias("gene_id"), codes)


def expressed_genes(gene_counts: Matrix, config: ImportConfig) -> NDArray[np.bool_]:
    """Return (n_genes,): at least ``min_cpm`` counts per million in ``min_samples`` samples; all when either is 0."""
    n_genes, n_samples = gene_counts.shape
    needed = samples_needed(config.min_samples, n_samples)
    if not config.min_cpm or not needed:
        return np.ones(n_genes, dtype=np.bool_)
    least = config.min_cpm * gene_counts.sum(axis=0) / 1e6
    return np.asarray((gene_counts >= least).sum(axis=1) >= needed)


def expressed_transcripts(counts: Matrix, config: ImportConfig) -> NDArray[np.bool_]:
    """Return (n_transcripts,): at least ``min_tx_count`` in the share ``min_prop`` of samples; all when either is 0."""
    n_transcripts, n_samples = counts.shape
    needed = math.ceil(config.min_prop * n_samples - 1e-9)
    if not config.min_tx_count or not needed:
        return np.ones(n_transcripts, dtype=np.bool_)
    return np.asarray((counts >= config.min_tx_count).sum(axis=1) >= needed)


def samples_needed(min_samples: float, n_samples: int) -> int:
    """Return how many samples ``min_samples`` asks for: itself from 1 on, a share of ``n_samples`` rounded up below 1.

    Raises
    ------
    UsageError
        It asks for more samples than there are.
    """
    if min_samples > n_samples:
        raise UsageError(f"--min-samples is {min_samples:g}, but there are {n_samples} samples. Ask for fewer.")
    # NOTE: 0.07 * 100 is 7.000000000000001, and seven samples are meant.
    return math.ceil(min_samples * n_samples - 1e-9) if min_samples < 1 else math.ceil(min_samples)

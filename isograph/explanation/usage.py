"""Transcripts of the genes that switch: centred log-ratios and shares, covariates projected out."""

from __future__ import annotations

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.explanation.feature import Features
from isograph.features.assays import Grouping
from isograph.features.covariate import Design
from isograph.kernels.composition import PSEUDOCOUNT


def transcript_usage(
    counts: Matrix, transcripts: Grouping, design: Design, loadings: pl.DataFrame, genes: pl.Series
) -> tuple[Features, Features]:
    """Return the transcripts of ``genes`` that have a switch feature, as centred log-ratios and as shares.

    log-ratio: log(c + 0.5) − mean over the gene's transcripts, each row projected off the design, constant included:
    what the switch score is made of. share: (c + 0.5) / Σ(c + 0.5), projected off the covariates alone, so that its
    mean stays. counts: (n_transcripts, n_samples). loadings: ``gene_id``, ``transcript_id``, ``loading``.
    """
    sizes = np.diff(transcripts.offsets)
    grouped = pl.DataFrame(
        {
            "gene_id": pl.Series(transcripts.gene_ids, dtype=pl.String).gather(np.repeat(np.arange(len(sizes)), sizes)),
            "transcript_id": pl.Series(transcripts.row_ids, dtype=pl.String),
            "row": transcripts.rows,
        }
    )
    rows = grouped.filter(pl.col("gene_id").is_in(genes.implode())).join(
        loadings.select("transcript_id", "loading"),
        on="transcript_id",
        how="inner",
        validate="1:1",
        maintain_order="left",
    )
    log_ratio, share = _composition(counts[rows.get_column("row").to_numpy()] + PSEUDOCOUNT, rows.get_column("gene_id"))
    described = rows.select(
        pl.format("{}::switch", "gene_id").alias("feature_id"), "transcript_id", "gene_id", "loading"
    )
    mean = share.mean(axis=1, keepdims=True)
    return (
        Features(described, _residuals(log_ratio, design)),
        Features(described, _residuals(share - mean, design) + mean),
    )


def _composition(padded: Matrix, gene_ids: pl.Series) -> tuple[Matrix, Matrix]:
    """Return the centred log-ratios and the shares of rows of counts, those of one gene below each other."""
    lengths = gene_ids.rle().struct.field("len").to_numpy().astype(np.int64)
    if not len(lengths):
        return padded, padded
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)[:-1]])
    gene = np.repeat(np.arange(len(lengths)), lengths)
    logs = np.log(padded)
    means = np.add.reduceat(logs, starts, axis=0) / lengths[:, None]
    return logs - means[gene], padded / np.add.reduceat(padded, starts, axis=0)[gene]


def _residuals(values: Matrix, design: Design) -> Matrix:
    return np.asarray(values - (values @ design.basis.T) @ design.basis)

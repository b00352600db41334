"""The values a module is explained with, transcripts that switch among them, and their r with its eigengene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.features.assays import Grouping
from isograph.features.covariate import Design
from isograph.runtime.threads import run_chunks
from isograph.stats import benjamini_hochberg, correlation_log10_pvalue

ROWS_PER_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Features:
    """Rows of values over the samples of a fit.

    Attributes
    ----------
    rows : one row a feature, ``feature_id`` and ``gene_id`` among the columns.
    values : (n_features, n_samples), NaN where missing.
    """

    rows: pl.DataFrame
    values: Matrix

    def of_genes(self, genes: pl.Series) -> Features:
        """Return the features of ``genes``."""
        return self[self.numbers(genes)]

    def numbers(self, genes: pl.Series) -> Index:
        """Return the numbers of the features of ``genes``."""
        numbers = self.rows.get_column("gene_id").is_in(genes.implode()).arg_true().to_numpy()
        return numbers.astype(np.int64)

    def __getitem__(self, numbers: Index) -> Features:
        return Features(self.rows[numbers], self.values[numbers])


def transcript_usage(
    counts: Matrix, transcripts: Grouping, design: Design, loadings: pl.DataFrame, genes: pl.Series
) -> tuple[Features, Features]:
    """Return the transcripts of ``genes`` that have a switch feature, as centred log-ratios and as shares.

    log-ratio: log(c + 0.5) − mean over the gene's transcripts, each row projected off the design, constant included:
    what the switch score is made of. share: (c + 0.5) / Σ(c + 0.5), projected off the covariates alone, so that its
    mean stays. counts: (n_transcripts, n_samples). loadings: ``gene_id``, ``transcript_id``, ``loading``.
    """
    from isograph.kernels.composition import PSEUDOCOUNT

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
    # The transcripts of one gene stand below each other: a gene is a run of rows.
    lengths = rows.get_column("gene_id").rle().struct.field("len").to_numpy().astype(np.int64)
    starts, gene_of = np.cumsum(lengths) - lengths, np.repeat(np.arange(len(lengths)), lengths)
    padded = counts[rows.get_column("row").to_numpy()] + PSEUDOCOUNT
    logs = np.log(padded)
    log_ratio = logs - (np.add.reduceat(logs, starts, axis=0) / lengths[:, None])[gene_of]
    share = padded / np.add.reduceat(padded, starts, axis=0)[gene_of]
    mean = share.mean(axis=1, keepdims=True)
    described = rows.select(
        pl.format("{}::switch", "gene_id").alias("feature_id"), "transcript_id", "gene_id", "loading"
    )
    return (
        Features(described, _residuals(log_ratio, design)),
        Features(described, _residuals(share - mean, design) + mean),
    )


def _residuals(values: Matrix, design: Design) -> Matrix:
    return np.asarray(values - (values @ design.basis.T) @ design.basis)


@dataclass(frozen=True, slots=True)
class Association:
    """r of each feature with each module's eigengene.

    Attributes
    ----------
    features : the features, in the order of the rows below.
    r : (n_features, n_modules), NaN where not estimable.
    n_complete : (n_features, n_modules), samples with both values.
    lost_dof : degrees of freedom that covariates took.
    """

    features: Features
    r: Matrix
    n_complete: Index
    lost_dof: int

    def __getitem__(self, numbers: Index) -> Association:
        return Association(self.features[numbers], self.r[numbers], self.n_complete[numbers], self.lost_dof)

    def columns(self, module: int) -> dict[str, Vector | Index]:
        """Return r, p, log10 p, q over all features, samples and the share of missing ones, for one module."""
        r, n = np.ascontiguousarray(self.r[:, module]), np.ascontiguousarray(self.n_complete[:, module])
        log10_p = correlation_log10_pvalue(r, self.dof(module))
        pvalue = np.power(10.0, log10_p)
        return {
            "r": r,
            "pvalue": pvalue,
            "log10_pvalue": log10_p,
            "qvalue": benjamini_hochberg(pvalue),
            "n_complete": n,
            "missingness": 1.0 - n / self.features.values.shape[1],
        }

    def dof(self, module: int) -> Index:
        """Return the degrees of freedom of each r with one module: samples − 2 − covariate columns."""
        return np.asarray(self.n_complete[:, module] - 2 - self.lost_dof)


def associations(features: Features, eigengenes: Matrix, *, lost_dof: int, threads: int) -> Association:
    """Return the correlation of every feature with every eigengene, over the samples with both values.

    eigengenes: (n_modules, n_samples), NaN where missing.
    """
    from isograph.kernels.target import target_correlation

    values = np.ascontiguousarray(features.values)
    shape = (len(values), len(eigengenes))
    r, n_complete = np.empty(shape), np.empty(shape, dtype=np.int64)

    def task(start: int, stop: int) -> None:
        target_correlation(values, eigengenes, start, stop, r, n_complete)

    run_chunks(task, len(values), chunk=ROWS_PER_CHUNK, threads=threads)
    return Association(features, r, n_complete, lost_dof)

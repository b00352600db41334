"""The tables of a module: its drivers, the polarity of its transcripts, its high against its low samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Flags, Matrix, Vector
from isograph.explanation.feature import Association, Features
from isograph.schemas.explanation import GENE_DRIVER_TABLE, HIGH_VS_LOW_TABLE, TRANSCRIPT_POLARITY_TABLE
from isograph.stats import (
    Moments,
    benjamini_hochberg,
    correlation_interval,
    group_moments,
    student_log10_pvalue,
    welch,
)

TAIL = 1.0 / 3.0


def gene_driver_table(association: Association, members: pl.Series, *, module: int) -> pl.LazyFrame:
    """Return the ``gene_driver_table`` of one module: every gene with its feature of the largest |r|.

    Every feature of every gene is tested and q is over all these tests, so that taking the best feature of a gene does
    not make its q too small. The genes of the module made its eigengene: their p says how tightly they follow it, not
    whether they belong to it.

    members: gene ids of the module.
    """
    low, high = correlation_interval(association.r[:, module], association.dof(module))
    columns = {**association.columns(module), "r_low": low, "r_high": high}
    tested = association.features.rows.lazy().select("gene_id", "feature_id", "feature_type")
    return strongest_features(
        tested.with_columns(pl.Series(name, values) for name, values in columns.items()), "r", members
    ).select(list(GENE_DRIVER_TABLE.schema))


def strongest_features(rows: pl.LazyFrame, value: str, members: pl.Series) -> pl.LazyFrame:
    """Return of each gene its feature of the largest |value|, these largest first, and whether it is in the module.

    rows: one a feature. value: the column; NaN is the smallest. members: gene ids of the module.
    """
    return (
        rows.sort(pl.col(value).abs().fill_nan(-1.0).neg(), "feature_id")
        .unique("gene_id", keep="first", maintain_order=True)
        .with_columns(in_module=pl.col("gene_id").is_in(members.implode()))
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """The samples of the upper and the lower third of an eigengene, (n_samples,) each."""

    high: Flags
    low: Flags

    def moments(self, values: Matrix) -> tuple[Moments, Moments]:
        """Return the moments of each row over the high and over the low samples."""
        return group_moments(values[:, self.high]), group_moments(values[:, self.low])


def high_low_groups(eigengene: Vector) -> Groups:
    """Return the samples at or above the 2/3 quantile of the eigengene, and those at or below the 1/3 quantile.

    Samples without a value are in neither; where the two quantiles are equal no sample is in either.
    """
    present = np.isfinite(eigengene)
    if not present.any():
        return Groups(present, present)
    lower, upper = np.quantile(eigengene[present], [TAIL, 1.0 - TAIL])
    if lower == upper:
        return Groups(np.zeros_like(present), np.zeros_like(present))
    return Groups(present & (eigengene >= upper), present & (eigengene <= lower))


def transcript_polarity_table(
    association: Association, usage: Features, groups: Groups, *, module: int
) -> pl.LazyFrame:
    """Return the ``transcript_polarity_table`` of one module from the transcripts of its genes.

    r is that of the transcript's value (by default its centred log-ratio, covariates projected out) with the
    eigengene; ``switch_strength`` is the largest r of the gene less its smallest.

    association: of transcripts, with ``feature_id``, ``transcript_id``, ``gene_id``, ``loading``. usage: the same rows
    as shares.
    """
    high, low = groups.moments(usage.values)
    columns = {**association.columns(module), "mean_high": high.mean, "mean_low": low.mean}
    r = pl.col("r").fill_nan(None)
    return (
        association.features.rows.lazy()
        .select("feature_id", "transcript_id", "gene_id", "loading")
        .with_columns(pl.Series(name, values) for name, values in columns.items())
        .with_columns(switch_strength=(r.max() - r.min()).over("gene_id").fill_null(float("nan")))
        .select(list(TRANSCRIPT_POLARITY_TABLE.schema))
        .sort(-pl.col("switch_strength"), "gene_id", -pl.col("r"), "feature_id", "transcript_id")
    )


def high_vs_low_table(features: Features, groups: Groups) -> pl.LazyFrame:
    """Return the ``high_vs_low_table`` of one module from the features of its genes: Welch's t, high less low.

    The groups are chosen on an eigengene that these features made: p orders features by how far apart the groups are.
    """
    high, low = groups.moments(features.values)
    test = welch(low, high)
    log10_p = student_log10_pvalue(test.statistic, test.dof)
    pvalue = np.power(10.0, log10_p)
    n_samples = groups.high.sum() + groups.low.sum()
    columns = {
        "mean_high": high.mean,
        "mean_low": low.mean,
        "delta": test.difference,
        "se": test.se,
        "statistic": test.statistic,
        "df": test.dof,
        "pvalue": pvalue,
        "log10_pvalue": log10_p,
        "qvalue": benjamini_hochberg(pvalue),
        "n_high": high.n,
        "n_low": low.n,
        "missingness": 1.0 - (high.n + low.n) / max(1, n_samples),
    }
    reason = (
        pl.when((pl.col("n_high") < 2) | (pl.col("n_low") < 2))
        .then(pl.lit("fewer than 2 values in a group"))
        .when(pl.col("se").is_nan())
        .then(pl.lit("no variance in a group"))
    )
    return (
        features.rows.lazy()
        .select("feature_id", "gene_id", "feature_type")
        .with_columns(pl.Series(name, values) for name, values in columns.items())
        .with_columns(reason=reason)
        .select(list(HIGH_VS_LOW_TABLE.schema))
        .sort(-pl.col("statistic").abs(), "feature_id")
    )

"""Which genes follow a module, in order of how closely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Index, Matrix, Vector
from isograph.explanation.feature import Association, Features
from isograph.schemas.explanation import GENE_DRIVER_TABLE, HIGH_VS_LOW_TABLE, TRANSCRIPT_POLARITY_TABLE
from isograph.stats import benjamini_hochberg, correlation_interval, student_log10_pvalue


def gene_driver_table(features: Features, association: Association, members: pl.Series, *, module: int) -> pl.LazyFrame:
    """Return the ``gene_driver_table`` of one module: every gene with its feature of the largest |r|.

    Every feature of every gene is tested, and q is over all these tests, so that choosing a gene's best feature does
    not flatter it. Genes of the module are among them by construction: for these p says how tight they are, not
    whether they belong.

    members: gene ids of the module.
    """
    columns = association.columns(module)
    low, high = correlation_interval(association.r[:, module], association.dof(module))
    tested = features.rows.select("gene_id", "feature_id", "feature_type").with_columns(
        *(pl.Series(name, values) for name, values in {**columns, "r_low": low, "r_high": high}.items()),
    )
    strength = pl.col("r").abs().fill_nan(-1.0)
    return (
        tested.lazy()
        .sort(strength.neg(), "feature_id")
        .unique("gene_id", keep="first", maintain_order=True)
        .with_columns(in_module=pl.col("gene_id").is_in(members.implode()))
        .select(list(GENE_DRIVER_TABLE.schema))
    )


TAIL = 1.0 / 3.0

FLAT = 1e-10

TOO_FEW = "fewer than 2 values in a group"

NO_VARIANCE = "no variance in a group"


@dataclass(frozen=True, slots=True)
class Groups:
    """The samples of the upper and the lower third of an eigengene, (n_samples,) each."""

    high: NDArray[np.bool_]
    low: NDArray[np.bool_]

    def means(self, values: Matrix) -> tuple[Vector, Vector]:
        """Return the mean of each row over the high and over the low samples, NaN without a value there."""
        return _moments(values[:, self.high])[1], _moments(values[:, self.low])[1]


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


def high_vs_low_table(features: Features, groups: Groups) -> pl.LazyFrame:
    """Return the ``high_vs_low_table`` of one module from the features of its genes: Welch's t, high less low.

    Welch 1947, Biometrika 34:28–35, doi:10.1093/biomet/34.1-2.28. A group of fewer than 2 values, or without variance,
    makes the test NaN, never p = 0. The groups are chosen on an eigengene that these features made: p orders features
    by how far apart the groups are.
    """
    n_high, mean_high, error_high = _moments(features.values[:, groups.high])
    n_low, mean_low, error_low = _moments(features.values[:, groups.low])
    few = (n_high < 2) | (n_low < 2)
    flat = ~few & ((error_high <= 0.0) | (error_low <= 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(few | flat, np.nan, np.sqrt(error_high + error_low))
        statistic = (mean_high - mean_low) / se
        df = se**4 / (error_high**2 / (n_high - 1) + error_low**2 / (n_low - 1))
    log10_p = student_log10_pvalue(statistic, df)
    pvalue = np.power(10.0, log10_p)
    n = groups.high.sum() + groups.low.sum()
    columns = {
        "mean_high": mean_high,
        "mean_low": mean_low,
        "delta": mean_high - mean_low,
        "se": se,
        "statistic": statistic,
        "df": df,
        "pvalue": pvalue,
        "log10_pvalue": log10_p,
        "qvalue": benjamini_hochberg(pvalue),
        "n_high": n_high,
        "n_low": n_low,
        "missingness": 1.0 - (n_high + n_low) / max(1, n),
    }
    reason = np.where(few, TOO_FEW, np.where(flat, NO_VARIANCE, ""))
    return (
        features.rows.lazy()
        .select("feature_id", "gene_id", "feature_type")
        .with_columns(pl.Series(name, values) for name, values in columns.items())
        .with_columns(pl.Series("reason", reason.tolist(), dtype=pl.String).replace("", None))
        .select(list(HIGH_VS_LOW_TABLE.schema))
        .sort(-pl.col("statistic").abs(), "feature_id")
    )


def _moments(values: Matrix) -> tuple[Index, Vector, Vector]:
    """Return, row by row over what is not NaN, the number of values, their mean, and its squared standard error.

    The error is 0 for a row that is flat, and NaN for fewer than 2 values.
    """
    there = ~np.isnan(values)
    n = there.sum(axis=1).astype(np.int64)
    known = np.where(there, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = known.sum(axis=1) / n
        deviation = np.where(there, values - mean[:, None], 0.0)
        variance = (deviation**2).sum(axis=1) / (n - 1)
        error = np.where(n < 2, np.nan, variance / n)
    largest = np.abs(known).max(axis=1, initial=0.0)
    flat = np.sqrt(np.where(n < 2, 0.0, variance)) <= FLAT * largest
    return n, mean, np.where(flat & (n >= 2), 0.0, error)


def transcript_polarity_table(
    transcripts: Features,
    association: Association,
    usage: Features,
    groups: Groups,
    *,
    module: int,
) -> pl.LazyFrame:
    """Return the ``transcript_polarity_table`` of one module from the transcripts of its genes.

    r is that of the transcript's value (by default its centred log-ratio, covariates projected out) with the
    eigengene; ``switch_strength`` is the largest r of the gene less its smallest.

    transcripts: ``feature_id``, ``transcript_id``, ``gene_id``, ``loading``. usage: the same rows as shares.
    """
    columns = association.columns(module)
    means = groups.means(usage.values)
    tested = transcripts.rows.select("feature_id", "transcript_id", "gene_id", "loading").with_columns(
        *(pl.Series(name, values) for name, values in columns.items()),
        pl.Series("mean_high", means[0]),
        pl.Series("mean_low", means[1]),
    )
    known = pl.col("r").fill_nan(None)
    spread = (known.max() - known.min()).over("gene_id").fill_null(float("nan"))
    return (
        tested.lazy()
        .with_columns(switch_strength=spread)
        .select(list(TRANSCRIPT_POLARITY_TABLE.schema))
        .sort(-pl.col("switch_strength"), "gene_id", -pl.col("r"), "feature_id", "transcript_id")
    )

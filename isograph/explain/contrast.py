"""Samples high in a module against samples low in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.explain.feature import Features
from isograph.explain.significance import student_log10_p
from isograph.kernels._jit import Index, Matrix, Vector
from isograph.schemas.explanation import HIGH_VS_LOW_TABLE
from isograph.traits.association import benjamini_hochberg

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
    log10_p = student_log10_p(statistic, df)
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

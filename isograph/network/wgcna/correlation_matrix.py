"""Correlation of features with R WGCNA's rules for missing values, outliers and constant features."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.special

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.config.check import require
from isograph.runtime.threads import run_calls
from isograph.stats import correlation_pvalue

logger = logging.getLogger(__name__)

# NOTE: the grid of tiles depends on the number of features alone, so the bits do not depend on the threads.
TILE = 512
FEW = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationOptions:
    """How features are correlated.

    Attributes
    ----------
    cor_type : ``pearson`` or ``bicor``, the biweight midcorrelation.
    max_p_outliers : bicor: share of the values on either side that may count as outliers; 1 for no limit.
    quick : share of missing values up to which a pair is not correlated again on its common samples.
    pearson_fallback : bicor: what replaces a feature whose median absolute deviation is 0: ``none`` (NaN),
        ``individual`` (Pearson for that feature) or ``all`` (Pearson for all).
    cosine : leave the mean (bicor: the median) in.
    """

    cor_type: str = "pearson"
    max_p_outliers: float = 1.0
    quick: float = 0.0
    pearson_fallback: str = "individual"
    cosine: bool = False

    def __post_init__(self) -> None:
        require(
            {
                f"cor_type is '{self.cor_type}', expected pearson or bicor": self.cor_type in ("pearson", "bicor"),
                f"max_p_outliers is {self.max_p_outliers}, expected 0 to 1": 0 <= self.max_p_outliers <= 1,
                f"quick is {self.quick}, expected 0 to 1": 0 <= self.quick <= 1,
                f"pearson_fallback is '{self.pearson_fallback}', expected none, individual or all": (
                    self.pearson_fallback in ("none", "individual", "all")
                ),
            }
        )


PEARSON = CorrelationOptions()


@dataclass(frozen=True, slots=True)
class CorrelationRows:
    """Features prepared for correlation.

    Attributes
    ----------
    values : (p, n), NaN where missing.
    units : (p, n) unit vectors whose products are correlations; 0 where missing, NaN where not defined.
    incomplete : (p,) rows with so many missing values that their pairs are correlated on the common samples.
    robust : the rows are biweight, not Pearson.
    """

    values: Matrix
    units: Matrix
    incomplete: Flags
    robust: bool


def correlation(
    features: Matrix,
    others: Matrix | None = None,
    *,
    options: CorrelationOptions = PEARSON,
    robust: bool = True,
    robust_others: bool = True,
    threads: int = 1,
) -> Matrix:
    """Return the correlation of every feature with every other one, or with every row of ``others``.

    R: ``cor`` and ``bicor`` with ``use = "pairwise.complete.obs"``.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    others : (q, n); None for the features themselves.
    options : the kind of correlation and its details.
    robust, robust_others : bicor: False prepares these rows as Pearson.
    threads : no result depends on it.

    Returns
    -------
    (p, q) in [−1, 1]; NaN where a feature is constant, or over the samples a pair has in common.
    """
    x = correlation_rows(features, options=options, robust=robust)
    y = x if others is None else correlation_rows(others, options=options, robust=robust_others)
    return correlation_matrix(x, y, options=options, threads=threads)


def correlation_rows(
    features: Matrix, *, options: CorrelationOptions = PEARSON, robust: bool = True
) -> CorrelationRows:
    """Return the features prepared for correlation. features: (p, n), NaN where missing."""
    from isograph.kernels.biweight import biweight_units, pearson_units

    values = np.ascontiguousarray(features, dtype=np.float64)
    n_missing: Index = np.isnan(values).sum(axis=1)
    tolerated = int(options.quick * values.shape[1])
    units = np.empty_like(values)
    biweight = robust and options.cor_type == "bicor"
    if biweight:
        zero_mad = np.zeros(len(values), dtype=np.bool_)
        fallback = options.pearson_fallback == "individual"
        biweight_units(values, options.max_p_outliers, fallback, not options.cosine, 0, len(values), units, zero_mad)
        if zero_mad.any():
            logger.info("%d features with a median absolute deviation of 0", int(zero_mad.sum()))
    if not biweight or (options.pearson_fallback == "all" and zero_mad.any()):
        pearson_units(values, not options.cosine, 0, len(values), units)
    return CorrelationRows(values=values, units=units, incomplete=n_missing > tolerated, robust=biweight)


def correlation_matrix(
    x: CorrelationRows,
    y: CorrelationRows,
    *,
    options: CorrelationOptions,
    threads: int,
    change: Callable[[Matrix], object] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:
    """Return the correlations of the rows of x with those of y, each tile after ``change`` replaced it in place.

    Where y is x, tiles below the diagonal are copies of those above it.
    """
    symmetric = y is x
    out = np.empty((len(x.values), len(y.values)))

    def fill(row: int, column: int) -> None:
        tile = correlation_tile(x, y, row, column, options=options)
        if change is not None:
            change(tile)
        n_rows, n_columns = tile.shape
        out[row : row + n_rows, column : column + n_columns] = tile
        if symmetric:
            out[column : column + n_columns, row : row + n_rows] = tile.T

    calls = [partial(fill, row, column) for row, column in tile_corners(*out.shape, upper=symmetric)]
    if min(out.shape) <= FEW:
        for call in calls:
            call()
    else:
        run_calls(calls, threads=threads, progress=progress)
    return out


def tile_corners(p: int, q: int, *, upper: bool) -> Iterator[tuple[int, int]]:
    """Yield the first row and column of every tile of a (p, q) matrix. upper: of those on or above the diagonal."""
    for row in range(0, p, TILE):
        for column in range(row if upper else 0, q, TILE):
            yield row, column


def correlation_tile(
    x: CorrelationRows, y: CorrelationRows, row: int, column: int, *, options: CorrelationOptions
) -> Matrix:
    """Return the correlations of the rows of x from ``row`` on with those of y from ``column`` on, a tile of them."""
    from isograph.kernels.biweight import pairwise_biweight, pairwise_pearson

    rows, columns = slice(row, row + TILE), slice(column, column + TILE)
    left, right = x.units[rows], y.units[columns]
    # NOTE: of few rows without BLAS, whose threads cost more to hold back than they save.
    few = min(len(left), len(right)) <= FEW
    tile: Matrix = np.einsum("in,jn->ij", left, right) if few else left @ right.T
    if x.incomplete[rows].any() or y.incomplete[columns].any():
        values, incomplete = (x.values[rows], y.values[columns]), (x.incomplete[rows], y.incomplete[columns])
        if x.robust or y.robust:
            pairwise_biweight(
                *values,
                left,
                right,
                *incomplete,
                int(options.quick * x.values.shape[1]),
                options.max_p_outliers,
                options.pearson_fallback != "none",
                x.robust,
                y.robust,
                not options.cosine,
                tile,
            )
        else:
            pairwise_pearson(*values, *incomplete, not options.cosine, tile)
    return np.clip(tile, -1.0, 1.0, out=tile)


def student_pvalue(r: Vector, n_samples: int) -> Vector:
    """Return the two-sided p-value of r by Student's t with n − 2 degrees of freedom; R: ``corPvalueStudent``."""
    return correlation_pvalue(np.asarray(r, dtype=np.float64), n_samples - 2)


def fisher_pvalue(r: Matrix, n_samples: int) -> Matrix:
    """Return the two-sided p-value of r by Fisher's z = |artanh r| √(n − 3); R: ``corPvalueFisher``. r = ±1 gives 0."""
    with np.errstate(divide="ignore"):
        z = np.abs(0.5 * np.log((1.0 + r) / (1.0 - r))) * np.sqrt(n_samples - 3.0)
    p: Matrix = 2.0 * np.exp(scipy.special.log_ndtr(-z))
    return p

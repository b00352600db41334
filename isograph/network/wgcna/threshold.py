"""The choice of the soft-threshold power by how scale-free the network is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.config.check import require
from isograph.config.wgcna import NETWORK_TYPES, canonical
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import (
    PEARSON,
    TILE,
    CorrelationOptions,
    CorrelationRows,
    correlation_rows,
    correlation_tile,
)
from isograph.network.wgcna.tom import name_check, similarity
from isograph.runtime.threads import run_chunks

POWERS = (*range(1, 11), 12, 14, 16, 18, 20)
R_SQUARED_CUT = 0.85
N_BREAKS = 10
COLLINEAR = 1e-7


@dataclass(frozen=True, slots=True)
class ScaleFreeFit:
    """How well log10 of the frequency of a connectivity is a line in log10 of the connectivity.

    Attributes
    ----------
    r_squared : R² of the line, not signed.
    slope : its slope.
    truncated_r_squared : adjusted R² with the connectivity itself as a second regressor.
    """

    r_squared: float
    slope: float
    truncated_r_squared: float


@dataclass(frozen=True, slots=True)
class SoftThresholds:
    """What each power does to the network; R: ``pickSoftThreshold``.

    Attributes
    ----------
    power, r_squared, slope, truncated_r_squared : (k,), the scale-free fit at each power, ascending.
    mean_k, median_k, max_k : (k,), connectivity.
    density, centralization, heterogeneity : (k,), network concepts.
    power_estimate : the smallest power whose R² is above the cut, None where none is.
    r_squared_cut : the cut.
    """

    power: Vector
    r_squared: Vector
    slope: Vector
    truncated_r_squared: Vector
    mean_k: Vector
    median_k: Vector
    max_k: Vector
    density: Vector
    centralization: Vector
    heterogeneity: Vector
    power_estimate: float | None
    r_squared_cut: float

    def rows(self) -> list[dict[str, float]]:
        """Return one mapping per power, column name → value."""
        fits = ("power", "r_squared", "slope", "truncated_r_squared")
        names = (*fits, "mean_k", "median_k", "max_k", "density", "centralization", "heterogeneity")
        columns = [getattr(self, name).tolist() for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def soft_threshold_table(
    features: Matrix,
    *,
    powers: Sequence[float] = POWERS,
    network_type: str = "unsigned",
    r_squared_cut: float = R_SQUARED_CUT,
    options: CorrelationOptions = PEARSON,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> SoftThresholds:
    """Return the scale-free fit and the connectivity at each power; R: ``pickSoftThreshold``.

    Zhang & Horvath 2005, doi:10.2202/1544-6115.1128, §4.

    Parameters
    ----------
    features : (p ≥ 3, n), NaN where missing. A constant feature has connectivity 0.
    powers : each 1 or more.
    network_type : ``unsigned``, ``signed`` or ``signed hybrid``.
    r_squared_cut : R² above which a power is good enough.

    Raises
    ------
    InputError
        There are fewer than 3 features, or all have the same connectivity.
    """
    power = np.unique(np.asarray(powers, dtype=np.float64))
    require(
        name_check("network_type", network_type, NETWORK_TYPES)
        | {f"powers are {list(powers)}, expected one or more of 1 or above": bool(len(power) and power[0] >= 1.0)}
    )
    if len(features) < 3:
        raise InputError("features", f"there are {len(features)}, expected 3 or more.")
    rows, kind = correlation_rows(features, options=options), canonical(network_type, NETWORK_TYPES)
    k = _connectivity(rows, power, kind, options, threads=threads, progress=progress)
    fits = [scale_free_fit(k[:, column]) for column in range(len(power))]
    r_squared = np.array([fit.r_squared for fit in fits])
    above = np.flatnonzero(r_squared > r_squared_cut)
    p, total, square = len(k), k.sum(axis=0), np.square(k).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        heterogeneity = np.sqrt(np.maximum(p * square / np.square(total) - 1.0, 0.0))
    return SoftThresholds(
        power=power,
        r_squared=r_squared,
        slope=np.array([fit.slope for fit in fits]),
        truncated_r_squared=np.array([fit.truncated_r_squared for fit in fits]),
        mean_k=k.mean(axis=0),
        median_k=np.median(k, axis=0),
        max_k=k.max(axis=0),
        density=total / (p * (p - 1.0)),
        centralization=p * (k.max(axis=0) - k.mean(axis=0)) / ((p - 1.0) * (p - 2.0)),
        heterogeneity=heterogeneity,
        power_estimate=float(power[above[0]]) if len(above) else None,
        r_squared_cut=r_squared_cut,
    )


def scale_free_fit(k: Vector, *, n_breaks: int = N_BREAKS, remove_first: bool = False) -> ScaleFreeFit:
    """Return how scale-free a connectivity is; R: ``scaleFreeFitIndex``.

    k: (p,), in ``n_breaks`` bins of equal width, an empty one of frequency 0. remove_first: without the lowest bin.

    Raises
    ------
    InputError
        All connectivities are equal.
    """
    low, high = float(np.min(k)), float(np.max(k))
    width = high - low
    if not width > 0:
        raise InputError("connectivity", f"it is {low:g} for every feature, expected values that differ.")
    edges = low + np.arange(n_breaks + 1) * width / n_breaks
    number = np.searchsorted(edges[1:-1], k, side="left")
    counts = np.bincount(number, minlength=n_breaks)
    middle = (edges[:-1] + edges[1:]) / 2.0
    means = np.bincount(number, weights=k, minlength=n_breaks) / np.maximum(counts, 1)
    # NOTE: as in R, empty bins stay, at their middle.
    d = np.where(means == 0.0, middle, means)
    first = 1 if remove_first else 0
    x = np.log10(d[first:])
    y = np.log10(counts[first:] / len(k) + 1e-9)
    residual, coefficient, _ = _least_squares([x], y)
    total = float(np.square(y - y.mean()).sum())
    residual_2, _, n_used = _least_squares([x, 10.0**x], y)
    m = len(y)
    return ScaleFreeFit(
        r_squared=1.0 - residual / total,
        slope=coefficient,
        truncated_r_squared=1.0 - (residual_2 / total) * (m - 1) / (m - 1 - n_used),
    )


def _least_squares(regressors: list[Vector], y: Vector) -> tuple[float, float, int]:
    """Return the residual sum of squares, the first regressor's coefficient and how many regressors were used.

    A regressor is dropped when the part of it orthogonal to those before is below 1e-7 of its norm, as R's ``lm`` does.
    """
    basis = [np.full(len(y), 1.0 / np.sqrt(len(y)))]
    used = []
    for regressor in regressors:
        rest = regressor.copy()
        # NOTE: twice, since one pass leaves rounding errors that are not orthogonal.
        for _ in range(2):
            for direction in basis:
                rest -= (direction @ rest) * direction
        norm = float(np.linalg.norm(rest))
        if norm > COLLINEAR * float(np.linalg.norm(regressor)):
            basis.append(rest / norm)
            used.append(regressor)
    design = np.column_stack([np.ones(len(y)), *used])
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    residual = y - design @ solution
    return float(residual @ residual), float(solution[1]) if used else float("nan"), len(used)


def _connectivity(
    rows: CorrelationRows,
    powers: Vector,
    kind: str,
    options: CorrelationOptions,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> Matrix:
    """Return the (p, k) connectivity of each feature at each power."""
    from isograph.kernels.overlap import power_sums

    p = len(rows.values)
    sums = np.zeros((p, len(powers)))

    def task(start: int, _stop: int) -> None:
        for column in range(0, p, TILE):
            tile = similarity(correlation_tile(rows, rows, start, column, options=options), kind)
            power_sums(tile, start, column, powers, sums)

    run_chunks(task, p, chunk=TILE, threads=threads, progress=progress)
    return sums

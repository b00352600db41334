"""Unit vectors for Pearson correlation and biweight midcorrelation, and correlation of rows with missing values."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Flags, Matrix, Vector
from isograph.kernels._jit import kernel


@kernel
def pearson_units(x: Matrix, centred: bool, start: int, stop: int, out: Matrix) -> None:
    """Write rows ``start`` to ``stop`` of x as unit vectors: (x − mean) / ‖x − mean‖ over what is present.

    x: (p, n), NaN where missing. centred: False leaves the mean in (cosine). out: (p, n), 0 where missing, a whole row
    of NaN where nothing is present or the row is constant.   Twin: tests/reference/biweight.py
    """
    for row in range(start, stop):
        if not _pearson_unit(x[row], centred, out[row]):
            out[row, :] = np.nan


@kernel
def biweight_units(
    x: Matrix, max_outliers: float, fallback: bool, centred: bool, start: int, stop: int, out: Matrix, zero_mad: Flags
) -> None:
    """Write rows ``start`` to ``stop`` of x as the unit vectors whose products are biweight midcorrelations.

    u = (x − med) / (9 mad), negative u times 0.5 / |lo| and the others times 0.5 / hi with lo = min(q(u, P), −0.5) and
    hi = max(q(u, 1 − P), 0.5); w = (1 − u²)² where |u| < 1, else 0; the row is (x − med) w over its norm.

    x: (p, n), NaN where missing. max_outliers: P, 1 for no limit. fallback: a row of mad 0 becomes its Pearson unit,
    else NaN. centred: False leaves the median in the numerator. out: as in ``pearson_units``. zero_mad: (p,).
    Langfelder & Horvath 2012, J Stat Softw 46(11), doi:10.18637/jss.v046.i11, §3.   Twin: tests/reference/biweight.py
    """
    for row in range(start, stop):
        defined, zero = _biweight_unit(x[row], max_outliers, fallback, centred, out[row])
        zero_mad[row] = zero
        if not defined:
            out[row, :] = np.nan


@kernel
def pairwise_pearson(
    x: Matrix, y: Matrix, incomplete_x: Flags, incomplete_y: Flags, centred: bool, out: Matrix
) -> None:
    """Write Pearson r over the samples present in both rows, for the pairs in which either row is incomplete.

    x: (p, n), y: (q, n), NaN where missing. incomplete_x: (p,), incomplete_y: (q,). out: (p, q), other pairs are left
    as they are; NaN where no sample is common or a row is constant over those that are.
    Twin: tests/reference/biweight.py
    """
    n = x.shape[1]
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            if not (incomplete_x[i] or incomplete_y[j]):
                continue
            common = 0
            mean_x = 0.0
            mean_y = 0.0
            first = -1
            varies_x = False
            varies_y = False
            for s in range(n):
                if np.isnan(x[i, s]) or np.isnan(y[j, s]):
                    continue
                if first < 0:
                    first = s
                varies_x = varies_x or x[i, s] != x[i, first]
                varies_y = varies_y or y[j, s] != y[j, first]
                common += 1
                mean_x += x[i, s]
                mean_y += y[j, s]
            if not (varies_x and varies_y):
                out[i, j] = np.nan
                continue
            mean_x = mean_x / common if centred else 0.0
            mean_y = mean_y / common if centred else 0.0
            product = 0.0
            square_x = 0.0
            square_y = 0.0
            for s in range(n):
                if np.isnan(x[i, s]) or np.isnan(y[j, s]):
                    continue
                product += (x[i, s] - mean_x) * (y[j, s] - mean_y)
                square_x += (x[i, s] - mean_x) ** 2
                square_y += (y[j, s] - mean_y) ** 2
            out[i, j] = product / (np.sqrt(square_x) * np.sqrt(square_y))


@kernel
def pairwise_biweight(
    x: Matrix,
    y: Matrix,
    units_x: Matrix,
    units_y: Matrix,
    incomplete_x: Flags,
    incomplete_y: Flags,
    tolerated: int,
    max_outliers: float,
    fallback: bool,
    robust_x: bool,
    robust_y: bool,
    centred: bool,
    out: Matrix,
) -> None:
    """Write the biweight midcorrelation of the pairs in which either row is incomplete, from the common samples.

    A row that loses more than ``tolerated`` values to the other's gaps gets a unit vector of the common samples, any
    other keeps its own; r is the sum of products over the common samples.

    x, units_x: (p, n), y, units_y: (q, n); units as ``biweight_units`` (or ``pearson_units`` where not robust) wrote
    them. out: (p, q), other pairs are left as they are.   Twin: tests/reference/biweight.py
    """
    n = x.shape[1]
    masked = np.empty(n)
    left = np.empty(n)
    right = np.empty(n)
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            if not (incomplete_x[i] or incomplete_y[j]):
                continue
            _common_unit(x[i], y[j], units_x[i], tolerated, max_outliers, fallback, robust_x, centred, masked, left)
            _common_unit(y[j], x[i], units_y[j], tolerated, max_outliers, fallback, robust_y, centred, masked, right)
            total = 0.0
            for s in range(n):
                if not (np.isnan(x[i, s]) or np.isnan(y[j, s])):
                    total += left[s] * right[s]
            # NOTE: a row without any definition is NaN everywhere, also where no sample is common.
            out[i, j] = np.nan if np.isnan(left[0]) or np.isnan(right[0]) else total


@kernel
def _common_unit(
    values: Vector,
    other: Vector,
    unit: Vector,
    tolerated: int,
    max_outliers: float,
    fallback: bool,
    robust: bool,
    centred: bool,
    masked: Vector,
    out: Vector,
) -> None:
    """Write the unit vector of a row for its pair with another: its own, or one of the common samples, NaN for none."""
    n = values.shape[0]
    lost = 0
    for s in range(n):
        if np.isnan(other[s]) and not np.isnan(values[s]):
            lost += 1
    if lost <= tolerated:
        out[:] = unit
        return
    for s in range(n):
        masked[s] = np.nan if np.isnan(other[s]) else values[s]
    if robust:
        defined, _ = _biweight_unit(masked, max_outliers, fallback, centred, out)
    else:
        defined = _pearson_unit(masked, centred, out)
    if not defined:
        out[:] = np.nan


@kernel
def _pearson_unit(values: Vector, centred: bool, out: Vector) -> bool:
    """Write one row as its Pearson unit vector; return whether it has one."""
    n = values.shape[0]
    present = 0
    total = 0.0
    first = np.nan
    varies = False
    for s in range(n):
        if not np.isnan(values[s]):
            if present == 0:
                first = values[s]
            varies = varies or values[s] != first
            present += 1
            total += values[s]
    if present == 0 or not (varies or not centred):
        return False
    mean = total / present if centred else 0.0
    square = 0.0
    for s in range(n):
        if np.isnan(values[s]):
            out[s] = 0.0
        else:
            out[s] = values[s] - mean
            square += out[s] * out[s]
    if square <= 0.0:
        return False
    norm = np.sqrt(square)
    for s in range(n):
        out[s] /= norm
    return True


@kernel
def _biweight_unit(
    values: Vector, max_outliers: float, fallback: bool, centred: bool, out: Vector
) -> tuple[bool, bool]:
    """Write one row as its biweight unit vector; return whether it has one, and whether its mad is 0."""
    n = values.shape[0]
    ordered = values[~np.isnan(values)]
    present = ordered.shape[0]
    if present == 0:
        return False, False
    ordered.sort()
    median = _middle(ordered)
    deviations = np.abs(ordered - median)
    deviations.sort()
    mad = _middle(deviations)
    if mad == 0.0:
        return (fallback and _pearson_unit(values, centred, out)), True
    scale_below = 1.0
    scale_above = 1.0
    if max_outliers < 1.0:
        low = (_quantile(ordered, max_outliers) - median) / (9.0 * mad)
        high = (_quantile(ordered, 1.0 - max_outliers) - median) / (9.0 * mad)
        scale_below = 0.5 / abs(min(low, -0.5))
        scale_above = 0.5 / max(high, 0.5)
    square = 0.0
    for s in range(n):
        if np.isnan(values[s]):
            out[s] = 0.0
            continue
        u = (values[s] - median) / (9.0 * mad)
        u *= scale_below if u < 0.0 else scale_above
        weight = (1.0 - u * u) ** 2 if abs(u) < 1.0 else 0.0
        out[s] = (values[s] - (median if centred else 0.0)) * weight
        square += out[s] * out[s]
    if square <= 0.0:
        return False, False
    norm = np.sqrt(square)
    for s in range(n):
        out[s] /= norm
    return True, False


@kernel
def _middle(ordered: Vector) -> float:
    """Return the median of sorted values."""
    n = ordered.shape[0]
    half = n // 2
    return float(ordered[half]) if n % 2 else float((ordered[half - 1] + ordered[half]) / 2.0)


@kernel
def _quantile(ordered: Vector, share: float) -> float:
    """Return the quantile of sorted values, linear between order statistics (type 7)."""
    position = (ordered.shape[0] - 1) * share
    below = int(np.floor(position))
    above = min(below + 1, ordered.shape[0] - 1)
    return float(ordered[below] + (position - below) * (ordered[above] - ordered[below]))

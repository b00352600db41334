"""The statistics that several rooms use: p-values of r and t, Welch's tests, q-values, the edge of noise, labellings.

Rows are the things tested and columns are samples; NaN stands for what cannot be estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from isograph.arrays import Index, Matrix, Vector

SMALLEST_PLAIN = 1e-280
NORMAL_975 = 1.959963984540054
# NOTE: a group whose values differ by rounding only has no variance to test with.
FLAT = 1e-10


def correlation_pvalue(r: Vector, dof: ArrayLike) -> Vector:
    """Return the two-sided p-value of Pearson r under no correlation.

    P(|R| ≥ |r|) = I(1 − r²; dof/2, 1/2), the regularised incomplete beta function: Student's t with t² = dof·r²/(1−r²).

    r: any shape, in [−1, 1]. dof: n − 2 − covariate columns, one or as ``r``.
    """
    p: Vector = scipy.special.betainc(np.asarray(dof) / 2.0, 0.5, np.clip(1.0 - np.square(r), 0.0, 1.0))
    return p


def correlation_log10_pvalue(r: Vector, dof: ArrayLike) -> Vector:
    """Return log10 of the two-sided p-value of r, accurate where the p-value itself underflows.

    NaN where r is NaN or there is no degree of freedom; −inf at |r| = 1.
    """
    return _log10_incomplete_beta((1.0 - r) * (1.0 + r), r * r, np.asarray(dof, dtype=np.float64))


def t_pvalue(t: Vector, dof: Vector) -> Vector:
    """Return P(|T| ≥ |t|) under Student's t; NaN where t or dof is NaN."""
    p: Vector = 2.0 * scipy.special.stdtr(dof, -np.abs(t))
    return p


def student_log10_pvalue(t: Vector, dof: Vector) -> Vector:
    """Return log10 of P(|T| ≥ |t|) under Student's t, accurate where the p-value itself underflows."""
    square = t * t
    return _log10_incomplete_beta(dof / (dof + square), square / (dof + square), dof)


def f_pvalue(statistic: Vector, numerator_dof: ArrayLike, dof: ArrayLike) -> Vector:
    """Return P(F ≥ statistic) under F with ``numerator_dof`` and ``dof`` degrees of freedom; NaN where any is NaN."""
    p: Vector = scipy.special.fdtrc(numerator_dof, dof, statistic)
    return p


def correlation_interval(r: Vector, dof: ArrayLike) -> tuple[Vector, Vector]:
    """Return the 95 % interval of r by Fisher's z, whose standard error is 1 / √(dof − 1); NaN below 2 dof.

    Fisher 1921, Metron 1:3–32.
    """
    freedom = np.asarray(dof, dtype=np.float64) - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        half = NORMAL_975 / np.sqrt(np.where(freedom > 0.0, freedom, np.nan))
        z = np.arctanh(r)
        return np.tanh(z - half), np.tanh(z + half)


def _log10_incomplete_beta(x: Vector, complement: Vector, dof: Vector) -> Vector:
    """Return log10 I_x(dof / 2, 1/2); ``complement`` is 1 − x, given so that neither loses digits.

    ln I_x(a, ½) = a ln x − ln a − ln B(a, ½) + ½ ln(1 − x) + ln ₂F₁(a + ½, 1; a + 1; x): DLMF 8.17.8.
    """
    a = np.where(dof > 0.0, dof, np.nan) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = scipy.special.betainc(a, 0.5, x)
        result = np.log(plain)
        tiny = (plain <= SMALLEST_PLAIN) & (x > 0.0)
        a, x = a[tiny], x[tiny]
        series = np.log(scipy.special.hyp2f1(a + 0.5, 1.0, a + 1.0, x))
        result[tiny] = (
            a * np.log(x) - np.log(a) - scipy.special.betaln(a, 0.5) + 0.5 * np.log(complement[tiny]) + series
        )
    return np.asarray(result / np.log(10.0))


@dataclass(frozen=True, slots=True)
class Moments:
    """What Welch's test needs of one group, a value a row: how many values, their mean, its squared standard error."""

    n: Index
    mean: Vector
    squared_error: Vector


@dataclass(frozen=True, slots=True)
class WelchTest:
    """Welch's t of two groups, a value a row. ``se`` is the standard error of the difference of the means."""

    difference: Vector
    se: Vector
    statistic: Vector
    dof: Vector


def group_moments(values: Matrix) -> Moments:
    """Return the moments of each row's values, NaN left out.

    Without a value the mean is NaN; of fewer than 2 the error is NaN; of values that differ by rounding only it is 0.
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
    return Moments(n, mean, np.where(flat & (n >= 2), 0.0, error))


def welch(reference: Moments, level: Moments) -> WelchTest:
    """Return mean(level) − mean(reference) with Welch's t and Satterthwaite's degrees of freedom.

    Welch 1947, Biometrika 34:28–35, doi:10.1093/biomet/34.1-2.28. A group without variance, or of fewer than two
    values, makes the test NaN, never p = 0.
    """
    v1, v2 = reference.squared_error, level.squared_error
    estimable = (v1 > 0.0) & (v2 > 0.0)
    difference = level.mean - reference.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.where(estimable, np.sqrt(v1 + v2), np.nan)
        dof = (v1 + v2) ** 2 / (v1**2 / (reference.n - 1) + v2**2 / (level.n - 1))
    return WelchTest(difference, se, difference / se, np.where(estimable, dof, np.nan))


@dataclass(frozen=True, slots=True)
class WelchAnova:
    """Welch's F of several groups, a value a row.

    ``eta_squared`` is the between over the total sum of squares, ``dof`` that of the denominator of F.
    """

    eta_squared: Vector
    statistic: Vector
    pvalue: Vector
    dof: Vector


def welch_anova(groups: Sequence[Moments]) -> WelchAnova:
    """Return η², Welch's F and its p over two or more groups of at least two values each.

    Welch 1951, Biometrika 38:330–336, doi:10.1093/biomet/38.3-4.330. A group without variance makes the test NaN.
    """
    k = len(groups)
    sizes = np.array([group.n for group in groups], dtype=np.float64)
    means = np.array([group.mean for group in groups])
    errors = np.array([group.squared_error for group in groups])
    estimable = (errors > 0.0).all(axis=0)
    grand = (sizes * means).sum(axis=0) / sizes.sum(axis=0)
    between = (sizes * (means - grand) ** 2).sum(axis=0)
    within = (errors * sizes * (sizes - 1.0)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = 1.0 / errors
        total = weights.sum(axis=0)
        centre = (weights * means).sum(axis=0) / total
        spread = ((1.0 - weights / total) ** 2 / (sizes - 1.0)).sum(axis=0)
        f = (weights * (means - centre) ** 2).sum(axis=0) / (k - 1.0)
        statistic = f / (1.0 + 2.0 * (k - 2.0) / (k * k - 1.0) * spread)
        dof = (k * k - 1.0) / (3.0 * spread)
        pvalue = f_pvalue(statistic, k - 1.0, dof)
        effect = between / (between + within)
    return WelchAnova(effect, *(np.where(estimable, values, np.nan) for values in (statistic, pvalue, dof)))


def benjamini_hochberg(pvalues: Vector) -> Vector:
    """Return q-values over the p-values that are not NaN; NaN stays NaN and does not count.

    Benjamini & Hochberg 1995, J R Stat Soc B 57:289–300, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    q = np.full(len(pvalues), np.nan)
    tested = np.flatnonzero(~np.isnan(pvalues))
    order = tested[np.argsort(pvalues[tested], kind="stable")]
    ranks = np.arange(1, len(order) + 1)
    scaled = pvalues[order] * len(order) / ranks
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q


def marchenko_pastur_edge(ratio: float) -> float:
    """Return the largest eigenvalue that noise alone is expected to have, (1 + √ratio)², in units of its variance.

    ratio: features per degree of freedom. Marčenko & Pastur 1967, Mat. Sb. 72:507, doi:10.1070/SM1967v001n04ABEH001994.
    """
    return float((1.0 + np.sqrt(ratio)) ** 2)


def unit_rows(matrix: Matrix) -> Matrix:
    """Return the matrix with rows of norm 1; rows of zeros stay."""
    norm = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: Matrix = np.divide(matrix, norm, out=np.zeros_like(matrix), where=norm > 0)
    return unit


def centred_unit_rows(matrix: Matrix) -> Matrix:
    """Return the matrix with rows of mean 0 and norm 1, so that a product of two rows is Pearson r."""
    return unit_rows(matrix - matrix.mean(axis=1, keepdims=True))


def adjusted_rand(first: Index, second: Index) -> float:
    """Return the adjusted Rand index of two labellings of the same things; 1 where neither divides them, or both all.

    first, second: (n,) label numbers, n ≥ 1. Hubert & Arabie 1985, J Classif 2:193-218, doi:10.1007/BF01908075, eq. 5.
    """
    pairs = _pairs(np.array([len(first)]))
    together, of_first, of_second = (_pairs(sizes) for sizes in _crossed_sizes(first, second))
    if of_first == of_second and of_first in (0, pairs):
        return 1.0
    chance = of_first * of_second / pairs
    return (together - chance) / ((of_first + of_second) / 2 - chance)


def normalised_information(first: Index, second: Index) -> float:
    """Return the mutual information of two labellings divided by the mean of their entropies, in [0, 1].

    first, second: (n,) label numbers, n ≥ 1. 1 where neither divides the things. Danon et al. 2005, J Stat Mech P09008,
    doi:10.1088/1742-5468/2005/09/P09008, eq. 2.
    """
    together, of_first, of_second = (_entropy(sizes) for sizes in _crossed_sizes(first, second))
    entropies = of_first + of_second
    if entropies == 0:
        return 1.0
    return float(np.clip(2.0 * (entropies - together) / entropies, 0.0, 1.0))


def label_numbers(label_of: Mapping[str, str], things: Sequence[str]) -> Index:
    """Return the number of each thing's label, numbered in the order in which labels first occur; −1 for no label."""
    number: dict[str, int] = {}
    labels = (label_of.get(thing) for thing in things)
    return np.array([-1 if name is None else number.setdefault(name, len(number)) for name in labels], dtype=np.int64)


def labelling_agreement(first: Index, second: Index) -> tuple[float, float, float]:
    """Return ARI, NMI and ARI of all of two labellings of the same things in which −1 stands for no label.

    ARI and NMI are over the things that both label. ARI of all is over those that either labels, a thing without a
    label being a group of its own, so that labelling less does not raise it. Each is NaN where there is no such thing.
    """
    both, either = (first >= 0) & (second >= 0), (first >= 0) | (second >= 0)
    ari = adjusted_rand(first[both], second[both]) if both.any() else np.nan
    nmi = normalised_information(first[both], second[both]) if both.any() else np.nan
    numbers = len(first) + np.arange(len(first)) + max(first.max(initial=-1), second.max(initial=-1))
    alone = [np.where(labels >= 0, labels, numbers)[either] for labels in (first, second)]
    return ari, nmi, adjusted_rand(*alone) if either.any() else np.nan


def _crossed_sizes(first: Index, second: Index) -> tuple[Index, Index, Index]:
    """Return how often each pair of labels occurs, each label of the first, and each label of the second."""
    _, together = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    of_first, of_second = (np.unique(labels, return_counts=True)[1] for labels in (first, second))
    return together, of_first, of_second


def _pairs(sizes: Index) -> int:
    """Return how many pairs lie inside groups of these sizes."""
    return int((sizes * (sizes - 1) // 2).sum())


def _entropy(sizes: Index) -> float:
    shares: Vector = sizes / sizes.sum()
    return float(-(shares * np.log(shares)).sum())

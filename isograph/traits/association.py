"""Tests of eigengenes against traits: Pearson, Welch, Welch's ANOVA, Benjamini–Hochberg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.special

from isograph.kernels._jit import Index, Matrix, Vector
from isograph.schemas import TRAITS
from isograph.traits.trait import Trait, level_rows

FLAT = 1e-10
# NOTE: simulated under no difference, Welch's p < 0.001 comes up in 5.5 % of cases for levels of 2 and 50 samples, in
# 1.5 % for 3 and 50, in 6.7 % for 12 levels of 2, in 1.9 % for 12 of 3; under the limits below in at most 0.7 %.
SAFE_LEVEL = 5
SAFE_NUMBER_OF_LEVELS = 20
LEVELS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Tests:
    """One trait against every module: effect, statistic and p-value (n_modules,), NaN where not estimable."""

    effect: Vector
    statistic: Vector
    pvalue: Vector


def trait_table(module_ids: Sequence[str], eigengenes: Matrix, traits: Sequence[Trait]) -> pl.DataFrame:
    """Return the ``traits`` table. eigengenes: (n_modules, n_samples), no missing values.

    A number is tested by Pearson correlation, two levels by Welch's t, more by Welch's ANOVA, over the samples that
    have a value. Levels so small that Welch's p-values would be too small are left out, and the row says which.
    """
    blocks = [_block(module_ids, eigengenes, trait, position) for position, trait in enumerate(traits)]
    columns = {**TRAITS.schema, "position": pl.Int64()}
    table = pl.concat(blocks) if blocks else pl.DataFrame(schema=columns)
    table = table.sort("module_id", "position", maintain_order=True)
    qvalue = benjamini_hochberg(table.get_column("pvalue").to_numpy())
    return table.with_columns(qvalue=pl.Series(qvalue, dtype=pl.Float64)).select(list(TRAITS.schema))


def multiple_r(scores: Matrix, trait: Trait) -> Vector:
    """Return the multiple correlation of each score with a trait: |Pearson r| of a number, √η² of levels.

    scores: (k, n_samples), no missing values. The result is (k,), NaN where fewer than 3 samples have a value or the
    score or the trait does not vary in them.
    """
    known = np.isfinite(trait.values)
    result = np.full(len(scores), np.nan)
    if known.sum() < 3 or len(np.unique(trait.values[known])) < 2:
        return result
    left = scores[:, known] - scores[:, known].mean(axis=1, keepdims=True)
    total = (left**2).sum(axis=1)
    values = trait.values[known]
    columns = [values == level for level in np.unique(values)] if trait.levels else [values]
    design = np.array([np.asarray(column, dtype=np.float64) - np.mean(column) for column in columns])
    explained = ((left @ np.linalg.pinv(design) @ design) ** 2).sum(axis=1)
    r: Vector = np.sqrt(np.divide(explained, total, out=result, where=total > FLAT**2))
    return r


def _block(module_ids: Sequence[str], eigengenes: Matrix, trait: Trait, position: int) -> pl.DataFrame:
    """Return the rows of one trait, without q-values."""
    level, reference, reason = None, None, None
    rows = level_rows(trait)
    used = _usable_levels([len(samples) for samples in rows])
    left_out = [f"{name} ({len(rows[number])})" for number, name in enumerate(trait.levels) if number not in used]
    if left_out:
        named = ", ".join(left_out[:LEVELS_NAMED]) + (", …" if len(left_out) > LEVELS_NAMED else "")
        reason = f"levels with too few samples left out: {named}" if used else f"too few samples in the levels: {named}"
    kept = [rows[number] for number in used]
    n = sum(map(len, kept)) if trait.levels else int(np.isfinite(trait.values).sum())
    if not trait.levels:
        test, tests = "pearson", pearson(eigengenes, trait.values)
        reason = "fewer than 4 samples have a value" if n < 4 else reason
    elif len(used) == 2 or len(trait.levels) == 2:
        test, tests = "welch", welch(eigengenes, *kept) if len(used) == 2 else _not_estimable(len(module_ids))
        reference, level = (trait.levels[number] for number in (used if len(used) == 2 else (0, 1)))
    else:
        test, tests = "welch_anova", welch_anova(eigengenes, kept)
        level = "|".join(trait.levels[number] for number in used)
    n_modules = len(module_ids)
    flat = "no variance within a level" if trait.levels else "no variance in the samples with a value"
    reasons = [reason or (None if np.isfinite(p) else flat) for p in tests.pvalue]
    return pl.DataFrame(
        {
            "module_id": module_ids,
            "trait": [trait.name] * n_modules,
            "test": [test] * n_modules,
            "effect": tests.effect,
            "statistic": tests.statistic,
            "pvalue": tests.pvalue,
            "qvalue": np.full(n_modules, np.nan),
            "n": [n] * n_modules,
            "level": [level] * n_modules,
            "reference": [reference] * n_modules,
            "reason": reasons,
            "position": [position] * n_modules,
        },
        schema={**TRAITS.schema, "position": pl.Int64()},
    )


def _usable_levels(sizes: Sequence[int]) -> list[int]:
    """Return the numbers of the levels that can be tested together: those of at least the smallest safe size.

    A size is safe if it is 2 or more; 5 or more, or the largest level is at most its square; and among three or more
    levels at least half their number, or 10.
    """
    for size in sorted(set(sizes)):
        used = [number for number, samples in enumerate(sizes) if samples >= size]
        balanced = size >= SAFE_LEVEL or max(sizes) <= size * size
        enough = len(used) == 2 or 2 * size >= min(len(used), SAFE_NUMBER_OF_LEVELS)
        if size >= 2 and len(used) >= 2 and balanced and enough:
            return used
    return []


def _not_estimable(n_modules: int) -> Tests:
    return Tests(*(np.full(n_modules, np.nan) for _ in range(3)))


def pearson(eigengenes: Matrix, values: Vector) -> Tests:
    """Return r, t = r √(dof / (1 − r²)) and its two-sided p, dof = n − 2, over the samples with a value.

    eigengenes: (n_modules, n_samples). values: (n_samples,), NaN where missing. Fewer than 4 values, or values that
    do not vary: NaN.
    """
    present = np.isfinite(values)
    n = int(present.sum())
    r = np.full(len(eigengenes), np.nan)
    if n >= 4:
        x = values[present] - values[present].mean()
        y = eigengenes[:, present] - eigengenes[:, present].mean(axis=1, keepdims=True)
        scale = np.sqrt((x @ x) * np.einsum("ij,ij->i", y, y))
        varies = scale > FLAT * np.abs(values[present]).max() * np.sqrt(n)
        r[varies] = np.clip(y[varies] @ x / scale[varies], -1.0, 1.0)
    dof = n - 2
    with np.errstate(divide="ignore"):
        statistic = r * np.sqrt(dof / (1.0 - r * r)) if n >= 4 else r.copy()
    pvalue = scipy.special.betainc(dof / 2.0, 0.5, 1.0 - r * r) if n >= 4 else r.copy()
    return Tests(r, statistic, pvalue)


def welch(eigengenes: Matrix, reference: Index, level: Index) -> Tests:
    """Return mean(level) − mean(reference), Welch's t and its two-sided p.

    Welch 1947, Biometrika 34:28–35, doi:10.1093/biomet/34.1-2.28; degrees of freedom by Satterthwaite. A group
    without variance makes the test NaN, never p = 0. eigengenes: (n_modules, n_samples); groups: sample numbers.
    """
    first, second = eigengenes[:, reference], eigengenes[:, level]
    effect = second.mean(axis=1) - first.mean(axis=1)
    v1, v2 = _squared_error(first), _squared_error(second)
    flat = (v1 <= 0.0) | (v2 <= 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = effect / np.sqrt(v1 + v2)
        dof = (v1 + v2) ** 2 / (v1**2 / (len(reference) - 1) + v2**2 / (len(level) - 1))
        pvalue = 2.0 * scipy.special.stdtr(dof, -np.abs(statistic))
    return Tests(effect, np.where(flat, np.nan, statistic), np.where(flat, np.nan, pvalue))


def welch_anova(eigengenes: Matrix, groups: Sequence[Index]) -> Tests:
    """Return η² (between over total sum of squares), Welch's F and its p.

    Welch 1951, Biometrika 38:330–336, doi:10.1093/biomet/38.3-4.330. A group without variance makes the test NaN.
    eigengenes: (n_modules, n_samples); groups: sample numbers of each level, at least two in each.
    """
    n_modules, k = len(eigengenes), len(groups)
    if k < 2:
        return _not_estimable(n_modules)
    sizes = np.array([len(group) for group in groups], dtype=np.float64)[:, None]
    means = np.array([eigengenes[:, group].mean(axis=1) for group in groups])
    errors = np.array([_squared_error(eigengenes[:, group]) for group in groups])
    flat = (errors <= 0.0).any(axis=0)
    grand = (sizes * means).sum(axis=0) / sizes.sum()
    between = (sizes * (means - grand) ** 2).sum(axis=0)
    within = (errors * sizes * (sizes - 1.0)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = 1.0 / errors
        total = weights.sum(axis=0)
        centre = (weights * means).sum(axis=0) / total
        spread = ((1.0 - weights / total) ** 2 / (sizes - 1.0)).sum(axis=0)
        f = (weights * (means - centre) ** 2).sum(axis=0) / (k - 1.0)
        statistic = f / (1.0 + 2.0 * (k - 2.0) / (k * k - 1.0) * spread)
        pvalue = scipy.special.fdtrc(k - 1.0, (k * k - 1.0) / (3.0 * spread), statistic)
        effect = between / (between + within)
    return Tests(effect, np.where(flat, np.nan, statistic), np.where(flat, np.nan, pvalue))


def benjamini_hochberg(pvalues: Vector) -> Vector:
    """Return q-values over the p-values that are not NaN; NaN stays NaN and does not count.

    Benjamini & Hochberg 1995, J R Stat Soc B 57:289–300.
    """
    q = np.full(len(pvalues), np.nan)
    tested = np.flatnonzero(~np.isnan(pvalues))
    order = tested[np.argsort(pvalues[tested], kind="stable")]
    ranks = np.arange(1, len(order) + 1)
    scaled = pvalues[order] * len(order) / ranks
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q


def _squared_error(values: Matrix) -> Vector:
    """Return the squared standard error of each row's mean, 0 where the row is flat."""
    error: Vector = values.var(axis=1, ddof=1) / values.shape[1]
    flat = np.ptp(values, axis=1) <= FLAT * np.abs(values).max(axis=1, initial=0.0)
    return np.where(flat, 0.0, error)

"""Tests of eigengenes against traits: Pearson's r of numbers, Welch's t of two levels, Welch's ANOVA of more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Matrix, Vector
from isograph.schemas import TRAITS
from isograph.stats import (
    FLAT,
    benjamini_hochberg,
    correlation_pvalue,
    group_moments,
    t_pvalue,
    welch,
    welch_anova,
)
from isograph.traits.trait import Trait, level_rows

# NOTE: simulated under no difference, Welch's p is below 0.001 in 5.5 % of cases for levels of 2 and 50 samples, in
# 1.5 % for 3 and 50, in 6.7 % for 12 levels of 2, in 1.9 % for 12 of 3; within the limits below in at most 0.7 %.
SAFE_LEVEL = 5
SAFE_NUMBER_OF_LEVELS = 20
LEVELS_NAMED = 5


@dataclass(frozen=True, slots=True)
class TraitTest:
    """One trait against every module.

    Attributes
    ----------
    test : ``pearson``, ``welch`` or ``welch_anova``.
    effect, statistic, pvalue : (n_modules,), NaN where not estimable.
    n : samples used.
    level, reference : the levels compared; None for a number.
    reason : why nothing is estimable, or which samples were left out.
    """

    test: str
    effect: Vector
    statistic: Vector
    pvalue: Vector
    n: int
    level: str | None = None
    reference: str | None = None
    reason: str | None = None


def trait_table(module_ids: Sequence[str], eigengenes: Matrix, traits: Sequence[Trait]) -> pl.DataFrame:
    """Return the ``traits`` table. eigengenes: (n_modules, n_samples), no missing values.

    A number is tested by Pearson correlation, two levels by Welch's t, more by Welch's ANOVA, over the samples that
    have a value. Levels so small that Welch's p-values would be too small are left out, and the row says which.
    """
    blocks = [_trait_rows(module_ids, eigengenes, trait, position) for position, trait in enumerate(traits)]
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
    centred = scores[:, known] - scores[:, known].mean(axis=1, keepdims=True)
    total = (centred**2).sum(axis=1)
    values = trait.values[known]
    columns = [values == level for level in np.unique(values)] if trait.levels else [values]
    design = np.array([np.asarray(column, dtype=np.float64) - np.mean(column) for column in columns])
    explained = ((centred @ np.linalg.pinv(design) @ design) ** 2).sum(axis=1)
    r: Vector = np.sqrt(np.divide(explained, total, out=result, where=total > FLAT**2))
    return r


def _trait_rows(module_ids: Sequence[str], eigengenes: Matrix, trait: Trait, position: int) -> pl.DataFrame:
    """Return the rows of one trait, without q-values."""
    result = _level_test(eigengenes, trait) if trait.levels else pearson_test(eigengenes, trait.values)
    n_modules = len(module_ids)
    flat = "no variance within a level" if trait.levels else "no variance in the samples with a value"
    reasons = [result.reason or (None if np.isfinite(p) else flat) for p in result.pvalue]
    return pl.DataFrame(
        {
            "module_id": module_ids,
            "trait": [trait.name] * n_modules,
            "test": [result.test] * n_modules,
            "effect": result.effect,
            "statistic": result.statistic,
            "pvalue": result.pvalue,
            "qvalue": np.full(n_modules, np.nan),
            "n": [result.n] * n_modules,
            "level": [result.level] * n_modules,
            "reference": [result.reference] * n_modules,
            "reason": reasons,
            "position": [position] * n_modules,
        },
        schema={**TRAITS.schema, "position": pl.Int64()},
    )


def pearson_test(eigengenes: Matrix, values: Vector) -> TraitTest:
    """Return Pearson's r, t = r √(dof / (1 − r²)) and its two-sided p, dof = n − 2, over the samples with a value.

    Fewer than 4 values, or values that do not vary: NaN.
    """
    present = np.isfinite(values)
    n = int(present.sum())
    nothing = np.full(len(eigengenes), np.nan)
    if n < 4:
        return TraitTest("pearson", nothing, nothing, nothing, n, reason="fewer than 4 samples have a value")
    x = values[present] - values[present].mean()
    y = eigengenes[:, present] - eigengenes[:, present].mean(axis=1, keepdims=True)
    scale = np.sqrt((x @ x) * np.einsum("ij,ij->i", y, y))
    varies = scale > FLAT * np.abs(values[present]).max() * np.sqrt(n)
    r = nothing.copy()
    r[varies] = np.clip(y[varies] @ x / scale[varies], -1.0, 1.0)
    dof = n - 2
    with np.errstate(divide="ignore"):
        statistic = r * np.sqrt(dof / (1.0 - r * r))
    return TraitTest("pearson", r, statistic, correlation_pvalue(r, dof), n)


def _level_test(eigengenes: Matrix, trait: Trait) -> TraitTest:
    """Return Welch's t of two levels or Welch's F of more, over the levels that are large enough to be result."""
    rows = level_rows(trait)
    used = _usable_levels([len(samples) for samples in rows])
    small = [f"{name} ({len(rows[number])})" for number, name in enumerate(trait.levels) if number not in used]
    shown = ", ".join(small[:LEVELS_NAMED]) + (", …" if len(small) > LEVELS_NAMED else "")
    if not used:
        nothing = np.full(len(eigengenes), np.nan)
        reason = f"too few samples in the levels: {shown}"
        if len(trait.levels) == 2:
            reference, level = trait.levels
            return TraitTest("welch", nothing, nothing, nothing, 0, level, reference, reason)
        return TraitTest("welch_anova", nothing, nothing, nothing, 0, "", None, reason)
    left_out = f"levels with too few samples left out: {shown}" if small else None
    names = [trait.levels[number] for number in used]
    n = sum(len(rows[number]) for number in used)
    groups = [group_moments(eigengenes[:, rows[number]]) for number in used]
    if len(groups) == 2:
        pair = welch(*groups)
        pvalue = t_pvalue(pair.statistic, pair.dof)
        return TraitTest("welch", pair.difference, pair.statistic, pvalue, n, names[1], names[0], left_out)
    anova = welch_anova(groups)
    levels = "|".join(names)
    return TraitTest("welch_anova", anova.eta_squared, anova.statistic, anova.pvalue, n, levels, None, left_out)


def _usable_levels(sizes: Sequence[int]) -> list[int]:
    """Return the numbers of the levels that can be tested together: those of at least the smallest safe size.

    A size is safe if it is 2 or more; 5 or more, or the largest level is at most its square; and among three or more
    levels at least half their number, or 10.
    """
    for size in sorted(set(sizes)):
        used = [number for number, n_samples in enumerate(sizes) if n_samples >= size]
        balanced = size >= SAFE_LEVEL or max(sizes) <= size * size
        enough = len(used) == 2 or 2 * size >= min(len(used), SAFE_NUMBER_OF_LEVELS)
        if size >= 2 and len(used) >= 2 and balanced and enough:
            return used
    return []

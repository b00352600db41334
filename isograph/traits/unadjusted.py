"""Tests of a trait where nothing was projected out: Pearson's r, Welch's t of two levels, Welch's ANOVA of more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.stats import FLAT, correlation_pvalue, group_moments, t_pvalue, welch, welch_anova
from isograph.traits.result import TraitTest, nothing_tested
from isograph.traits.trait import Trait, level_rows, levels_with_sizes

# NOTE: simulated under no difference, Welch's p is below 0.001 in 5.5 % of cases for levels of 2 and 50 samples, in
# 1.5 % for 3 and 50, in 6.7 % for 12 levels of 2, in 1.9 % for 12 of 3; within the limits below in at most 0.7 %.
SAFE_LEVEL = 5
SAFE_NUMBER_OF_LEVELS = 20


def pearson_test(eigengenes: Matrix, values: Vector) -> TraitTest:
    """Return Pearson's r, t = r √(dof / (1 − r²)) and its two-sided p, dof = n − 2, over the samples with a value.

    Fewer than 4 values, or values that do not vary: NaN.
    """
    present = np.isfinite(values)
    n = int(present.sum())
    if n < 4:
        return nothing_tested("pearson", len(eigengenes), n, "fewer than 4 samples have a value")
    x = values[present] - values[present].mean()
    y = eigengenes[:, present] - eigengenes[:, present].mean(axis=1, keepdims=True)
    scale = np.sqrt((x @ x) * np.einsum("ij,ij->i", y, y))
    varies = scale > FLAT * np.abs(values[present]).max() * np.sqrt(n)
    r = np.full(len(eigengenes), np.nan)
    r[varies] = np.clip(y[varies] @ x / scale[varies], -1.0, 1.0)
    dof = n - 2
    with np.errstate(divide="ignore"):
        statistic = r * np.sqrt(dof / (1.0 - r * r))
    dofs = np.where(varies, float(dof), np.nan)
    return TraitTest("pearson", r, statistic, correlation_pvalue(r, dof), dofs, n, numerator_dof=1)


def level_test(eigengenes: Matrix, trait: Trait) -> TraitTest:
    """Return Welch's t of two levels or Welch's F of more, over the levels that are large enough to be tested."""
    rows = level_rows(trait)
    sizes = [len(samples) for samples in rows]
    used = _usable_levels(sizes)
    small = levels_with_sizes(trait, sizes, used)
    n_modules = len(eigengenes)
    if not used:
        reason = f"too few samples in the levels: {small}"
        if len(rows) == 2:
            return nothing_tested("welch", n_modules, 0, reason).of_levels(trait.levels)
        return nothing_tested("welch_anova", n_modules, 0, reason).of_levels(())
    left_out = f"levels with too few samples left out: {small}" if small else None
    names = [trait.levels[number] for number in used]
    n, k = sum(sizes[number] for number in used), len(used)
    groups = [group_moments(eigengenes[:, rows[number]]) for number in used]
    if k == 2:
        pair = welch(*groups)
        pvalue = t_pvalue(pair.statistic, pair.dof)
        values = (pair.difference, pair.statistic, pvalue, pair.dof)
    else:
        anova = welch_anova(groups)
        values = (anova.eta_squared, anova.statistic, anova.pvalue, anova.dof)
    name = "welch" if k == 2 else "welch_anova"
    return TraitTest(name, *values, n, numerator_dof=k - 1, reason=left_out).of_levels(names)


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

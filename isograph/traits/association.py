"""The table of traits: every module eigengene against every trait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from isograph.arrays import Matrix, Vector
from isograph.runtime.threads import single_threaded_blas
from isograph.schemas import TRAITS
from isograph.stats import FLAT, benjamini_hochberg
from isograph.traits.adjusted import adjusted_test
from isograph.traits.adjustment import Adjustment
from isograph.traits.individual import Individuals
from isograph.traits.result import TraitTest
from isograph.traits.trait import Trait
from isograph.traits.unadjusted import level_test, pearson_test


def trait_table(
    module_ids: Sequence[str],
    eigengenes: Matrix,
    traits: Sequence[Trait],
    adjustment: Adjustment | None = None,
    individuals: Individuals | None = None,
) -> pl.DataFrame:
    """Return the ``traits`` table. eigengenes: (n_modules, n_samples), no missing values.

    Where nothing was projected out and samples are independent, a number is tested by Pearson correlation, two levels
    by Welch's t, more by Welch's ANOVA, over the samples that have a value. Otherwise, and for splines, the test is
    that of a linear model (``adjusted_test``). Levels too small to test are left out, and the row says which.

    adjustment: what was projected out of the features; None for nothing. individuals: which samples are of one; None
    where every sample is of another.
    """
    adjustment = adjustment or Adjustment(eigengenes.shape[1], {})
    with single_threaded_blas():
        tests = [_test(eigengenes, trait, adjustment, individuals) for trait in traits]
    blocks = [_trait_rows(module_ids, *both, position) for position, both in enumerate(zip(traits, tests, strict=True))]
    columns = {**TRAITS.schema, "position": pl.Int64()}
    table = pl.concat(blocks) if blocks else pl.DataFrame(schema=columns)
    table = table.sort("module_id", "position", maintain_order=True)
    qvalue = benjamini_hochberg(table.get_column("pvalue").to_numpy())
    return table.with_columns(qvalue=pl.Series(qvalue, dtype=pl.Float64)).select(list(TRAITS.schema))


def _test(eigengenes: Matrix, trait: Trait, adjustment: Adjustment, individuals: Individuals | None) -> TraitTest:
    if adjustment.parts or trait.is_spline or _has_repeats(trait, individuals):
        return adjusted_test(eigengenes, trait, adjustment, individuals)
    return level_test(eigengenes, trait) if trait.levels else pearson_test(eigengenes, trait.values)


def _has_repeats(trait: Trait, individuals: Individuals | None) -> bool:
    """Whether an individual has several samples with a value of the trait."""
    if individuals is None:
        return False
    number_of = individuals.number_of[np.isfinite(trait.values)]
    return len(np.unique(number_of)) < len(number_of)


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


def _trait_rows(module_ids: Sequence[str], trait: Trait, test: TraitTest, position: int) -> pl.DataFrame:
    """Return the rows of one trait, without q-values."""
    n_modules = len(module_ids)
    flat = "no variance within a level" if trait.levels else "no variance in the samples with a value"
    columns: dict[str, object] = {
        "module_id": module_ids,
        "effect": test.effect,
        "statistic": test.statistic,
        "dof": test.dof,
        "pvalue": test.pvalue,
        "qvalue": np.full(n_modules, np.nan),
        "nonlinear_pvalue": [None] * n_modules if test.nonlinear_pvalue is None else test.nonlinear_pvalue,
        "reason": [test.reason or (None if np.isfinite(p) else flat) for p in test.pvalue],
    }
    same = {
        "trait": trait.name,
        "test": test.test,
        "numerator_dof": test.numerator_dof,
        "n": test.n,
        "n_individuals": test.n_individuals,
        "level": test.level,
        "reference": test.reference,
        "r2_with_covariates": test.r2_with_covariates,
        "aliases": "|".join(trait.aliases) or None,
        "position": position,
    }
    columns |= {name: [value] * n_modules for name, value in same.items()}
    schema = {**TRAITS.schema, "position": pl.Int64()}
    return pl.DataFrame({name: columns[name] for name in schema}, schema=schema)

"""What a test of one trait against every module says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from isograph.arrays import Vector


@dataclass(frozen=True, slots=True)
class TraitTest:
    """One trait against every module.

    Attributes
    ----------
    test : its name, as the ``traits`` table has it.
    effect, statistic, pvalue : (n_modules,), NaN where not estimable.
    dof : (n_modules,) degrees of freedom of t, or of the denominator of F; NaN where not estimable.
    n : samples used.
    numerator_dof : degrees of freedom of the numerator of F, 1 for t; None where nothing is estimable.
    level, reference : the levels compared; None for a number.
    reason : why nothing is estimable, or which samples were left out.
    nonlinear_pvalue : (n_modules,) p of a spline against the straight line; None for other tests.
    n_individuals : individuals of a mixed model; None for other tests.
    r2_with_covariates : share of the trait that was projected out; None where nothing was.
    """

    test: str
    effect: Vector
    statistic: Vector
    pvalue: Vector
    dof: Vector
    n: int
    numerator_dof: int | None = None
    level: str | None = None
    reference: str | None = None
    reason: str | None = None
    nonlinear_pvalue: Vector | None = None
    n_individuals: int | None = None
    r2_with_covariates: float | None = None

    def of_levels(self, names: Sequence[str]) -> TraitTest:
        """Return the test with the levels that it compares: one with its reference, or all of them."""
        level, reference = (names[1], names[0]) if len(names) == 2 else ("|".join(names), None)
        return replace(self, level=level, reference=reference)


def nothing_tested(test: str, n_modules: int, n: int, reason: str | None = None) -> TraitTest:
    """Return a test of which nothing is estimable."""
    nothing = np.full(n_modules, np.nan)
    return TraitTest(test, nothing, nothing, nothing, nothing, n, reason=reason)

"""Tests of a trait beside covariates, hidden confounders and individuals: linear models, also with random intercepts.

Both compare what covariates leave of the trait with what they leave of the eigengene.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.traits.adjustment import Adjustment, Remainder, orthonormal_rows, remainder
from isograph.traits.individual import Individuals
from isograph.traits.linear_model import ordinary_test, robust_test
from isograph.traits.mixed_model import mixed_model_test, residual_spectrum
from isograph.traits.result import TraitTest, nothing_tested
from isograph.traits.trait import Trait, level_rows, levels_with_sizes

PARTIAL_PEARSON = "partial_pearson"
SPLINE_F = "spline"
LINEAR_MODEL_F = "linear_model_f"
LINEAR_MODEL_HC3 = "linear_model_hc3"
MIXED_MODEL = "mixed_model"
MIXED_MODEL_SPLINE = "mixed_model_spline"
LEAST_UNITS = 2
# NOTE: as Pearson's r, which needs four samples, and has two degrees of freedom then.
LEAST_SAMPLES = 4
LEAST_DOF = 2
LARGELY_REMOVED = 0.5
EQUAL_VARIANCES = "too few samples in a level to tell its variance: F takes the variances as equal"


@dataclass(frozen=True, slots=True)
class _TraitDesign:
    """A trait in the samples it is tested in.

    Attributes
    ----------
    used : (n,) numbers of the samples.
    columns : (columns, n) of the trait.
    basis : (q, n), orthonormal, what was projected out.
    left : what that leaves of the columns.
    individual_of : (n,) number of each sample's individual; None where they do not matter.
    """

    trait: Trait
    used: Index
    columns: Matrix
    basis: Matrix
    left: Remainder
    individual_of: Index | None

    @property
    def dof(self) -> int:
        """Degrees of freedom of the residual."""
        return len(self.used) - len(self.basis) - len(self.left.directions)

    def nonlinear_pvalue(self, eigengenes: Matrix) -> Vector | None:
        """Return p of a spline against the straight line, NaN where covariates leave it no bend; None for others."""
        if not self.trait.is_spline:
            return None
        basis = orthonormal_rows(np.concatenate([self.basis, self.columns[:1] - self.columns[:1].mean()]))
        bends = remainder(self.columns[1:], basis).directions
        if not len(bends):
            return np.full(len(eigengenes), np.nan)
        if self.individual_of is None:
            return ordinary_test(eigengenes, basis, bends).pvalue
        return mixed_model_test(eigengenes, basis, bends, self.individual_of).pvalue


def adjusted_test(
    eigengenes: Matrix, trait: Trait, adjustment: Adjustment, individuals: Individuals | None = None
) -> TraitTest:
    """Return the test of a trait in a linear model with what the fit projected out.

    A number is tested by partial correlation, a spline and levels by F; where individuals have several samples, all of
    them in a linear model with a random intercept of the individual.
    """
    used, levels, left_out = _samples_used(trait, individuals)
    if len(used) < LEAST_SAMPLES:
        few = left_out or "fewer than 4 samples have a value"
        test = nothing_tested(_name_of_test(trait, is_mixed=individuals is not None), len(eigengenes), len(used), few)
        return test.of_levels(levels) if trait.levels else test
    columns, basis = trait.columns(used), adjustment.basis(used)
    individual_of = None if individuals is None else _individuals_that_matter(individuals.number_of[used], basis)
    design = _TraitDesign(trait, used, columns, basis, remainder(columns, basis), individual_of)
    reason = _unestimable(design, adjustment)
    if reason is not None:
        test = nothing_tested(_name_of_test(trait, is_mixed=individual_of is not None), len(eigengenes), len(used))
    else:
        reason = _reservation(design, adjustment)
        y = eigengenes[:, used]
        test = _linear_model(y, design) if individual_of is None else _mixed_model(y, design, individual_of)
    test = test.of_levels(levels) if trait.levels else test
    explained = design.left.explained if adjustment.parts else None
    reasons = "; ".join(filter(None, (left_out, reason, test.reason)))
    return replace(test, reason=reasons or None, r2_with_covariates=explained)


def determined_by(trait: Trait, adjustment: Adjustment) -> list[str]:
    """Return what determines a trait among what was projected out; nothing where the trait is not determined."""
    used, _, _ = _samples_used(trait, None)
    columns = trait.columns(used) if len(used) else np.empty((0, 0))
    if not columns.size or len(remainder(columns, adjustment.basis(used)).directions):
        return []
    return adjustment.determining(columns, used)


def _name_of_test(trait: Trait, *, is_mixed: bool) -> str:
    if is_mixed:
        return MIXED_MODEL_SPLINE if trait.is_spline else MIXED_MODEL
    return SPLINE_F if trait.is_spline else LINEAR_MODEL_HC3 if trait.levels else PARTIAL_PEARSON


def _samples_used(trait: Trait, individuals: Individuals | None) -> tuple[Index, list[str], str | None]:
    """Return the samples in which a trait is tested, their levels, and which levels are left out.

    A level needs two samples; two individuals where no individual has samples of two levels. Without two such levels no
    sample is used.
    """
    if not trait.levels:
        return np.flatnonzero(np.isfinite(trait.values)), [], None
    rows, unit = level_rows(trait), "samples"
    sizes = [len(samples) for samples in rows]
    if individuals is not None:
        of_level = [np.unique(individuals.number_of[samples]) for samples in rows]
        if len(np.unique(np.concatenate(of_level))) == sum(map(len, of_level)):
            unit, sizes = "individuals", [len(numbers) for numbers in of_level]
    numbers = [number for number, size in enumerate(sizes) if size >= LEAST_UNITS]
    small = levels_with_sizes(trait, sizes, numbers)
    if len(numbers) < 2:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, list(trait.levels) if len(rows) == 2 else [], f"too few {unit} in the levels: {small}"
    left_out = f"levels with too few {unit} left out: {small}" if small else None
    used = np.sort(np.concatenate([rows[number] for number in numbers]))
    return used, [trait.levels[number] for number in numbers], left_out


def _individuals_that_matter(number_of: Index, basis: Matrix) -> Index | None:
    """Return the individuals numbered from 0; None where each has one sample, or covariates tell them apart."""
    individual_of = np.unique(number_of, return_inverse=True)[1]
    if individual_of.max() + 1 == len(individual_of):
        return None
    return individual_of if _n_between_and_within(basis, individual_of)[0] else None


def _n_between_and_within(model: Matrix, individual_of: Index) -> tuple[int, int]:
    """Return the degrees of freedom that a model leaves between individuals and within them."""
    spectrum = residual_spectrum(np.empty((0, len(individual_of))), model, individual_of)
    return len(spectrum.eigenvalues), spectrum.n_rest


def _unestimable(design: _TraitDesign, adjustment: Adjustment) -> str | None:
    """Return why a trait cannot be tested in any module, None if it can."""
    n, directions = len(design.used), design.left.directions
    if not len(directions):
        determining = adjustment.determining(design.columns, design.used)
        varies = np.ptp(design.columns, axis=1).max() > 0.0 and determining
        return f"determined by {' and '.join(determining)}" if varies else "no variance in the samples with a value"
    if design.dof < LEAST_DOF:
        lost = len(design.basis) - 1
        return f"{n} samples and {lost} covariate columns leave {design.dof} residual degrees of freedom"
    if design.individual_of is None:
        return None
    between, within = _n_between_and_within(np.concatenate([design.basis, directions]), design.individual_of)
    if not between:
        return "no individuals are left to compare: the trait tells all of them apart"
    return None if within else "no degree of freedom is left within individuals"


def _reservation(design: _TraitDesign, adjustment: Adjustment) -> str | None:
    """Return what the reader should know of a test that can be made: how much of the trait was projected out."""
    notes = []
    n_columns, rank = len(design.columns), len(design.left.directions)
    full = n_columns if design.trait.is_spline else max(1, n_columns - 1)
    if rank < full:
        notes.append(f"covariates determine {full - rank} of its {full} degrees of freedom")
    explained = {
        name: remainder(design.columns, adjustment.basis(design.used, [name])).explained for name in adjustment.hidden
    }
    if explained and (largest := max(explained.values())) >= LARGELY_REMOVED:
        name = max(explained, key=lambda part: explained[part])
        notes.append(f"{name}, which was removed, explains {largest:.0%} of it (keep_factors leaves it in)")
    return "; ".join(notes) or None


def _linear_model(eigengenes: Matrix, design: _TraitDesign) -> TraitTest:
    """Return the test of a trait where samples are independent.

    Levels may have unequal variances, as without covariates; a number and a spline have one variance.
    """
    trait, directions = design.trait, design.left.directions
    name, reason = _name_of_test(trait, is_mixed=False), None
    ordinary = ordinary_test(eigengenes, design.basis, directions)
    robust = robust_test(eigengenes, design.basis, directions) if trait.levels else None
    if trait.levels and robust is None:
        name, reason = LINEAR_MODEL_F, EQUAL_VARIANCES
    test = ordinary if robust is None else robust
    effect, statistic = test.share, test.statistic
    if len(design.columns) == 1:
        sign = np.sign(test.coefficients[:, 0])
        statistic = sign * np.sqrt(test.statistic)
        effect = sign * np.sqrt(test.share)
        if trait.levels:
            effect = np.where(np.isfinite(test.share), test.coefficients[:, 0] / design.left.length, np.nan)
    return TraitTest(
        name,
        effect,
        statistic,
        test.pvalue,
        test.dof,
        len(design.used),
        numerator_dof=len(directions),
        reason=reason,
        nonlinear_pvalue=design.nonlinear_pvalue(eigengenes),
    )


def _mixed_model(eigengenes: Matrix, design: _TraitDesign, individual_of: Index) -> TraitTest:
    """Return the test of a trait where samples of one individual are not independent.

    The effect of a number is the r that has this t at these degrees of freedom, that of several columns the η² that has
    this F.
    """
    trait, rank = design.trait, len(design.left.directions)
    test = mixed_model_test(eigengenes, design.basis, design.left.directions, individual_of)
    statistic, effect = test.statistic, rank * test.statistic / (rank * test.statistic + test.dof)
    if len(design.columns) == 1:
        sign = np.sign(test.coefficients[:, 0])
        statistic = sign * np.sqrt(test.statistic)
        effect = sign * np.sqrt(effect)
        if trait.levels:
            effect = np.where(np.isfinite(statistic), test.coefficients[:, 0] / design.left.length, np.nan)
    return TraitTest(
        _name_of_test(trait, is_mixed=True),
        effect,
        statistic,
        test.pvalue,
        test.dof,
        len(design.used),
        numerator_dof=rank,
        nonlinear_pvalue=design.nonlinear_pvalue(eigengenes),
        n_individuals=int(individual_of.max()) + 1,
    )

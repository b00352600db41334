"""The design of the covariates that are projected out of every feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.linalg

from isograph.arrays import Matrix, Vector
from isograph.config.sample_column import FACTOR, SampleColumn, advice_on_name, column_names, sample_column
from isograph.errors import InputError, examples

FORMS = ("COLUMN", f"COLUMN:{FACTOR}")
RANK_TOLERANCE = 1e-9
CONSTANT_TOLERANCE = 1e-10
MIN_RESIDUAL_DOF = 3


@dataclass(frozen=True, slots=True)
class Design:
    """Orthonormal basis of the constant and the covariates.

    Attributes
    ----------
    basis : (q, n_samples), orthonormal rows that span the constant and the design columns.
    columns : names of the design columns beside the constant, ``name`` or ``name=level``.
    """

    basis: Matrix
    columns: tuple[str, ...]

    @property
    def residual_dof(self) -> int:
        """Degrees of freedom of a correlation between two residuals: n_samples − 1 − q, n − 2 without covariates."""
        return int(self.basis.shape[1]) - 1 - int(self.basis.shape[0])


def covariate_design(samples: pl.DataFrame, covariates: Sequence[str]) -> Design:
    """Return the design of ``covariates``: numbers centred; other types as one 0/1 column per level but the first.

    covariates: ``column``, or ``column:factor`` for a column of numbers that are names of levels.

    Raises
    ------
    InputError
        A covariate is missing from the table, has missing values, is constant, or is a linear combination of those
        before it (both named); or fewer than 3 residual degrees of freedom are left. Everything found is listed.
    """
    n = samples.height
    columns: list[tuple[str, Vector]] = []
    basis = [np.full(n, 1.0 / np.sqrt(n))]
    problems: list[str] = []
    for covariate in map(sample_column, covariates):
        problem = _problem(samples, covariate)
        if problem is None:
            column = samples.get_column(covariate.name)
            problem = _add_columns(basis, columns, _design_columns(column, has_levels=_has_levels(column, covariate)))
        if problem is not None:
            problems.append(problem)
    if columns and not problems and n - 1 - len(basis) < MIN_RESIDUAL_DOF:
        problems.append(
            f"{n} samples and {len(columns)} covariate columns leave {n - 1 - len(basis)} residual degrees of freedom, "
            f"at least {MIN_RESIDUAL_DOF} are needed. Give fewer covariates."
        )
    if problems:
        raise InputError("covariates", problems)
    orthonormal, _ = scipy.linalg.qr(np.array(basis).T, mode="economic")
    return Design(basis=np.ascontiguousarray(orthonormal.T), columns=tuple(name for name, _ in columns))


def covariate_readings(design: Design, covariates: Sequence[str]) -> dict[str, str]:
    """Return how the column of each covariate was read: ``number`` or ``N levels``."""
    readings = {}
    for name in column_names(covariates):
        n_levels = 1 + sum(column.startswith(f"{name}=") for column in design.columns)
        readings[name] = "number" if name in design.columns else f"{n_levels} levels"
    return readings


def _add_columns(basis: list[Vector], columns: list[tuple[str, Vector]], added: list[tuple[str, Vector]]) -> str | None:
    """Extend the basis and the columns by those of one covariate; return what is wrong with them, None if nothing is.

    A covariate with a column that is a combination of the columns before it is left out as a whole.
    """
    directions: list[Vector] = []
    for position, (name, values) in enumerate(added):
        residual = _residual(values / np.linalg.norm(values), np.array([*basis, *directions]))
        norm = float(np.linalg.norm(residual))
        if norm <= RANK_TOLERANCE:
            return _collinear(name, values, [*columns, *added[:position]])
        directions.append(residual / norm)
    basis += directions
    columns += added
    return None


def _problem(samples: pl.DataFrame, covariate: SampleColumn) -> str | None:
    """Return why a column of the sample table cannot be a covariate, None if it can."""
    name = covariate.name
    if name not in samples.columns or covariate.reading not in ("", FACTOR) or covariate.reference is not None:
        return _unknown(samples, covariate)
    column = samples.get_column(name)
    if name == "sample_id":
        return "'sample_id' names the samples and cannot be a covariate."
    missing = column.is_null()
    if column.dtype.is_float():
        missing |= ~column.is_finite().fill_null(value=True)
    n_missing = int(missing.sum())
    if n_missing:
        without_value = samples.filter(missing).get_column("sample_id")
        return (
            f"'{name}' is missing in {n_missing} of {samples.height} samples: {examples(without_value)}. "
            "Fill it in, remove these samples, or leave the covariate out."
        )
    if column.n_unique() < 2 or (column.dtype.is_float() and _is_flat(column.to_numpy())):
        return f"'{name}' has the same value in every sample. Leave it out."
    if _has_levels(column, covariate) and column.n_unique() == samples.height:
        return f"'{name}' has another value in every sample, so nothing would be left. Leave it out."
    return None


def _unknown(samples: pl.DataFrame, covariate: SampleColumn) -> str:
    """Return what is wrong with a covariate that is no column, or that asks for a reading that covariates lack."""
    if covariate.name in samples.columns:
        return f"'{covariate.name}' is a covariate and cannot be read like that. Write {' or '.join(FORMS)}."
    advice = advice_on_name(covariate.name, samples.columns, FORMS) or f"Columns: {', '.join(samples.columns)}."
    return f"no sample column '{covariate.name}'. {advice}"


def _has_levels(column: pl.Series, covariate: SampleColumn) -> bool:
    is_number = column.dtype.is_numeric() or column.dtype.is_temporal()
    return covariate.reading == FACTOR or not is_number


def _is_flat(values: Vector) -> bool:
    """Whether finite values differ by rounding only."""
    return float(np.ptp(values)) <= CONSTANT_TOLERANCE * float(np.abs(values).max())


def _design_columns(column: pl.Series, *, has_levels: bool) -> list[tuple[str, Vector]]:
    """Return the design columns of one covariate, each centred."""
    if not has_levels:
        values = column.to_physical().cast(pl.Float64).to_numpy()
        return [(column.name, values - values.mean())]
    text = column.cast(pl.String)
    is_number = column.dtype.is_numeric()
    levels = column.unique().sort().cast(pl.String).to_list() if is_number else sorted(text.unique().to_list())
    columns = []
    for level in levels[1:]:
        indicator = (text == level).cast(pl.Float64).to_numpy()
        columns.append((f"{column.name}={level}", indicator - indicator.mean()))
    return columns


def _residual(values: Vector, basis: Matrix) -> Vector:
    # Twice, as one projection leaves the rounding of a column that is much larger than its residual.
    for _ in range(2):
        values = values - basis.T @ (basis @ values)
    return values


def _collinear(name: str, values: Vector, earlier: list[tuple[str, Vector]]) -> str:
    """Return the sentence that names the columns ``name`` is a combination of."""
    weights, *_ = np.linalg.lstsq(np.array([column for _, column in earlier]).T, values, rcond=None)
    involved = [column for (column, _), weight in zip(earlier, weights, strict=True) if abs(weight) > RANK_TOLERANCE]
    return f"'{name}' is a linear combination of {examples(involved)}. Leave one of them out."

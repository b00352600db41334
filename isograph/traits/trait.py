"""Traits: sample columns read as numbers, as splines of numbers, or as factors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.config.sample_column import FACTOR, SPLINE, SampleColumn, advice_on_name, column_names, sample_column
from isograph.errors import InputError, examples
from isograph.traits.spline import SPLINE_DOF, natural_spline

MAX_LEVELS = 50
LEVELS_NAMED = 5
FORMS = ("COLUMN", "COLUMN:ref=LEVEL", f"COLUMN:{FACTOR}", f"COLUMN:{SPLINE}")


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait: a number, or a factor with its reference level first.

    Attributes
    ----------
    values : (n_samples,) numbers, or level numbers; NaN where missing.
    levels : level names, the reference first; empty for a number.
    is_spline : whether a number is tested by a natural cubic spline instead of a straight line.
    aliases : other columns that say the same of the samples, and are not tested again.
    """

    name: str
    values: Vector
    levels: tuple[str, ...]
    is_spline: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def reading(self) -> str:
        """How the column was read, in words."""
        observed = int(np.isfinite(self.values).sum())
        if not self.levels:
            shape = f", natural cubic spline of {SPLINE_DOF} degrees of freedom" if self.is_spline else ""
            return f"number ({observed} values){shape}"
        sizes = [int((self.values == level).sum()) for level in range(len(self.levels))]
        counted = ", ".join(f"{level} {size}" for level, size in zip(self.levels, sizes, strict=True))
        return f"{len(self.levels)} levels ({counted}), reference {self.levels[0]}"

    def columns(self, used: Index) -> Matrix:
        """Return what a linear model has for the trait: (columns, samples used).

        The number; the three columns of its spline; the indicator of the level that is not the reference; or the
        indicators of all levels, one more than are needed.
        """
        values = self.values[used]
        if self.is_spline:
            return natural_spline(values)
        if not self.levels:
            return values[None, :]
        present = np.unique(values)
        return np.array([values == level for level in present[1 if len(present) == 2 else 0 :]], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of a run, and the columns that cannot be one, each with the reason."""

    traits: tuple[Trait, ...]
    skipped: Mapping[str, str]


def read_traits(
    samples: pl.DataFrame, requested: Sequence[str], covariates: Sequence[str], individual: str | None = None
) -> Traits:
    """Return the traits among the sample columns: those requested, or by default every column that can be one.

    ``requested`` entries are ``column``, ``column:ref=LEVEL``, ``column:factor`` or ``column:spline``. Numbers and
    dates are numbers, unless read as a factor; booleans and text are factors, their levels in alphabetical order and
    the first the reference, unless one is given. By default the sample id, the covariates, the column that names the
    individuals, constant columns and text that labels single samples are skipped.

    Raises
    ------
    InputError
        A requested trait is not a column, has no values, one value only, too many levels, no such reference level, or
        too few values for a spline.
    """
    if not requested:
        passed_over = {"sample_id", individual, *column_names(covariates)}
        columns = [SampleColumn(name) for name in samples.columns if name not in passed_over]
        reasons = {column.name: _reason_not_a_trait(samples.get_column(column.name), column) for column in columns}
        usable = [column for column in columns if reasons[column.name] is None]
        skipped = {name: reason for name, reason in reasons.items() if reason is not None}
        return Traits(tuple(_trait(samples.get_column(column.name), column) for column in usable), skipped)
    traits, problems = [], []
    for column in map(sample_column, requested):
        if problem := _problem(samples, column):
            problems.append(problem)
        else:
            traits.append(_trait(samples.get_column(column.name), column))
    counts = Counter(trait.name for trait in traits)
    if repeated := [name for name, count in counts.items() if count > 1]:
        problems.append(f"traits named more than once: {examples(repeated)}. Name each once.")
    if problems:
        raise InputError("traits", problems)
    return Traits(tuple(traits), {})


def _problem(samples: pl.DataFrame, requested: SampleColumn) -> str | None:
    """Return what is wrong with a requested trait, None if nothing is."""
    name = requested.name
    if name not in samples.columns or name == "sample_id":
        columns = [column for column in samples.columns if column != "sample_id"]
        listed = f"Columns: {', '.join(columns) or 'none beside sample_id'}."
        return f"no trait column '{name}'. {advice_on_name(name, columns, FORMS) or listed}"
    column = samples.get_column(name)
    if reason := _reason_not_a_trait(column, requested):
        return f"'{name}' cannot be a trait: {reason}. Name another."
    trait = _trait(column, SampleColumn(name, requested.reading))
    if requested.reading == SPLINE:
        n_values = len(np.unique(trait.values[np.isfinite(trait.values)]))
        if trait.levels:
            return f"'{name}' is no number, so there is no spline of it. Name the column alone."
        if n_values <= SPLINE_DOF:
            few = f"'{name}' has {n_values} different values, and its spline needs {SPLINE_DOF + 1} or more"
            return f"{few}. Name the column alone, or read its values as levels: '{name}:{FACTOR}'."
    if requested.reference is not None and requested.reference not in trait.levels:
        has = f"its levels are {examples(trait.levels)}" if trait.levels else "it is a number and has no levels"
        return f"'{name}' has no level '{requested.reference}': {has}."
    return None


def _reason_not_a_trait(column: pl.Series, requested: SampleColumn) -> str | None:
    """Return why a column cannot be a trait, None if it can."""
    present = column.drop_nulls()
    if present.dtype.is_float():
        present = present.filter(present.is_finite())
    n_values = present.n_unique() if len(present) else 0
    if n_values == 0:
        return "every value is missing"
    if n_values == 1:
        return "it has one value only"
    if _is_number(column) and requested.reading != FACTOR:
        return None
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return f"its type is {column.dtype}"
    if n_values == len(present):
        return "every sample has its own value"
    return f"it has {n_values} levels, more than {MAX_LEVELS}" if n_values > MAX_LEVELS else None


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype.is_temporal()


def _trait(column: pl.Series, requested: SampleColumn) -> Trait:
    if _is_number(column) and requested.reading != FACTOR:
        physical = column.to_physical() if column.dtype.is_temporal() else column
        values = physical.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        values[~np.isfinite(values)] = np.nan
        return Trait(column.name, values, (), is_spline=requested.reading == SPLINE)
    if column.dtype.is_float():
        column = column.set(~column.is_finite().fill_null(value=False), None)
    text = column.cast(pl.String)
    levels = text.drop_nulls().unique().to_list()
    levels.sort(key=float if column.dtype.is_numeric() else None)
    if requested.reference is not None:
        levels.remove(requested.reference)
        levels.insert(0, requested.reference)
    number = {level: float(index) for index, level in enumerate(levels)}
    return Trait(column.name, np.array([number.get(value, np.nan) for value in text.to_list()]), tuple(levels))


def level_rows(trait: Trait) -> list[Index]:
    """Return the sample numbers of each level of a factor."""
    return [np.flatnonzero(trait.values == level) for level in range(len(trait.levels))]


def levels_with_sizes(trait: Trait, sizes: Sequence[int], used: Sequence[int]) -> str:
    """Return the levels that are not used with their sizes, for a message; empty where all are."""
    small = [f"{name} ({sizes[number]})" for number, name in enumerate(trait.levels) if number not in used]
    return ", ".join(small[:LEVELS_NAMED]) + (", …" if len(small) > LEVELS_NAMED else "")

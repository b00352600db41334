"""Traits: sample columns read as numbers or as factors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Vector
from isograph.errors import InputError, examples

MAX_LEVELS = 50


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait: a number, or a factor with its reference level first.

    Attributes
    ----------
    values : (n_samples,) numbers, or level numbers; NaN where missing.
    levels : level names, the reference first; empty for a number.
    """

    name: str
    values: Vector
    levels: tuple[str, ...]

    @property
    def reading(self) -> str:
        """How the column was read, in words."""
        observed = int(np.isfinite(self.values).sum())
        if not self.levels:
            return f"number ({observed} values)"
        sizes = [int((self.values == level).sum()) for level in range(len(self.levels))]
        counted = ", ".join(f"{level} {size}" for level, size in zip(self.levels, sizes, strict=True))
        return f"{len(self.levels)} levels ({counted}), reference {self.levels[0]}"


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of a run, and the columns that cannot be one, each with the reason."""

    traits: tuple[Trait, ...]
    skipped: Mapping[str, str]


def read_traits(samples: pl.DataFrame, requested: Sequence[str], covariates: Sequence[str]) -> Traits:
    """Return the traits among the sample columns: those requested, or by default every column that can be one.

    ``requested`` entries are ``column`` or ``column:ref=LEVEL``. Numbers and dates are numbers; booleans and text are
    factors, their levels in alphabetical order and the first the reference, unless one is given. By default the sample
    id, the covariates, constant columns and text that labels single samples are skipped.

    Raises
    ------
    InputError
        A requested trait is not a column, has no values, one value only, too many levels, or no such reference level.
    """
    if not requested:
        names = [name for name in samples.columns if name != "sample_id" and name not in covariates]
        skipped = {name: reason for name in names if (reason := _reason_not_a_trait(samples.get_column(name)))}
        return Traits(tuple(_trait(samples.get_column(name), None) for name in names if name not in skipped), skipped)
    traits, problems = [], []
    for entry in requested:
        column, separator, level = entry.rpartition(":ref=")
        name, reference = (column, level) if separator else (entry, None)
        if problem := _problem(samples, name, reference):
            problems.append(problem)
        else:
            traits.append(_trait(samples.get_column(name), reference))
    counts = Counter(trait.name for trait in traits)
    if repeated := [name for name, count in counts.items() if count > 1]:
        problems.append(f"traits named more than once: {examples(repeated)}. Name each once.")
    if problems:
        raise InputError("traits", problems)
    return Traits(tuple(traits), {})


def _problem(samples: pl.DataFrame, name: str, reference: str | None) -> str | None:
    """Return what is wrong with a requested trait, None if nothing is."""
    if name not in samples.columns or name == "sample_id":
        columns = [column for column in samples.columns if column != "sample_id"]
        return f"no trait column '{name}'. Columns: {', '.join(columns) or 'none beside sample_id'}."
    column = samples.get_column(name)
    if reason := _reason_not_a_trait(column):
        return f"'{name}' cannot be a trait: {reason}. Name another."
    levels = _trait(column, None).levels
    if reference is not None and reference not in levels:
        has = f"its levels are {examples(levels)}" if levels else "it is a number and has no levels"
        return f"'{name}' has no level '{reference}': {has}."
    return None


def _reason_not_a_trait(column: pl.Series) -> str | None:
    """Return why a column cannot be a trait, None if it can."""
    present = column.drop_nulls()
    if present.dtype.is_float():
        present = present.filter(present.is_finite())
    n_values = present.n_unique() if len(present) else 0
    if n_values == 0:
        return "every value is missing"
    if n_values == 1:
        return "it has one value only"
    if _is_number(column):
        return None
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return f"its type is {column.dtype}"
    if n_values == len(present):
        return "every sample has its own value"
    return f"it has {n_values} levels, more than {MAX_LEVELS}" if n_values > MAX_LEVELS else None


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric() or column.dtype.is_temporal()


def _trait(column: pl.Series, reference: str | None) -> Trait:
    if _is_number(column):
        physical = column.to_physical() if column.dtype.is_temporal() else column
        values = physical.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
        values[~np.isfinite(values)] = np.nan
        return Trait(column.name, values, ())
    text = column.cast(pl.String)
    levels = sorted(text.drop_nulls().unique().to_list())
    if reference is not None:
        levels.remove(reference)
        levels.insert(0, reference)
    number = {level: float(index) for index, level in enumerate(levels)}
    return Trait(column.name, np.array([number.get(value, np.nan) for value in text.to_list()]), tuple(levels))


def level_rows(trait: Trait) -> list[Index]:
    """Return the sample numbers of each level of a factor."""
    return [np.flatnonzero(trait.values == level) for level in range(len(trait.levels))]

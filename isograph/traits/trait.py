"""How each sample column is read as a trait."""

from __future__ import annotations

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
    """The traits of a run, and the columns that are none, each with the reason."""

    traits: tuple[Trait, ...]
    skipped: Mapping[str, str]


def read_traits(samples: pl.DataFrame, requested: Sequence[str], covariates: Sequence[str]) -> Traits:
    """Return the traits among the sample columns: those requested, or by default every column that can be one.

    ``requested`` entries are ``column`` or ``column:ref=LEVEL``. Numbers and dates are numbers; booleans and text are
    factors, their levels in alphabetical order and the first the reference, unless one is given. By default the sample
    id, the covariates, constant columns and text that labels single samples are passed over.

    Raises
    ------
    InputError
        A requested trait is not a column, has no values, one value only, too many levels, or no such reference level.
    """
    if not requested:
        names = [name for name in samples.columns if name != "sample_id" and name not in covariates]
        faults = {name: fault for name in names if (fault := _fault(samples.get_column(name)))}
        return Traits(tuple(_trait(samples.get_column(n), None) for n in names if n not in faults), faults)
    traits, problems = [], []
    for entry in requested:
        name, reference = _parsed(entry)
        problem = _requested_fault(samples, name, reference)
        if problem:
            problems.append(problem)
        else:
            traits.append(_trait(samples.get_column(name), reference))
    repeated = [name for name in dict.fromkeys(t.name for t in traits) if sum(t.name == name for t in traits) > 1]
    if repeated:
        problems.append(f"traits named more than once: {examples(repeated)}. Name each once.")
    if problems:
        raise InputError("traits", problems)
    return Traits(tuple(traits), {})


def _parsed(entry: str) -> tuple[str, str | None]:
    name, separator, reference = entry.rpartition(":ref=")
    return (name, reference) if separator else (entry, None)


def _requested_fault(samples: pl.DataFrame, name: str, reference: str | None) -> str | None:
    if name not in samples.columns or name == "sample_id":
        others = [column for column in samples.columns if column != "sample_id"]
        return f"no trait column '{name}'. Columns: {', '.join(others) or 'none beside sample_id'}."
    fault = _fault(samples.get_column(name))
    if fault:
        return f"'{name}' cannot be a trait: {fault}. Name another."
    if reference is not None and reference not in _trait(samples.get_column(name), None).levels:
        levels = _trait(samples.get_column(name), None).levels
        known = f"its levels are {examples(levels)}" if levels else "it is a number and has no levels"
        return f"'{name}' has no level '{reference}': {known}."
    return None


def _fault(column: pl.Series) -> str | None:
    """Return why a column cannot be a trait, None if it can."""
    present = _present(column)
    n_values = present.n_unique() if len(present) else 0
    if n_values == 0:
        return "every value is missing"
    if n_values == 1:
        return "it has one value only"
    if _is_number(column):
        return None
    faults = {
        f"its type is {column.dtype}": column.dtype.is_nested() or column.dtype == pl.Binary,
        "every sample has its own value": n_values == len(present),
        f"it has {n_values} levels, more than {MAX_LEVELS}": n_values > MAX_LEVELS,
    }
    return next((fault for fault, holds in faults.items() if holds), None)


def _present(column: pl.Series) -> pl.Series:
    kept = column.drop_nulls()
    return kept.filter(kept.is_finite()) if kept.dtype.is_float() else kept


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

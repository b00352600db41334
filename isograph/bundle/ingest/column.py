"""What type a column of a sample sheet has, decided from all its values and told to the user."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from isograph.errors import examples

_INTEGER = r"^[+-]?(0|[1-9]\d{0,17})$"
_FLOAT = r"^[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_TRUE = ("true", "TRUE", "True")
_FALSE = ("false", "FALSE", "False")
_NEARLY_NUMERIC = 0.8


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """One column as it was read.

    Attributes
    ----------
    values : typed, missing as null.
    kind : ``number``, ``integer``, ``boolean``, ``date`` or ``text``.
    n_missing, n_levels : missing values, and distinct values among the others.
    violations, warnings : sentences.
    """

    values: pl.Series
    kind: str
    n_missing: int
    n_levels: int
    violations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return self.values.name

    def to_dict(self) -> dict[str, str | int]:
        """Return the reading without its values."""
        return {"name": self.name, "kind": self.kind, "n_missing": self.n_missing, "n_levels": self.n_levels}


def typed_column(cells: pl.Series, *, stated: bool = False) -> ColumnReading:
    """Return ``cells`` with the narrowest type that keeps every value: integer, number, boolean, date, or else text.

    Text is looked into unless its type is ``stated``. Codes with leading zeros (``001``) are text; dates are those
    written 2026-01-31. A column of numbers with a few words in it is text too, with a warning.
    """
    if cells.dtype != pl.String:
        return _typed_already(cells)
    present = cells.drop_nulls()
    if not present.len():
        return _reading(cells, "text", warnings=(f"column '{cells.name}' has no values at all",))
    return _reading(cells, "text") if stated else _typed_text(cells, present)


def _typed_text(cells: pl.Series, present: pl.Series) -> ColumnReading:
    if present.str.contains(_INTEGER).all():
        return _reading(cells.cast(pl.Int64), "integer")
    if present.is_in(_TRUE + _FALSE).all():
        return _reading(cells.is_in(_TRUE, nulls_equal=False), "boolean")
    if (dates := _dates(cells, present)) is not None:
        return _reading(dates, "date")
    numeric = present.str.contains(_FLOAT)
    infinite = present.filter(present.str.contains(_INFINITE))
    if (numeric | present.str.contains(_INFINITE)).all():
        return _reading(cells.cast(pl.Float64), "number", violations=_infinite(cells.name, infinite))
    words = present.filter(~numeric)
    warnings: tuple[str, ...] = ()
    if words.len() <= (1 - _NEARLY_NUMERIC) * present.len():
        warnings = (
            (
                f"column '{cells.name}' was read as text: {words.len()} of {present.len()} values are not numbers "
                f"({examples(words.unique(maintain_order=True))}). Write NA where a value is missing."
            ),
        )
    return _reading(cells, "text", warnings=warnings)


def _dates(cells: pl.Series, present: pl.Series) -> pl.Series | None:
    """Return the column as dates, None where a value is not one."""
    if not present.str.contains(_DATE).all():
        return None
    dates = cells.str.to_date("%Y-%m-%d", strict=False)
    return dates if dates.null_count() == cells.null_count() else None


def _typed_already(cells: pl.Series) -> ColumnReading:
    if cells.dtype == pl.Boolean:
        return _reading(cells, "boolean")
    if cells.dtype.is_integer():
        return _reading(cells.cast(pl.Int64), "integer")
    numbers = cells.cast(pl.Float64).fill_nan(None)
    infinite = numbers.filter(numbers.is_infinite().fill_null(value=False))
    return _reading(numbers, "number", violations=_infinite(cells.name, infinite))


def _infinite(name: str, infinite: pl.Series) -> tuple[str, ...]:
    if not infinite.len():
        return ()
    shown = examples(infinite.unique(maintain_order=True))
    return (f"column '{name}' has infinite values: {infinite.len()} ({shown}). Write NA instead.",)


def _reading(
    values: pl.Series, kind: str, *, violations: tuple[str, ...] = (), warnings: tuple[str, ...] = ()
) -> ColumnReading:
    return ColumnReading(
        values=values,
        kind=kind,
        n_missing=values.null_count(),
        n_levels=values.drop_nulls().n_unique(),
        violations=violations,
        warnings=warnings,
    )

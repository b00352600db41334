"""Sample sheets: the column of sample ids, and the type of every other column, decided from all its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isograph.bundle.findings import repeated_values
from isograph.errors import InputError, examples, option
from isograph.ingest.table import UserTable, read_user_table

SAMPLE_COLUMNS = ("sample_id", "sample", "run", "sampid", "names", "sampleid")
_LANE_COLUMNS = ("fastq_1", "fastq_2", "strandedness")
_FEW_LEVELS = 10
_NEARLY_NUMERIC = 0.8
_INTEGER = r"^[+-]?(0|[1-9]\d{0,17})$"
_FLOAT = r"^[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_TRUE = ("true", "TRUE", "True")
_FALSE = ("false", "FALSE", "False")


@dataclass(frozen=True, slots=True)
class ColumnReading:
    """One column as it was read.

    Attributes
    ----------
    values : typed, missing as null.
    kind : ``number``, ``integer``, ``boolean``, ``date`` or ``text``.
    violations, warnings : sentences.
    """

    values: pl.Series
    kind: str
    violations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return self.values.name

    @property
    def n_levels(self) -> int:
        """How many different values it has, missing ones aside."""
        return self.values.drop_nulls().n_unique()

    def to_dict(self) -> dict[str, str | int]:
        """Return the reading without its values."""
        n_missing = self.values.null_count()
        return {"name": self.name, "kind": self.kind, "n_missing": n_missing, "n_levels": self.n_levels}


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """The rows of a sample sheet.

    Attributes
    ----------
    rows : ``sample_id`` first, typed columns after it; one row a sample, in file order.
    readings : how every column but ``sample_id`` was read.
    id_column : what the id column is called in the file.
    violations, notes : sentences.
    """

    name: str
    rows: pl.DataFrame
    readings: tuple[ColumnReading, ...]
    id_column: str
    violations: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sample_ids(self) -> list[str]:
        """The ids, in file order."""
        return self.rows.get_column("sample_id").to_list()


def read_samplesheet(
    source: Path | UserTable, sample_names: Sequence[str], *, column: str | None = None
) -> SampleSheet:
    """Return a sheet with the id column whose values are the quantified ``sample_names``.

    Numbers become numbers, booleans booleans, everything else text; codes with leading zeros stay text. The sheet of
    nf-core/rnaseq, a row a lane, is reduced to a row a sample.

    Raises
    ------
    InputError
        The file is damaged, or no column can hold the ids.
    UsageError
        ``column`` is not one of its columns.
    """
    sheet = read_user_table(source)
    if repeated := sorted({name for name in sheet.header if sheet.header.count(name) > 1}):
        raise InputError(sheet.name, f"repeated column names: {len(repeated)} ({examples(repeated)})")
    id_position = _id_position(sheet, sample_names, column)
    labels, notes = _labels(sheet.header, id_position)
    per_lane = "fastq_1" in sheet.header
    if per_lane:
        lanes = [position for position in labels if sheet.header[position] in _LANE_COLUMNS]
        names = ", ".join(sheet.header[position] for position in lanes)
        notes.append(f"columns {names} were left out: they describe files")
        labels = {position: label for position, label in labels.items() if position not in lanes}
    ids = sheet.column(id_position).alias("sample_id")
    cells = {label: _cells(sheet, position) for position, label in labels.items()}
    rows = pl.DataFrame({"sample_id": ids} | cells)
    if per_lane:
        rows = rows.unique(maintain_order=True)
    ids = rows.get_column("sample_id")
    violations = [f"rows without a sample id: {ids.null_count()}"] if ids.null_count() else []
    if (several := repeated_values(ids)).len():
        what = "several rows that disagree" if per_lane else "several rows"
        violations.append(f"samples with {what}: {several.len()} ({examples(several)}). Keep one row a sample.")
    rows = rows.filter(ids.is_not_null()).unique("sample_id", keep="first", maintain_order=True)
    # NOTE: a parquet file or a frame says itself what is text: there, codes like "1" and "2" stay text.
    typed = [typed_column(rows.get_column(label), stated=sheet.frame is not None) for label in cells]
    coded = [reading.name for reading in typed if reading.kind == "integer" and 2 < reading.n_levels <= _FEW_LEVELS]
    if coded:
        named = ", ".join(coded)
        notes.append(f"whole numbers with few values, read as quantities: {named}. Write groups as words (lab1, lab2).")
    return SampleSheet(
        name=sheet.name,
        rows=pl.DataFrame([rows.get_column("sample_id"), *(reading.values for reading in typed)]),
        readings=tuple(typed),
        id_column=sheet.header[id_position],
        violations=(*violations, *(sentence for reading in typed for sentence in reading.violations)),
        notes=tuple(notes),
    )


def _id_position(sheet: UserTable, sample_names: Sequence[str], column: str | None) -> int:
    if column is not None:
        sheet.require_columns(column)
        return sheet.header.index(column)
    wanted = set(sample_names)
    n_found = [len(set(sheet.column(position)) & wanted) for position in range(len(sheet.header))]
    named = [position for position, name in enumerate(sheet.header) if name.casefold() in SAMPLE_COLUMNS]
    named.sort(key=lambda position: (-n_found[position], SAMPLE_COLUMNS.index(sheet.header[position].casefold())))
    if named and (n_found[named[0]] or not any(n_found)):
        return named[0]
    best = max(range(len(sheet.header)), key=lambda position: n_found[position])
    advice = f"found {examples(sheet.header, 8)}. Pass {option('sample_column', 'NAME')}."
    if n_found[best]:
        advice = (
            f"column '{sheet.header[best]}' holds {n_found[best]} of the {len(wanted)} quantified samples: "
            f"pass {option('sample_column', sheet.header[best])}."
        )
    what = f"column '{sheet.header[named[0]]}' holds none of the quantified samples" if named else "no sample id column"
    raise InputError(sheet.name, f"{what}; {advice}")


def _labels(header: Sequence[str], id_position: int) -> tuple[dict[int, str], list[str]]:
    """Return the names to use for the other columns, by position, and notes about those that had to change.

    None is equal to another or to ``sample_id`` but for case: SQL ignores case.
    """
    notes = []
    if header[id_position] != "sample_id":
        notes.append(f"column '{header[id_position]}' names the samples and became 'sample_id'")
    labels: dict[int, str] = {}
    taken = {"sample_id"}
    for position, name in enumerate(header):
        if position == id_position:
            continue
        label = wanted = name or f"column_{position + 1}"
        number = 1
        while label.casefold() in taken:
            label = f"{wanted}_in_sheet" if number == 1 else f"{wanted}_in_sheet_{number}"
            number += 1
        taken.add(label.casefold())
        labels[position] = label
        if label != name:
            notes.append(f"column '{name}' became '{label}'")
    return labels, notes


def _cells(sheet: UserTable, position: int) -> pl.Series:
    if sheet.frame is not None:
        cells = sheet.frame.to_series(position)
        if cells.dtype.is_numeric() or cells.dtype == pl.Boolean:
            return cells
    return sheet.column(position)


def typed_column(cells: pl.Series, *, stated: bool = False) -> ColumnReading:
    """Return ``cells`` with the narrowest type that keeps every value: integer, number, boolean, date, or else text.

    Text is looked into unless its type is ``stated``. Codes with leading zeros (``001``) are text; dates are those
    written 2026-01-31. A column of numbers with a few words in it is text too, with a warning.
    """
    if cells.dtype == pl.Boolean:
        return ColumnReading(cells, "boolean")
    if cells.dtype.is_integer():
        return ColumnReading(cells.cast(pl.Int64), "integer")
    if cells.dtype != pl.String:
        numbers = cells.cast(pl.Float64).fill_nan(None)
        infinite = numbers.filter(numbers.is_infinite().fill_null(value=False))
        return ColumnReading(numbers, "number", violations=_infinite(cells.name, infinite))
    present = cells.drop_nulls()
    if not present.len():
        return ColumnReading(cells, "text", warnings=(f"column '{cells.name}' has no values at all",))
    return ColumnReading(cells, "text") if stated else _typed_text(cells, present)


def _typed_text(cells: pl.Series, present: pl.Series) -> ColumnReading:
    if present.str.contains(_INTEGER).all():
        return ColumnReading(cells.cast(pl.Int64), "integer")
    if present.is_in(_TRUE + _FALSE).all():
        return ColumnReading(cells.is_in(_TRUE, nulls_equal=False), "boolean")
    if present.str.contains(_DATE).all():
        dates = cells.str.to_date("%Y-%m-%d", strict=False)
        if dates.null_count() == cells.null_count():
            return ColumnReading(dates, "date")
    numeric = present.str.contains(_FLOAT)
    infinite = present.filter(present.str.contains(_INFINITE))
    if (numeric | present.str.contains(_INFINITE)).all():
        return ColumnReading(cells.cast(pl.Float64), "number", violations=_infinite(cells.name, infinite))
    words = present.filter(~numeric)
    if words.len() > (1 - _NEARLY_NUMERIC) * present.len():
        return ColumnReading(cells, "text")
    warning = (
        f"column '{cells.name}' was read as text: {words.len()} of {present.len()} values are not numbers "
        f"({examples(words.unique(maintain_order=True))}). Write NA where a value is missing."
    )
    return ColumnReading(cells, "text", warnings=(warning,))


def _infinite(name: str, infinite: pl.Series) -> tuple[str, ...]:
    if not infinite.len():
        return ()
    shown = examples(infinite.unique(maintain_order=True))
    return (f"column '{name}' has infinite values: {infinite.len()} ({shown}). Write NA instead.",)

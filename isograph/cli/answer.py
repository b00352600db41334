"""Rows as a table on a terminal, CSV, JSON or parquet."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isograph.cli.console import tell
from isograph.errors import UsageError, shown

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("table", "csv", "json", "parquet")
ROWS_SHOWN = 200
NUMBER_DIGITS = 6


def format_of(chosen: str | None, output: Path | None) -> str:
    """Return the format that was asked for, by name or by how the output file ends.

    Raises
    ------
    UsageError
        Parquet would go to a terminal.
    """
    ending = output.suffix.removeprefix(".") if output is not None else ""
    found = chosen or (ending if ending in FORMATS else "table")
    if found == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("parquet is not for a terminal. Name a file with --output.")
    return found


def write_answer(rows: pl.DataFrame, chosen: str, output: Path | None) -> None:
    """Write rows to standard output, or to a file that appears whole.

    In CSV a null is empty and a NaN is ``NaN``; JSON has null for both.
    """
    if chosen == "table":
        data = (as_table(rows if output is not None else rows.head(ROWS_SHOWN)) + "\n").encode()
    else:
        writers: dict[str, Callable[[pl.DataFrame], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
        data = writers[chosen](rows)
    if output is None:
        click.echo(data, nl=False)
        if chosen == "table" and rows.height > ROWS_SHOWN:
            tell(f"{rows.height - ROWS_SHOWN:,} of {rows.height:,} rows are not shown; --format csv gives them all.")
        return
    from isograph.store.output import write_output_file

    write_output_file(output, data, overwrite=True)
    click.echo(output)


def as_table(rows: pl.DataFrame) -> str:
    """Return rows as aligned lines, numbers to the right; what cannot be printed is escaped."""
    columns = []
    for name, kind in rows.schema.items():
        cells = [shown(name), *map(_cell, rows.get_column(name).to_list())]
        width = max(map(len, cells))
        columns.append([cell.rjust(width) if kind.is_numeric() else cell.ljust(width) for cell in cells])
    lines = ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]
    rule = "  ".join("-" * len(column[0]) for column in columns)
    count = f"({rows.height:,} row{'' if rows.height == 1 else 's'})"
    return "\n".join([*lines[:1], rule, *lines[1:], count])


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{NUMBER_DIGITS}g}" if isinstance(value, float) else shown(value)


def _csv(rows: pl.DataFrame) -> bytes:
    import polars as pl

    nested = [name for name, kind in rows.schema.items() if kind.is_nested()]
    texts = [
        pl.Series(name, [_json_text(value) for value in rows.get_column(name).to_list()], pl.String) for name in nested
    ]
    return rows.with_columns(texts).write_csv().encode()


def _json(rows: pl.DataFrame) -> bytes:
    import orjson

    return orjson.dumps(rows.to_dicts(), default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _json_text(value: Any) -> str | None:  # noqa: ANN401
    import orjson

    return None if value is None else orjson.dumps(value, default=str).decode()


def _parquet(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()

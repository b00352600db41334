"""A DuckDB connection that answers the same bits every time and neither installs nor loads an extension."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from isograph.database import literal
from isograph.database.statement import Statement
from isograph.text import glob_literal

# NOTE: types that Polars has no counterpart of, or none that it reads.
_AS_TEXT = ("INTERVAL", "UUID", "BIT", "TIME WITH TIME ZONE", "BIGNUM")
_BATCH_ROWS = 100_000


class TooManyRowsError(Exception):
    """A relation has more rows than were asked for."""


def connection() -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection on one thread, without extensions and without sight of Python variables."""
    return duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
        },
    )


def file_views(files: Mapping[str, Path]) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view of each name over its parquet file; its relations can be joined."""
    database = connection()
    for view, path in files.items():
        database.read_parquet(literal_path(path), hive_partitioning=False).create_view(view, replace=False)
    return database


def frame_tables(frames: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Return a connection with a table of each name that holds the rows of its frame; its relations can be joined."""
    database = connection()
    for name, frame in frames.items():
        database.from_arrow(frame.to_arrow()).create(name)
    return database


def literal_path(path: Path) -> str:
    """Return ``path`` as DuckDB's file readers take it literally: glob characters lose their meaning."""
    return glob_literal(str(path.absolute()))


def create_view(database: duckdb.DuckDBPyConnection, view: Statement) -> None:
    """Create the view named as the statement's file, which only this connection sees."""
    database.execute(f"CREATE TEMPORARY VIEW {view.name} AS {view.body}")


def column(name: str) -> duckdb.Expression:
    """Return the column of that name, whatever characters it has."""
    return duckdb.ColumnExpression(name)


def statement_rows(
    database: duckdb.DuckDBPyConnection, query: Statement, params: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """Return the rows of a statement.

    Raises
    ------
    ValueError
        The parameters are not the ones that the statement declares.
    """
    values = dict(params or {})
    if set(values) != set(query.params):
        raise ValueError(f"{query.topic}/{query.name} takes {sorted(query.params)}, got {sorted(values)}")
    return relation_frame(database.sql(query.sql, params=values) if values else database.sql(query.sql))


def relation_frame(relation: duckdb.DuckDBPyRelation, max_rows: int | None = None) -> pl.DataFrame:
    """Return the rows of a relation. Whole numbers beyond 64 bits stay decimals; intervals and the like become text.

    Raises
    ------
    TooManyRowsError
        There are more than ``max_rows``.
    """
    # Columns of one name, which a frame cannot have, get a number: r, r_2.
    seen: Counter[str] = Counter()
    names = []
    for name in relation.columns:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    if any(str(kind) in _AS_TEXT for kind in relation.types):
        relation = _readable(relation)
    # NOTE: handing the relation itself to Polars makes DuckDB 2.0 write reference-leak reports to stderr at exit.
    reader = relation.to_arrow_reader(_BATCH_ROWS)
    batches, n_rows = [], 0
    for batch in reader:
        batches.append(batch)
        n_rows += batch.num_rows
        if max_rows is not None and n_rows > max_rows:
            raise TooManyRowsError
    frame = pl.from_arrow(pa.Table.from_batches(batches, reader.schema).rename_columns(names))
    assert isinstance(frame, pl.DataFrame)
    for values in frame.iter_columns():
        if isinstance(values.dtype, pl.Decimal) and values.dtype.scale == 0:
            narrow = values.cast(pl.Int64, strict=False)
            if narrow.null_count() == values.null_count():
                frame = frame.with_columns(narrow)
    return frame


def _readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the relation with text in the place of the types Polars cannot read, its columns named by number."""
    # NOTE: by number, because two columns may have one name.
    numbers = [literal.name(f"c{number}") for number in range(len(relation.columns))]
    as_text = [str(kind) in _AS_TEXT for kind in relation.types]
    columns = [f"CAST({name} AS VARCHAR)" if text else name for name, text in zip(numbers, as_text, strict=True)]
    query = f"SELECT {', '.join(columns)} FROM answer AS numbered({', '.join(numbers)})"  # noqa: S608 - numbered names
    readable = relation.query("answer", query)
    assert readable is not None
    return readable

"""A DuckDB connection that answers the same bits every time and neither installs nor loads an extension."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.catalog.statement import Statement


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


def create_view(database: duckdb.DuckDBPyConnection, view: Statement) -> None:
    """Create the view named as the statement's file."""
    database.sql(view.sql).create_view(view.name, replace=False)


def answer(
    database: duckdb.DuckDBPyConnection, query: Statement, params: Mapping[str, object] | None = None
) -> pl.DataFrame:
    """Return the rows of ``query``.

    Raises
    ------
    ValueError
        The parameters given are not the ones the statement declares.
    """
    given = dict(params or {})
    if set(given) != set(query.params):
        raise ValueError(f"{query.topic}/{query.name} takes {sorted(query.params)}, got {sorted(given)}")
    relation = database.sql(query.sql, params=given) if given else database.sql(query.sql)
    # NOTE: handing the relation itself to Polars makes DuckDB 2.0 write reference-leak reports to stderr at exit, and
    # its own conversion imports pyarrow, a third of a second.
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    return pl.DataFrame([_series(name, values, types[name]) for name, values in relation.fetchnumpy().items()])


def _series(name: str, values: NDArray[Any], type_name: str) -> pl.Series:
    if type_name == "VARCHAR":
        return pl.Series(name, values.tolist(), dtype=pl.String)
    return pl.Series(name, values.tolist() if isinstance(values, np.ma.MaskedArray) else values)


def literal_path(path: Path) -> str:
    """Return ``path`` as DuckDB's file readers take it literally: glob characters lose their meaning."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path.absolute()))


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

"""Answering a query about the runs: only the files that it needs can be opened, and time and memory are limited."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from isograph.database import literal
from isograph.database.catalog import make_views, with_counts
from isograph.database.connection import TooManyRowsError, connection, literal_path, relation_frame
from isograph.database.guard import Query, plain_message
from isograph.database.script import COUNT_TABLES
from isograph.database.verify import Contents
from isograph.errors import IsographError, ResourceError, UsageError, did_you_mean, examples, option, shown

COLUMNS_SHOWN = 30
_COLUMN = re.compile(r'(?:[Cc]olumn|named) "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer may cost.

    Attributes
    ----------
    rows : in the answer.
    seconds : until it is interrupted; 0 never interrupts.
    memory, spill : megabytes in memory, and on disk below the directory for temporary files.
    """

    rows: int = 1_000_000
    seconds: float = 60.0
    memory: int = 4_096
    spill: int = 16_384


def query_rows(contents: Contents, query: Query, params: Mapping[str, object], limits: Limits) -> pl.DataFrame:
    """Return the rows that answer a query.

    Raises
    ------
    UsageError
        The query names a column that is not there, takes other parameters, gives too many rows or takes too long.
    ResourceError
        It needs more memory or disk than it may have.
    """
    if set(params) != query.params:
        raise UsageError(
            f"the query takes {_named(query.params)}, got {_named(params)}. "
            f"Give each with {option('params', flag='--param NAME=VALUE')}."
        )
    with _session(contents, query, limits) as database:
        try:
            relation = database.sql(query.sql, params=dict(params)) if params else database.sql(query.sql)
            return relation_frame(relation, limits.rows)
        except TooManyRowsError:
            raise UsageError(
                f"the answer has more than {limits.rows:,} rows. Add a LIMIT or a condition, or raise "
                f"{option('max_rows')}."
            ) from None
        except duckdb.Error as error:
            raise _explained(database, query, error, limits) from None
        except RuntimeError as error:
            if "interrupt" not in str(error).casefold():
                raise
            raise KeyboardInterrupt from None


@contextmanager
def _session(contents: Contents, query: Query, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection with the views, which opens no file beside theirs and whose settings cannot be changed.

    What it does in the block is interrupted when the time is up.
    """
    with TemporaryDirectory(prefix="isograph-sql-") as spill, connection() as database:
        needs_counts = query.tables.intersection(COUNT_TABLES)
        make_views(database, with_counts(database, contents) if needs_counts else contents)
        paths = [contents.tree.root / entry.file.path for files in contents.files.values() for entry in files]
        settings = {
            "memory_limit": f"{limits.memory}MB",
            "temp_directory": spill,
            "max_temp_directory_size": f"{limits.spill}MB",
            # NOTE: readers ask once for the pattern and once for the file. Both are for reading only because nothing
            # that writes gets past isograph.database.guard.
            "allowed_paths": [str(path) for path in paths] + [literal_path(path) for path in paths],
            "enable_external_access": False,
            "lock_configuration": True,
        }
        for name, value in settings.items():
            database.execute(f"SET {literal.name(name)} = $value", {"value": value})
        timer = threading.Timer(limits.seconds, database.interrupt)
        timer.daemon = True
        if limits.seconds:
            timer.start()
        try:
            yield database
        finally:
            timer.cancel()


def _explained(database: duckdb.DuckDBPyConnection, query: Query, error: duckdb.Error, limits: Limits) -> IsographError:
    """Return the error of DuckDB as one that says what to do."""
    if isinstance(error, duckdb.InterruptException):
        return UsageError(f"no answer after {limits.seconds:g} s. Ask for less, or raise {option('timeout')}.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return ResourceError(
            f"the answer needs more than {limits.memory:,} MB of memory and {limits.spill:,} MB of disk. "
            f"Ask for less, or raise {option('memory')}."
        )
    missing = _COLUMN.search(str(error)) if isinstance(error, duckdb.BinderException) else None
    if missing is None:
        return UsageError(f"the query cannot be answered: {plain_message(error)}")
    columns = {view: database.table(view).columns for view in query.views}
    near = did_you_mean(missing[1], dict.fromkeys(name for names in columns.values() for name in names))
    listed = "; ".join(f"{view} has {', '.join(map(shown, names[:COLUMNS_SHOWN]))}" for view, names in columns.items())
    return UsageError(f"there is no column '{shown(missing[1])}'{near} {listed}.".replace("  ", " "))


def _named(names: Collection[str]) -> str:
    return f"the parameters {examples(sorted(names), 20)}" if names else "no parameter"

"""Asking a question of the runs: nothing but the files it needs can be opened, for so long and with so much memory."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from isograph.database.catalog import make_views
from isograph.database.connection import TooManyRowsError, connection, literal_path, relation_frame
from isograph.database.contents import Contents
from isograph.database.counts import counts_queries
from isograph.database.guard import Question, near, plain
from isograph.database.source import COUNT_TABLES
from isograph.errors import IsographError, ResourceError, UsageError, examples, shown

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


def answered(
    contents: Contents, asked: Question, params: Mapping[str, object] | None = None, limits: Limits | None = None
) -> pl.DataFrame:
    """Return the rows that answer a question.

    Raises
    ------
    UsageError
        The query names a column that is not there, takes other parameters, gives too many rows or takes too long.
    ResourceError
        It needs more memory or disk than it may have.
    """
    given, allowed = dict(params or {}), limits or Limits()
    if set(given) != asked.params:
        raise UsageError(
            f"the query takes {_named(asked.params)}, got {_named(given)}. Give each with --param NAME=VALUE."
        )
    with _session(contents, asked, allowed) as database, _interrupted_after(database, allowed.seconds):
        try:
            return _rows(database, asked, given, allowed.rows)
        except duckdb.Error as error:
            raise _explained(database, asked, error, allowed) from None
        except RuntimeError as error:
            if "interrupt" not in str(error).casefold():
                raise
            raise KeyboardInterrupt from None


@contextmanager
def _session(contents: Contents, asked: Question, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with the views that opens no file besides theirs and whose settings cannot be changed."""
    with TemporaryDirectory(prefix="isograph-sql-") as spill, connection() as database:
        counts = counts_queries(database, contents) if asked.tables.intersection(COUNT_TABLES) else {}
        make_views(database, _with_counts(contents, counts))
        paths = [contents.tree.root / entry.file.path for files in contents.files.values() for entry in files]
        settings = {
            "SET memory_limit = $value": f"{limits.memory}MB",
            "SET temp_directory = $value": spill,
            "SET max_temp_directory_size = $value": f"{limits.spill}MB",
            # NOTE: readers ask once for the pattern and once for the file. Both are for reading only because nothing
            # that writes gets past isograph.database.guard.
            "SET allowed_paths = $value": [str(path) for path in paths] + [literal_path(path) for path in paths],
            "SET enable_external_access = $value": False,
            "SET lock_configuration = $value": True,
        }
        for statement, value in settings.items():
            database.execute(statement, {"value": value})
        yield database


def _with_counts(contents: Contents, counts: Mapping[str, str]) -> Contents:
    return Contents(contents.tree, contents.files, contents.problems, counts, contents.traits)


@contextmanager
def _interrupted_after(database: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, database.interrupt) if seconds else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


def _rows(
    database: duckdb.DuckDBPyConnection, asked: Question, given: Mapping[str, object], max_rows: int
) -> pl.DataFrame:
    relation = database.sql(asked.sql, params=dict(given)) if given else database.sql(asked.sql)
    try:
        return relation_frame(relation, max_rows)
    except TooManyRowsError:
        told = f"the answer has more than {max_rows:,} rows. Add a LIMIT or a condition, or raise --max-rows."
        raise UsageError(told) from None


def _explained(
    database: duckdb.DuckDBPyConnection, asked: Question, error: duckdb.Error, limits: Limits
) -> IsographError:
    if isinstance(error, duckdb.InterruptException):
        return UsageError(f"no answer after {limits.seconds:g} s. Ask for less, or raise --timeout.")
    if isinstance(error, duckdb.OutOfMemoryException):
        told = f"the answer needs more than {limits.memory:,} MB of memory and {limits.spill:,} MB of disk."
        return ResourceError(f"{told} Ask for less, or raise --memory.")
    missing = _COLUMN.search(str(error)) if isinstance(error, duckdb.BinderException) else None
    if missing is None:
        return UsageError(f"the query cannot be answered: {plain(error)}")
    columns = {view: database.table(view).columns for view in asked.views}
    known = list(dict.fromkeys(column for listed in columns.values() for column in listed))
    told = "; ".join(f"{view} has {', '.join(map(shown, listed[:30]))}" for view, listed in columns.items())
    return UsageError(f"there is no column '{shown(missing[1])}'{near(missing[1], known)} {told}.".replace("  ", " "))


def _named(names: object) -> str:
    listed = sorted(names)  # type: ignore[call-overload]
    return f"the parameters {examples(listed, 20)}" if listed else "no parameter"

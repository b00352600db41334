"""What every result has in common: named tables, each a Polars lazy frame and a DuckDB relation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, overload

import polars as pl

from isograph.errors import UsageError, did_you_mean, shown
from isograph.text import Section, sections_html, sections_text

if TYPE_CHECKING:
    import duckdb


class LazyTable:
    """A table of a result as an attribute that is a lazy frame, so that editors and type checkers know it.

    Reading one that this result does not have raises ``AttributeError``.
    """

    def __init__(self, meaning: str) -> None:
        self.__doc__ = meaning
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, result: None, owner: type) -> LazyTable: ...

    @overload
    def __get__(self, result: TableSet, owner: type) -> pl.LazyFrame: ...

    def __get__(self, result: TableSet | None, owner: type) -> LazyTable | pl.LazyFrame:
        if result is None:
            return self
        if self.name not in result.tables:
            raise AttributeError(f"{result.what} has no table '{self.name}', it has {', '.join(result.tables)}")
        return result.scan(self.name)


class TableSet(ABC):
    """A result made of tables.

    Each table is an attribute, a Polars lazy frame; ``relation`` gives it as a DuckDB relation. ``what`` is the result
    with its article, as messages name it.
    """

    what = "a result"

    @property
    @abstractmethod
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there."""

    @abstractmethod
    def _scan(self, table: str) -> pl.LazyFrame:
        """Return a table that is there."""

    @abstractmethod
    def _connect(self) -> duckdb.DuckDBPyConnection:
        """Return a connection in which every table is a view or a table of its name."""

    @abstractmethod
    def _sections(self) -> Iterator[Section]:
        """Yield what a person sees of the result: sentences, and tables of texts below them."""

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a lazy frame.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        self._require(table)
        return self._scan(table)

    def relation(self, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table as a DuckDB relation; ``filter``, ``join``, ``query`` … continue from there.

        The relations of one result share a connection in which every table has its name.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        self._require(table)
        return self._database.table(table)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        return self._connect()

    def _require(self, table: str) -> None:
        if table not in self.tables:
            known = f" Its tables are {', '.join(self.tables)}."
            raise UsageError(f"{self.what} has no table '{shown(table)}'{did_you_mean(table, self.tables)}{known}")

    def __dir__(self) -> list[str]:
        return [
            name
            for name in super().__dir__()
            if not isinstance(getattr(type(self), name, None), LazyTable) or name in self.tables
        ]

    def __repr__(self) -> str:
        return sections_text(self._sections())

    def _repr_html_(self) -> str:
        return sections_html(self._sections())

"""A directory of runs, opened: every table of all its runs as one lazy frame and one DuckDB relation."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from isograph.catalog.connection import connection
from isograph.catalog.contents import Contents
from isograph.catalog.counts import counts_queries
from isograph.catalog.database import catalog_contents, make_views
from isograph.catalog.frame import column, relation_frame
from isograph.catalog.question import near
from isograph.catalog.script import view_names
from isograph.catalog.statement import statements
from isograph.catalog.tree import EXPLANATION, REPORT, Run, Tree, tree
from isograph.errors import InputError, UsageError, shown

if TYPE_CHECKING:
    import duckdb

    from isograph.pipeline.explained import Explanation
    from isograph.pipeline.opened import Fit, OpenedBundle

RUNS_SHOWN = 20


class OpenedTree:
    """A directory of bundles, fits, explanations and reports; each view of ``isograph sql`` is a lazy frame of it.

    Every table begins with ``run``. ``tree["name"]`` opens one run.

    Raises
    ------
    InputError
        There is no such directory, no run in it, or it is itself a run that is not whole.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._tree: Tree = tree(self.path)
        if not self._tree.runs:
            told = [f"{problem.path}: {problem.problem}" for problem in self._tree.problems]
            raise InputError(str(self.path), told or ["no bundle, fit, explanation or report in it."])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return view_names()

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table of all runs as a lazy frame, ``run`` first.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        relation = self.relation(table)
        schema = relation_frame(relation.limit(0)).schema

        def batches(
            columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            chosen = self.relation(table)
            if columns is not None:
                chosen = chosen.select(*(column(name) for name in columns))
            rows = relation_frame(chosen)
            rows = rows if predicate is None else rows.filter(predicate)
            yield rows if n_rows is None else rows.head(n_rows)

        return pl.io.plugins.register_io_source(batches, schema=schema)

    def relation(self, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table of all runs as a DuckDB relation; those of one tree share a connection."""
        if table not in self.tables:
            raise UsageError(f"there is no table '{shown(table)}'{near(table, list(self.tables))}")
        return self._database.table(table)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return the answer to a query over the tables and macros as a DuckDB relation."""
        return self._database.sql(query)

    def __getitem__(self, name: str) -> Fit | OpenedBundle | Explanation | OpenedTree:
        """Open the run of that name; where a bundle and its fit share it, the fit.

        Raises
        ------
        InputError
            The run is not whole.
        UsageError
            There is none of that name.
        """
        from isograph.pipeline.opened import open as opened

        if broken := [entry for entry in self._tree.problems if name in (entry.path, Path(entry.path).name)]:
            raise InputError(str(self.path / broken[0].path), [entry.problem for entry in broken])
        found = [run for run in self._tree.named(name) if run.kind != REPORT]
        if not found:
            names = [run.name for run in self._tree.runs if run.kind != REPORT]
            raise UsageError(f"there is no run '{shown(name)}'{near(name, names)}")
        order = ("fit", "snapshot", "bundle", EXPLANATION)
        return opened(self._tree.root / min(found, key=lambda run: order.index(run.kind)).path)

    @cached_property
    def _contents(self) -> Contents:
        return catalog_contents(self._tree)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        database = connection()
        contents = self._contents
        make_views(database, replace(contents, counts=counts_queries(database, contents)))
        return database

    def __getattr__(self, name: str) -> pl.LazyFrame:
        if name.startswith("_") or name not in statements("artifact"):
            raise AttributeError(f"a tree has no '{name}'; its tables are {', '.join(view_names())}")
        return self.scan(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        lines = [f"OpenedTree({str(self.path)!r})", *(f"{kind} {name}: {facts}" for kind, name, facts in self._rows())]
        return "\n".join([*lines, *(f"left out {path}: {problem}" for path, problem in self._left_out())])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        head = "<thead><tr><th>kind</th><th>run</th><th>data set</th></tr></thead>"
        left = "".join(
            f"<p>Left out: {html.escape(path)}: {html.escape(problem)}</p>" for path, problem in self._left_out()
        )
        title = f"<p><b>Runs</b> {html.escape(str(self.path))}</p>"
        return f"{title}<table>{head}<tbody>{rows}</tbody></table>{left}"

    def _rows(self) -> list[tuple[str, str, str]]:
        runs = self._tree.runs
        rows = [(run.kind, shown(run.name), _fact(run)) for run in runs[:RUNS_SHOWN]]
        return [*rows, *([("…", f"{len(runs) - RUNS_SHOWN} more", "")] if len(runs) > RUNS_SHOWN else [])]

    def _left_out(self) -> list[tuple[str, str]]:
        return [(shown(problem.path), problem.problem) for problem in self._tree.problems]


def _fact(run: Run) -> str:
    facts = (run.facts.get("dataset"), run.facts.get("backend"))
    return ", ".join(shown(fact) for fact in facts if fact is not None)

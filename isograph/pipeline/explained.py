"""An explanation, opened: every table over all its modules."""

from __future__ import annotations

import html
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from isograph.errors import InputError, UsageError, examples
from isograph.schemas.explanation import EXPLAIN_TABLES
from isograph.store.artifact import verify
from isograph.store.explanation import KIND, read_explanation_manifest

if TYPE_CHECKING:
    import duckdb

DRIVERS_SHOWN = 3


class Explanation:
    """The directory of an explanation. Each of its tables is an attribute: a lazy frame, ``module_id`` first.

    Raises
    ------
    InputError
        The directory is no explanation, is not whole, or was changed since it was written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        manifest: dict[str, Any] = read_explanation_manifest(self.path)
        self.manifest = manifest
        if self.manifest.get("artifact") != KIND:
            message = "is one module of an explanation. Open the directory above it."
            raise InputError(str(self.path), [message])
        for part in self.manifest["parts"]:
            verify(self.path / part, read_explanation_manifest(self.path / part))

    @property
    def module_ids(self) -> tuple[str, ...]:
        """The modules explained."""
        return tuple(self.manifest["module_ids"])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(name for name in EXPLAIN_TABLES if name in self.manifest["tables"])

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table over all modules as a lazy frame, with ``module_id`` as its first column.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        if table not in self.tables:
            known = examples(self.tables, len(EXPLAIN_TABLES))
            raise UsageError(f"the explanation has no table '{table}'. Its tables are {known}.")
        frames = [
            pl.scan_parquet(file, glob=False, hive_partitioning=False).select(
                pl.lit(module_id).alias("module_id"), pl.all()
            )
            for module_id, file in self._files(table)
        ]
        if not frames:
            return pl.LazyFrame(schema={"module_id": pl.String(), **EXPLAIN_TABLES[table].schema})
        return pl.concat(frames)

    def relation(self, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table over all modules as a DuckDB relation; the relations of one explanation can be joined."""
        self.scan(table)
        return self._database.table(table)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        from isograph.catalog.connection import frame_tables

        return frame_tables({table: self.scan(table).collect(engine="in-memory") for table in self.tables})

    def _files(self, table: str) -> list[tuple[str, Path]]:
        files = [(module_id, f"{module_id}/{table}.parquet") for module_id in self.module_ids]
        return [(module_id, self.path / name) for module_id, name in files if name in self.manifest["files"]]

    def __getattr__(self, name: str) -> pl.LazyFrame:
        if name.startswith("_") or name in ("path", "manifest") or name not in self.tables:
            raise AttributeError(f"an explanation has no '{name}'")
        return self.scan(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        return f"Explanation({str(self.path)!r})\n" + "\n".join(self._lines())

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in self._lines())
        return f"<p><b>Explanation</b> {html.escape(str(self.path))}</p><ul>{lines}</ul>"

    def _lines(self) -> list[str]:
        """Return a line per module: its strongest drivers."""
        best = (
            self.scan("gene_driver_table")
            .filter("in_module")
            .group_by("module_id", maintain_order=True)
            .head(DRIVERS_SHOWN)
            .collect(engine="in-memory")
        )
        told: dict[str, list[str]] = {}
        for module_id, feature_id, r in best.select("module_id", "feature_id", "r").iter_rows():
            told.setdefault(module_id, []).append(f"{feature_id} ({r:+.2f})")
        return [f"{module_id}: {', '.join(drivers)}" for module_id, drivers in told.items()]

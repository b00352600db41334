"""Catalogs: one DuckDB file of views over every run below a directory, and the same as a script."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from isograph.database import literal
from isograph.database.connection import connection
from isograph.database.contents import Contents
from isograph.database.counts import counts_queries
from isograph.database.script import MADE_BY, script
from isograph.database.source import file_query
from isograph.database.tree import Tree
from isograph.database.verify import Sound, sound_files
from isograph.store.output import output_file

# NOTE: what DuckDB 2 writes by default no DuckDB 1 can open; this both can.
STORAGE_VERSION = "v1.0.0"


def catalog_contents(tree: Tree, tables: Collection[str] | None = None) -> Contents:
    """Return what a catalog of the tree is made of, every file compared with its digest.

    Parameters
    ----------
    tables : tables whose files are looked at; None for all. Those of others are left out.
    """
    files, problems = sound_files(tree, tables)
    return Contents(tree, files, [*tree.problems, *problems], traits=_traits(tree, files.get("traits", ())))


def make_views(database: duckdb.DuckDBPyConnection, contents: Contents) -> None:
    """Make the schema, views and macros of the catalog in the current database of the connection."""
    for made in script(contents):
        database.execute(made)


def write_database(contents: Contents, out: Path) -> None:
    """Write the views as the DuckDB file ``out``, which must not be there; DuckDB 1.0 and newer can open it."""
    with connection() as database:
        options = f"(STORAGE_VERSION {literal.text(STORAGE_VERSION)})"
        attach = " ".join(("ATTACH", literal.text(os.fspath(out)), "AS isograph_building", options))
        database.execute(attach)
        database.execute("USE isograph_building")
        make_views(database, contents)
        database.execute("USE memory")
        database.execute("DETACH isograph_building")


def _traits(tree: Tree, files: Iterable[Sound]) -> list[str]:
    """Return the traits that any fit tested; of those that differ in case only, the first."""
    names: dict[str, str] = {}
    for entry in files:
        column = pl.scan_parquet(tree.root / entry.file.path, glob=False, hive_partitioning=False).select("trait")
        for trait in column.collect(engine="in-memory").get_column("trait").unique().sort():
            names.setdefault(str(trait).casefold(), str(trait))
    return sorted(names.values())


def write_counts(contents: Contents, directory: Path) -> Contents:
    """Write the counts of the bundles as parquet files into ``directory``; return the contents that read them."""
    written: dict[str, str] = {}
    with connection() as database:
        queries = counts_queries(database, contents)
        make_views(database, replace(contents, counts=queries))
        for table in queries:
            file = directory / f"{table}.parquet"
            with output_file(file, overwrite=True) as temporary:
                database.table(table).write_parquet(os.fspath(temporary), compression="zstd")
            written[table] = file_query(contents.tree.root, file)
    return replace(contents, counts=written)


def is_catalog(path: Path) -> bool:
    """Whether a file is a DuckDB file that holds nothing but the views of a catalog."""
    if path.read_bytes()[8:12] != b"DUCK":
        return False
    try:
        with duckdb.connect(os.fspath(path), read_only=True) as database:
            tables = database.sql("SELECT count(*) FROM duckdb_tables() WHERE NOT internal").fetchall()
            views = database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    except duckdb.Error:
        return False
    return tables == [(0,)] and {("runs",), ("problems",)} <= {*views}


def is_catalog_script(path: Path) -> bool:
    """Whether a file is the script of a catalog."""
    with path.open("rb") as handle:
        return handle.read(len(MADE_BY)) == MADE_BY.encode()

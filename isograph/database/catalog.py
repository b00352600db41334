"""Catalogs: one DuckDB file of views over every run below a directory, and the counts of their bundles."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import duckdb

from isograph.arrays import Matrix
from isograph.bundle.matrix import MAX_MATRIX_FILE_BYTES, matrix_header, matrix_values
from isograph.database import literal
from isograph.database.bundle_view import MATRIX_OF, TOPIC, register_matrix
from isograph.database.connection import connection
from isograph.database.literal import Sql
from isograph.database.script import MADE_BY, file_query, script
from isograph.database.statement import statement
from isograph.database.verify import Contents
from isograph.errors import InputError
from isograph.store.output import output_file

# NOTE: what DuckDB 2 writes by default no DuckDB 1 can open; this both can.
STORAGE_VERSION = "v1.0.0"


def make_views(database: duckdb.DuckDBPyConnection, contents: Contents) -> None:
    """Make the schema, views and macros of the catalog in the current database of the connection."""
    for sql in script(contents):
        database.execute(sql)


def write_database(contents: Contents, out: Path) -> None:
    """Write the views as the DuckDB file ``out``, which must not be there; DuckDB 1.0 and newer can open it."""
    with connection() as database:
        path, version = literal.text(os.fspath(out)), literal.text(STORAGE_VERSION)
        database.execute(f"ATTACH {path} AS isograph_building (STORAGE_VERSION {version})")
        database.execute("USE isograph_building")
        make_views(database, contents)
        database.execute("USE memory")
        database.execute("DETACH isograph_building")


def write_counts(contents: Contents, directory: Path) -> Contents:
    """Write the counts of the bundles as parquet files into ``directory``; return the contents that read them."""
    queries: dict[str, Sql] = {}
    with connection() as database:
        in_memory = with_counts(database, contents)
        make_views(database, in_memory)
        for table in in_memory.counts:
            file = directory / f"{table}.parquet"
            with output_file(file, overwrite=True) as temporary:
                database.table(table).write_parquet(os.fspath(temporary), compression="zstd")
            queries[table] = file_query(contents.tree.root, file)
    return replace(contents, counts=queries)


def with_counts(database: duckdb.DuckDBPyConnection, contents: Contents) -> Contents:
    """Make the matrices of the bundles known to the connection and return the contents whose counts read them.

    Genes of a bundle without counts of genes have the sum of their transcripts.

    Raises
    ------
    InputError
        A matrix is damaged, or does not have the shape of its tables.
    """
    queries: dict[str, Sql] = {}
    for table, name in MATRIX_OF.items():
        body = statement(TOPIC, f"{table}_of_run").body
        selects: list[Sql] = []
        for number, entry in enumerate(contents.files.get(table, ())):
            register_matrix(database, f"{table}_{number}", _matrix(contents.tree.root / entry.file.path))
            selects.append(body.replace(name, f"{table}_{number}").replace("'run'", literal.text(entry.run.name)))
        if table == "gene_counts":
            counted = {entry.run.path for entry in contents.files.get("gene_counts", ())}
            of_transcripts = [entry.run for entry in contents.files.get("transcript_counts", ())]
            if summed := [run.name for run in of_transcripts if run.path not in counted]:
                body = statement(TOPIC, "summed_gene_counts").body
                selects.append(body.replace("('run')", f"({', '.join(map(literal.text, summed))})"))
        if selects:
            queries[table] = "\nUNION ALL\n".join(selects)
    return replace(contents, counts=queries)


def _matrix(file: Path) -> Matrix:
    if file.stat().st_size > MAX_MATRIX_FILE_BYTES:
        raise InputError(str(file), f"is over {MAX_MATRIX_FILE_BYTES:,} bytes.")
    data = file.read_bytes()
    try:
        return matrix_values(data, matrix_header(data))
    except InputError as error:
        raise InputError(str(file), error.violations) from None


def is_catalog(path: Path) -> bool:
    """Whether a file is a DuckDB file that holds nothing but the views of a catalog."""
    with path.open("rb") as handle:
        if handle.read(12)[8:] != b"DUCK":
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

"""A bundle as DuckDB relations: its tables and counts as they were read, handed over through Arrow without a copy."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from isograph.arrays import Matrix
from isograph.bundle.bundle import Bundle
from isograph.database.connection import connection, create_view
from isograph.database.statement import Statement, statement

TOPIC = "bundle"
VIEW_OF_KIND = {
    "transcript": "transcripts",
    "gene": "genes",
    "truth_module": "truth_modules",
    "truth_switch": "truth_switch",
    "truth_abundance": "truth_abundance",
    "truth_channel_role": "truth_channel_role",
}
ROW_NUMBERS = {"samples": "sample_row", "genes": "gene_row", "transcripts": "transcript_row"}
TABLE_ROW = "table_row"
MATRIX_OF = {"transcript_counts": "transcript_matrix", "gene_counts": "gene_matrix"}


def bundle_views(bundle: Bundle, views: Collection[str] | None = None) -> duckdb.DuckDBPyConnection:
    """Return a connection with the views of a validated bundle: those of ``sql/bundle`` that it has a table for.

    The view ``transcripts`` stands on the relation ``bundle_transcripts``, which is the table with ``table_row``, the
    number of each row; the others likewise. Counts stand on the matrices as they lie in memory.

    Parameters
    ----------
    views : the views to make, of those that the bundle has; None for all.
    """
    tables = {VIEW_OF_KIND[kind]: table for kind, table in bundle.feature_tables.items() if kind in VIEW_OF_KIND}
    tables["samples"] = bundle.samples
    database = _instance().cursor()
    for name, table in tables.items():
        if views is None or name in views:
            view = statement(TOPIC, name)
            database.register(f"bundle_{name}", _numbered(table, view).to_arrow())
            create_view(database, view)
    for name, relation in MATRIX_OF.items():
        if name in bundle.matrices and (views is None or name in views):
            register_matrix(database, relation, bundle.matrices[name])
            create_view(database, statement(TOPIC, name))
    return database


@cache
def _instance() -> duckdb.DuckDBPyConnection:
    # NOTE: one for all bundles. Starting DuckDB takes 20 ms, longer than all that a fit asks of a bundle; views and
    # registered relations belong to the cursor, so that no bundle sees another.
    return connection()


def register_matrix(database: duckdb.DuckDBPyConnection, name: str, matrix: Matrix) -> None:
    """Make a C-contiguous matrix (n_features, n_samples) known as ``name``: ``feature_row``, ``counts`` (a list).

    Its values are not copied.
    """
    n_features, n_samples = matrix.shape
    values = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), n_samples)
    database.register(name, pa.table({"feature_row": pa.array(np.arange(n_features)), "counts": values}))


def _numbered(table: pl.DataFrame, view: Statement) -> pl.DataFrame:
    """Return what the view reads of a table: the columns that it declares, the number of the row, and any others.

    The declared ones come first, because SQL takes names that differ in case only for one: DuckDB puts a number after
    the later ones. A column that is named like our row numbers is left out.
    """
    row_numbers = (TABLE_ROW, ROW_NUMBERS.get(view.name))
    declared = [name for name in view.columns if name not in row_numbers]
    others = [name for name in table.columns if name not in declared and name.casefold() not in row_numbers]
    numbered = table.select(
        *declared, pl.int_range(pl.len(), dtype=pl.Int64).alias(TABLE_ROW), *(others if view.more_columns else ())
    )
    # NOTE: DuckDB reads no half precision from Arrow.
    return numbered.cast({pl.Float16: pl.Float32})

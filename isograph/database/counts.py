"""Counts of bundles as long views: a matrix is handed to DuckDB as it lies in memory, one row a list."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isograph.bundle.matrix import MAX_MATRIX_FILE_BYTES, matrix_header, matrix_values
from isograph.database import literal
from isograph.database.connection import create_view
from isograph.database.contents import Contents
from isograph.database.statement import statement
from isograph.database.verify import Sound
from isograph.errors import InputError

TRANSCRIPT_COUNTS, GENE_COUNTS = "transcript_counts", "gene_counts"
MATRIX_OF = {TRANSCRIPT_COUNTS: "transcript_matrix", GENE_COUNTS: "gene_matrix"}


def register_matrix(database: duckdb.DuckDBPyConnection, name: str, matrix: NDArray[np.float64]) -> None:
    """Make a C-contiguous matrix (n_features, n_samples) known as ``name``: ``feature_row``, ``counts`` (a list).

    Its values are not copied.
    """
    n_features, n_samples = matrix.shape
    values = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), n_samples)
    database.register(name, pa.table({"feature_row": pa.array(np.arange(n_features)), "counts": values}))


def create_counts_view(database: duckdb.DuckDBPyConnection, table: str, matrix: NDArray[np.float64]) -> None:
    """Create the long view of a matrix in a connection with the views of its bundle."""
    register_matrix(database, MATRIX_OF[table], matrix)
    create_view(database, statement("bundle", table))


def counts_queries(database: duckdb.DuckDBPyConnection, contents: Contents) -> dict[str, str]:
    """Make the matrices of the contents known to the connection and return the query of each count table.

    Genes of a bundle without counts of genes have the sum of their transcripts.

    Raises
    ------
    InputError
        A matrix is damaged, or does not have the shape of its tables.
    """
    selects: dict[str, list[str]] = {TRANSCRIPT_COUNTS: [], GENE_COUNTS: []}
    counted: set[str] = set()
    for table, listed in selects.items():
        for number, entry in enumerate(contents.files.get(table, ())):
            name = f"counts_{table}_{number}"
            register_matrix(database, name, _matrix(contents, entry))
            listed.append(_long(table, name, entry.run.name))
            counted.add(f"{table}/{entry.run.path}")
    summed = [
        entry.run.name
        for entry in contents.files.get(TRANSCRIPT_COUNTS, ())
        if f"{GENE_COUNTS}/{entry.run.path}" not in counted
    ]
    if summed:
        query = statement("bundle", "summed_gene_counts").body
        selects[GENE_COUNTS].append(query.replace("('run')", f"({', '.join(map(literal.text, summed))})"))
    return {table: "\nUNION ALL\n".join(listed) for table, listed in selects.items() if listed}


def _long(table: str, matrix: str, run: str) -> str:
    """Return the query of one matrix as rows of the count table."""
    query = statement("bundle", f"{table}_of_run").body
    return query.replace(MATRIX_OF[table], matrix).replace("'run'", literal.text(run))


def _matrix(contents: Contents, entry: Sound) -> NDArray[np.float64]:
    file = contents.tree.root / entry.file.path
    if file.stat().st_size > MAX_MATRIX_FILE_BYTES:
        raise InputError(str(file), [f"is over {MAX_MATRIX_FILE_BYTES:,} bytes."])
    data = file.read_bytes()
    try:
        return matrix_values(data, matrix_header(data))
    except InputError as error:
        raise InputError(str(file), error.violations) from None

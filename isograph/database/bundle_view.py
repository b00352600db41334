"""Views over the tables of a bundle, and the grouping of matrix rows by gene that comes from them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from isograph.bundle.manifest import read_bundle_manifest
from isograph.database.connection import answer, connection, create_view, literal_path
from isograph.database.statement import statement
from isograph.errors import InputError

TOPIC = "bundle"
# NOTE: views take no parameters; they read where this variable says.
BIND_FILES = "SET VARIABLE bundle_files = $files"
VIEW_OF_KIND = {
    "transcript": "transcripts",
    "gene": "genes",
    "truth_module": "truth_modules",
    "truth_switch": "truth_switch",
    "truth_abundance": "truth_abundance",
    "truth_channel_role": "truth_channel_role",
}


def bundle_views(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view over each table of the bundle at ``path`` that isograph has a view for.

    The views read the parquet files where they are; nothing is copied. The bundle must have been validated.
    """
    manifest = read_bundle_manifest(path)
    if manifest.sample_table is None:
        raise InputError(str(path), [finding.message for finding in manifest.findings])
    files = {VIEW_OF_KIND[t.kind]: t.filename for t in manifest.feature_tables if t.kind in VIEW_OF_KIND}
    files["samples"] = manifest.sample_table
    database = connection()
    database.execute(BIND_FILES, {"files": {view: literal_path(path / filename) for view, filename in files.items()}})
    for view in files:
        create_view(database, statement(TOPIC, view))
    return database


def transcript_grouping(database: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the transcripts by gene: ``gene_id``, ``transcript_id``, ``transcript_row``, ``n_transcripts``.

    database: a connection with the views of a bundle (``bundle_views``), as in ``gene_grouping``.
    """
    return answer(database, statement(TOPIC, "transcript_grouping"))


def gene_grouping(database: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return the bundle's genes by id: ``gene_id``, ``gene_row``."""
    return answer(database, statement(TOPIC, "gene_grouping"))

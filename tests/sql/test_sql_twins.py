from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.database.connection import statement_rows
from isograph.database.statement import statement

SQL = Path(__file__).resolve().parents[2] / "sql"


def table(bundle: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(bundle / f"{name}.parquet", glob=False, hive_partitioning=False)


def numbered(bundle: Path, name: str, row: str) -> pl.DataFrame:
    frame = table(bundle, name)
    return frame.with_columns(pl.int_range(frame.height, dtype=pl.Int64).alias(row))


def by_gene(bundle: Path, name: str) -> pl.DataFrame:
    return table(bundle, name).sort("gene_id")


def transcript_grouping(bundle: Path) -> pl.DataFrame:
    transcripts = numbered(bundle, "transcripts", "transcript_row")
    return transcripts.select("gene_id", "transcript_id", "transcript_row").sort("gene_id", "transcript_row")


def gene_names(bundle: Path) -> pl.DataFrame:
    transcripts = numbered(bundle, "transcripts", "table_row").drop_nulls("gene_name")
    return transcripts.unique("gene_id", keep="first", maintain_order=True).select("gene_id", "gene_name", "table_row")


def long_counts(bundle: Path, kind: str) -> pl.DataFrame:
    ids = table(bundle, f"{kind}s").select(pl.col("^(transcript|gene)_id$"))
    samples = table(bundle, "samples").get_column("sample_id")
    with np.load(bundle / f"{kind}_counts.npz") as stored:
        wide = ids.hstack(pl.DataFrame(stored["data"], schema=samples.to_list()))
    return wide.unpivot(index=ids.columns, variable_name="sample_id", value_name="count")


TWINS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "bundle/samples": lambda bundle: numbered(bundle, "samples", "sample_row"),
    "bundle/genes": lambda bundle: numbered(bundle, "genes", "gene_row"),
    "bundle/transcripts": lambda bundle: numbered(bundle, "transcripts", "transcript_row"),
    "bundle/truth_modules": lambda bundle: by_gene(bundle, "truth_modules").select("gene_id", "module_id"),
    "bundle/truth_switch": lambda bundle: by_gene(bundle, "truth_switch").select("gene_id", "has_switch"),
    "bundle/truth_abundance": lambda bundle: by_gene(bundle, "truth_abundance").select("gene_id", "has_abundance"),
    "bundle/truth_channel_role": lambda bundle: by_gene(bundle, "truth_channel_role").select(
        "gene_id", "module_id", "truth_role"
    ),
    "bundle/gene_grouping": lambda bundle: (
        numbered(bundle, "genes", "gene_row").select("gene_id", "gene_row").sort("gene_id")
    ),
    "bundle/transcript_grouping": transcript_grouping,
    "bundle/gene_names": gene_names,
    "bundle/transcript_counts": lambda bundle: long_counts(bundle, "transcript"),
    "bundle/gene_counts": lambda bundle: long_counts(bundle, "gene"),
}


# NOTE: answered in test_sql_run_twins, as part of the views transcript_counts and gene_counts over runs.
OF_RUNS = {"bundle/transcript_counts_of_run", "bundle/gene_counts_of_run", "bundle/summed_gene_counts"}


def test_sql__has_a_twin_for_every_file():
    assert set(TWINS) | OF_RUNS == {f"bundle/{file.stem}" for file in (SQL / "bundle").glob("*.sql")}


@pytest.mark.parametrize("query", TWINS)
def test_sql__equals_its_twin(query, database, multiplex):
    asked = statement(*query.split("/"))
    params = {"named_in": "bundle_transcripts"} if asked.params else {}
    found, expected = statement_rows(database, asked, params), TWINS[query](multiplex)
    if asked.order == "none":
        found, expected = found.sort(found.columns), expected.sort(found.columns)
    assert_frame_equal(found, expected)

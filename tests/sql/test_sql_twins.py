from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.catalog.connection import answer
from isograph.catalog.statement import statement

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
    size = pl.len().over("gene_id").cast(pl.Int64).alias("n_transcripts")
    return transcripts.select("gene_id", "transcript_id", "transcript_row", size).sort("gene_id", "transcript_row")


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
}


def test_sql__has_a_twin_for_every_file():
    assert set(TWINS) == {f"{file.parent.name}/{file.stem}" for file in SQL.rglob("*.sql")}


@pytest.mark.parametrize("query", TWINS)
def test_sql__equals_its_twin(query, database, multiplex):
    assert_frame_equal(answer(database, statement(*query.split("/"))), TWINS[query](multiplex))

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.database.bundle_view import bundle_views

SAMPLES = pl.DataFrame({"sample_id": ["s1", "s2", "s3"]})
COUNTS = np.arange(6.0).reshape(2, 3)


def views(database) -> list[str]:
    names = database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name").fetchall()
    return [name for (name,) in names if not name.startswith("bundle_") and not name.endswith("_matrix")]


def bundle(transcripts: pl.DataFrame, samples: pl.DataFrame = SAMPLES) -> Bundle:
    return Bundle("b", samples, {"transcript": transcripts}, {"transcript_counts": COUNTS})


TRANSCRIPTS = pl.DataFrame({"transcript_id": ["t2", "t1"], "gene_id": ["g", "g"]})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "toy_multiplex_v1",
            ["gene_counts", "genes", "samples", "transcript_counts", "transcripts", "truth_abundance",
             "truth_channel_role", "truth_modules", "truth_switch"],
        ),
        (
            "toy_v1",
            ["gene_counts", "genes", "samples", "transcript_counts", "transcripts", "truth_modules", "truth_switch"],
        ),
    ],
)  # fmt: skip
def test_bundle_views__are_those_of_the_tables_and_counts_that_are_there(multiplex, name, expected):
    with bundle_views(read_bundle(multiplex.parent / name)) as database:
        assert views(database) == expected


def test_bundle_views__are_those_that_are_asked_for():
    with bundle_views(bundle(TRANSCRIPTS), ("transcripts", "genes")) as database:
        assert views(database) == ["transcripts"]
        assert database.table("transcripts").fetchall() == [("t2", "g", 0), ("t1", "g", 1)]


def test_bundle_views__of_two_bundles_do_not_see_each_other():
    other = bundle(TRANSCRIPTS.with_columns(gene_id=pl.lit("other")))
    with bundle_views(bundle(TRANSCRIPTS)) as one, bundle_views(other) as two:
        assert one.sql("SELECT DISTINCT gene_id FROM transcripts").fetchall() == [("g",)]
        assert two.sql("SELECT DISTINCT gene_id FROM transcripts").fetchall() == [("other",)]


def test_bundle_views__read_the_columns_they_declare_whatever_else_the_table_holds():
    awkward = TRANSCRIPTS.select(
        pl.lit("wrong").alias("GENE_ID"),
        pl.lit(7).alias("transcript_row"),
        pl.lit(8).alias("Table_Row"),
        pl.lit("x").alias("Length"),
        "gene_id",
        "transcript_id",
    )
    with bundle_views(bundle(awkward)) as database:
        found = database.table("transcripts")
        assert found.columns == ["transcript_id", "gene_id", "GENE_ID_1", "Length", "transcript_row"]
        assert found.fetchall() == [("t2", "g", "wrong", "x", 0), ("t1", "g", "wrong", "x", 1)]


@pytest.mark.parametrize(
    "dtype",
    [pl.Float16, pl.Float32, pl.Int8, pl.UInt64, pl.Boolean, pl.Categorical, pl.Date, pl.Datetime("ns"), pl.Null],
)
def test_bundle_views__take_columns_of_every_type_that_a_bundle_can_hold(tmp_path, dtype):
    trait = pl.Series("trait", [None, None, None], dtype=dtype)
    path = write_bundle(bundle(TRANSCRIPTS, SAMPLES.with_columns(trait)), tmp_path / "b")
    with bundle_views(read_bundle(path)) as database:
        assert database.table("samples").fetchall() == [("s1", None, 0), ("s2", None, 1), ("s3", None, 2)]


def test_bundle_views__hold_counts_as_one_row_a_transcript_and_sample():
    with bundle_views(bundle(TRANSCRIPTS)) as database:
        found = database.sql("SELECT transcript_id, sample_id, count FROM transcript_counts ORDER BY count").fetchall()
    assert found == [
        (t, s, float(3 * i + j)) for i, t in enumerate(("t2", "t1")) for j, s in enumerate(SAMPLES["sample_id"])
    ]

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.database.bundle_view import bundle_views, gene_grouping, transcript_grouping
from isograph.database.connection import file_views

# NOTE: a directory, and a sibling that a glob, an unescaped quote or a Hive reading of its name would also reach.
NAMES = [
    ("b[1]", "b1"),
    ("b[12]", "b2"),
    ("b[!x]", "by"),
    ("b*", "bother"),
    ("*", "anything"),
    ("**", "deep"),
    ("b?", "bx"),
    ("{a,b}", "a"),
    ("b[", "b"),
    ("b]", "b"),
    ("[[]", "["),
    ("quo'te", "quo"),
    ('quo"te', "quo"),
    ("two words", "two"),
    ("key=7", "key=8"),
    ("back\\slash", "backslash"),
    ("b; DROP TABLE samples", "b"),
    ("-- b", "b"),
    ("$files", "files"),
    ("b%20c", "b c"),
    ("ünï", "uni"),
    ("line\nbreak", "line"),
    ("file:b", "b"),
]


def small_bundle(directory: Path, mark: str) -> Path:
    """Write a bundle whose every id starts with ``mark``."""
    tables = {
        "transcript": pl.DataFrame({"transcript_id": [f"{mark}t1", f"{mark}t2"], "gene_id": [f"{mark}g"] * 2}),
        "gene": pl.DataFrame({"gene_id": [f"{mark}g"]}),
    }
    samples = pl.DataFrame({"sample_id": [f"{mark}s{number}" for number in range(3)]})
    return write_bundle(Bundle("b", samples, tables, {"transcript_counts": np.ones((2, 3))}), directory)


@pytest.fixture(params=NAMES, ids=[name for name, _ in NAMES])
def odd_bundle(request, tmp_path):
    name, decoy = request.param
    for nearby in (decoy, "other"):
        small_bundle(tmp_path / nearby, "decoy_")
    return small_bundle(tmp_path / name, "right_")


def test_bundle_views__read_the_directory_named_whatever_characters_it_has(odd_bundle):
    with bundle_views(odd_bundle) as database:
        assert database.sql("SELECT sample_id FROM samples").fetchall() == [("right_s0",), ("right_s1",), ("right_s2",)]
        assert database.table("genes").columns == ["gene_id", "gene_row"]
        assert transcript_grouping(database).rows() == [("right_g", "right_t1", 0, 2), ("right_g", "right_t2", 1, 2)]
        assert gene_grouping(database).rows() == [("right_g", 0)]


def test_file_views__read_the_file_named_whatever_characters_its_directory_has(odd_bundle):
    with file_views({"genes": odd_bundle / "genes.parquet"}) as database:
        assert database.table("genes").fetchall() == [("right_g",)]


@pytest.mark.parametrize("name", ["b", "b[1]"])
@pytest.mark.parametrize(("parent", "decoy"), [("runs[1]", "runs1"), ("r*s", "runs"), ("key=7", "key=8")])
def test_bundle_views__read_the_right_bundle_below_an_odd_directory(tmp_path, parent, decoy, name):
    for directory, mark in ((parent, "right_"), (decoy, "decoy_")):
        (tmp_path / directory).mkdir()
        small_bundle(tmp_path / directory / name, mark)
    with bundle_views(tmp_path / parent / name) as database:
        assert gene_grouping(database).rows() == [("right_g", 0)]


def test_bundle_views__refuse_a_backslash_beside_a_glob_character_instead_of_reading_another_file(tmp_path):
    # NOTE: DuckDB takes every backslash of a pattern for a separator.
    for decoy in ("back1", "back[1]", "back"):
        small_bundle(tmp_path / decoy, "decoy_")
    with pytest.raises(duckdb.IOException, match="No files found that match the pattern"):
        bundle_views(small_bundle(tmp_path / "back\\[1]", "right_"))


def test_bundle_views__accept_a_relative_path(tmp_path, monkeypatch):
    small_bundle(tmp_path / "b[1]", "right_")
    monkeypatch.chdir(tmp_path)
    with bundle_views(Path("b[1]")) as database:
        assert gene_grouping(database).rows() == [("right_g", 0)]

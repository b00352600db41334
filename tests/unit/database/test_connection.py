from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.database.connection import connection, create_view, file_views, frame_tables, statement_rows
from isograph.database.statement import Statement

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


def query(sql: str, *, name: str = "numbers", params: tuple[str, ...] = ()) -> Statement:
    return Statement("topic", name, "", "", params, "", "", "", sql)


def test_statement_rows__returns_columns_with_the_types_and_missing_values_of_the_query():
    rows = "(1::BIGINT, '001', TRUE, 0.5::DOUBLE), (NULL, NULL, NULL, NULL)"
    with connection() as database:
        found = statement_rows(database, query(f"SELECT * FROM (VALUES {rows}) AS v(a, b, c, d)"))
    expected = {"a": [1, None], "b": ["001", None], "c": [True, None], "d": [0.5, None]}
    assert_frame_equal(found, pl.DataFrame(expected))


def test_statement_rows__binds_values_and_never_reads_them_as_sql():
    hostile = "'; DROP TABLE t; --"
    with connection() as database:
        found = statement_rows(database, query("SELECT $text AS text", params=("text",)), {"text": hostile})
    assert found.rows() == [(hostile,)]


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        (("x",), {}, "topic/numbers takes ['x'], got []"),
        ((), {"x": 1}, "topic/numbers takes [], got ['x']"),
        (("x", "y"), {"x": 1, "z": 2}, "topic/numbers takes ['x', 'y'], got ['x', 'z']"),
    ],
)
def test_statement_rows__refuses_parameters_that_are_not_declared(declared, given, message):
    with connection() as database, pytest.raises(ValueError, match=re.escape(message)):
        statement_rows(database, query("SELECT 1 AS x", params=declared), given)


def test_connection__runs_on_one_thread_without_extensions_and_secrets():
    names = (
        "threads",
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "allow_community_extensions",
        "allow_persistent_secrets",
        "python_enable_replacements",
    )
    with connection() as database:
        found = [database.execute("SELECT current_setting($name)", {"name": name}).fetchone()[0] for name in names]
    assert found == [1, False, False, False, False, False]


def test_connection__does_not_see_python_variables():
    secret = pl.DataFrame({"x": [1]})
    with connection() as database, pytest.raises(duckdb.CatalogException, match="Table with name secret"):
        database.sql("SELECT * FROM secret")
    assert secret.height == 1


def test_create_view__names_the_view_as_the_statement_and_replaces_nothing():
    with connection() as database:
        create_view(database, query("SELECT 1 AS x"))
        assert database.table("numbers").fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException, match='"numbers" already exists'):
            create_view(database, query("SELECT 2 AS x"))
        assert database.table("numbers").fetchall() == [(1,)]


@pytest.mark.parametrize(("name", "decoy"), NAMES, ids=[name for name, _ in NAMES])
def test_file_views__read_the_file_named_whatever_characters_its_directory_has(tmp_path, name, decoy):
    for directory in (name, decoy, "other"):
        (tmp_path / directory).mkdir()
        pl.DataFrame({"directory": [directory]}).write_parquet(tmp_path / directory / "genes.parquet")
    with file_views({"genes": tmp_path / name / "genes.parquet"}) as database:
        assert database.table("genes").fetchall() == [(name,)]


@pytest.mark.parametrize(("parent", "decoy"), [("runs[1]", "runs1"), ("r*s", "runs"), ("key=7", "key=8")])
def test_file_views__accept_a_relative_path_below_an_odd_directory(tmp_path, monkeypatch, parent, decoy):
    for directory in (parent, decoy):
        (tmp_path / directory).mkdir()
        pl.DataFrame({"directory": [directory]}).write_parquet(tmp_path / directory / "genes.parquet")
    monkeypatch.chdir(tmp_path)
    with file_views({"genes": Path(parent, "genes.parquet")}) as database:
        assert database.table("genes").fetchall() == [(parent,)]


def test_file_views__refuse_a_backslash_beside_a_glob_character_instead_of_reading_another_file(tmp_path):
    # NOTE: DuckDB takes every backslash of a pattern for a separator.
    for directory in ("back1", "back[1]", "back", "back\\[1]"):
        (tmp_path / directory).mkdir()
        pl.DataFrame({"x": [1]}).write_parquet(tmp_path / directory / "genes.parquet")
    with pytest.raises(duckdb.IOException, match="No files found that match the pattern"):
        file_views({"genes": tmp_path / "back\\[1]" / "genes.parquet"})


def test_frame_tables__hold_the_rows_of_frames_that_can_be_joined():
    frames = {"genes": pl.DataFrame({"gene_id": ["a", "b"]}), "named": pl.DataFrame({"gene_id": ["b"], "name": ["B"]})}
    with frame_tables(frames) as database:
        found = database.sql("SELECT gene_id, name FROM genes LEFT JOIN named USING (gene_id) ORDER BY gene_id")
        assert found.fetchall() == [("a", None), ("b", "B")]

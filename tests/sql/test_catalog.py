from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isograph
from isograph.database.bundle_view import bundle_views
from isograph.database.connection import answer, connection, create_view
from isograph.database.statement import Statement, sql_directory, statement
from isograph.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[2]


def query(sql: str, *, name: str = "numbers", params: tuple[str, ...] = ()) -> Statement:
    return Statement("topic", name, "", "", params, "", "", "", sql)


def package_in(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = directory / "site" / "isograph"
    package.mkdir(parents=True)
    monkeypatch.setattr(isograph, "__file__", str(package / "__init__.py"))
    return package


def test_sql_directory__is_beside_the_package_in_a_checkout():
    assert sql_directory() == REPOSITORY / "sql"


def test_sql_directory__is_inside_the_package_when_installed(tmp_path, monkeypatch):
    package = package_in(tmp_path, monkeypatch)
    (package.parent / "sql").mkdir()
    (package / "_sql").mkdir()
    assert sql_directory() == package / "_sql"


def test_sql_directory__says_so_when_the_statements_are_missing(tmp_path, monkeypatch):
    package = package_in(tmp_path, monkeypatch)
    with pytest.raises(FileNotFoundError) as caught:
        sql_directory()
    expected = f"no SQL statements beside {package}: the installation is damaged, install isograph again"
    assert str(caught.value) == expected


def test_statement__holds_what_its_header_declares():
    found = statement("bundle", "truth_modules")
    assert (found.topic, found.name, found.params) == ("bundle", "truth_modules", ())
    assert found.definition == "Planted module of each gene in simulated data."
    assert found.returns == "gene_id VARCHAR, module_id BIGINT"
    assert (found.grain, found.order) == ("one row per gene_id", "gene_id")
    assert found.sql == (REPOSITORY / "sql" / "bundle" / "truth_modules.sql").read_text(encoding="utf-8")


def test_statement__reads_the_names_of_its_parameters(tmp_path, monkeypatch):
    directory = package_in(tmp_path, monkeypatch) / "_sql" / "network"
    directory.mkdir(parents=True)
    header = "-- Edges.\n-- Two lines.\n-- reads: edges(weight)\n-- params: low DOUBLE, high DOUBLE\n"
    rest = "-- returns: weight DOUBLE\n-- grain: one row per weight\n-- order: weight\nSELECT $low, $high\n"
    (directory / "edges.sql").write_text(header + rest)
    found = statement("network", "edges")
    assert (found.params, found.definition) == (("low", "high"), "Edges. Two lines.")


@pytest.mark.parametrize(
    ("topic", "name"),
    [("..", "genes"), ("bundle", "../bundle/genes"), ("/etc", "x"), ("Bundle", "genes"), ("bundle", ""), ("", "genes")],
)
def test_statement__refuses_names_that_are_not_words(topic, name):
    with pytest.raises(ValueError, match=re.escape(f"statement names are lower-case words, got '{topic}/{name}'")):
        statement(topic, name)


def test_answer__returns_columns_with_the_types_and_missing_values_of_the_query():
    rows = "(1::BIGINT, '001', TRUE, 0.5), (NULL, NULL, NULL, NULL)"
    with connection() as database:
        found = answer(database, query(f"SELECT * FROM (VALUES {rows}) AS v(a, b, c, d)"))
    expected = {"a": [1, None], "b": ["001", None], "c": [True, None], "d": [0.5, None]}
    assert_frame_equal(found, pl.DataFrame(expected))


def test_answer__binds_values_and_never_reads_them_as_sql():
    hostile = "'; DROP TABLE t; --"
    with connection() as database:
        found = answer(database, query("SELECT $text AS text", params=("text",)), {"text": hostile})
    assert found.rows() == [(hostile,)]


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        (("x",), {}, "topic/numbers takes ['x'], got []"),
        ((), {"x": 1}, "topic/numbers takes [], got ['x']"),
        (("x", "y"), {"x": 1, "z": 2}, "topic/numbers takes ['x', 'y'], got ['x', 'z']"),
    ],
)
def test_answer__refuses_parameters_that_are_not_declared(declared, given, message):
    with connection() as database, pytest.raises(ValueError, match=re.escape(message)):
        answer(database, query("SELECT 1 AS x", params=declared), given)


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


def test_bundle_views__are_those_of_the_tables_that_are_there(multiplex):
    with bundle_views(multiplex) as database:
        names = database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name").fetchall()
    assert [name for (name,) in names] == [
        "genes",
        "samples",
        "transcripts",
        "truth_abundance",
        "truth_channel_role",
        "truth_modules",
        "truth_switch",
    ]


def test_bundle_views__of_a_simpler_bundle_are_fewer(multiplex):
    with bundle_views(multiplex.parent / "toy_v1") as database:
        names = database.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name").fetchall()
    assert [name for (name,) in names] == ["genes", "samples", "transcripts", "truth_modules", "truth_switch"]


def test_bundle_views__refuse_a_manifest_that_is_not_one(tmp_path):
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(InputError) as caught:
        bundle_views(tmp_path)
    assert caught.value.subject == str(tmp_path)
    assert len(caught.value.violations) == 1

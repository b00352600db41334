from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from isograph.database.bundle_view import VIEW_OF_KIND
from isograph.database.connection import relation_frame, statement_rows
from isograph.database.statement import statement, statements
from isograph.schemas import FIT_TABLES
from isograph.schemas.explanation import EXPLAIN_TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "sql").rglob("*.sql"))
VIEWS = {*VIEW_OF_KIND.values(), "samples"}
# NOTE: asked of all runs at once, not of one bundle.
OF_RUNS = {"transcript_counts_of_run", "gene_counts_of_run", "summed_gene_counts"}
COUNTS = {"transcript_counts", "gene_counts"}
BUNDLE_FILES = [file for file in FILES if file.parent.name == "bundle" and file.stem not in OF_RUNS]
RUN_FILES = [file for file in FILES if file not in BUNDLE_FILES]
ASKED = {
    "gene": "G0001", "module": "M000", "n": 5, "in_run": None, "run_a": "run", "run_b": "other", "of_trait": "Age",
    "max_q": 1.0, "named_in": "bundle_transcripts",
}  # fmt: skip


def named(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


each_file = pytest.mark.parametrize("file", FILES, ids=named)
each_bundle_file = pytest.mark.parametrize("file", BUNDLE_FILES, ids=named)
each_run_file = pytest.mark.parametrize("file", RUN_FILES, ids=named)


def declared(file: Path):
    return statement(file.parent.name, file.stem)


def columns_of(listing: str) -> list[str]:
    """Column names of an order or grain: no directions."""
    return [column.split()[0] for column in listing.split(", ")]


def grain_of(file: Path) -> list[str]:
    return columns_of(declared(file).grain.removeprefix("one row per "))


def params_of(file: Path) -> dict[str, object]:
    return {name: ASKED[name] for name in declared(file).params}


def asked(views: duckdb.DuckDBPyConnection, file: Path) -> duckdb.DuckDBPyRelation:
    given = params_of(file)
    return views.sql(declared(file).sql, params=given) if given else views.sql(declared(file).sql)


def called_with(name: str) -> list[str]:
    """Where the package asks for the statement of that ``name``."""
    return [
        f"{module.name}:{call.lineno}"
        for module in (REPOSITORY / "isograph").rglob("*.py")
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "statement"
        and any(isinstance(argument, ast.Constant) and argument.value == name for argument in call.args)
    ]


def test_sql__has_a_file_for_every_view():
    assert {file.stem for file in FILES if file.parent.name == "bundle"} >= VIEWS


@each_file
def test_sql__is_one_select(file):
    (parsed,) = duckdb.extract_statements(file.read_text(encoding="utf-8"))
    assert parsed.type == duckdb.StatementType.SELECT


@each_file
def test_sql__opens_with_its_definition_and_every_field_in_order(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    header = lines[: next(number for number, line in enumerate(lines) if not line.startswith("--"))]
    fields = [match[1] for line in header if (match := re.match(r"-- (\w+):\s+\S", line))]
    assert fields == ["reads", "params", "returns", "grain", "order"]
    first = next(number for number, line in enumerate(header) if line.startswith("-- reads:"))
    prose = " ".join(line.removeprefix("-- ") for line in header[:first])
    assert re.fullmatch(r"[A-Z].*\.", prose)
    assert prose == declared(file).definition


@each_file
def test_sql__declares_the_parameters_it_takes(file):
    (parsed,) = duckdb.extract_statements(file.read_text(encoding="utf-8"))
    assert set(declared(file).params) == parsed.named_parameters


@each_bundle_file
def test_sql__reads_what_it_declares(file, database):
    # NOTE: a table that a parameter names has no name before it is given.
    texts = (declared(file).reads, declared(file).sql)
    reads, sql = (text.replace("query_table($named_in)", ASKED["named_in"]) for text in texts)
    tables = dict(re.findall(r"(\w+)\(([^)]*)\)", reads))
    assert set(tables) == duckdb.connect().get_table_names(sql)
    for table, columns in tables.items():
        assert set(columns.split(", ")) <= set(database.table(table).columns)


@each_bundle_file
def test_sql__returns_the_columns_it_declares(file, database):
    relation = asked(database, file)
    found = [f"{name} {kind}" for name, kind in zip(relation.columns, map(str, relation.types), strict=True)]
    expected = declared(file).returns.split(", ")
    if "..." in expected:
        rest = expected.index("...")
        assert found[:rest] == expected[:rest]
        assert found[rest - len(expected) + 1 :] == expected[rest + 1 :]
    else:
        assert found == expected


@each_bundle_file
def test_sql__has_one_row_per_grain(file, database):
    rows = statement_rows(database, declared(file), params_of(file))
    assert rows.height > 0
    assert rows.select(grain_of(file)).is_unique().all()
    assert rows.select(grain_of(file)).null_count().sum_horizontal().item() == 0


@each_bundle_file
def test_sql__is_in_the_order_it_declares(file, database):
    if declared(file).order == "none":
        assert "ORDER BY" not in declared(file).sql
        return
    order = columns_of(declared(file).order)
    rows = statement_rows(database, declared(file), params_of(file))
    assert rows.equals(rows.sort(order, maintain_order=True))
    assert rows.select(order).is_unique().all()


@each_bundle_file
def test_sql__is_asked_for_in_one_place(file):
    calls = called_with(file.stem)
    if file.stem in VIEWS | COUNTS:
        assert calls == []
    else:
        assert len(calls) == 1


def declared_columns(text: str) -> list[str]:
    return [column for column in text.split(", ") if column != "..."]


@each_run_file
def test_sql_of_runs__reads_what_it_declares(file, views):
    reads = dict(re.findall(r"([\w.]+)\(([^)]*)\)", declared(file).reads))
    sql = re.sub(r"\$\w+", "NULL", declared(file).sql)
    found = duckdb.connect().get_table_names(sql, qualified=True)
    assert {name.partition(" AS ")[0] for name in found} == set(reads)
    for table, columns in reads.items():
        assert set(columns.split(", ")) <= {*views.sql(f"SELECT * FROM {table} LIMIT 0").columns}


@each_run_file
def test_sql_of_runs__returns_the_columns_it_declares(file, views):
    relation = asked(views, file)
    found = [f"{name} {kind}" for name, kind in zip(relation.columns, map(str, relation.types), strict=True)]
    expected = declared_columns(declared(file).returns)
    assert found[: len(expected)] == expected
    assert declared(file).more_columns or len(found) == len(expected)


@each_run_file
def test_sql_of_runs__has_one_row_per_grain(file, views):
    if file.stem == "problems":
        assert asked(views, file).fetchall() == []
        return
    rows = relation_frame(asked(views, file))
    assert (rows.height > 0) == (file.stem != "hidden_factors")
    assert rows.select(grain_of(file)).is_unique().all()
    assert rows.select(grain_of(file)).null_count().sum_horizontal().item() == 0


@each_run_file
def test_sql_of_runs__orders_its_rows_if_it_says_so(file):
    ordered = declared(file).body.splitlines()[-1].startswith("ORDER BY")
    assert ordered == (declared(file).order != "none")


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "macro"], ids=named)
def test_macro__has_no_parameter_named_like_a_column(file, views):
    columns = {
        column
        for table in re.findall(r"([\w.]+)\(", declared(file).reads)
        for column in views.sql(f"SELECT * FROM {table} LIMIT 0").columns
    }
    assert columns.isdisjoint(declared(file).params)
    assert set(declared(file).columns).isdisjoint(declared(file).params)


@pytest.mark.parametrize("file", [file for file in FILES if file.parent.name == "macro"], ids=named)
def test_macro__answers_as_its_file_does(file, views):
    given = params_of(file)
    listed = ", ".join(f"{name} := ${name}" for name in given)
    called = views.sql(f"FROM {file.stem}({listed})", params=given)
    assert relation_frame(called).equals(relation_frame(asked(views, file)))


@pytest.mark.parametrize("table", FIT_TABLES)
def test_artifact__has_the_grain_that_the_contract_names(table):
    contract = FIT_TABLES[table]
    assert statement("artifact", table).more_columns == (contract.more is not None)
    assert statement("artifact", table).grain == f"one row per {', '.join(('run', *contract.key))}"


def test_artifact__has_a_view_for_every_table_of_the_contract():
    of_bundles = {*VIEW_OF_KIND.values(), "samples", "transcript_counts", "gene_counts"}
    expected = {*FIT_TABLES, *EXPLAIN_TABLES, *of_bundles, "feature_scores_long", "runs"}
    assert expected <= set(statements("artifact"))


def test_sql__passes_its_linter():
    command = [sys.executable, "-m", "sqlfluff", "lint", "--nocolor", "--disable-progress-bar", "sql"]
    lint = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (lint.returncode, lint.stdout) == (0, "All Finished!\n")

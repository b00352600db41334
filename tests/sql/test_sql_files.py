from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from isograph.catalog.bundle_view import VIEW_OF_KIND
from isograph.catalog.connection import answer
from isograph.catalog.statement import statement

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = sorted((REPOSITORY / "sql").rglob("*.sql"))
VIEWS = {*VIEW_OF_KIND.values(), "samples"}
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


def declared(file: Path):
    return statement(file.parent.name, file.stem)


def columns_of(listing: str) -> list[str]:
    """Column names of an order or grain: no directions."""
    return [column.split()[0] for column in listing.split(", ")]


def grain_of(file: Path) -> list[str]:
    return columns_of(declared(file).grain.removeprefix("one row per "))


def called_with(name: str) -> list[str]:
    """Where the catalog calls something with the literal ``name``."""
    return [
        f"{module.name}:{call.lineno}"
        for module in (REPOSITORY / "isograph" / "catalog").glob("*.py")
        for call in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
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
    prose = " ".join(line.removeprefix("-- ") for line in header[:-5])
    assert re.fullmatch(r"[A-Z].*\.", prose)
    assert prose == declared(file).definition


@each_file
def test_sql__declares_the_parameters_it_takes(file):
    (parsed,) = duckdb.extract_statements(file.read_text(encoding="utf-8"))
    assert set(declared(file).params) == parsed.named_parameters


@each_file
def test_sql__reads_what_it_declares(file, database):
    reads, sql = declared(file).reads, "".join(declared(file).sql.split())
    if reads.startswith("read_parquet"):
        assert reads == f"read_parquet(getvariable('bundle_files').{file.stem})"
        assert sql.count("read_parquet(") == 2
        assert f"FROMread_parquet(getvariable('bundle_files').{file.stem}," in sql
    else:
        tables = dict(re.findall(r"(\w+)\(([^)]*)\)", reads))
        assert set(tables) == duckdb.connect().get_table_names(declared(file).sql)
        for table, columns in tables.items():
            assert set(columns.split(", ")) <= set(database.table(table).columns)


@each_file
def test_sql__returns_the_columns_it_declares(file, database):
    relation = database.sql(declared(file).sql)
    found = [f"{name} {kind}" for name, kind in zip(relation.columns, map(str, relation.types), strict=True)]
    expected = declared(file).returns.split(", ")
    if "..." in expected:
        rest = expected.index("...")
        assert found[:rest] == expected[:rest]
        assert found[rest - len(expected) + 1 :] == expected[rest + 1 :]
    else:
        assert found == expected


@each_file
def test_sql__has_one_row_per_grain(file, database):
    rows = answer(database, declared(file))
    assert rows.height > 0
    assert rows.select(grain_of(file)).is_unique().all()
    assert rows.select(grain_of(file)).null_count().sum_horizontal().item() == 0


@each_file
def test_sql__is_in_the_order_it_declares(file, database):
    order = columns_of(declared(file).order)
    rows = answer(database, declared(file))
    assert rows.equals(rows.sort(order, maintain_order=True))
    assert rows.select(order).is_unique().all()


@each_file
def test_sql__is_asked_for_in_one_place(file):
    calls = called_with(file.stem)
    if file.stem in VIEWS:
        assert calls == []
    else:
        assert len(calls) == 1


def test_sql__passes_its_linter():
    command = [sys.executable, "-m", "sqlfluff", "lint", "--nocolor", "--disable-progress-bar", "sql"]
    lint = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (lint.returncode, lint.stdout) == (0, "All Finished!\n")

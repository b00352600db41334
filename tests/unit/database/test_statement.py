from __future__ import annotations

import re
from pathlib import Path

import pytest

import isograph
from isograph.database.statement import sql_directory, statement, statements

REPOSITORY = Path(__file__).resolve().parents[3]


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


def test_statement__is_called_as_a_macro_with_its_defaults_and_commented_on_by_its_grain():
    macro = statements("macro")["module_genes"]
    assert macro.signature == "module_genes(module, in_run := NULL)"
    expected = "Genes of a module, the most central first, with what drives their membership. One row per run, gene_id."
    assert macro.comment == expected

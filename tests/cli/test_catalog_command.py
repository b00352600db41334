from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from isograph.database.script import view_names
from isograph.database.statement import statements

SHELL = Path(sys.executable).with_name("duckdb")


@pytest.fixture
def artifacts(earlier_bundles, earlier_fit, tmp_path) -> Path:
    """A directory with an awkward name, of a bundle and two fits, one with an awkward name too."""
    root = tmp_path / "my [best] art'ifacts"
    shutil.copytree(earlier_bundles / "toy_multiplex_v1", root / "bundles" / "toy")
    for name in ("toy", 'quo\'te "[1]" ü *'):
        shutil.copytree(earlier_fit, root / "fits" / name)
    return root


def query(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql(sql).fetchall()


def in_shell(*arguments: object) -> str:
    """What DuckDB 1.5's own shell prints."""
    if not SHELL.exists():
        pytest.fail("the DuckDB shell is part of the dev extra: pip install -e '.[dev]'")
    ended = subprocess.run([SHELL, "-csv", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if "Loading resources" not in line]) == (
        0,
        [line for line in ended.stderr.splitlines() if "Loading resources" not in line and line.strip("\x1b[0m") == ""],
    )
    return ended.stdout


def test_catalog__writes_a_file_of_views_and_a_script(isograph, artifacts):
    ended = isograph("catalog", "--artifacts", artifacts)
    assert (ended.code, ended.out) == (0, f"{artifacts}/catalog.duckdb\n")
    assert "1 bundle, 2 fits. Worth trying next:" in ended.err
    catalog = artifacts / "catalog.duckdb"
    assert query(catalog, "SELECT run, count(*) FROM modules GROUP BY run ORDER BY run") == [
        ('quo\'te "[1]" ü *', 40),
        ("toy", 40),
    ]
    assert query(catalog, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal") == [(0,)]
    assert catalog.with_suffix(".sql").read_text().startswith("-- Made by isograph ")


def test_catalog__is_read_by_the_shell_of_duckdb_1(isograph, artifacts):
    isograph("catalog", "--artifacts", artifacts)
    asked = "SELECT count(*) AS n FROM module_genes('M000', in_run := 'toy')"
    assert in_shell("-readonly", artifacts / "catalog.duckdb", "-c", asked) == "n\n20\n"
    assert in_shell("-init", artifacts / "catalog.sql", "-c", asked) == "n\n20\n"


def test_catalog__has_a_comment_on_every_view_column_and_macro(isograph, artifacts):
    isograph("catalog", "--artifacts", artifacts)
    catalog = artifacts / "catalog.duckdb"
    where = "NOT internal AND schema_name = 'main'"
    views = query(catalog, f"SELECT view_name FROM duckdb_views() WHERE {where} AND comment IS NOT NULL")
    macros = query(catalog, f"SELECT function_name FROM duckdb_functions() WHERE {where} AND comment IS NOT NULL")
    assert {name for (name,) in views} == {*view_names()}
    assert {name for (name,) in macros} == {*statements("macro")}
    silent = query(catalog, f"SELECT table_name, column_name FROM duckdb_columns() WHERE {where} AND comment IS NULL")
    assert {view for view, _ in silent} == {"feature_scores", "samples", "genes", "transcripts", "trait_matrix"}
    (told,) = query(
        catalog,
        f"SELECT comment FROM duckdb_columns() WHERE {where} AND table_name = 'modules' AND column_name = 'gene_name'",
    )
    assert told == ("gene symbol. Null: the bundle knows none.",)


def test_catalog__follows_its_directory_by_one_variable(isograph, artifacts, tmp_path):
    isograph("catalog", "--artifacts", artifacts)
    moved = tmp_path / "moved [2]"
    artifacts.rename(moved)
    setting = f"SET VARIABLE artifacts = '{moved}';"
    asked = "SELECT DISTINCT run FROM modules WHERE run = 'toy'"
    assert in_shell("-readonly", moved / "catalog.duckdb", "-c", f"{setting} {asked}") == "run\ntoy\n"
    script = (moved / "catalog.sql").read_text()
    quoted = str(artifacts).replace("'", "''")
    edited = script.replace(f"SET VARIABLE artifacts = '{quoted}';", setting)
    assert edited != script
    (moved / "catalog.sql").write_text(edited)
    assert in_shell("-init", moved / "catalog.sql", "-c", asked) == "run\ntoy\n"


def test_catalog__is_made_again_while_it_is_read(isograph, artifacts):
    isograph("catalog", "--artifacts", artifacts)
    catalog = artifacts / "catalog.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as reader:
        shutil.rmtree(artifacts / "fits" / "toy")
        assert isograph("catalog", "--artifacts", artifacts).code == 0
        assert reader.sql("SELECT count(*) FROM runs").fetchall() == [(3,)]
    assert query(catalog, "SELECT count(*) FROM runs") == [(2,)]
    assert [file.name for file in artifacts.iterdir() if file.name.startswith(".")] == []


def test_catalog__leaves_a_damaged_file_out_and_names_it(isograph, artifacts):
    (artifacts / "fits" / "toy" / "edges.parquet").write_bytes(b"PAR1")
    ended = isograph("catalog", "--artifacts", artifacts)
    assert ended.code == 0
    assert "warning: fits/toy/edges.parquet is left out: is 4 bytes, " in ended.err
    catalog = artifacts / "catalog.duckdb"
    assert query(catalog, "SELECT DISTINCT run FROM edges") == [('quo\'te "[1]" ü *',)]
    assert query(catalog, "SELECT count(DISTINCT run) FROM modules") == [(2,)]
    assert query(catalog, "SELECT path FROM problems") == [("fits/toy/edges.parquet",)]


def test_catalog__with_counts_answers_for_them_and_without_says_how(isograph, artifacts):
    isograph("catalog", "--artifacts", artifacts)
    catalog, asked = artifacts / "catalog.duckdb", "SELECT sum(count) FROM transcript_usage('G0001')"
    with pytest.raises(duckdb.InvalidInputException, match="this catalog was made without --counts"):
        query(catalog, asked)
    isograph("catalog", "--artifacts", artifacts, "--counts")
    assert query(catalog, asked)[0][0] > 0
    assert query(catalog, "SELECT count(*) FROM gene_counts") == [(40 * 64,)]


def test_catalog__replaces_nothing_but_a_catalog(isograph, artifacts, tmp_path):
    (tmp_path / "mine.duckdb").write_text("mine")
    ended = isograph("catalog", "--artifacts", artifacts, "--output", tmp_path / "mine.duckdb")
    assert ended.code == 2
    assert "is not a catalog, so it is not replaced" in ended.err
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as database:
        database.execute("CREATE TABLE precious AS SELECT 1 AS x")
    assert isograph("catalog", "--artifacts", artifacts, "--output", other).code == 2
    assert (tmp_path / "mine.duckdb").read_text() == "mine"


def test_catalog__of_nothing_is_an_error(isograph, tmp_path):
    ended = isograph("catalog", "--artifacts", tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert "no bundle, fit, explanation or report in it" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_catalog__of_two_schema_versions_reads_both(isograph, artifacts):
    import json

    import polars as pl

    fit = artifacts / "fits" / "toy"
    manifest = json.loads((fit / "manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name].pop("sha256")
        manifest["files"][name].pop("bytes")
    (fit / "manifest.json").write_text(json.dumps(manifest))
    old = pl.read_parquet(fit / "modules.parquet", glob=False).drop("gene_name").with_columns(later=1)
    old.write_parquet(fit / "modules.parquet")
    assert isograph("catalog", "--artifacts", artifacts).code == 0
    rows = query(artifacts / "catalog.duckdb", "SELECT run, gene_name, count(*) FROM modules GROUP BY ALL ORDER BY ALL")
    assert rows == [('quo\'te "[1]" ü *', None, 40), ("toy", None, 40)]

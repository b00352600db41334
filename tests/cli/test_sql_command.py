from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import polars as pl
import pytest


@pytest.fixture
def artifacts(earlier_bundles, earlier_fit, tmp_path) -> Path:
    root = tmp_path / "artifacts"
    shutil.copytree(earlier_bundles / "toy_multiplex_v1", root / "bundles" / "toy")
    shutil.copytree(earlier_fit, root / "fits" / "toy")
    return root


def test_sql__shows_a_table(isograph, artifacts):
    query = "SELECT run, gene_id, kme, gene_name FROM module_genes('M000') LIMIT 2"
    ended = isograph("sql", "--artifacts", artifacts, query)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[0].split() == ["run", "gene_id", "kme", "gene_name"]
    assert lines[2].split()[0] == "toy"
    assert lines[-1] == "(2 rows)"


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("csv", 'a,b,c,d\n001,NaN,,"[1,2]"\n'),
        (
            "json",
            '[\n  {\n    "a": "001",\n    "b": null,\n    "c": null,\n    "d": [\n      1,\n      2\n    ]\n  }\n]\n',
        ),
        ("table", "a      b  c  d\n---  ---  -  ------\n001  nan     [1, 2]\n(1 row)\n"),
    ],
)
def test_sql__writes_what_was_asked_for(isograph, artifacts, format_, expected):
    query = "SELECT '001' AS a, CAST('nan' AS DOUBLE) AS b, CAST(NULL AS VARCHAR) AS c, [1, 2] AS d"
    ended = isograph("sql", "--artifacts", artifacts, "--format", format_, query)
    assert (ended.code, ended.out) == (0, expected)


def test_sql__writes_a_file_by_its_ending(isograph, artifacts, tmp_path):
    out = tmp_path / "new" / "modules.parquet"
    ended = isograph("sql", "--artifacts", artifacts, "--output", out, "FROM modules")
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert pl.read_parquet(out).height == 40
    refused = isograph("sql", "--artifacts", artifacts, "--output", out, "FROM modulse")
    assert refused.code == 2
    assert pl.read_parquet(out).height == 40


def test_sql__suggests_the_right_column(isograph, artifacts):
    ended = isograph("sql", "--artifacts", artifacts, "SELECT geneid FROM modules")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: there is no column 'geneid'; did you mean 'gene_id'? modules has run, gene_id, module_id, kme, "
        "feature_type, gene_name.\n"
    )


def test_sql__asks_of_a_bundle_elsewhere(isograph, earlier_bundles):
    query = "SELECT sum(count) AS n FROM transcript_usage('G0001') WHERE sample_id = 'S000'"
    ended = isograph("sql", "--bundle", earlier_bundles / "toy_v1", "--format", "json", query)
    assert ended.code == 0
    assert json.loads(ended.out)[0]["n"] > 0


def test_sql__sums_counts_of_genes_a_bundle_has_none_of(isograph, earlier_bundles, tmp_path):
    bundle = tmp_path / "toy"
    shutil.copytree(earlier_bundles / "toy_v1", bundle)
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["matrices"] = [entry for entry in manifest["matrices"] if entry["assay_name"] == "transcript_counts"]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    query = "SELECT sum(g.count) - (SELECT sum(count) FROM transcript_counts) AS d, count(*) AS n FROM gene_counts AS g"
    ended = isograph("sql", "--bundle", bundle, "--format", "json", query)
    (row,) = json.loads(ended.out)
    assert row["d"] == pytest.approx(0, abs=1e-6)
    assert row["n"] == 24 * 48


def test_sql__reads_statements_and_parameters_from_a_file(isograph, artifacts, tmp_path):
    file = tmp_path / "asked.sql"
    file.write_text("SELECT count(*) AS n FROM modules WHERE module_id = $module;\nSELECT $module AS m;\n")
    ended = isograph("sql", "--artifacts", artifacts, "--file", file, "--param", "module=M000")
    assert ended.out == " n\n--\n20\n(1 row)\n\nm\n----\nM000\n(1 row)\n"
    missing = isograph("sql", "--artifacts", artifacts, "--file", file)
    assert missing.code == 2
    assert "the query takes the parameters 'module', got no parameter" in missing.err
    unknown = isograph("sql", "--artifacts", artifacts, "--param", "x=1", "FROM modules")
    assert "no statement takes a parameter 'x'. Write it as $x." in unknown.err
    several = isograph("sql", "--artifacts", artifacts, "--file", file, "--param", "module=M000", "--format", "csv")
    assert several.code == 2


def test_sql__reads_standard_input(isograph, artifacts, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1 AS one"))
    assert isograph("sql", "--artifacts", artifacts, "--format", "csv").out == "one\n1\n"


def test_sql__lists_and_describes(isograph, artifacts):
    listed = isograph("sql", "--list", "--format", "json")
    names = [row["name"] for row in json.loads(listed.out)]
    assert {"modules", "feature_scores_long", "module_genes(module, in_run := NULL)"} <= {*names}
    described = isograph("sql", "--artifacts", artifacts, "--describe", "samples", "--format", "json")
    columns = {row["column"]: row for row in json.loads(described.out)}
    assert columns["sample_row"]["meaning"] == "column of the sample in every matrix of the bundle, from 0. Never null."
    assert columns["Age"]["type"] == "DOUBLE"
    macro = isograph("sql", "--describe", "edges_of", "--format", "json")
    assert json.loads(macro.out)[0] == {"column": "run", "type": "VARCHAR", "meaning": ""}
    assert "did you mean 'modules'" in isograph("sql", "--describe", "module").err


def test_sql__warns_of_a_run_that_is_not_whole_and_answers_of_the_rest(isograph, artifacts):
    shutil.copytree(artifacts / "fits" / "toy", artifacts / "fits" / "half")
    (artifacts / "fits" / "half" / "manifest.json").unlink()
    ended = isograph("sql", "--artifacts", artifacts, "--format", "csv", "SELECT DISTINCT run FROM modules")
    assert ended.out == "run\ntoy\n"
    assert "warning: fits/half is left out: no manifest.json" in ended.err
    named = isograph("sql", "--artifacts", artifacts / "fits" / "half", "FROM modules")
    assert (named.code, named.out) == (3, "")


def test_sql__answers_one_after_the_other_on_a_terminal(isograph, artifacts, monkeypatch):
    typed = iter(["SELECT 1", "AS one;", "FROM nothing;", ".describe nothing", ".help", ".list", ".quit"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ended = isograph("sql", "--artifacts", artifacts, "--format", "csv")
    assert ended.code == 0
    assert ended.out.startswith("one\n1\nname,what\n")
    assert ended.err.count("error: there is no view 'nothing'.") == 2
    assert list(typed) == []


def test_sql__without_anything_to_ask_about_says_so(isograph, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = isograph("sql", "FROM modules")
    assert ended.code == 3
    assert "artifacts: there is no such directory. Name one that holds bundles or fits." in ended.err


def test_sql__shows_hostile_names_escaped(isograph, artifacts):
    ended = isograph("sql", "--artifacts", artifacts, "SELECT chr(27) || ']0;x' AS a")
    assert "\x1b" not in ended.out
    assert "\\x1b]0;x" in ended.out

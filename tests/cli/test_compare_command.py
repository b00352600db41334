from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest

import isograph as package


@pytest.fixture(scope="module")
def other_fit(earlier_bundles, tmp_path_factory) -> Path:
    """A fit of the same bundle with a covariate."""
    out = tmp_path_factory.mktemp("fits") / "other"
    return package.fit(earlier_bundles / "toy_multiplex_v1", output_dir=out, covariates="Sex").path


def test_compare__writes_json_to_stdout_and_text_to_stderr(isograph, earlier_fit):
    ended = isograph("compare", earlier_fit, earlier_fit)
    record = orjson.loads(ended.out)
    assert (ended.code, record["passed"], record["differences"]) == (0, True, [])
    assert set(record) == {
        "passed", "differences", "agreement", "configuration", "reference", "candidate", "isograph_version"
    }  # fmt: skip
    assert set(record["agreement"]) >= {"ari", "nmi", "crosstab", "eigengene_correlations", "matches"}
    assert ended.err.splitlines()[-1] == "No differences."


def test_compare__writes_a_file_and_prints_its_path(isograph, earlier_fit, other_fit, tmp_path):
    out = tmp_path / "new" / "compared.json"
    ended = isograph("compare", earlier_fit, other_fit, "--output-path", out)
    record = orjson.loads(out.read_bytes())
    assert (ended.code, ended.out, record["passed"]) == (0, f"{out}\n", False)
    assert "Made with other settings (3):" in ended.err
    assert {entry["file"] for entry in record["differences"]} >= {
        "modules.parquet",
        "edges.parquet",
        "eigengenes.parquet",
    }
    assert set(record["differences"][0]) >= {"file", "table", "column", "rows", "max_abs_difference"}


def test_compare__shows_a_terminal_the_text_only(isograph, earlier_fit, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    ended = isograph("compare", earlier_fit, earlier_fit)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("No differences.\n")


def test_compare__fails_on_difference_only_if_told_to(isograph, earlier_fit, other_fit):
    assert isograph("compare", earlier_fit, other_fit, "--quiet").code == 0
    ended = isograph("compare", earlier_fit, other_fit, "--quiet", "--fail-on-difference")
    assert (ended.code, ended.err, orjson.loads(ended.out)["passed"]) == (1, "", False)
    assert isograph("compare", earlier_fit, earlier_fit, "--fail-on-difference").code == 0


def test_compare__takes_a_tolerance_and_names_of_no_module(isograph, earlier_fit, other_fit, tmp_path):
    wide = isograph("compare", earlier_fit, other_fit, "--tolerance", 1e12)
    narrow = isograph("compare", earlier_fit, other_fit)
    assert len(orjson.loads(wide.out)["differences"]) < len(orjson.loads(narrow.out)["differences"])
    table = tmp_path / "m.tsv"
    table.write_text("gene_id\tmodule_id\nG0000\tnone\nG0001\tA\nG0002\tgrey\n")
    record = orjson.loads(isograph("compare", table, earlier_fit, "--unassigned", "none", "--unassigned", "grey").out)
    assert record["agreement"]["n_genes_reference"] == 1


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [("gene\tmodule\nx\t1\nx\t2\n", 3, "1 genes in several rows: 'x'."), (None, 2, "does not exist. Name a fit")],
)
def test_compare__ends_with_the_code_of_what_is_wrong(isograph, earlier_fit, tmp_path, content, code, message):
    path = tmp_path / "modules.tsv"
    if content is not None:
        path.write_text(content)
    ended = isograph("compare", path, earlier_fit, "--output-path", tmp_path / "out.json")
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert not (tmp_path / "out.json").exists()


def test_compare__of_committed_reports(isograph):
    reports = Path(__file__).resolve().parents[2] / "artifacts" / "reports"
    names = ("stress_v1-factor-benchmark.json", "stress_v1-factor-covariates-benchmark.json")
    ended = isograph("compare", *(reports / name for name in names))
    record = orjson.loads(ended.out)
    assert (ended.code, record["passed"], record["only_in_candidate"]) == (0, False, [])
    assert "Leading metrics, reference → candidate (10):" in ended.err
    assert {"ari", "recovery", "background_rate"} < set(record["datasets"][0]["metrics"])

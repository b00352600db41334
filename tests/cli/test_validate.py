from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from click.testing import CliRunner, Result

from isograph.cli.app import app, main

EARLIER = Path(__file__).resolve().parents[2] / "fixtures" / "bundles_0_1_5"


def validate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken"
    shutil.copytree(EARLIER / "toy_v1", path)
    pl.read_parquet(path / "samples.parquet").head(12).write_parquet(path / "samples.parquet")
    (path / "psi.npz").write_bytes(b"")
    for assay in ("gene_counts", "transcript_counts"):
        (path / f"{assay}.npz").unlink()
    return path


def test_validate__says_what_a_good_bundle_holds():
    result = validate(EARLIER / "toy_multiplex_v1")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f"{EARLIER / 'toy_multiplex_v1'}: valid",
        "  data set              toy_multiplex_v1",
        "  samples               64",
        "  genes                 40",
        "  transcripts           108",
        "  multi-isoform genes   38",
        "  assays                gene_counts (40 × 64), transcript_counts (108 × 64), psi (40 × 64)",
        "  truth tables          truth_module, truth_switch, truth_abundance, truth_channel_role",
        "  sample columns        Dx (String), Age (Float64), Sex (String)",
    ]


def test_validate__lists_everything_wrong(broken):
    result = validate(broken)
    assert result.exit_code == 3
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == f"{broken}: not valid (6 errors, 1 warning)"
    assert [line.split(": ")[:2] for line in lines[1:]] == [
        ["  error", "manifest.json"],
        ["  error", "gene_counts.npz"],
        ["  error", "manifest.json"],
        ["  error", "transcript_counts.npz"],
        ["  error", "manifest.json"],
        ["  error", "psi.npz"],
        ["  warning", "samples.parquet"],
    ]


def test_validate__passes_a_bundle_with_warnings_only(broken):
    shutil.rmtree(broken)
    shutil.copytree(EARLIER / "toy_v1", broken)
    samples = pl.read_parquet(broken / "samples.parquet")
    age = pl.when(pl.int_range(pl.len()) == 1).then(float("nan")).when(pl.int_range(pl.len()) > 2).then("Age")
    renamed = pl.when(pl.col("sample_id") == "S001").then(pl.lit("s000")).otherwise("sample_id")
    samples.with_columns(age.alias("Age"), renamed.alias("sample_id")).write_parquet(broken / "samples.parquet")
    result = validate(broken)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{broken}: valid (1 warning)"
    assert lines[-2] == "  sample columns        Dx (String), Age (Float64, 3 missing), Sex (String)"
    assert lines[-1].startswith("  warning: samples.parquet:sample_id: 2 ids differ from another only in case")


def test_validate__writes_json():
    result = validate("--json", EARLIER / "toy_v1")
    assert result.exit_code == 0
    assert orjson.loads(result.stdout) == {
        "path": str(EARLIER / "toy_v1"),
        "valid": True,
        "summary": {
            "dataset_name": "toy_v1",
            "suite_name": "core_v1",
            "n_samples": 48,
            "n_genes": 24,
            "n_transcripts": 48,
            "n_multi_isoform_genes": 24,
            "assays": {"gene_counts": [24, 48], "transcript_counts": [48, 48], "psi": [24, 48]},
            "tables": {"gene": 24, "transcript": 48, "psi": 24, "truth_module": 24, "truth_switch": 24},
            "sample_columns": [
                {"name": "Dx", "type": "String", "n_missing": 0},
                {"name": "Age", "type": "Float64", "n_missing": 0},
                {"name": "Sex", "type": "String", "n_missing": 0},
            ],
        },
        "findings": [],
    }


def test_validate__writes_json_about_a_broken_bundle(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    result = validate(tmp_path, "--json")
    assert result.exit_code == 3
    report = orjson.loads(result.stdout)
    assert (report["valid"], report["summary"]) == (False, None)
    assert [(found["level"], found["where"]) for found in report["findings"]] == [("error", "manifest.json")]


def test_validate__writes_json_about_a_path_that_is_not_text(tmp_path):
    result = validate("--json", tmp_path / "a\udcffb")
    assert result.exit_code == 3
    assert orjson.loads(result.stdout)["path"].isprintable()


def test_validate__accepts_the_other_name_of_its_argument():
    assert validate("--dataset-path", EARLIER / "toy_v1").stdout == validate(EARLIER / "toy_v1").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"), [([], "missing"), (["a", "--dataset-path", "b"], "given twice")], ids=["none", "two"]
)
def test_validate__needs_one_bundle(isograph, arguments, problem):
    ended = isograph("validate", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"error: BUNDLE is {problem}: give it as an argument or with --dataset-path.\n"


def test_validate__tells_a_fit_from_a_bundle(tmp_path):
    (tmp_path / "manifest.json").write_text('{"artifact": "fit", "schema_version": 1, "files": {}}')
    result = validate(tmp_path)
    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        f"{tmp_path}: not valid (1 error)",
        "  error: manifest.json: this directory is a fit, expected a bundle. Name the bundle it was made from.",
    ]


def test_validate__quiet_says_nothing_of_a_good_bundle():
    result = validate("-q", EARLIER / "toy_v1")
    assert (result.exit_code, result.output) == (0, "")


def test_validate__quiet_keeps_what_was_found(tmp_path, broken):
    assert validate("-q", broken).stdout == validate(broken).stdout
    doubtful = shutil.copytree(EARLIER / "toy_v1", tmp_path / "doubtful")
    np.savez(doubtful / "gene_counts.npz", data=np.load(doubtful / "gene_counts.npz")["data"][::-1])
    result = validate("--quiet", doubtful)
    assert result.exit_code == 0
    assert [line.split(": ")[:2] for line in result.stdout.splitlines()] == [
        [str(doubtful), "valid (1 warning)"],
        ["  warning", "gene_counts.npz"],
    ]


def test_validate__quiet_leaves_json_whole():
    assert validate("-q", "--json", EARLIER / "toy_v1").stdout == validate("--json", EARLIER / "toy_v1").stdout


def test_validate__is_not_quiet_and_verbose(isograph):
    ended = isograph("validate", "-q", "-v", EARLIER / "toy_v1")
    assert (ended.code, ended.err) == (2, "error: --verbose and --quiet exclude each other; give one.\n")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_validate__has_help(flag):
    result = validate(flag)
    assert result.exit_code == 0
    assert "Report everything wrong with BUNDLE at once." in result.stdout


def test_validate__sends_no_control_character_to_the_terminal(tmp_path):
    path = tmp_path / "toy\x1b[2J"
    shutil.copytree(EARLIER / "toy_v1", path)
    # NOTE: from its original place: Polars would take the new path for a pattern.
    samples = pl.read_parquet(EARLIER / "toy_v1" / "samples.parquet")
    samples.rename({"Dx": "Dx\x1b]0;x\x07\r"}).write_parquet(path / "samples.parquet")
    result = validate(path)
    assert result.exit_code == 0
    assert all(line.isprintable() for line in result.stdout.split("\n"))


@pytest.mark.parametrize(("path", "code"), [(EARLIER / "toy_v1", 0), (EARLIER, 3)])
def test_validate__ends_with_its_exit_code(monkeypatch, capsys, path, code):
    monkeypatch.setattr(sys, "argv", ["isograph", "validate", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert capsys.readouterr().err == ""

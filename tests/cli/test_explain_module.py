from __future__ import annotations

import pytest

import isograph as package
from isograph.pipeline import explain as pipeline


def test_explain_module__prints_the_path_and_nothing_else(isograph, earlier_fit, tmp_path):
    ended = isograph("explain-module", earlier_fit, "--output-dir", tmp_path / "out")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'out'}\n")
    assert "2 modules explained, each in a directory of its own" in ended.err
    assert package.open(tmp_path / "out").module_ids == ("M000", "M001")


def test_explain_module__writes_below_artifacts_by_the_name_of_the_fit(isograph, earlier_fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = isograph("explain-module", "--artifact-dir", earlier_fit, "-q")
    assert ended == isograph("explain-module", earlier_fit, "-q")
    assert (ended.code, ended.out, ended.err) == (0, "artifacts/explain/toy\n", "")
    assert (tmp_path / "artifacts" / "explain" / "toy" / "M000" / "gene_driver_table.parquet").is_file()


@pytest.mark.parametrize(
    ("given", "modules"),
    [(["M001"], ("M001",)), (["M001,M000"], ("M000", "M001")), (["M001", "M000"], ("M000", "M001"))],
)
def test_explain_module__takes_modules_apart_or_joined_by_commas(isograph, earlier_fit, tmp_path, given, modules):
    options = [part for name in given for part in ("--module-ids", name)]
    isograph("explain-module", earlier_fit, "--output-dir", tmp_path / "out", *options, "-q")
    assert package.open(tmp_path / "out").module_ids == modules


def test_explain_module__writes_the_formats_asked_for(isograph, earlier_fit, tmp_path):
    out = tmp_path / "out"
    options = ["--module-ids", "M000", "--plot", "--output-format", "svg,tsv"]
    assert isograph("explain-module", earlier_fit, "--output-dir", out, *options, "-q").code == 0
    figures = ["drivers", "high_vs_low", "polarity", "summary", "transcript_usage"]
    assert sorted(path.stem for path in (out / "M000").glob("*.svg")) == [f"figure_{name}" for name in figures]
    for suffix in (".parquet", ".tsv"):
        names = {path.stem for path in (out / "M000").glob(f"*{suffix}")}
        assert names == {f"figure_{name}" for name in figures} | {
            "gene_driver_table", "transcript_polarity_table", "high_vs_low_table"
        }  # fmt: skip
    assert {path.name for path in (out / "overview").iterdir()} == {
        "figure_eigengenes.parquet", "figure_eigengenes.svg", "figure_eigengenes.tsv",
        "module_explanation_manifest.json",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--module-ids", "M009"], 2, ": 1 modules not in the fit: 'M009'. The fit has M000 to M001."),
        (["--output-format", "png"], 2, "error: --output-format png is of figures; ask for them with --plot"),
        (["--vae-attribution"], 2, "is a factor fit. Fit the bundle with --backend vae."),
        (["--bundle", "nowhere"], 3, "its bundle 'toy_multiplex_v1' is not at nowhere. Say where it is with --bundle."),
        (["--dataset-path", "nowhere"], 3, "is not at nowhere. Say where it is with --bundle."),
        (["--ig-n-steps", "1"], 2, "ask for them with --integrated-gradients"),
        (["--annotation-table", "nowhere"], 3, "error: nowhere: no such file"),
    ],
)
def test_explain_module__says_what_is_wrong(isograph, earlier_fit, tmp_path, options, code, message):
    ended = isograph("explain-module", earlier_fit, "--output-dir", tmp_path / "out", *options)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.splitlines()[-1].endswith(message)
    assert not (tmp_path / "out").exists()


def test_explain_module__says_that_it_goes_on_after_an_interrupt(isograph, earlier_fit, tmp_path, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "explanation_part", interrupted)
    ended = isograph("explain-module", earlier_fit, "--output-dir", tmp_path / "out", "-q")
    assert (ended.code, ended.out) == (130, "")
    assert (
        ended.err == "interrupted; the modules that were done are kept, and the same command goes on with the others\n"
    )

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest

import isograph as package
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.runtime import resources

STEP = re.compile(r"^  (\w+) +\d+\.\d\d s$")
STEPS = ["read", "features", "correlation", "similarity", "confounders", "modules", "tables", "write"]


@pytest.fixture
def bundle(earlier_bundles) -> Path:
    return earlier_bundles / "toy_multiplex_v1"


def recorded(out: Path) -> dict[str, object]:
    return orjson.loads((out / "fit_config.json").read_bytes())


def test_fit__prints_the_path_and_nothing_else(isograph, bundle, tmp_path):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'fit'}\n")
    assert package.open(tmp_path / "fit").calibration["n_modules"] == 2


def test_fit__tells_its_steps_a_summary_and_what_to_do_next(isograph, bundle, tmp_path):
    lines = isograph("fit", bundle, "--output-dir", tmp_path / "fit").err.splitlines()
    assert [STEP.match(line)[1] for line in lines[: len(STEPS)]] == STEPS
    assert lines[len(STEPS) : len(STEPS) + 2] == [
        "",
        "toy_multiplex_v1: 2 modules of 20 to 20 genes; 40 of 40 genes in a module, 380 edges.",
    ]
    assert "Largest modules (2 of 2)" in lines
    assert "Strongest trait associations (6 tests, 3 with q < 0.05)" in lines
    assert f"Every table is in {tmp_path / 'fit'}. Worth trying next:" in lines


@pytest.mark.parametrize("name", ["fit", "it's a fit", 'a "quoted" $HOME `fit`', "back\\slash", "[x]*"])
def test_fit__suggests_commands_that_work(isograph, bundle, tmp_path, name):
    out = tmp_path / name
    ended = isograph("fit", bundle, "--output-dir", out)
    assert ended.code == 0
    lines = ended.err.rstrip().splitlines()
    suggested = lines[lines.index(f"Every table is in {out}. Worth trying next:") + 1 :]
    assert len(suggested) == 3
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    printed = [
        subprocess.run(
            ["bash", "-c", line.removesuffix(" --plot")],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=tmp_path if "explain-module" in line else None,
        ).stdout
        for line in suggested
    ]
    assert printed[0].startswith("toy_multiplex_v1: 2 modules")
    assert (tmp_path / printed[1].rstrip("\n") / "M000" / "gene_driver_table.parquet").is_file()
    assert "40 rows" in printed[2]


def test_fit__is_quiet_when_told_to(isograph, bundle, tmp_path):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", "-q")
    assert (ended.code, ended.out, ended.err) == (0, f"{tmp_path / 'fit'}\n", "")


def test_fit__tells_more_when_told_to(isograph, bundle, tmp_path):
    lines = isograph("fit", bundle, "--output-dir", tmp_path / "fit", "-v").err.splitlines()
    assert "40 abundance and 32 switch features of 40 genes" in lines
    assert "trait Dx: 2 levels (Control 32, SCZD 32), reference Control" in lines


def test_fit__takes_the_bundle_as_an_option(isograph, bundle, tmp_path):
    assert isograph("fit", "--dataset-path", bundle, "--output-dir", tmp_path / "fit", "-q").code == 0


def test_fit__goes_where_artifacts_go(isograph, bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = isograph("fit", bundle, "-q")
    assert (ended.code, ended.out) == (0, "artifacts/fits/toy_multiplex_v1\n")
    assert (tmp_path / "artifacts" / "fits" / "toy_multiplex_v1" / "manifest.json").is_file()


def test_fit__records_every_option(isograph, bundle, tmp_path):
    ended = isograph(
        "fit", bundle, "--output-dir", tmp_path / "fit", "-q",
        "--backend", "factor", "--seed", 7, "--threads", 1, "--covariate", "Sex",
        "--trait", "Dx:ref=SCZD", "--trait", "Age",
        "--set", "min_module_size=4", "--set", "search_cuts=0.5,0.7",
    )  # fmt: skip
    assert ended.code == 0
    record = recorded(tmp_path / "fit")
    assert (record["backend"], record["seed"], record["covariates"]) == ("factor", 7, ["Sex"])
    assert record["threads"]["requested"] == record["threads"]["used"] == 1
    assert record["traits"] == ["Dx:ref=SCZD", "Age"]
    assert record["traits_as_read"] == {
        "Dx": "2 levels (SCZD 32, Control 32), reference SCZD",
        "Age": "number (64 values)",
    }
    assert record["settings"]["min_module_size"] == 4
    assert record["settings"]["search_cuts"] == [0.5, 0.7]
    traits = pl.read_parquet(tmp_path / "fit" / "traits.parquet")
    assert traits.select("trait", "level", "reference").unique(maintain_order=True).rows() == [
        ("Dx", "Control", "SCZD"),
        ("Age", None, None),
    ]


def test_fit__that_finds_nothing_is_no_error(isograph, bundle, tmp_path):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", "--set", "min_module_size=21")
    assert ended.code == 0
    assert "toy_multiplex_v1: 0 modules; 0 of 40 genes in a module" in ended.err
    assert "No module was found: no group of genes moves together" in ended.err
    assert isograph("show", tmp_path / "fit").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "factr"], "error: no backend 'factr'; did you mean 'factor'? (factor; vae; wgcna)"),
        (["--seed", "-1"], "error: seed is -1, expected 0 to 2^32 − 1"),
        (["--set", "fdr"], "error: --set takes KEY=VALUE, got 'fdr'."),
        (["--set", "=1"], "error: --set takes KEY=VALUE, got '=1'."),
        (["--set", "fdr=5"], "error: fdr is 5.0, expected above 0 and below 1"),
        (
            ["--set", "neighbor=5"],
            "error: there is no setting 'neighbor'; did you mean 'neighbours'?",
        ),
        (
            ["--covariate", "Sex", "--trait", "Sex"],
            "error: covariates are projected out, so they cannot be traits too: Sex",
        ),
        (["-v", "-q"], "error: --verbose and --quiet exclude each other; give one."),
        (["--threads", "0"], "Error: Invalid value for '--threads': 0 is not in the range x>=1."),
        (["--seed", "x"], "Error: Invalid value for '--seed': 'x' is not a valid integer."),
        (["--dataset-path", "b"], "error: BUNDLE is given twice: give it as an argument or with --dataset-path."),
    ],
)
def test_fit__explains_a_request_it_cannot_carry_out(isograph, bundle, tmp_path, arguments, message):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == message
    assert list(tmp_path.iterdir()) == []


def test_fit__needs_a_bundle(isograph):
    ended = isograph("fit")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: BUNDLE is missing: give it as an argument or with --dataset-path.\n"


def test_fit__finds_no_bundle_where_there_is_none(isograph, tmp_path):
    ended = isograph("fit", tmp_path / "nowhere", "--output-dir", tmp_path / "fit")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith("error: ")
    assert str(tmp_path / "nowhere") in ended.err
    assert list(tmp_path.iterdir()) == []


def test_fit__takes_no_fit_for_a_bundle(isograph, earlier_fit, tmp_path):
    ended = isograph("fit", earlier_fit, "--output-dir", tmp_path / "fit")
    assert (ended.code, ended.out) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_fit__does_not_replace_a_fit_unless_told_to(isograph, bundle, tmp_path):
    out = tmp_path / "fit"
    assert isograph("fit", bundle, "--output-dir", out, "-q").code == 0
    before = (out / "manifest.json").read_bytes()
    ended = isograph("fit", bundle, "--output-dir", out, "--seed", 3)
    assert (ended.code, ended.out, ended.err) == (
        2,
        "",
        f"error: {out} exists and is not empty. Pass --overwrite to replace it, or name another directory.\n",
    )
    assert (out / "manifest.json").read_bytes() == before
    assert isograph("fit", bundle, "--output-dir", out, "--seed", 3, "--overwrite", "-q").code == 0
    assert recorded(out)["seed"] == 3


def test_fit__never_replaces_its_bundle(isograph, bundle, tmp_path):
    copy = tmp_path / "data" / "bundle"
    shutil.copytree(bundle, copy)
    for out in (copy, tmp_path / "data"):
        ended = isograph("fit", copy, "--output-dir", out, "--overwrite")
        assert (ended.code, ended.out, ended.err) == (
            2,
            "",
            f"error: {out} is the bundle or holds it, so it is not replaced. Name another output directory.\n",
        )
    read_bundle(copy)


def test_fit__never_replaces_what_isograph_did_not_write(isograph, bundle, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "thesis", "--overwrite")
    assert ended.code == 2
    assert "holds files and is not a fit, so it is not replaced." in ended.err
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "violations"),
    [
        (["--covariate", "Batch"], ["covariate: no sample column 'Batch'. Columns: sample_id, Dx, Age, Sex."]),
        (["--trait", "dx"], ["trait: no trait column 'dx'. Columns: Dx, Age, Sex."]),
        (["--trait", "Dx:ref=Case"], ["trait: 'Dx' has no level 'Case': its levels are 'Control', 'SCZD'."]),
        (
            ["--covariate", "Batch", "--trait", "Region", "--trait", "Dx:ref=x"],
            [
                "covariate: no sample column 'Batch'. Columns: sample_id, Dx, Age, Sex.",
                "trait: no trait column 'Region'. Columns: Dx, Age, Sex.",
                "trait: 'Dx' has no level 'x': its levels are 'Control', 'SCZD'.",
            ],
        ),
    ],
)
def test_fit__lists_everything_wrong_with_covariates_and_traits(isograph, bundle, tmp_path, arguments, violations):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", *arguments, "-q")
    assert (ended.code, ended.out) == (3, "")
    if len(violations) == 1:
        assert ended.err == f"error: sample table: {violations[0]}\n"
    else:
        numbered = [f"  {number}. {violation}" for number, violation in enumerate(violations, start=1)]
        assert ended.err.splitlines() == [f"error: sample table: {len(violations)} problems", *numbered]
    assert list(tmp_path.iterdir()) == []


def test_fit__lists_everything_wrong_with_the_bundle(isograph, bundle, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(bundle, broken)
    (broken / "transcript_counts.npz").write_bytes(b"")
    (broken / "samples.parquet").write_bytes(b"PAR1")
    ended = isograph("fit", broken, "--output-dir", tmp_path / "fit")
    assert (ended.code, ended.out) == (3, "")
    assert "transcript_counts.npz" in ended.err
    assert "samples.parquet" in ended.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["broken"]


def test_fit__refuses_what_does_not_fit_in_memory(isograph, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 1_000_000)
    monkeypatch.setattr("isograph.pipeline.preflight.resident_memory", lambda: 0)
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", "-q")
    assert (ended.code, ended.out) == (4, "")
    assert re.fullmatch(
        r"error: a network of 78 features × 64 samples needs about \d+ MB of memory; 1 MB are available, of which "
        r"isograph uses at most 80%\. Filter genes more strictly when importing, or run on a machine with more "
        r"memory\.\n",
        ended.err,
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 300])
def test_fit__makes_no_path_of_a_dataset_name(isograph, bundle, tmp_path, monkeypatch, name):
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    manifest = orjson.loads((copy / "manifest.json").read_bytes()) | {"dataset_name": name}
    (copy / "manifest.json").write_bytes(orjson.dumps(manifest))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ended = isograph("fit", copy)
    assert ended.code in (2, 3)
    assert [file for file in tmp_path.rglob("*.parquet") if copy not in file.parents] == []


def test_fit__warns_of_an_empty_switch_channel(isograph, bundle, tmp_path):
    read = read_bundle(bundle)
    single = read.transcripts.with_row_index().unique("gene_id", keep="first", maintain_order=True)
    rows = single.get_column("index").to_list()
    alone = replace(
        read,
        feature_tables={"transcript": single.drop("index")},
        matrices={"transcript_counts": read.matrices["transcript_counts"][rows]},
    )
    path = write_bundle(alone, tmp_path / "alone")
    ended = isograph("fit", path, "--output-dir", tmp_path / "fit")
    assert ended.code == 0
    warning = "warning: no gene has isoforms that vary: the switch channel is empty, modules are of abundance alone"
    assert warning in ended.err.splitlines()
    scores = pl.read_parquet(tmp_path / "fit" / "feature_scores.parquet")
    assert set(scores.get_column("feature_type")) == {"abundance"}


def on_a_terminal(*arguments: object) -> str:
    """What the command line writes to a terminal on stderr."""
    main_end, program_end = pty.openpty()
    command = [sys.executable, "-m", "isograph", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=program_end) as process:
        os.close(program_end)
        written = b""
        while True:
            try:
                written += os.read(main_end, 4096)
            except OSError:
                break
    os.close(main_end)
    assert process.returncode == 0
    return written.decode()


def test_fit__shows_progress_on_a_terminal_only(bundle, tmp_path):
    shown = on_a_terminal("fit", bundle, "--output-dir", tmp_path / "terminal")
    assert "  features …" in shown
    assert "\r\x1b[K" in shown
    command = [sys.executable, "-m", "isograph", "fit", str(bundle), "--output-dir", str(tmp_path / "pipe")]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stdout == f"{tmp_path / 'pipe'}\n"
    assert "…" not in piped.stderr
    assert [line for line in (piped.stderr + piped.stdout).split("\n") if not line.isprintable()] == []

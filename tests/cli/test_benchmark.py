from __future__ import annotations

import gzip
import importlib.util
import io
import os
import re
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

import orjson
import polars as pl
import pytest

from isograph.benchmarking import run as fixture_run
from isograph.benchmarking.stability import StabilityRequest
from isograph.bundle.write import write_bundle
from isograph.cli.app import main
from isograph.pipeline import benchmark as pipeline
from isograph.schemas import FIT_TABLES
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.spec import fixture_spec, fixture_specs

ROOT = Path(__file__).resolve().parents[2]
STAGE = "core_v1-selection-factor"
LINE = re.compile(r"^  (\w+) seed (\d+) +ari (\S+) +recovery (\S+) +background (\S+) +(\d+) modules +\d+\.\d\d s$")


def read(path: Path) -> dict:
    return orjson.loads(path.read_bytes())


def files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the shared benchmark ended, and the directory it ran in."""

    code: int
    out: str
    err: str
    cwd: Path


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Ended:
    """One benchmark of a small fixture with two seeds, which no test may change; its fits are processes."""
    place = tmp_path_factory.mktemp("benchmark")
    out, err = io.StringIO(), io.StringIO()
    arguments = ["benchmark", "--suite", "core_v1", "--fixture", "toy_v1", "--seed", "3", "--seed", "0"]
    with pytest.MonkeyPatch.context() as patch, mock.patch.dict(os.environ, PYTHONPATH=str(ROOT)):
        patch.chdir(place)
        patch.setattr(sys, "argv", ["isograph", *arguments])
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main()
    return Ended(left.value.code, out.getvalue(), err.getvalue(), place)


@pytest.fixture
def artifacts(ended) -> Path:
    return ended.cwd / "artifacts"


def test_benchmark__prints_the_path_of_the_report_and_nothing_else(ended):
    assert (ended.code, ended.out) == (0, f"artifacts/reports/{STAGE}-benchmark.json\n")


def test_benchmark__tells_every_run_and_a_table(ended):
    lines = ended.err.splitlines()
    assert [LINE.match(line).groups() for line in lines[:2]] == [
        ("toy_v1", "3", "1.000", "1.000", "–", "2"),
        ("toy_v1", "0", "1.000", "1.000", "–", "2"),
    ]
    assert re.split(r"  +", lines[3].strip()) == [
        "dataset", "genes", "samples", "planted", "found", "recovery", "ari", "background", "role recall", "seconds",
        "peak MB", "gates",
    ]  # fmt: skip
    assert re.split(r"  +", lines[4].strip())[:9] == ["toy_v1", "24", "48", "2", "2", "1.000", "1.000", "–", "1.000"]
    assert lines[4].endswith("  kept")


def test_benchmark__leaves_reports_and_snapshots_and_nothing_else(artifacts):
    names = {"modules", "edges", "traits", "module_gene_roles", "eigengenes", "module_summary", "feature_scores"}
    assert names < set(FIT_TABLES)
    snapshot = {f"{table}.parquet" for table in FIT_TABLES} | {
        "metrics.json", "module_summary.tsv", "switch_features.parquet", "run_config.json", "manifest.json", "run.log",
        "fit_config.json", "calibration.json",
    }  # fmt: skip
    kinds = ("benchmark", "runtime-memory", "calibration")
    assert files(artifacts) == {
        *(f"reports/{STAGE}-{kind}.json" for kind in kinds),
        *(f"benchmarks/{STAGE}/{run}/{name}" for run in ("toy_v1", "toy_v1-seed0") for name in snapshot),
    }


def test_benchmark__reports_every_run(artifacts):
    report = read(artifacts / "reports" / f"{STAGE}-benchmark.json")
    assert (report["stage"], report["suite"], report["backend"]) == (STAGE, "core_v1", "factor")
    assert (report["seed"], report["seeds"], report["gate_failures"]) == (3, [3, 0], [])
    assert [(row["dataset"], row["seed"]) for row in report["results"]] == [("toy_v1", 3), ("toy_v1", 0)]
    row = report["results"][1]
    assert (row["n_genes"], row["n_samples"], row["n_planted_genes"], row["n_planted_modules"]) == (24, 48, 24, 2)
    assert (row["n_modules"], row["recovery"], row["ari"], row["background_rate"]) == (2, 1.0, 1.0, None)
    assert row["role_recall"]["coupled"] is None
    assert 0.1 < row["runtime_seconds"] < 200
    assert 50e6 < row["peak_memory_bytes"] < 2e9


def test_benchmark__reports_hold_no_place_time_or_machine(artifacts, ended):
    for path in (artifacts / "reports").iterdir():
        text = path.read_text(encoding="utf-8")
        assert str(ended.cwd) not in text
        assert str(ROOT) not in text
        assert not re.search(r"\d{4}-\d{2}-\d{2}", text)
        assert os.uname().nodename not in text
        assert (
            text
            == orjson.dumps(
                orjson.loads(text), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
            ).decode()
        )


def test_benchmark__reports_seconds_a_step_and_calibration(artifacts):
    timed = read(artifacts / "reports" / f"{STAGE}-runtime-memory.json")["results"]
    assert [row["seed"] for row in timed] == [3, 0]
    assert {"read", "features", "correlation", "tables", "write"} <= set(timed[0]["seconds"])
    (calibration,) = read(artifacts / "reports" / f"{STAGE}-calibration.json")["results"]
    assert (calibration["dataset"], calibration["seed"]) == ("toy_v1", 3)
    assert calibration["calibration"]["n_modules"] == 2
    assert "seconds" not in calibration["calibration"]


def test_benchmark__keeps_the_fit_of_the_fixture_it_names(artifacts, isograph, tmp_path):
    snapshot = artifacts / "benchmarks" / STAGE / "toy_v1"
    bundle = write_bundle(simulated_bundle(fixture_spec("toy_v1"), seed=3), tmp_path / "bundle")
    assert isograph("fit", bundle, "--output-dir", tmp_path / "fit", "--seed", 3, "-q").code == 0
    for table in FIT_TABLES:
        name = f"{table}.parquet"
        assert (snapshot / name).read_bytes() == (tmp_path / "fit" / name).read_bytes(), name
    config = read(snapshot / "run_config.json")
    assert config["bundle_sha256"] == read(tmp_path / "fit" / "fit_config.json")["bundle"]["sha256"]
    assert (config["dataset"], config["seed"], config["covariates"]) == ("toy_v1", 3, [])
    assert config["provenance"]["n_genes"] == "24"


def test_benchmark__snapshot_holds_extracts_of_the_tables(artifacts):
    snapshot = artifacts / "benchmarks" / STAGE / "toy_v1"
    scores = pl.read_parquet(snapshot / "feature_scores.parquet")
    switches = pl.read_parquet(snapshot / "switch_features.parquet")
    assert switches.equals(scores.filter(feature_type="switch"))
    assert switches.height == 24
    summary = pl.read_csv(snapshot / "module_summary.tsv", separator="\t")
    assert summary.get_column("n_genes").to_list() == [12, 12]
    metrics = read(snapshot / "metrics.json")
    assert (metrics["ari"], metrics["seed"]) == (1.0, 3)
    assert "runtime_seconds" not in metrics
    assert read(snapshot / "manifest.json")["artifact"] == "snapshot"


def test_benchmark__replaces_its_own_results_with_the_same(artifacts, isograph, fits_in_process, tmp_path):
    copy = tmp_path / "artifacts"
    shutil.copytree(artifacts, copy)
    stage = copy / "benchmarks" / STAGE
    timed = {"run.log", "manifest.json", "calibration.json"}
    before = {name: (stage / name).read_bytes() for name in files(stage) if name.rpartition("/")[2] not in timed}
    with fits_in_process():
        again = isograph("benchmark", "--fixture", "toy_v1", "--seed", 3, "-q", "--artifacts", copy)
    assert (again.code, again.out, again.err) == (0, f"{copy}/reports/{STAGE}-benchmark.json\n", "")
    assert before == {name: (stage / name).read_bytes() for name in before}
    assert len(before) > 20
    assert [row["seed"] for row in read(Path(again.out.strip()))["results"]] == [3]


def test_benchmark__says_which_fit_did_not_end_well(isograph, tmp_path, monkeypatch):
    command = [sys.executable, "-c", "import sys; print('working'); print('error: too large'); sys.exit(4)"]
    monkeypatch.setattr(fixture_run, "_fit_command", lambda *_: command)
    ended = isograph("benchmark", "--fixture", "toy_v1", "--stage-name", "s", "--artifacts", tmp_path)
    assert (ended.code, ended.out) == (4, f"{tmp_path}/reports/s-benchmark.json\n")
    assert ended.err.splitlines()[-2:] == [
        "error: 1 of 1 fits did not end well; the reports are written and say which.",
        "  toy_v1, seed 0: the fit ended with code 4: error: too large",
    ]
    report = read(tmp_path / "reports" / "s-benchmark.json")
    assert report["results"][0]["error"] == "the fit ended with code 4: error: too large"
    assert report["summary"]["n_without_result"] == 1
    assert {failure["gate"] for failure in report["gate_failures"]} == set(fixture_spec("toy_v1").gates)
    assert files(tmp_path / "benchmarks") == set()


def test_benchmark__that_is_interrupted_says_what_is_kept(isograph, tmp_path, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fixture_run, "write_dataset", interrupt)
    ended = isograph("benchmark", "--fixture", "toy_v1", "--artifacts", tmp_path)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "interrupted; the snapshots of the runs that had ended are kept\n"
    assert files(tmp_path) == set()


@pytest.fixture
def unstarted(monkeypatch):
    """Fail the test if any fit is started."""

    def fail(*_: object) -> list[str]:
        pytest.fail("a fit was started")

    monkeypatch.setattr(fixture_run, "_fit_command", fail)


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        (
            ["--suite", "core_v2", "--suite", "nul_v1"],
            "error: no suite 'core_v2'; did you mean 'core_v1'?",
            "The suites are core_v1, multiplex_v1, null_usage_v1, null_v1, scale_v1, stress_v1.",
        ),
        (["--fixture", "toy_v2"], "error: no fixture 'toy_v2'; did you mean 'toy_v1'?", "  stress_v1: stress_"),
        (
            ["--suite", "multiplex_v1", "--fixture", "toy_v1"],
            "error: no fixture 'toy_v1' there; it is in suite core_v1.",
            "  multiplex_v1: toy_multiplex_v1, ",
        ),
        (["--fixture", "zzz\x1b"], "error: no fixture 'zzz\\x1b'.", "  stress_v1: "),
        (
            ["--suite", "null_v1", "--bundle", "b"],
            "error: --bundle is for the suite null_usage_v1: name it with --suite.",
            "",
        ),
        (["--backend", "factr"], "error: no backend 'factr'; did you mean 'factor'?", ""),
        (["--seed", "-1"], "error: seed is -1, expected 0 to 2^32 − 1", ""),
        (["--seed", "1", "--seed", "1"], "error: seeds named more than once: '1'", ""),
        (["--seed", "1", "--seeds", "2"], "error: --seed and --seeds exclude each other; give one.", ""),
        (
            ["--suite", "multiplex_v1", "--stability"],
            "error: --stability is for data of which no truth is known, and every data set chosen is simulated.",
            "",
        ),
        (["-v", "-q"], "error: --verbose and --quiet exclude each other; give one.", ""),
    ],
)
def test_benchmark__explains_a_request_it_cannot_carry_out(isograph, tmp_path, arguments, first, last):
    ended = isograph("benchmark", "--artifacts", tmp_path / "artifacts", *arguments)
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert lines[0].startswith(first)
    assert lines[-1].startswith(last)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "..", ".hidden", "", "a b", "x" * 101, "a\nb", "-x", "é"])
def test_benchmark__keeps_a_stage_inside_its_directory(isograph, tmp_path, name):
    ended = isograph("benchmark", "--artifacts", tmp_path / "artifacts", f"--stage-name={name}")
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be a stage name: use letters, digits and . _ + -" in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unstarted")
@pytest.mark.parametrize(
    "blocked", ["artifacts", "artifacts/reports", "artifacts/benchmarks", "artifacts/benchmarks/s"]
)
def test_benchmark__finds_out_before_it_runs_that_a_place_cannot_be_written(isograph, tmp_path, blocked):
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).write_text("a file")
    ended = isograph("benchmark", "--artifacts", tmp_path / "artifacts", "--stage-name", "s")
    assert (ended.code, ended.out) == (2, "")
    assert re.match(r"error: \S+/artifacts\S* cannot be written: .+\. Name another place with --artifacts\.", ended.err)
    assert (tmp_path / blocked).read_text() == "a file"


@pytest.mark.usefixtures("unstarted")
def test_benchmark__never_replaces_what_is_no_snapshot(isograph, tmp_path, earlier_fit):
    place = tmp_path / "benchmarks" / "s" / "toy_v1"
    place.parent.mkdir(parents=True)
    place.symlink_to(earlier_fit)
    (tmp_path / "benchmarks" / "s" / "medium_v1").mkdir()
    (tmp_path / "benchmarks" / "s" / "medium_v1" / "thesis.txt").write_text("years of work")
    ended = isograph("benchmark", "--artifacts", tmp_path, "--stage-name", "s", "--suite", "core_v1")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: 2 places of snapshots hold something else: ")
    assert (earlier_fit / "manifest.json").is_file()


@pytest.mark.usefixtures("unstarted")
def test_benchmark__never_replaces_a_directory_by_a_report(isograph, tmp_path):
    (tmp_path / "reports" / "s-calibration.json").mkdir(parents=True)
    ended = isograph("benchmark", "--artifacts", tmp_path, "--stage-name", "s")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: directories where reports go: ")


def test_benchmark__gives_a_recorded_covariate_to_the_fit(isograph, fits_in_process, tmp_path):
    name = next(spec.name for spec in fixture_specs("stress_v1") if "batch" in spec.recorded_covariates)
    with fits_in_process():
        ended = isograph("benchmark", "--fixture", name, "--covariates", "given", "--artifacts", tmp_path, "-q")
    assert ended.code == 0
    (row,) = read(Path(ended.out.strip()))["results"]
    assert row["covariates"] == ["batch"]
    snapshot = tmp_path / "benchmarks" / "stress_v1-selection-factor-covariates" / name
    assert read(snapshot / "fit_config.json")["covariates"] == ["batch"]


@pytest.fixture
def some_real_data(tmp_path, monkeypatch) -> None:
    """Take 100 genes and 48 samples of the real data set, and one setting on four halves."""
    origin, cut = ROOT / "fixtures" / "ecoli_precise", tmp_path / "fixtures" / "ecoli_precise"
    cut.mkdir(parents=True)
    values = pl.read_csv(origin / "values.tsv.gz", separator="\t", n_rows=100)
    with gzip.open(cut / "values.tsv.gz", "wb") as file:
        file.write(values.select(values.columns[:50]).write_csv(separator="\t").encode())
    lines = (origin / "samples.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (cut / "samples.tsv").write_text("".join(lines[:49]), encoding="utf-8")
    monkeypatch.setattr(fixture_run, "real_directory", lambda: cut)
    monkeypatch.setattr(pipeline, "StabilityRequest", partial(StabilityRequest, n_splits=2, values=()))
    monkeypatch.setattr(pipeline, "usable_cores", lambda: 1)


@pytest.mark.usefixtures("some_real_data")
def test_benchmark__of_real_data_reports_stability(isograph, fits_in_process, tmp_path):
    with fits_in_process():
        ended = isograph("benchmark", "--fixture", "ecoli_precise", "--stability", "--artifacts", tmp_path)
    assert ended.code == 0
    assert re.search(r"^  ecoli_precise on halves +\d+\.\d\d s$", ended.err, re.MULTILINE)
    (row,) = read(Path(ended.out.strip()))["results"]
    assert (row["n_samples"], row["n_planted_genes"], row["recovery"], row["background_rate"]) == (48, None, None, None)
    report = read(tmp_path / "reports" / f"{STAGE}-ecoli_precise-stability.json")
    assert (report["dataset"], report["stage"]) == ("ecoli_precise", STAGE)
    assert (report["n_halves"], report["samples_in_a_half"]) == (4, 24)
    assert len(report["modules"]) == row["n_modules"] > 0
    assert report["edges"]["n_edges"] == row["n_edges"]
    assert [entry["fdr"] for entry in report["settings"]] == [1e-4]


def docs_page():
    spec = importlib.util.spec_from_file_location("docs_generate_benchmarks", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.benchmark_page


def test_benchmark_page__shows_every_report(artifacts):
    page = docs_page()(artifacts / "reports")
    assert f"\n## {STAGE}\n" in page
    assert re.search(
        r"^\| toy_v1 \| 24 \| 48 \| 2 \| 2 \| 1\.000 \| 1\.000 \| – \| 1\.000 \| .+ \| kept \|$", page, re.M
    )
    assert "seeds 3, 0, recorded covariates withheld. Runs: 2. Runs in which a gate is not kept: 0." in page


def test_benchmark_page__tells_of_gates_that_are_not_kept(artifacts, tmp_path):
    report = read(artifacts / "reports" / f"{STAGE}-benchmark.json")
    report["results"][0]["ari"] = 0.5
    report["summary"]["min_ari"] = 0.5
    failure = {"dataset": "toy_v1", "seed": 3, "gate": "min_ari", "limit": 0.99, "value": 0.5}
    (tmp_path / "x-benchmark.json").write_bytes(orjson.dumps({**report, "gate_failures": [failure]}))
    page = docs_page()(tmp_path)
    assert "Runs in which a gate is not kept: 1. Over all runs ari is 1.000, least 0.500." in page
    assert "| 0.750 |" in page
    assert "| min_ari fails in 1 of 2 |" in page


def test_benchmark_page__without_reports_says_so(tmp_path):
    assert docs_page()(tmp_path).endswith("\n\nThere is no report yet.\n")

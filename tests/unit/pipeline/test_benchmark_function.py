from __future__ import annotations

import inspect
import time
from dataclasses import fields
from pathlib import Path

import orjson
import polars as pl
import pytest

from isograph.benchmarking import run as benchmark_run
from isograph.benchmarking.plan import benchmark_stages
from isograph.benchmarking.process import FinishedProcess
from isograph.benchmarking.switching import mean_abs_correlation
from isograph.config.benchmark import BenchmarkConfig
from isograph.errors import ConvergenceError, IsographError, ResourceError
from isograph.pipeline.benchmark import benchmark, benchmark_outcomes

FAILED = FinishedProcess(4, "error: no memory", 1.0, 0.5, 0.1, 99_000_000)


@pytest.fixture
def failing_fits(monkeypatch) -> list[list[str]]:
    """Make every fit fail at once, and hold the commands of the fits."""
    commands = []

    def fail(command: list[str], _: Path) -> FinishedProcess:
        commands.append(command)
        # The first takes longest, so that runs at once end in another order than they began.
        time.sleep(0.2 if len(commands) == 1 else 0.0)
        return FAILED

    monkeypatch.setattr(benchmark_run, "measured_run", fail)
    return commands


def test_benchmark__has_the_options_of_its_configuration():
    options = {name: option.default for name, option in inspect.signature(benchmark).parameters.items()}
    assert options.pop("display") is None
    options["artifacts"] = Path(options["artifacts"])
    assert options == {field.name: field.default for field in fields(BenchmarkConfig)}


def test_benchmark__takes_one_name_as_it_is(tmp_path, fits_in_process):
    with fits_in_process():
        result = benchmark(suites="core_v1", fixtures="toy_v1", seeds=[3], artifacts=tmp_path)
    (outcome,) = result.outcomes
    assert (outcome.dataset, outcome.seed, outcome.error) == ("toy_v1", 3, None)
    assert (outcome.metrics.n_modules, outcome.metrics.ari) == (2, 1.0)
    (report,) = result.reports
    assert report == tmp_path / "reports" / "core_v1-selection-factor-benchmark.json"
    assert orjson.loads(report.read_bytes())["results"][0]["ari"] == 1.0
    result.raise_failed()


def test_benchmark__reports_runs_in_their_order_however_many_run_at_once(tmp_path, failing_fits):
    result = benchmark(fixtures="toy_v1", seeds=range(4), jobs=2, stage_name="s", artifacts=tmp_path)
    assert [outcome.seed for outcome in result.outcomes] == [0, 1, 2, 3]
    timed = orjson.loads((tmp_path / "reports" / "s-runtime-memory.json").read_bytes())
    assert timed["fits_at_once"] == 2
    threads = {command[command.index("--threads") + 1] for command in failing_fits}
    assert threads == {str(timed["threads_per_fit"])}


def test_benchmark__leaves_the_threads_of_a_fit_alone_to_it(tmp_path, failing_fits):
    benchmark(fixtures="toy_v1", artifacts=tmp_path)
    assert "--threads" not in failing_fits[0]


def test_benchmark__gives_a_fit_its_backend_seed_and_covariates(tmp_path, failing_fits):
    benchmark(fixtures="stress_batch_v1", backend="wgcna", seeds=[7], covariates="given", artifacts=tmp_path)
    (command,) = failing_fits
    options = ["--backend", "wgcna", "--seed", "7", "--covariate", "batch"]
    assert command[-len(options) :] == options


@pytest.mark.parametrize(
    ("code", "error"), [(4, ResourceError), (5, ConvergenceError), (1, IsographError), (-9, IsographError)]
)
def test_benchmarked__raises_with_the_class_of_the_first_failure(tmp_path, monkeypatch, code, error):
    process = FinishedProcess(code, "step\nerror: too large", 1.0, 0.5, 0.1, 99_000_000)
    monkeypatch.setattr(benchmark_run, "measured_run", lambda *_: process)
    result = benchmark(fixtures="toy_v1", seeds=range(7), artifacts=tmp_path)
    with pytest.raises(IsographError) as raised:
        result.raise_failed()
    assert type(raised.value) is error
    lines = str(raised.value).splitlines()
    assert lines[0] == "7 of 7 fits did not end well; the reports are written and say which."
    assert lines[1] == f"  toy_v1, seed 0: the fit ended with code {code}: error: too large"
    assert (len(lines), lines[-1]) == (7, "  …")


def test_benchmark_outcomes__left_early_start_no_further_run(tmp_path, failing_fits):
    config = BenchmarkConfig(fixtures=("toy_v1",), seeds=tuple(range(30)), stage_name="s", artifacts=tmp_path)
    outcomes = benchmark_outcomes(benchmark_stages(config), config)
    assert next(outcomes).seed == 0
    outcomes.close()
    n_started = len(failing_fits)
    assert n_started < 10
    assert not (tmp_path / "reports" / "s-benchmark.json").exists()
    assert list((tmp_path / "benchmarks" / "s").iterdir()) == []


def test_benchmark__of_a_redrawn_bundle_measures_what_is_called_switching(tmp_path, multiplex, fits_in_process):
    with fits_in_process():
        result = benchmark(
            suites="null_usage_v1",
            fixtures="toy_multiplex_v1_null1",
            bundles=multiplex,
            seeds=[3],
            stage_name="s",
            artifacts=tmp_path,
        )
    (outcome,) = result.outcomes
    assert (outcome.dataset, outcome.error, outcome.n_planted_genes) == ("toy_multiplex_v1_null1", None, None)
    calls = outcome.metrics.switching
    scores = pl.read_parquet(tmp_path / "benchmarks" / "s" / "toy_multiplex_v1_null1" / "feature_scores.parquet")
    assert calls.n_switch_features == (scores.get_column("feature_type") == "switch").sum()
    assert calls.expected_abs_r == pytest.approx(mean_abs_correlation(62))
    (report,) = result.reports
    (row,) = orjson.loads(report.read_bytes())["results"]
    assert row["switch_role_rate"] == round(calls.switch_role_rate, 6)
    config = orjson.loads((tmp_path / "benchmarks" / "s" / "toy_multiplex_v1_null1" / "run_config.json").read_bytes())
    assert (config["provenance"]["redraw_null"], config["provenance"]["redraw_seed"]) == ("multinomial", "3")
    assert str(multiplex) not in report.read_text(encoding="utf-8")

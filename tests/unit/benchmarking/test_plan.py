from __future__ import annotations

import pytest

from isograph.benchmarking.plan import REAL_NAME, benchmark_stages
from isograph.config.benchmark import BenchmarkConfig
from isograph.errors import ConfigError, UsageError
from isograph.simulation.spec import fixture_specs, suites


def test_benchmark_stages__are_one_a_suite(tmp_path):
    stages = benchmark_stages(BenchmarkConfig(suites=suites(), artifacts=tmp_path, seeds=(0, 1)))
    assert [stage.name for stage in stages] == [f"{suite}-factor" for suite in suites()]
    core = next(stage for stage in stages if stage.suites == ("core_v1",))
    assert len(core.runs) == 2 * len(fixture_specs("core_v1")) + 1
    assert [run.snapshot.name for run in core.runs[:2]] == ["toy_v1", "toy_v1-seed1"]


def test_benchmark_stages__run_real_data_once(tmp_path):
    (stage,) = benchmark_stages(BenchmarkConfig(fixtures=(REAL_NAME,), artifacts=tmp_path, seeds=(4, 5)))
    assert [(run.dataset.name, run.seed, run.covariates) for run in stage.runs] == [("ecoli_precise", 4, ())]


def test_benchmark_stages__give_recorded_covariates_when_asked_to(tmp_path):
    (stage,) = benchmark_stages(BenchmarkConfig(suites=("stress_v1",), covariates="given", artifacts=tmp_path))
    assert stage.name == "stress_v1-factor-covariates"
    given = {run.dataset.name: run.covariates for run in stage.runs if run.covariates}
    assert given == {
        spec.name: spec.recorded_covariates for spec in fixture_specs("stress_v1") if spec.recorded_covariates
    }
    assert ("batch",) in given.values()


def test_benchmark_stages__of_a_selection_does_not_take_the_name_of_the_suite(tmp_path):
    stages = benchmark_stages(BenchmarkConfig(fixtures=("toy_v1", "toy_multiplex_v1"), artifacts=tmp_path))
    assert [stage.name for stage in stages] == ["core_v1-selection-factor", "multiplex_v1-selection-factor"]
    named = BenchmarkConfig(fixtures=("toy_v1", "toy_multiplex_v1"), stage_name="mine", artifacts=tmp_path)
    (stage,) = benchmark_stages(named)
    assert (stage.name, stage.suites, len(stage.runs)) == ("mine", ("core_v1", "multiplex_v1"), 2)
    assert stage.report_path("benchmark") == tmp_path / "reports" / "mine-benchmark.json"


def test_benchmark_stages__speak_of_arguments(tmp_path):
    config = BenchmarkConfig(suites=("null_v1",), stability=True, artifacts=tmp_path)
    with pytest.raises(UsageError, match=r"^stability=True is for data .* Leave it out, or choose ecoli_precise\.$"):
        benchmark_stages(config)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be written: .*\. Name another place with artifacts\.$"):
        benchmark_stages(BenchmarkConfig(artifacts=tmp_path / "file"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": ()}, "no seed, expected one or more"),
        ({"seeds": (2, 1, 2)}, "seeds named more than once: '2'"),
        (
            {"covariates": "all", "jobs": 0},
            "covariates is 'all', expected given or withheld; jobs is 0, expected 1 or more",
        ),
        ({"seeds": (0, -1)}, "seed is -1, expected 0 to 2^32 − 1"),
        ({"backend": "factr"}, "no backend 'factr'; did you mean 'factor'? (factor; vae; wgcna)"),
    ],
)
def test_benchmark_config__names_what_is_wrong(options, message):
    with pytest.raises(ConfigError) as raised:
        BenchmarkConfig(**options)
    assert str(raised.value) == message

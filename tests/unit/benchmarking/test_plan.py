from __future__ import annotations

from dataclasses import replace

import pytest

from isograph.benchmarking.plan import REAL_NAME, benchmark_stages
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config.benchmark import BenchmarkConfig
from isograph.errors import ConfigError, InputError, UsageError
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


def test_benchmark_stages__draw_bundles_again_by_either_null_and_with_every_seed(tmp_path, multiplex):
    config = BenchmarkConfig(suites=("null_usage_v1",), bundles=(multiplex,), artifacts=tmp_path, seeds=(0, 1))
    (stage,) = benchmark_stages(config)
    # Not the name of the reports of the suite itself.
    assert stage.name == "null_usage_v1-factor-bundles"
    assert len(stage.runs) == 2 * (len(fixture_specs("null_usage_v1")) + 2)
    assert [(run.dataset.name, run.dataset.null, run.seed, run.snapshot.name) for run in stage.runs[-4:]] == [
        ("toy_multiplex_v1_null1", "multinomial", 0, "toy_multiplex_v1_null1"),
        ("toy_multiplex_v1_null1", "multinomial", 1, "toy_multiplex_v1_null1-seed1"),
        ("toy_multiplex_v1_null2", "overdispersed", 0, "toy_multiplex_v1_null2"),
        ("toy_multiplex_v1_null2", "overdispersed", 1, "toy_multiplex_v1_null2-seed1"),
    ]
    assert [dict(run.dataset.gates) for run in stage.runs[-4::2]] == [
        {"max_switch_role_rate": 0.01, "max_supported_switch_rate": 0.01, "max_switch_abundance_excess": 0.02},
        {"max_supported_switch_rate": 0.01},
    ]


def test_benchmark_stages__select_redrawn_bundles_by_name(tmp_path, multiplex):
    chosen = ("toy_multiplex_v1_null2", "low_counts_v1")
    config = BenchmarkConfig(
        suites=("null_usage_v1",), bundles=(multiplex,), fixtures=chosen, artifacts=tmp_path, stage_name="s"
    )
    (stage,) = benchmark_stages(config)
    assert [run.dataset.name for run in stage.runs] == ["low_counts_v1", "toy_multiplex_v1_null2"]


def test_benchmark_stages__name_every_bundle_that_cannot_be_drawn_again(tmp_path, multiplex, small_bundle):
    genes = small_bundle()
    odd = tmp_path / "odd"
    write_bundle(replace(read_bundle(multiplex), dataset_name="a b"), odd)
    bundles = (multiplex, tmp_path / "none", genes, odd, multiplex)
    with pytest.raises(InputError) as raised:
        benchmark_stages(BenchmarkConfig(suites=("null_usage_v1",), bundles=bundles, artifacts=tmp_path / "a"))
    none, without, name, again = raised.value.violations
    assert none.startswith(f"{tmp_path / 'none'}: ")
    assert without == f"{genes}: has no transcript counts, and without them no usage to draw again."
    assert name == f"{odd}: its data set is named 'a b', which is no name for a directory."
    assert again == f"{multiplex}: its data set is named 'toy_multiplex_v1', and so is that of {multiplex}."
    assert not (tmp_path / "a").exists()


def test_benchmark_stages__draw_no_bundle_again_for_another_suite(tmp_path, multiplex):
    with pytest.raises(UsageError, match=r"^bundles is for the suite null_usage_v1: name it with suites\.$"):
        benchmark_stages(BenchmarkConfig(bundles=(multiplex,), artifacts=tmp_path))


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

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from isograph.benchmarking.outcome import GateFailure, Metrics, Outcome
from isograph.benchmarking.plan import Stage
from isograph.benchmarking.process import FinishedProcess
from isograph.benchmarking.report import (
    SILENT_COLUMNS,
    TABLE_COLUMNS,
    benchmark_report,
    calibration_report,
    report_table,
    rounded,
    runtime_report,
    table_rows,
)
from isograph.benchmarking.switching import SwitchCalls

STAGE = Stage(
    name="core_v1-factor",
    suites=("core_v1",),
    backend="factor",
    seeds=(0, 3),
    covariates="withheld",
    artifacts=Path("artifacts"),
)
PROCESS = FinishedProcess(
    code=0, last_lines="", wall_seconds=1.23456, user_seconds=2.5, system_seconds=0.25, peak_bytes=250_000_000
)
METRICS = Metrics(
    recovery=1.0,
    ari=2 / 3,
    background_rate=0.01,
    role_recall={"switch_only": 1.0, "abundance_only": None, "coupled": 0.5, "discordant": None},
    n_modules=4,
)
CALIBRATION = {"n_edges": 7, "n_features": 9, "cut": 1 / 3, "seconds": {"read": 0.12345}, "converged": True}


def outcome(**changed: object) -> Outcome:
    facts = {
        "dataset": "toy_v1",
        "suite": "core_v1",
        "seed": 0,
        "covariates": (),
        "n_samples": 48,
        "n_genes": 2400,
        "n_planted_genes": 20,
        "n_planted_modules": 2,
        "process": PROCESS,
        "metrics": METRICS,
        "calibration": CALIBRATION,
        "gates": {"min_ari": 0.99},
        "failures": (GateFailure("min_ari", 0.99, 2 / 3),),
    }
    return Outcome(**{**facts, **changed})


GOOD = outcome(seed=3, metrics=Metrics(1.0, 1.0, 0.0, {"switch_only": 1.0, "coupled": 1.0}, 2), failures=())
REAL = outcome(
    dataset="real", n_planted_genes=None, n_planted_modules=None, metrics=Metrics(None, None, None, {}, 12), gates={},
    failures=(),
)  # fmt: skip
BROKEN = outcome(
    dataset="large_v1",
    process=FinishedProcess(4, "step\nerror: no memory", 0.5, 0.1, 0.1, 99_000_000),
    metrics=None,
    calibration={},
    failures=(GateFailure("min_ari", 0.99, None),),
)


def test_benchmark_report__holds_a_row_a_run():
    report = benchmark_report(STAGE, [outcome(), GOOD])
    assert {key: report[key] for key in ("stage", "suite", "backend", "seed", "seeds", "covariates")} == {
        "stage": "core_v1-factor",
        "suite": "core_v1",
        "backend": "factor",
        "seed": 0,
        "seeds": [0, 3],
        "covariates": "withheld",
    }
    assert [row["seed"] for row in report["results"]] == [0, 3]
    assert report["results"][0] == {
        "dataset": "toy_v1",
        "suite": "core_v1",
        "seed": 0,
        "covariates": [],
        "n_samples": 48,
        "n_genes": 2400,
        "n_planted_genes": 20,
        "n_planted_modules": 2,
        "n_modules": 4,
        "n_edges": 7,
        "n_unassigned_genes": None,
        "giant_component_fraction": None,
        "recovery": 1.0,
        "ari": 0.666667,
        "background_rate": 0.01,
        "role_recall": {"switch_only": 1.0, "abundance_only": None, "coupled": 0.5, "discordant": None},
        "gates": {"min_ari": 0.99},
        "error": None,
        "runtime_seconds": 1.235,
        "peak_memory_bytes": 250_000_000,
    }


def test_benchmark_report__lists_gates_that_are_not_kept():
    assert benchmark_report(STAGE, [outcome(), GOOD, BROKEN])["gate_failures"] == [
        {"dataset": "toy_v1", "seed": 0, "gate": "min_ari", "limit": 0.99, "value": 0.666667},
        {"dataset": "large_v1", "seed": 0, "gate": "min_ari", "limit": 0.99, "value": None},
    ]


def test_benchmark_report__sums_up_the_runs_that_ended_well():
    assert benchmark_report(STAGE, [outcome(), GOOD, REAL, BROKEN])["summary"] == {
        "n_runs": 4,
        "n_without_result": 1,
        "mean_recovery": 1.0,
        "min_recovery": 1.0,
        "mean_ari": 0.833333,
        "min_ari": 0.666667,
        "mean_background_rate": 0.005,
        "max_background_rate": 0.01,
        "min_role_recall": 0.5,
        "share_without_module": 0.0,
    }


def test_benchmark_report__says_why_a_run_has_no_result():
    (row,) = benchmark_report(STAGE, [BROKEN])["results"]
    assert row["error"] == "the fit ended with code 4: error: no memory"
    assert (row["n_modules"], row["ari"], row["n_edges"]) == (None, None, None)


def test_runtime_report__holds_seconds_and_memory():
    report = runtime_report(STAGE, [outcome()], jobs=2, threads=1)
    assert (report["fits_at_once"], report["threads_per_fit"]) == (2, 1)
    assert report["results"] == [
        {
            "dataset": "toy_v1",
            "seed": 0,
            "n_genes": 2400,
            "n_samples": 48,
            "n_features": 9,
            "seconds": {"read": 0.123},
            "wall_seconds": 1.235,
            "user_seconds": 2.5,
            "system_seconds": 0.25,
            "peak_memory_bytes": 250_000_000,
        }
    ]


def test_calibration_report__holds_the_first_seed_of_each_data_set():
    report = calibration_report(STAGE, [outcome(), GOOD, REAL])
    said = {"n_edges": 7, "n_features": 9, "cut": 0.333333, "converged": True}
    assert report["results"] == [
        {"dataset": "toy_v1", "seed": 0, "calibration": said},
        {"dataset": "real", "seed": 0, "calibration": said},
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2 / 3, 0.666667),
        (float("nan"), None),
        (float("-inf"), None),
        (7, 7),
        (True, True),
        (None, None),
        ("2.00000001", "2.00000001"),
        ({"a": [1 / 3, {"b": (2.5,)}]}, {"a": [0.333333, {"b": [2.5]}]}),
    ],
)
def test_rounded__rounds_every_float_inside(value, expected):
    assert rounded(value) == expected


def test_table_rows__are_means_over_seeds():
    rows = table_rows(benchmark_report(STAGE, [outcome(), GOOD, REAL, BROKEN]))
    assert TABLE_COLUMNS[0] == "dataset"
    assert rows == [
        (
            "toy_v1", "2,400", "48", "2", "3", "1.000", "0.833", "0.50%", "0.750", "1.24", "250",
            "min_ari fails in 1 of 2",
        ),
        ("real", "2,400", "48", "–", "12", "–", "–", "–", "–", "1.24", "250", "–"),
        (
            "large_v1", "2,400", "48", "2", "–", "–", "–", "–", "–", "0.50", "99",
            "no result in 1 of 1; min_ari fails in 1 of 1",
        ),
    ]  # fmt: skip
    assert table_rows(benchmark_report(STAGE, [GOOD]))[0][-1] == "kept"


def test_report_table__of_data_in_which_no_gene_switches_tells_what_is_called_switching():
    calls = SwitchCalls(
        n_switch_features=7,
        n_module_genes=40,
        switch_role_rate=1 / 3,
        supported_switch_rate=None,
        n_with_both=7,
        mean_abs_r=0.25,
        expected_abs_r=0.125,
    )
    silent = [outcome(seed=seed, metrics=replace(METRICS, switching=calls), failures=()) for seed in (0, 1)]
    report = benchmark_report(STAGE, [*silent, BROKEN])
    assert report["results"][0]["switch_role_rate"] == 0.333333
    assert report_table(report) == (
        SILENT_COLUMNS,
        [
            ("toy_v1", "2,400", "48", "4", "40", "7", "33.33%", "–", "0.250", "0.125", "1.24", "250", "kept"),
            (
                "large_v1", "2,400", "48", "–", "–", "–", "–", "–", "–", "–", "0.50", "99",
                "no result in 1 of 1; min_ari fails in 1 of 1",
            ),
        ],
    )  # fmt: skip
    assert report_table(benchmark_report(STAGE, [GOOD]))[0] == TABLE_COLUMNS

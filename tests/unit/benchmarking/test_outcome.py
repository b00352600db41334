from __future__ import annotations

from dataclasses import replace

import pytest

from isograph.benchmarking.outcome import GateFailure, Metrics, gate_failures
from isograph.benchmarking.switching import SwitchCalls
from isograph.schemas.gate import GATES, MEASURED_GATES

METRICS = Metrics(
    recovery=0.99,
    ari=0.98,
    background_rate=0.01,
    role_recall={"coupled": 0.96, "switch_only": 1.0, "discordant": None},
    n_modules=3,
    switching=SwitchCalls(
        n_switch_features=7,
        n_module_genes=50,
        switch_role_rate=0.04,
        supported_switch_rate=0.02,
        n_with_both=100,
        mean_abs_r=0.25,
        expected_abs_r=0.125,
    ),
)
NOTHING = Metrics(recovery=None, ari=None, background_rate=None, role_recall={}, n_modules=0)


@pytest.mark.parametrize(
    ("gate", "limit", "value"),
    [
        ("min_recovery", 0.995, 0.99),
        ("min_ari", 0.99, 0.98),
        ("min_role_recall", 0.97, 0.96),
        ("max_background_rate", 0.005, 0.01),
        ("max_modules", 2, 3),
        ("max_switch_features", 6, 7),
        ("max_switch_role_rate", 0.01, 0.04),
        ("max_supported_switch_rate", 0.01, 0.02),
        ("max_switch_abundance_excess", 0.02, 0.125),
    ],
)
def test_gate_failures__names_the_limit_and_the_value(gate, limit, value):
    assert gate_failures({gate: limit}, METRICS) == [GateFailure(gate, limit, value)]


def test_gate_failures__a_limit_that_is_just_reached_is_kept():
    limits = {
        "min_recovery": 0.99,
        "min_ari": 0.98,
        "min_role_recall": 0.96,
        "max_background_rate": 0.01,
        "max_modules": 3,
        "max_switch_features": 7,
        "max_switch_role_rate": 0.04,
        "max_supported_switch_rate": 0.02,
        "max_switch_abundance_excess": 0.125,
    }
    assert set(limits) == set(GATES)
    assert gate_failures(limits, METRICS) == []


def test_gate_failures__a_metric_without_value_reaches_no_least_and_exceeds_no_most():
    limits = {"min_ari": 0.5, "max_background_rate": 0.01, "max_modules": 0, "min_role_recall": 0.1}
    assert gate_failures(limits, NOTHING) == [
        GateFailure("min_ari", 0.5, None),
        GateFailure("min_role_recall", 0.1, None),
    ]


def test_gate_failures__what_was_not_measured_does_not_keep_a_gate_of_what_is_called_switching():
    assert [failure.gate for failure in gate_failures(dict.fromkeys(GATES, 0.0), NOTHING)] == [
        *(gate for gate in GATES if gate.startswith("min_") or gate in MEASURED_GATES)
    ]
    unsupported = replace(METRICS, switching=replace(METRICS.switching, supported_switch_rate=None))
    limits = {"max_supported_switch_rate": 0.5, "max_switch_role_rate": 0.5}
    assert gate_failures(limits, unsupported) == [GateFailure("max_supported_switch_rate", 0.5, None)]


def test_metrics__take_no_mean_of_few_genes():
    few = replace(METRICS, switching=replace(METRICS.switching, n_with_both=99))
    assert (METRICS.switch_abundance_excess, few.switch_abundance_excess) == (0.125, None)


def test_gate_failures__a_run_without_result_keeps_no_gate():
    limits = {"max_modules": 0, "min_ari": 0.5}
    assert [failure.gate for failure in gate_failures(limits, None)] == ["max_modules", "min_ari"]

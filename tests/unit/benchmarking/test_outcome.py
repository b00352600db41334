from __future__ import annotations

import pytest

from isograph.benchmarking.outcome import GateFailure, Metrics, gate_failures
from isograph.schemas.gate import GATES

METRICS = Metrics(
    recovery=0.99,
    ari=0.98,
    background_rate=0.01,
    role_recall={"coupled": 0.96, "switch_only": 1.0, "discordant": None},
    n_modules=3,
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
    }
    assert set(limits) == set(GATES)
    assert gate_failures(limits, METRICS) == []


def test_gate_failures__a_metric_without_value_reaches_no_least_and_exceeds_no_most():
    limits = {"min_ari": 0.5, "max_background_rate": 0.01, "max_modules": 0, "min_role_recall": 0.1}
    assert gate_failures(limits, NOTHING) == [
        GateFailure("min_ari", 0.5, None),
        GateFailure("min_role_recall", 0.1, None),
    ]


def test_gate_failures__a_run_without_result_keeps_no_gate():
    limits = {"max_modules": 0, "min_ari": 0.5}
    assert [failure.gate for failure in gate_failures(limits, None)] == ["max_modules", "min_ari"]

from __future__ import annotations

import pytest

from isograph.comparison.reports import changed_metrics, gate_changes, metric_deltas, report_rows
from isograph.errors import InputError


def report(**metrics) -> dict:
    row = {"dataset": "toy", "suite": "s", "seed": 0, "ari": 0.5, "role_recall": {"coupled": 1.0, "discordant": None}}
    return {"suite": "s", "results": [row | {"runtime_seconds": 1.0, "error": None} | metrics]}


def deltas(one: dict, other: dict):
    return metric_deltas(report_rows(one, "one"), report_rows(other, "other"))


def test_metric_deltas__are_of_every_number():
    found = deltas(report(), report(ari=0.75, role_recall={"coupled": None, "discordant": 0.5}))
    assert found.select("suite", "dataset", "seed").unique().rows() == [("s", "toy", 0)]
    assert found.select("metric", "reference", "candidate", "delta").rows() == [
        ("ari", 0.5, 0.75, 0.25),
        ("role_recall.coupled", 1.0, None, None),
        ("runtime_seconds", 1.0, 1.0, 0.0),
        ("role_recall.discordant", None, 0.5, None),
    ]


def test_metric_deltas__are_of_the_seconds_of_steps_too():
    found = deltas(report(seconds={"read": 1.0}), report(seconds={"read": 3.0}))
    assert found.row(0)[3:] == ("seconds.read", 1.0, 3.0, 2.0)


def test_changed_metrics__pass_over_time_and_rounding():
    assert changed_metrics(deltas(report(), report(runtime_seconds=9.0, ari=0.500001))).height == 0
    assert changed_metrics(deltas(report(), report(ari=0.50001))).get_column("metric").to_list() == ["ari"]
    assert changed_metrics(deltas(report(), report(ari=None))).get_column("metric").to_list() == ["ari"]


def test_report_rows__of_a_report_on_one_data_set_is_one():
    assert list(report_rows({"dataset": "real", "suite": "s", "seed": 3}, "r")) == [("s", "real", 3)]


@pytest.mark.parametrize("content", [{}, {"results": 3}, {"results": [{"seed": 0}]}, {"results": ["x"]}])
def test_report_rows__refuse_what_is_no_report(content):
    with pytest.raises(InputError, match=r"r\.json: is no report of a benchmark"):
        report_rows(content, "r.json")


def test_report_rows__refuse_two_rows_of_one_run():
    twice = {"results": report()["results"] * 2}
    with pytest.raises(InputError, match="1 results of the same data set and seed: 'toy, seed 0'"):
        report_rows(twice, "r.json")


def test_gate_changes__are_of_runs_both_have():
    failure = {"dataset": "toy", "seed": 0, "gate": "min_ari"}
    other = {"dataset": "else", "seed": 0, "gate": "min_ari"}
    failing = {**report(), "gate_failures": [failure, other]}
    assert gate_changes(report(), failing) == (["toy, seed 0: min_ari"], [])
    assert gate_changes(failing, report()) == ([], ["toy, seed 0: min_ari"])

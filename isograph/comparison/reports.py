"""Two reports of benchmarks compared: every metric by data set and seed, and the gates that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from isograph.comparison.difference import is_number, leaves
from isograph.comparison.judgement import Comparison, comparison_head
from isograph.comparison.operand import Operand
from isograph.errors import InputError, examples

# Suite, data set and seed.
RunKey = tuple[str, str, int | None]

RUN_KEY = ("suite", "dataset", "seed")
# NOTE: reports hold six digits.
ROUNDING = 1.5e-6
_COSTS = ("seconds", "bytes")
DELTA_SCHEMA = {
    "suite": pl.String(),
    "dataset": pl.String(),
    "seed": pl.Int64(),
    "metric": pl.String(),
    "reference": pl.Float64(),
    "candidate": pl.Float64(),
    "delta": pl.Float64(),
}


def compared_reports(reference: Operand, candidate: Operand, *, tolerance: float) -> Comparison:
    """Return the comparison of two reports.

    Raises
    ------
    InputError
        One of the two is no report of a benchmark.
    """
    reports = [operand.records["report"] for operand in (reference, candidate)]
    runs, others = (
        report_rows(report, str(operand.path)) for report, operand in zip(reports, (reference, candidate), strict=True)
    )
    deltas = metric_deltas(runs, others)
    changed = changed_metrics(deltas, tolerance=tolerance)
    failing_anew, kept_anew = gate_changes(*reports)
    metrics_of: dict[RunKey, dict[str, Any]] = {}
    for suite, dataset, seed, metric, before, after, delta in deltas.iter_rows():
        metrics = metrics_of.setdefault((suite, dataset, seed), {})
        metrics[metric] = {"reference": before, "candidate": after, "delta": delta}
    alone = {
        "only_in_reference": [_named(run) for run in runs if run not in others],
        "only_in_candidate": [_named(run) for run in others if run not in runs],
    }
    record = {
        **comparison_head(reference, candidate),
        "passed": not (changed.height or any(alone.values()) or failing_anew or kept_anew),
        "n_changed": changed.height,
        **alone,
        "gates_failing_anew": failing_anew,
        "gates_kept_anew": kept_anew,
        "datasets": [{**_named(run), "metrics": metrics} for run, metrics in metrics_of.items()],
    }
    return Comparison("reports", record, {"metric_deltas": deltas, "changed_metrics": changed})


def report_rows(report: Mapping[str, Any], name: str) -> dict[RunKey, Mapping[str, Any]]:
    """Return the rows of a report by suite, data set and seed; a report on one data set is one row.

    name: what messages call the report.

    Raises
    ------
    InputError
        It is no report, or it has two rows for one data set and seed.
    """
    rows = report.get("results")
    if rows is None and isinstance(report.get("dataset"), str):
        rows = [report]
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "dataset" in row for row in rows):
        raise InputError(name, "is no report of a benchmark: it has no list of results by data set.")
    by_run: dict[RunKey, Mapping[str, Any]] = {}
    repeated = []
    for row in rows:
        run = (str(row.get("suite", report.get("suite", ""))), str(row["dataset"]), row.get("seed"))
        if run in by_run:
            repeated.append(f"{run[1]}, seed {run[2]}")
        by_run[run] = row
    if repeated:
        raise InputError(name, f"{len(repeated)} results of the same data set and seed: {examples(repeated)}.")
    return by_run


def metric_deltas(
    reference: Mapping[RunKey, Mapping[str, Any]], candidate: Mapping[RunKey, Mapping[str, Any]]
) -> pl.DataFrame:
    """Return every numeric metric of the runs that both have, with candidate − reference; null where one has none."""
    rows = []
    for run in (run for run in reference if run in candidate):
        values, others = _metrics(reference[run]), _metrics(candidate[run])
        rows += [(*run, metric, values.get(metric), others.get(metric)) for metric in dict.fromkeys([*values, *others])]
    columns = {name: dtype for name, dtype in DELTA_SCHEMA.items() if name != "delta"}
    table = pl.DataFrame(rows, schema=columns, orient="row")
    return table.with_columns(delta=pl.col("candidate") - pl.col("reference"))


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    # NOTE: seconds are left out of what must be equal, but a report is read for them too.
    values = {f"seconds.{path}": value for path, value in leaves(row.get("seconds", {}))}
    values |= {path: value for path, value in leaves(row) if path.partition(".")[0] not in (*RUN_KEY, "gates")}
    return {path: float(value) for path, value in values.items() if is_number(value)}


def changed_metrics(deltas: pl.DataFrame, *, tolerance: float = 1.0) -> pl.DataFrame:
    """Return the rows whose metric changed beyond rounding, or between a number and none; time and memory aside."""
    is_cost = pl.any_horizontal(pl.col("metric").str.contains(part, literal=True) for part in _COSTS)
    one_sided = pl.col("reference").is_null() != pl.col("candidate").is_null()
    changed = one_sided | (pl.col("delta").abs() > ROUNDING * tolerance).fill_null(value=False)
    return deltas.filter(changed & ~is_cost)


def gate_changes(reference: Mapping[str, Any], candidate: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the gates that only the candidate fails, and those that only the reference fails, in runs of both."""
    failing = [
        [(entry["dataset"], entry["seed"], entry["gate"]) for entry in report.get("gate_failures", [])]
        for report in (reference, candidate)
    ]
    runs, others = (
        {(row["dataset"], row.get("seed")) for row in report.get("results", [])} for report in (reference, candidate)
    )
    anew, gone = (
        [
            f"{dataset}, seed {seed}: {gate}"
            for dataset, seed, gate in gates
            if (dataset, seed) in runs & others and (dataset, seed, gate) not in before
        ]
        for before, gates in (failing, failing[::-1])
    )
    return anew, gone


def _named(run: RunKey) -> dict[str, Any]:
    return dict(zip(RUN_KEY, run, strict=True))

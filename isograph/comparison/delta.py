"""What changed between two reports of a benchmark, by data set, seed and metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from isograph.comparison.difference import is_number, leaves
from isograph.errors import InputError, examples

Row = tuple[str, str, int | None]

IDENTITY = ("suite", "dataset", "seed")
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


def report_rows(report: Mapping[str, Any], subject: str) -> dict[Row, Mapping[str, Any]]:
    """Return the rows of a report by suite, data set and seed; a report on one data set is one row.

    Raises
    ------
    InputError
        It is no report, or it has two rows for one data set and seed.
    """
    rows = report.get("results")
    if rows is None and isinstance(report.get("dataset"), str):
        rows = [report]
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "dataset" in row for row in rows):
        raise InputError(subject, ["is no report of a benchmark: it has no list of results by data set."])
    by_row: dict[Row, Mapping[str, Any]] = {}
    repeated = []
    for row in rows:
        name = (str(row.get("suite", report.get("suite", ""))), str(row["dataset"]), row.get("seed"))
        if name in by_row:
            repeated.append(f"{name[1]}, seed {name[2]}")
        by_row[name] = row
    if repeated:
        raise InputError(subject, [f"{len(repeated)} results of the same data set and seed: {examples(repeated)}."])
    return by_row


def metric_deltas(
    reference: Mapping[Row, Mapping[str, Any]], candidate: Mapping[Row, Mapping[str, Any]]
) -> pl.DataFrame:
    """Return every numeric metric of the rows that both have, with candidate − reference; null where one has none."""
    rows = [
        (*name, metric, one.get(metric), other.get(metric))
        for name in reference
        if name in candidate
        for one, other in [(_metrics(reference[name]), _metrics(candidate[name]))]
        for metric in dict.fromkeys([*one, *other])
    ]
    columns = {name: dtype for name, dtype in DELTA_SCHEMA.items() if name != "delta"}
    table = pl.DataFrame(rows, schema=columns, orient="row")
    return table.with_columns(delta=pl.col("candidate") - pl.col("reference"))


def changed_metrics(deltas: pl.DataFrame, *, tolerance: float = 1.0) -> pl.DataFrame:
    """Return the rows whose metric changed, beyond rounding or between a number and none; time and memory aside."""
    is_cost = pl.any_horizontal(pl.col("metric").str.contains(part, literal=True) for part in _COSTS)
    one_sided = pl.col("reference").is_null() != pl.col("candidate").is_null()
    changed = one_sided | (pl.col("delta").abs() > ROUNDING * tolerance).fill_null(value=False)
    return deltas.filter(changed & ~is_cost)


def _metrics(row: Mapping[str, Any]) -> dict[str, float]:
    # NOTE: seconds are left out of what must be equal, but a report is read for them too.
    flat = {f"seconds.{path}": value for path, value in leaves(row.get("seconds", {}))}
    flat |= {path: value for path, value in leaves(row) if path.partition(".")[0] not in (*IDENTITY, "gates")}
    return {path: float(value) for path, value in flat.items() if is_number(value)}


def gate_changes(reference: Mapping[str, Any], candidate: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the gates that only the candidate fails, and those that only the reference fails, in runs of both."""
    one, other = (_failing_gates(report) for report in (reference, candidate))
    shared = _runs(reference) & _runs(candidate)
    new, gone = (
        [f"{dataset}, seed {seed}: {gate}" for dataset, seed, gate in gates if (dataset, seed) in shared]
        for gates in ([gate for gate in other if gate not in one], [gate for gate in one if gate not in other])
    )
    return new, gone


def _failing_gates(report: Mapping[str, Any]) -> list[tuple[Any, Any, Any]]:
    return [(entry["dataset"], entry["seed"], entry["gate"]) for entry in report.get("gate_failures", [])]


def _runs(report: Mapping[str, Any]) -> set[tuple[Any, Any]]:
    return {(row["dataset"], row.get("seed")) for row in report.get("results", [])}

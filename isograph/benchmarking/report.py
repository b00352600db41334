"""The reports of a benchmark as plain values: no path, no time of day, no name of a machine in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from isograph.benchmarking.outcome import Metrics, Outcome
from isograph.benchmarking.plan import Stage
from isograph.schemas.role import ACTIVE_ROLES
from isograph.text import NOTHING

DIGITS = 6
SECOND_DIGITS = 3
TABLE_COLUMNS = (
    "dataset", "genes", "samples", "planted", "found", "recovery", "ari", "background", "role recall", "seconds",
    "peak MB", "gates",
)  # fmt: skip
# The columns for data in which no gene switches.
SILENT_COLUMNS = (
    "dataset", "genes", "samples", "found", "in modules", "switch features", "switch roles", "supported", "mean |r|",
    "expected", "seconds", "peak MB", "gates",
)  # fmt: skip
_NO_RESULT = Metrics(recovery=None, ari=None, background_rate=None, role_recall={}, n_modules=0)


def benchmark_report(stage: Stage, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the report of metrics: one row a fixture and seed, a summary, and the gates that were not kept."""
    rows = [
        {
            **metric_row(outcome),
            "runtime_seconds": round(outcome.process.wall_seconds, SECOND_DIGITS),
            "peak_memory_bytes": outcome.process.peak_bytes,
        }
        for outcome in outcomes
    ]
    failures = [
        {
            "dataset": outcome.dataset,
            "seed": outcome.seed,
            "gate": failure.gate,
            "limit": failure.limit,
            "value": rounded(failure.value),
        }
        for outcome in outcomes
        for failure in outcome.failures
    ]
    return {**stage.header(), "summary": _summary(rows), "gate_failures": failures, "results": rows}


def metric_row(outcome: Outcome) -> dict[str, Any]:
    """Return a row of the report of metrics without what differs between two runs of the same.

    Null where the fixture or the run has nothing to take a metric of.
    """
    metrics = outcome.metrics or _NO_RESULT
    calibration = outcome.calibration
    return {
        "dataset": outcome.dataset,
        "suite": outcome.suite,
        "seed": outcome.seed,
        "covariates": list(outcome.covariates),
        "n_samples": outcome.n_samples,
        "n_genes": outcome.n_genes,
        "n_planted_genes": outcome.n_planted_genes,
        "n_planted_modules": outcome.n_planted_modules,
        "n_modules": metrics.n_modules if outcome.metrics else None,
        "n_edges": calibration.get("n_edges"),
        "n_unassigned_genes": calibration.get("n_unassigned_genes"),
        "giant_component_fraction": rounded(calibration.get("giant_component_fraction")),
        "recovery": rounded(metrics.recovery),
        "ari": rounded(metrics.ari),
        "background_rate": rounded(metrics.background_rate),
        "role_recall": {role: rounded(metrics.role_recall.get(role)) for role in ACTIVE_ROLES},
        **({} if metrics.switching is None else rounded(asdict(metrics.switching))),
        "gates": dict(outcome.gates),
        "error": outcome.error,
    }


def runtime_report(stage: Stage, outcomes: Sequence[Outcome], *, jobs: int, threads: int) -> dict[str, Any]:
    """Return the report of seconds per step, whole-process seconds and peak memory."""
    rows = [
        {
            "dataset": outcome.dataset,
            "seed": outcome.seed,
            "n_genes": outcome.n_genes,
            "n_samples": outcome.n_samples,
            "n_features": outcome.calibration.get("n_features"),
            "seconds": rounded(outcome.calibration.get("seconds", {}), SECOND_DIGITS),
            "wall_seconds": round(outcome.process.wall_seconds, SECOND_DIGITS),
            "user_seconds": round(outcome.process.user_seconds, SECOND_DIGITS),
            "system_seconds": round(outcome.process.system_seconds, SECOND_DIGITS),
            "peak_memory_bytes": outcome.process.peak_bytes,
        }
        for outcome in outcomes
    ]
    return {**stage.header(), "fits_at_once": jobs, "threads_per_fit": threads, "results": rows}


def calibration_report(stage: Stage, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the calibration of each fixture's first seed; its seconds are in another report."""
    first: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        first.setdefault((outcome.suite, outcome.dataset), outcome)
    rows = [
        {
            "dataset": outcome.dataset,
            "seed": outcome.seed,
            "calibration": rounded({key: entry for key, entry in outcome.calibration.items() if key != "seconds"}),
        }
        for outcome in first.values()
    ]
    return {**stage.header(), "results": rows}


def rounded(value: Any, digits: int = DIGITS) -> Any:  # noqa: ANN401
    """Return a plain value with every float in it rounded; what is not finite becomes None."""
    if isinstance(value, float):
        return round(value, digits) if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {key: rounded(entry, digits) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry, digits) for entry in value]
    return value


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ended = [row for row in rows if row["error"] is None]
    recalls = [value for row in ended for value in row["role_recall"].values()]
    without = [row["n_modules"] == 0 for row in ended]
    return {
        "n_runs": len(rows),
        "n_without_result": len(rows) - len(ended),
        "mean_recovery": _mean(row["recovery"] for row in ended),
        "min_recovery": _least(row["recovery"] for row in ended),
        "mean_ari": _mean(row["ari"] for row in ended),
        "min_ari": _least(row["ari"] for row in ended),
        "mean_background_rate": _mean(row["background_rate"] for row in ended),
        "max_background_rate": max(_known(row["background_rate"] for row in ended), default=None),
        "min_role_recall": _least(recalls),
        "share_without_module": rounded(sum(without) / len(without)) if without else None,
    }


def report_table(report: Mapping[str, Any]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the columns in which a report of metrics is shown, and its rows.

    ``SILENT_COLUMNS`` for a report on data in which no gene switches, else ``TABLE_COLUMNS``.
    """
    is_silent = any("switch_role_rate" in row for row in report["results"])
    return (SILENT_COLUMNS, silent_rows(report)) if is_silent else (TABLE_COLUMNS, table_rows(report))


def table_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the report of metrics as cells of ``TABLE_COLUMNS``: one row a fixture, means over its seeds.

    Memory is the largest of the seeds. The last cell counts the runs in which a gate was not kept.
    """
    return [
        (
            *_size_cells(rows[0]),
            _number(rows[0]["n_planted_modules"], "g"),
            _number(_mean(row["n_modules"] for row in rows), ".4g"),
            _number(_mean(row["recovery"] for row in rows), ".3f"),
            _number(_mean(row["ari"] for row in rows), ".3f"),
            _number(_mean(row["background_rate"] for row in rows), ".2%"),
            _number(_mean(_least(row["role_recall"].values()) for row in rows), ".3f"),
            *_closing_cells(rows, report),
        )
        for rows in _rows_by_dataset(report)
    ]


def silent_rows(report: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the report of metrics as cells of ``SILENT_COLUMNS``, as ``table_rows`` does."""
    columns = (
        ("n_modules", ".4g"),
        ("n_module_genes", ",.6g"),
        ("n_switch_features", ",.6g"),
        ("switch_role_rate", ".2%"),
        ("supported_switch_rate", ".2%"),
        ("mean_abs_r", ".3f"),
        ("expected_abs_r", ".3f"),
    )
    return [
        (
            *_size_cells(rows[0]),
            *(_number(_mean(row.get(name) for row in rows), style) for name, style in columns),
            *_closing_cells(rows, report),
        )
        for rows in _rows_by_dataset(report)
    ]


def _rows_by_dataset(report: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    by_dataset: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in report["results"]:
        by_dataset.setdefault((row["suite"], row["dataset"]), []).append(row)
    return list(by_dataset.values())


def _size_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row["dataset"], f"{row['n_genes']:,}", f"{row['n_samples']:,}"


def _closing_cells(rows: Sequence[Mapping[str, Any]], report: Mapping[str, Any]) -> tuple[str, ...]:
    """Return seconds, memory and verdict of the runs of one data set."""
    failing = sorted({(entry["dataset"], entry["seed"], entry["gate"]) for entry in report["gate_failures"]})
    verdicts = []
    if n_failed := sum(row["error"] is not None for row in rows):
        verdicts.append(f"no result in {n_failed} of {len(rows)}")
    by_gate = Counter(gate for name, _, gate in failing if name == rows[0]["dataset"])
    verdicts += [f"{gate} fails in {count} of {len(rows)}" for gate, count in by_gate.items()]
    return (
        _number(_mean(row["runtime_seconds"] for row in rows), ".2f"),
        f"{max(row['peak_memory_bytes'] for row in rows) / 1e6:.0f}",
        "; ".join(verdicts) or ("kept" if any(row["gates"] for row in rows) else NOTHING),
    )


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return round(sum(known) / len(known), DIGITS) if known else None


def _least(values: Iterable[float | None]) -> float | None:
    return min(_known(values), default=None)


def _number(value: float | None, style: str) -> str:
    return NOTHING if value is None else format(value, style)

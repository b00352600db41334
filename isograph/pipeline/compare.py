"""``isograph compare``: two snapshots, fits, tables of modules or reports, and what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

import isograph
from isograph.comparison.delta import changed_metrics, gate_changes, metric_deltas, report_rows
from isograph.comparison.difference import Difference, leaves, record_differences, table_differences
from isograph.comparison.judgement import Comparison, table_of
from isograph.comparison.operand import CALIBRATION, UNASSIGNED, Side, read_side
from isograph.comparison.overlap import (
    Division,
    division_agreement,
    eigengene_correlations,
    matched_modules,
    module_overlaps,
)
from isograph.errors import ConfigError, UsageError
from isograph.results.fit import Fit
from isograph.schemas import FIT_TABLES

_UNMATCHED = "candidate "
_KINDS = {"fit": "a fit", "snapshot": "a snapshot", "modules": "a table of modules", "report": "a report"}


def compare(
    reference: str | Path | Fit,
    candidate: str | Path | Fit,
    *,
    tolerance: float = 1.0,
    unassigned: Sequence[str] = UNASSIGNED,
) -> Comparison:
    """Compare two fits or snapshots, either with a table of genes and modules, or two reports of benchmarks.

    Modules are matched by the genes they share, so that another numbering is no difference. Rows are told apart by the
    key of their table, so that another order is none either. What the two were made with, their seconds and their
    thread counts are no differences; the first is told apart.

    Parameters
    ----------
    reference, candidate : paths, or fits that are open. A table of genes and modules is a TSV, CSV or parquet file with
        the columns ``gene_id`` and ``module_id``; a report is a ``.json`` file that ``benchmark`` wrote.
    tolerance : factor on how far two numbers may be apart; 0 asks for equality.
    unassigned : names in such a table that stand for no module.

    Raises
    ------
    UsageError
        A path does not exist, a report is compared with something else, or the tolerance is negative.
    InputError
        One of the two cannot be compared, or is damaged.
    """
    if not 0 <= tolerance < float("inf"):
        raise ConfigError(f"tolerance is {tolerance}, expected 0 or more")
    one, other = (read_side(_path(given), unassigned) for given in (reference, candidate))
    if (one.kind == "report") != (other.kind == "report"):
        raise UsageError(
            f"{one.path} is {_KINDS[one.kind]}, {other.path} {_KINDS[other.kind]}. "
            "A report is compared with a report only."
        )
    if one.division is None or other.division is None:
        return _report_comparison(one, other, tolerance)
    return _fit_comparison(one, other, one.division, other.division, tolerance)


def _path(given: str | Path | Fit) -> Path:
    return given.path if isinstance(given, Fit) else Path(given)


def _head(one: Side, other: Side) -> dict[str, Any]:
    return {
        "isograph_version": isograph.__version__,
        "reference": {"path": str(one.path), "kind": one.kind},
        "candidate": {"path": str(other.path), "kind": other.kind},
    }


def _fit_comparison(one: Side, other: Side, first: Division, second: Division, tolerance: float) -> Comparison:
    overlaps = module_overlaps(first, second)
    matched = matched_modules(overlaps)
    correlations = eigengene_correlations(*(_eigengenes(side) for side in (one, other)))
    matches = _match_table(overlaps, matched, correlations)
    differences = _differences(one, _renamed(other, matched), tolerance) + _record_differences(one, other, tolerance)
    configuration = _configuration_changes(one, other)
    record = {
        **_head(one, other),
        "passed": not differences,
        "differences": [difference.as_dict() for difference in differences],
        "agreement": {
            **division_agreement(first, second),
            "matches": matches.to_dicts(),
            "crosstab": overlaps.to_dicts(),
            "eigengene_correlations": _matrix(correlations),
        },
        "configuration": configuration.to_dicts(),
    }
    tables = {
        "differences": table_of(differences),
        "matches": matches,
        "crosstab": overlaps,
        "eigengene_correlations": correlations,
        "configuration": configuration,
    }
    return Comparison("fits", record, tables)


def _eigengenes(side: Side) -> pl.DataFrame:
    contract = FIT_TABLES["eigengenes"]
    return side.tables.get(contract.name, pl.DataFrame(schema=contract.schema))


def _renamed(side: Side, matched: dict[str, str]) -> dict[str, pl.DataFrame]:
    """Return the tables with every module named as the one it is matched with in the reference."""
    renamed = {}
    for name, table in side.tables.items():
        if "module_id" in table.columns:
            own = table.get_column("module_id").unique(maintain_order=True).to_list()
            names = {module: matched.get(module, f"{_UNMATCHED}{module}") for module in own}
            table = table.with_columns(pl.col("module_id").replace_strict(names, return_dtype=pl.String))  # noqa: PLW2901
        renamed[name] = table
    return renamed


def _differences(one: Side, tables: dict[str, pl.DataFrame], tolerance: float) -> list[Difference]:
    """Return what differs in the tables and columns that a comparison of these two kinds looks at."""
    found: list[Difference] = []
    for name, contract in FIT_TABLES.items():
        if name not in one.tables or name not in tables:
            continue
        pair = [one.tables[name], tables[name]]
        if name == "modules" and any(table.columns == ["gene_id", "module_id"] for table in pair):
            pair = [table.select("gene_id", "module_id") for table in pair]
        found += table_differences(contract, pair[0], pair[1], tolerance=tolerance)
    return found


def _record_differences(one: Side, other: Side, tolerance: float) -> list[Difference]:
    """Return what differs in the JSON files of both; two backends tell different things of themselves."""
    backends = [side.configuration.get("fit_config.json", {}).get("backend") for side in (one, other)]
    names = [name for name in one.records if name in other.records]
    return [
        difference
        for name in names
        if name != CALIBRATION or backends[0] == backends[1]
        for difference in record_differences(name, one.records[name], other.records[name], tolerance=tolerance)
    ]


def _match_table(overlaps: pl.DataFrame, matched: dict[str, str], correlations: pl.DataFrame) -> pl.DataFrame:
    """Return one row a pair of matched modules, and one a module without a partner."""
    pairs = pl.DataFrame(
        {"candidate": list(matched), "reference": list(matched.values())},
        schema={"candidate": pl.String, "reference": pl.String},
    )
    keys = ["reference", "candidate"]
    rows = overlaps.join(pairs, on=keys, how="inner", validate="1:1", maintain_order="left").join(
        correlations.select(*keys, pl.col("r").alias("eigengene_r")),
        on=keys,
        how="left",
        validate="1:1",
        maintain_order="left",
    )
    alone = [
        overlaps.drop_nulls(side)
        .filter(~pl.col(side).is_in(rows.get_column(side).to_list()))
        .unique(side, maintain_order=True, keep="first")
        .select(side, f"n_{side}")
        for side in keys
    ]
    return pl.concat([rows, *alone], how="diagonal")


def _matrix(correlations: pl.DataFrame) -> dict[str, Any]:
    """Return the correlations as names of rows and columns, and a row of numbers a reference module."""
    rows = correlations.get_column("reference").unique(maintain_order=True).to_list()
    columns = correlations.get_column("candidate").unique(maintain_order=True).to_list()
    values = correlations.get_column("r").to_list()
    width = len(columns)
    return {
        "reference": rows,
        "candidate": columns,
        "r": [values[start : start + width] for start in range(0, len(values), width)] if width else [],
        "n_samples": correlations.get_column("n_samples").to_list()[0] if values else 0,
    }


def _configuration_changes(one: Side, other: Side) -> pl.DataFrame:
    """Return what the two were made with, where it differs: file, key, and the two values as text."""
    rows = []
    for file in one.configuration:
        if file in other.configuration:
            first, second = dict(leaves(one.configuration[file])), dict(leaves(other.configuration[file]))
            rows += [
                (file, key, _value(first, key), _value(second, key))
                for key in dict.fromkeys([*first, *second])
                if _value(first, key) != _value(second, key)
            ]
    schema = {"file": pl.String, "key": pl.String, "reference": pl.String, "candidate": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _value(record: dict[str, Any], key: str) -> str | None:
    return None if record.get(key) is None else str(record[key])


def _report_comparison(one: Side, other: Side, tolerance: float) -> Comparison:
    first, second = one.records["report"], other.records["report"]
    rows, others = (report_rows(report, str(side.path)) for report, side in ((first, one), (second, other)))
    deltas = metric_deltas(rows, others)
    changed = changed_metrics(deltas, tolerance=tolerance)
    new, gone = gate_changes(first, second)
    lone = [[_run(row) for row in side if row not in opposite] for side, opposite in ((rows, others), (others, rows))]
    record = {
        **_head(one, other),
        "passed": not (changed.height or lone[0] or lone[1] or new or gone),
        "n_changed": changed.height,
        "only_in_reference": lone[0],
        "only_in_candidate": lone[1],
        "gates_failing_anew": new,
        "gates_kept_anew": gone,
        "datasets": _by_dataset(deltas),
    }
    return Comparison("reports", record, {"metric_deltas": deltas, "changed_metrics": changed})


def _run(row: tuple[str, str, int | None]) -> dict[str, Any]:
    return {"suite": row[0], "dataset": row[1], "seed": row[2]}


def _by_dataset(deltas: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the deltas as one object a data set and seed."""
    runs: dict[tuple[str, str, int | None], dict[str, Any]] = {}
    for suite, dataset, seed, metric, reference, candidate, delta in deltas.iter_rows():
        metrics = runs.setdefault((suite, dataset, seed), {})
        metrics[metric] = {"reference": reference, "candidate": candidate, "delta": delta}
    return [{**_run(row), "metrics": metrics} for row, metrics in runs.items()]

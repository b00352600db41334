"""Two fits, snapshots or tables of modules compared: modules, eigengenes, tables, records and settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from isograph.comparison.difference import (
    Difference,
    difference_table,
    leaves,
    record_differences,
    table_differences,
)
from isograph.comparison.judgement import Comparison, comparison_head
from isograph.comparison.operand import CALIBRATION, GeneModules, Operand
from isograph.comparison.overlap import eigengene_correlations, matched_modules, module_agreement, module_overlaps
from isograph.schemas import FIT_TABLES


def compared_fits(
    reference: Operand, candidate: Operand, modules: tuple[GeneModules, GeneModules], *, tolerance: float
) -> Comparison:
    """Return the comparison of two operands whose gene modules are ``modules``."""
    overlaps = module_overlaps(*modules)
    matched = matched_modules(overlaps)
    without = pl.DataFrame(schema=FIT_TABLES["eigengenes"].schema)
    correlations = eigengene_correlations(
        *(operand.tables.get("eigengenes", without) for operand in (reference, candidate))
    )
    matches = _match_table(overlaps, matched, correlations)
    differences = _differences(reference, candidate, matched, tolerance)
    configuration = _configuration_changes(reference, candidate)
    record = {
        **comparison_head(reference, candidate),
        "passed": not differences,
        "differences": [asdict(difference) for difference in differences],
        "agreement": {
            **module_agreement(*modules),
            "matches": matches.to_dicts(),
            "crosstab": overlaps.to_dicts(),
            "eigengene_correlations": _nested(correlations),
        },
        "configuration": configuration.to_dicts(),
    }
    tables = {
        "differences": difference_table(differences),
        "matches": matches,
        "crosstab": overlaps,
        "eigengene_correlations": correlations,
        "configuration": configuration,
    }
    return Comparison("fits", record, tables)


def _match_table(overlaps: pl.DataFrame, matched: dict[str, str], correlations: pl.DataFrame) -> pl.DataFrame:
    """Return one row a pair of matched modules, and one a module without a partner."""
    keys = ["reference", "candidate"]
    pairs = pl.DataFrame(
        {"candidate": list(matched), "reference": list(matched.values())}, schema=dict.fromkeys(keys[::-1], pl.String())
    )
    of_pairs = correlations.select(*keys, pl.col("r").alias("eigengene_r"))
    rows = overlaps.join(pairs, on=keys, how="inner", validate="1:1", maintain_order="left").join(
        of_pairs, on=keys, how="left", validate="1:1", maintain_order="left"
    )
    alone = [
        overlaps.drop_nulls(side)
        .filter(~pl.col(side).is_in(rows.get_column(side).to_list()))
        .unique(side, maintain_order=True, keep="first")
        .select(side, f"n_{side}")
        for side in keys
    ]
    return pl.concat([rows, *alone], how="diagonal")


def _differences(reference: Operand, candidate: Operand, matched: dict[str, str], tolerance: float) -> list[Difference]:
    """Return what differs in the tables and JSON files of both, modules named as those they are matched with."""
    differences: list[Difference] = []
    for name, contract in FIT_TABLES.items():
        if name not in reference.tables or name not in candidate.tables:
            continue
        expected, table = reference.tables[name], candidate.tables[name]
        if "module_id" in table.columns:
            modules = table.get_column("module_id").unique(maintain_order=True).to_list()
            names = {module: matched.get(module, f"candidate {module}") for module in modules}
            table = table.with_columns(pl.col("module_id").replace_strict(names, return_dtype=pl.String))
        # A user's table of modules has two columns only, so that no others are compared with it.
        columns = ["gene_id", "module_id"]
        if name == "modules" and columns in (expected.columns, table.columns):
            expected, table = expected.select(columns), table.select(columns)
        differences += table_differences(contract, expected, table, tolerance=tolerance)
    backends = [operand.configuration.get("fit_config.json", {}).get("backend") for operand in (reference, candidate)]
    for name, record in reference.records.items():
        # Calibrations of two backends have nothing in common.
        if name in candidate.records and (name != CALIBRATION or backends[0] == backends[1]):
            differences += record_differences(name, record, candidate.records[name], tolerance=tolerance)
    return differences


def _configuration_changes(reference: Operand, candidate: Operand) -> pl.DataFrame:
    """Return what the two were made with, where it differs: file, key, and the two values as text."""
    rows = []
    for file in (name for name in reference.configuration if name in candidate.configuration):
        values, others = (dict(leaves(operand.configuration[file])) for operand in (reference, candidate))
        for key in dict.fromkeys([*values, *others]):
            value, other = (None if entry.get(key) is None else str(entry[key]) for entry in (values, others))
            if value != other:
                rows.append((file, key, value, other))
    schema = dict.fromkeys(("file", "key", "reference", "candidate"), pl.String())
    return pl.DataFrame(rows, schema=schema, orient="row")


def _nested(correlations: pl.DataFrame) -> dict[str, Any]:
    """Return the correlations as names of rows and columns, and a row of numbers a reference module."""
    rows, columns = (
        correlations.get_column(side).unique(maintain_order=True).to_list() for side in ("reference", "candidate")
    )
    values, width = correlations.get_column("r").to_list(), len(columns)
    return {
        "reference": rows,
        "candidate": columns,
        "r": [values[start : start + width] for start in range(0, len(values), width)] if width else [],
        "n_samples": correlations.get_column("n_samples").to_list()[0] if values else 0,
    }

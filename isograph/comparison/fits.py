"""Two fits, snapshots or tables of modules compared: modules, eigengenes, tables, records and settings."""

from __future__ import annotations

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
    differences = _table_differences(reference, candidate, matched, tolerance)
    differences += _record_differences(reference, candidate, tolerance)
    configuration = _configuration_changes(reference, candidate)
    record = {
        **comparison_head(reference, candidate),
        "passed": not differences,
        "differences": [difference.as_dict() for difference in differences],
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


def _table_differences(
    reference: Operand, candidate: Operand, matched: dict[str, str], tolerance: float
) -> list[Difference]:
    """Return what differs in the tables that both have, the candidate's modules named as those they are matched with.

    A table of genes and modules has two columns only, so that no others are compared with it.
    """
    differences: list[Difference] = []
    for name, contract in FIT_TABLES.items():
        if name not in reference.tables or name not in candidate.tables:
            continue
        pair = [reference.tables[name], _renamed(candidate.tables[name], matched)]
        if name == "modules" and any(table.columns == ["gene_id", "module_id"] for table in pair):
            pair = [table.select("gene_id", "module_id") for table in pair]
        differences += table_differences(contract, *pair, tolerance=tolerance)
    return differences


def _renamed(table: pl.DataFrame, matched: dict[str, str]) -> pl.DataFrame:
    if "module_id" not in table.columns:
        return table
    modules = table.get_column("module_id").unique(maintain_order=True).to_list()
    names = {module: matched.get(module, f"candidate {module}") for module in modules}
    return table.with_columns(pl.col("module_id").replace_strict(names, return_dtype=pl.String))


def _record_differences(reference: Operand, candidate: Operand, tolerance: float) -> list[Difference]:
    """Return what differs in the JSON files of both; calibrations of two backends have nothing in common."""
    backends = [operand.configuration.get("fit_config.json", {}).get("backend") for operand in (reference, candidate)]
    return [
        difference
        for name, record in reference.records.items()
        if name in candidate.records and (name != CALIBRATION or backends[0] == backends[1])
        for difference in record_differences(name, record, candidate.records[name], tolerance=tolerance)
    ]


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

"""One side of a comparison: a fit, a snapshot, a table of genes and modules, or a report of a benchmark."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from isograph.comparison.overlap import Division
from isograph.errors import InputError, UsageError, examples, shown
from isograph.ingest.table import UserTable, read_user_table
from isograph.results.fit import Fit
from isograph.results.snapshot import SNAPSHOT, Snapshot
from isograph.schemas import FIT_TABLES
from isograph.store.artifact import read_manifest

logger = logging.getLogger(__name__)

UNASSIGNED = ("grey",)
CALIBRATION = "calibration.json"
MAX_REPORT_BYTES = 256 * 2**20
# NOTE: as WGCNA scripts call them; R leaves the name of the row names empty.
_GENE_COLUMNS = ("gene_id", "gene", "geneid", "genes", "probe_id", "probe", "")
_MODULE_COLUMNS = ("module_id", "module", "modulecolor", "modulecolors", "color", "colors", "modulelabel", "label")
_CONFIGURATION = ("fit_config.json", "run_config.json")
_RECORDS = (CALIBRATION, "metrics.json")


@dataclass(frozen=True, slots=True)
class Side:
    """What was read from one path.

    Attributes
    ----------
    kind : ``fit``, ``snapshot``, ``modules`` (a table of genes and modules) or ``report``.
    tables : by name; of a table of modules, ``modules`` with two columns.
    records : JSON files that hold results, by file name.
    configuration : JSON files that hold what it was made with, by file name.
    division : which gene is in which module; None for a report.
    """

    path: Path
    kind: str
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    division: Division | None = None


def read_side(path: Path, unassigned: Sequence[str] = UNASSIGNED) -> Side:
    """Return what is at ``path``.

    unassigned: module names in a table of genes and modules that stand for no module; so does a missing name.

    Raises
    ------
    InputError
        It is none of what can be compared, or is damaged.
    UsageError
        There is nothing at ``path``.
    """
    if path.is_dir():
        return _fit_side(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist. Name a fit, a snapshot, a report or a table of genes and modules.")
    if path.suffix.lower() == ".json":
        return Side(path, "report", records={"report": _report(path)})
    return _module_side(path, unassigned)


def _fit_side(path: Path) -> Side:
    is_snapshot = read_manifest(path).get("artifact") == SNAPSHOT
    fit = Snapshot(path) if is_snapshot else Fit(path)
    tables = {name: fit.scan(name).collect(engine="in-memory") for name in FIT_TABLES}
    modules = dict(tables["modules"].select("gene_id", "module_id").iter_rows())
    known = {
        gene
        for name in ("feature_scores", "excluded_features")
        for gene in tables[name].get_column("gene_id").to_list()
    }
    return Side(
        path=path,
        kind=SNAPSHOT if is_snapshot else "fit",
        tables=tables,
        records=_json_files(path, _RECORDS),
        configuration=_json_files(path, _CONFIGURATION),
        division=Division(modules, frozenset(known | modules.keys())),
    )


def _json_files(path: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {name: orjson.loads((path / name).read_bytes()) for name in names if (path / name).is_file()}


def _report(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_REPORT_BYTES:
        raise InputError(str(path), [f"is larger than {MAX_REPORT_BYTES / 2**20:.0f} MiB, and no report is."])
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(str(path), [f"is no report: {error}."]) from None
    if not isinstance(content, dict):
        raise InputError(str(path), ["is no report of a benchmark: it holds no object."])
    return content


def _module_side(path: Path, unassigned: Sequence[str]) -> Side:
    table = read_user_table(path)
    gene, module = _gene_and_module(table)
    logger.info("%s: genes in column '%s', modules in column '%s'", path, table.header[gene], table.header[module])
    rows = table.text([gene, module]).rename({str(gene): "gene_id", str(module): "module_id"})
    problems = []
    if unnamed := rows.get_column("gene_id").null_count():
        problems.append(f"{unnamed} of {rows.height} rows without a gene. Remove them.")
    genes = rows.get_column("gene_id").drop_nulls()
    if repeated := genes.filter(genes.is_duplicated()).unique(maintain_order=True).to_list():
        problems.append(
            f"{len(repeated)} genes in several rows: {examples(repeated)}. Every gene is in one module at most."
        )
    if problems:
        raise InputError(str(path), problems)
    modules = rows.drop_nulls("module_id").filter(~pl.col("module_id").is_in(list(unassigned)))
    _warn_of_zero(modules, path)
    module_of = dict(modules.select("gene_id", "module_id").iter_rows())
    return Side(path, "modules", {"modules": modules}, division=Division(module_of, frozenset(genes.to_list())))


def _gene_and_module(table: UserTable) -> tuple[int, int]:
    """Return the positions of the column of genes and of the column of modules."""
    names = [name.lower().replace(".", "_") for name in table.header]
    gene, module = (
        next((names.index(name) for name in known if name in names), None) for known in (_GENE_COLUMNS, _MODULE_COLUMNS)
    )
    if gene is None or module is None:
        missing = [name for name, place in (("gene_id", gene), ("module_id", module)) if place is None]
        raise InputError(
            table.name,
            [f"no column {' and no column '.join(missing)}. Columns: {examples(table.header, 10)}. Rename them."],
        )
    return gene, module


def _warn_of_zero(modules: pl.DataFrame, path: Path) -> None:
    n_zero = modules.filter(pl.col("module_id") == "0").height
    if n_zero:
        logger.warning(
            "%s: %d genes in a module named 0, taken for a module. If 0 stands for no module, as in R's numeric "
            "labels, pass --unassigned 0.",
            shown(path),
            n_zero,
        )

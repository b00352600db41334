"""What is compared: a fit, a snapshot, a table of genes and modules, or a report of a benchmark."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from isograph.errors import InputError, UsageError, examples, option, shown
from isograph.ingest.table import read_user_table
from isograph.results.fit import Fit
from isograph.results.snapshot import SNAPSHOT, Snapshot
from isograph.schemas import FIT_TABLES
from isograph.store.artifact import read_manifest
from isograph.store.files import read_json_object

logger = logging.getLogger(__name__)

UNASSIGNED = ("grey",)
CALIBRATION = "calibration.json"
# NOTE: as WGCNA scripts call them; R leaves the name of the row names empty.
_GENE_COLUMNS = ("gene_id", "gene", "geneid", "genes", "probe_id", "probe", "")
_MODULE_COLUMNS = ("module_id", "module", "modulecolor", "modulecolors", "color", "colors", "modulelabel", "label")
_CONFIGURATION = ("fit_config.json", "run_config.json")
_RECORDS = (CALIBRATION, "metrics.json")


@dataclass(frozen=True, slots=True)
class GeneModules:
    """Which gene is in which module.

    Attributes
    ----------
    module_of : gene → module; a gene in no module is not in it.
    genes : every gene that could have been put in a module.
    """

    module_of: Mapping[str, str]
    genes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Operand:
    """What was read from one path.

    Attributes
    ----------
    kind : ``fit``, ``snapshot``, ``modules`` (a table of genes and modules) or ``report``.
    tables : by name; of a table of modules, ``modules`` with two columns.
    records : JSON files that hold results, by file name; of a report, ``report``.
    configuration : JSON files that hold what it was made with, by file name.
    gene_modules : None for a report.
    """

    path: Path
    kind: str
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    configuration: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    gene_modules: GeneModules | None = None


def read_operand(path: Path, unassigned: Sequence[str] = UNASSIGNED) -> Operand:
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
        return _read_fit(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist. Name a fit, a snapshot, a report or a table of genes and modules.")
    if path.suffix.lower() == ".json":
        return Operand(path, "report", records={"report": read_json_object(path, absent=f"no {path.name}.")})
    return _read_module_table(path, unassigned)


def _read_fit(path: Path) -> Operand:
    is_snapshot = read_manifest(path).get("artifact") == SNAPSHOT
    fit = Snapshot(path) if is_snapshot else Fit(path)
    tables = {name: fit.scan(name).collect(engine="in-memory") for name in FIT_TABLES}
    module_of = dict(tables["modules"].select("gene_id", "module_id").iter_rows())
    known = [tables[name].get_column("gene_id").to_list() for name in ("feature_scores", "excluded_features")]
    records, configuration = (
        {name: orjson.loads((path / name).read_bytes()) for name in names if (path / name).is_file()}
        for names in (_RECORDS, _CONFIGURATION)
    )
    return Operand(
        path=path,
        kind=SNAPSHOT if is_snapshot else "fit",
        tables=tables,
        records=records,
        configuration=configuration,
        gene_modules=GeneModules(module_of, frozenset().union(module_of, *known)),
    )


def _read_module_table(path: Path, unassigned: Sequence[str]) -> Operand:
    table = read_user_table(path)
    header = [name.lower().replace(".", "_") for name in table.header]
    gene, module = (
        next((header.index(name) for name in known if name in header), None)
        for known in (_GENE_COLUMNS, _MODULE_COLUMNS)
    )
    if gene is None or module is None:
        missing = [name for name, position in (("gene_id", gene), ("module_id", module)) if position is None]
        raise InputError(
            table.name,
            f"no column {' and no column '.join(missing)}. Columns: {examples(table.header, 10)}. Rename them.",
        )
    logger.info("%s: genes in column '%s', modules in column '%s'", path, table.header[gene], table.header[module])
    rows = table.text([gene, module]).rename({str(gene): "gene_id", str(module): "module_id"})
    genes = rows.get_column("gene_id").drop_nulls()
    problems = []
    if unnamed := rows.height - len(genes):
        problems.append(f"{unnamed} of {rows.height} rows without a gene. Remove them.")
    if repeated := genes.filter(genes.is_duplicated()).unique(maintain_order=True).to_list():
        problems.append(
            f"{len(repeated)} genes in several rows: {examples(repeated)}. Every gene is in one module at most."
        )
    if problems:
        raise InputError(str(path), problems)
    modules = rows.drop_nulls("module_id").filter(~pl.col("module_id").is_in(list(unassigned)))
    if n_zero := modules.filter(pl.col("module_id") == "0").height:
        message = "%s: %d genes in a module named 0, taken for a module. If 0 stands for no module, as in R's numeric "
        message += "labels, pass %s."
        logger.warning(message, shown(path), n_zero, option("unassigned", "0"))
    gene_modules = GeneModules(dict(modules.select("gene_id", "module_id").iter_rows()), frozenset(genes.to_list()))
    return Operand(path, "modules", {"modules": modules}, gene_modules=gene_modules)

"""``isograph catalog``: one DuckDB file of views over every run below a directory, and the same as a script."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from isograph.database.catalog import (
    catalog_contents,
    is_catalog,
    is_catalog_script,
    write_counts,
    write_database,
)
from isograph.database.script import script_text
from isograph.database.tree import tree
from isograph.errors import InputError, UsageError, shown
from isograph.store.output import output_file

logger = logging.getLogger(__name__)

DEFAULT_ARTIFACTS = Path("artifacts")
DEFAULT_NAME = "catalog.duckdb"


@dataclass(frozen=True, slots=True)
class Catalog:
    """A catalog that was written.

    Attributes
    ----------
    path, script : the DuckDB file, and the script beside it.
    n_runs : by kind.
    n_problems : what was left out.
    """

    path: Path
    script: Path
    n_runs: dict[str, int]
    n_problems: int


def write_catalog(artifacts: Path = DEFAULT_ARTIFACTS, output: Path | None = None, *, counts: bool = False) -> Catalog:
    """Write the catalog of everything below ``artifacts``, in the place of an earlier one.

    Parameters
    ----------
    output : the DuckDB file, by default ``catalog.duckdb`` in ``artifacts``; the script is beside it, as ``.sql``.
    counts : also write the counts of bundles as parquet files beside it, which its views then read.

    Raises
    ------
    InputError
        There is nothing to make a catalog of, or ``artifacts`` is itself a run that is not whole.
    UsageError
        ``output`` is a file that is no catalog.
    """
    out = output if output is not None else artifacts / DEFAULT_NAME
    script = out.with_suffix(".sql")
    _refuse_foreign(out, script)
    found = tree(artifacts)
    if not found.runs:
        raise InputError(
            str(artifacts), ["no bundle, fit, explanation or report in it. Name the directory that holds them."]
        )
    contents = catalog_contents(found)
    if counts:
        contents = write_counts(contents, out.absolute().parent / f"{out.stem}_counts")
    for problem in contents.problems:
        logger.warning("%s is left out: %s", shown(problem.path), problem.problem)
    with output_file(out, overwrite=True) as temporary:
        write_database(contents, temporary)
    with output_file(script, overwrite=True) as temporary:
        temporary.write_text(script_text(contents), encoding="utf-8")
    kinds = Counter(run.kind for run in found.runs)
    return Catalog(out, script, dict(kinds), len(contents.problems))


def _refuse_foreign(out: Path, script: Path) -> None:
    if out.suffix == ".sql":
        raise UsageError(f"{os.fspath(out)} is the name of the script beside the catalog. Name it .duckdb.")
    for path, is_ours in ((out, is_catalog), (script, is_catalog_script)):
        if path.is_file() and not is_ours(path):
            raise UsageError(f"{path} is not a catalog, so it is not replaced. Name another file.")

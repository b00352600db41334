"""``isograph catalog``: one DuckDB file of views over every run below a directory, and the same as a script."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from isograph.database.catalog import is_catalog, is_catalog_script, write_counts, write_database
from isograph.database.script import script_text
from isograph.database.tree import tree
from isograph.database.verify import catalog_contents
from isograph.errors import InputError, UsageError, shown
from isograph.store.output import output_file

logger = logging.getLogger(__name__)

DEFAULT_ARTIFACTS = Path("artifacts")
DEFAULT_NAME = "catalog.duckdb"


@dataclass(frozen=True, slots=True, repr=False)
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

    @property
    def summary(self) -> str:
        """What is in it, and how much was left out."""
        kinds = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in sorted(self.n_runs.items()))
        return f"{kinds}; {self.n_problems} left out, FROM problems says why" if self.n_problems else kinds

    def __repr__(self) -> str:
        return f"Catalog({str(self.path)!r})\n{self.summary}\nscript: {self.script}"


def catalog(
    artifacts: str | Path = DEFAULT_ARTIFACTS, *, output: str | Path | None = None, counts: bool = False
) -> Catalog:
    """Write the catalog of everything below a directory, in the place of an earlier one.

    Parameters
    ----------
    artifacts : the directory of bundles, fits, explanations and reports.
    output : the DuckDB file, by default ``catalog.duckdb`` in ``artifacts``; the script is beside it, as ``.sql``.
    counts : also write the counts of bundles as parquet files beside it, which its views then read.

    Raises
    ------
    InputError
        There is nothing to make a catalog of, or ``artifacts`` is itself a run that is not whole.
    UsageError
        ``output`` is a file that is no catalog.
    """
    path = Path(output) if output is not None else Path(artifacts) / DEFAULT_NAME
    script = path.with_suffix(".sql")
    if path.suffix == ".sql":
        raise UsageError(f"{path} is the name of the script beside the catalog. Name it .duckdb.")
    for file, is_ours in ((path, is_catalog), (script, is_catalog_script)):
        if file.is_file() and not is_ours(file):
            raise UsageError(f"{file} is not a catalog, so it is not replaced. Name another file.")
    runs = tree(Path(artifacts))
    if not runs.runs:
        sentence = "no bundle, fit, explanation or report in it. Name the directory that holds them."
        raise InputError(str(artifacts), sentence)
    contents = catalog_contents(runs)
    if counts:
        contents = write_counts(contents, path.absolute().parent / f"{path.stem}_counts")
    for problem in contents.problems:
        logger.warning("%s is left out: %s", shown(problem.path), problem.problem)
    with output_file(path, overwrite=True) as temporary:
        write_database(contents, temporary)
    with output_file(script, overwrite=True) as temporary:
        temporary.write_text(script_text(contents), encoding="utf-8")
    return Catalog(path, script, dict(Counter(run.kind for run in runs.runs)), len(contents.problems))

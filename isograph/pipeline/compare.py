"""``isograph compare``: two snapshots, fits, tables of modules or reports, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from isograph.comparison.fits import compared_fits
from isograph.comparison.judgement import Comparison
from isograph.comparison.operand import UNASSIGNED, read_operand
from isograph.comparison.reports import compared_reports
from isograph.config.values import names_given
from isograph.errors import ConfigError, UsageError, option
from isograph.results.fit import Fit

_KINDS = {"fit": "a fit", "snapshot": "a snapshot", "modules": "a table of modules", "report": "a report"}


def compare(
    reference: str | Path | Fit,
    candidate: str | Path | Fit,
    *,
    tolerance: float = 1.0,
    unassigned: str | Iterable[str] = UNASSIGNED,
) -> Comparison:
    """Compare two fits or snapshots, either with a table of genes and modules, or two reports of benchmarks.

    Modules are matched by the genes they share, so that another numbering is no difference. Rows are told apart by the
    key of their table, so that another order is none either. What the two were made with is listed apart; neither it
    nor their seconds and thread counts are differences.

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
        raise ConfigError(f"{option('tolerance')} is {tolerance}, expected 0 or more")
    first, second = (
        read_operand(operand.path if isinstance(operand, Fit) else Path(operand), names_given(unassigned))
        for operand in (reference, candidate)
    )
    if (first.kind == "report") != (second.kind == "report"):
        raise UsageError(
            f"{first.path} is {_KINDS[first.kind]}, {second.path} {_KINDS[second.kind]}. "
            "A report is compared with a report only."
        )
    if first.gene_modules is None or second.gene_modules is None:
        return compared_reports(first, second, tolerance=tolerance)
    return compared_fits(first, second, (first.gene_modules, second.gene_modules), tolerance=tolerance)

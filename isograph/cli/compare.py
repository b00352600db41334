"""``isograph compare``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, verbosity_options

EXIT_DIFFERENT = 1


@click.command("compare")
@click.argument("reference", type=click.Path(path_type=Path), metavar="REF")
@click.argument("candidate", type=click.Path(path_type=Path), metavar="CAND")
@click.option(
    "--output-path",
    type=click.Path(path_type=Path),
    help="File the JSON goes to, replaced if it is there.  [default: stdout, unless that is a terminal]",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Factor on how far two numbers may be apart: 1e-8 for correlations, a millionth for p-values. 0 asks for "
    "equality.",
)
@click.option(
    "--unassigned",
    multiple=True,
    metavar="NAME",
    help="Name in a table of genes and modules that stands for no module; repeat for more.  [default: grey]",
)
@click.option("--fail-on-difference", is_flag=True, help="Exit with 1 if anything differs.")
@verbosity_options
@click.pass_context
def command(
    context: click.Context,
    *,
    reference: Path,
    candidate: Path,
    output_path: Path | None,
    tolerance: float,
    unassigned: tuple[str, ...],
    fail_on_difference: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Compare CAND with REF.

    Each is a fit, a snapshot, or a table of genes and modules (TSV, CSV or parquet with the columns gene_id and
    module_id); or both are reports of benchmarks. Modules are matched by the genes they share: another numbering is no
    difference. Text goes to stderr, JSON to --output-path or stdout.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.comparison.operand import UNASSIGNED
    from isograph.pipeline.compare import compare
    from isograph.store.output import write_output_file

    with log_to_stderr(verbosity):
        comparison = compare(reference, candidate, tolerance=tolerance, unassigned=unassigned or UNASSIGNED)
        if output_path is not None:
            write_output_file(output_path, comparison.as_json(), overwrite=True)
    if not quiet:
        tell(comparison.as_text())
    if output_path is not None:
        click.echo(output_path)
    elif not sys.stdout.isatty():
        click.echo(comparison.as_json(), nl=False)
    if fail_on_difference and not comparison.passed:
        context.exit(EXIT_DIFFERENT)

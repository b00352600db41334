"""``isograph annotate-structure``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from isograph.cli.console import Console, log_to_stderr, tell
from isograph.cli.option import level, verbosity_options
from isograph.errors import UsageError


@click.command("annotate-structure")
@click.argument("fit", type=click.Path(path_type=Path), required=False, metavar="[FIT]")
@click.option("--artifact-dir", "fit_option", type=click.Path(path_type=Path), hidden=True)
@click.option(
    "--gtf", type=click.Path(path_type=Path), required=True, help="Annotation with exons, plain or gzipped GTF."
)
@click.option(
    "--switch-pairs",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="CSV, TSV or parquet with gene_id, transcript_up and transcript_down, in place of FIT.",
)
@click.option(
    "--gtf-cache",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Keeps what was read of a GTF, by the content of the file.  [default: nothing is kept]",
)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The table, a parquet file."
)
@click.option("--overwrite", is_flag=True, help="Replace the output file if it is there.")
@verbosity_options
def command(
    *,
    fit: Path | None,
    fit_option: Path | None,
    gtf: Path,
    switch_pairs: Path | None,
    gtf_cache: Path | None,
    output: Path,
    overwrite: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Label how the two transcripts of each switch pair differ: exons, ends, CDS, UTRs, biotype.

    Pairs are those of --switch-pairs, or are derived from FIT, a directory that isograph fit or isograph
    explain-module wrote. Prints the path of the table; a summary goes to stderr.
    """
    if fit is not None and fit_option is not None:
        raise UsageError("FIT is given twice: give it as an argument or with --artifact-dir.")
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.pipeline.annotate_structure import annotate_structure

    with log_to_stderr(verbosity), Console(quiet=quiet) as console:
        report = annotate_structure(
            gtf,
            output,
            source=fit if fit is not None else fit_option,
            switch_pairs=switch_pairs,
            gtf_cache=gtf_cache,
            overwrite=overwrite,
            display=console,
        )
    if not quiet:
        tell(f"\n{report.n_pairs} switch pairs from the {report.source}: {_counts(report.n_of_status)}")
        if report.n_differing:
            tell(f"differing in {_counts(report.n_differing)}")
    click.echo(report.path)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"

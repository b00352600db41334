"""``isograph catalog``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, program, verbosity_options


@click.command("catalog")
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    default=Path("artifacts"),
    show_default=True,
    help="Directory of the bundles, fits, explanations and reports, or one of them.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The DuckDB file.  [default: catalog.duckdb in --artifacts]"
)
@click.option("--counts", is_flag=True, help="Also write the counts of bundles as parquet files beside it.")
@verbosity_options
def command(*, artifacts: Path, output: Path | None, counts: bool, verbose: bool, quiet: bool) -> None:
    """Write the DuckDB file of views over everything below a directory, and the same as a script.

    Any DuckDB since 1.3 opens either. An earlier catalog is replaced at once; programs that have it open keep it.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.pipeline.catalog import catalog

    with log_to_stderr(verbosity):
        written = catalog(artifacts, output=output, counts=counts)
    if not quiet:
        tell(f"{written.summary}. Worth trying next:")
        tell(f"  duckdb -readonly {shlex.quote(str(written.path))}")
        tell(f"  duckdb -init {shlex.quote(str(written.script))}")
        tell(f"  {program()} sql --artifacts {shlex.quote(str(artifacts))} 'FROM runs'")
    click.echo(written.path)

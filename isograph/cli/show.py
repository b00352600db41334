"""``isograph show``."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.console import log_to_stderr
from isograph.cli.option import level, one_path, path_argument, verbosity_options


@click.command("show")
@path_argument("FIT", "--artifact-dir")
@verbosity_options
def command(*, fit: Path | None, fit_option: Path | None, verbose: bool, quiet: bool) -> None:
    """Summarise the modules and trait associations of FIT on the terminal."""
    path = one_path(fit, fit_option, "FIT", "--artifact-dir")
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.pipeline.show import show

    with log_to_stderr(verbosity):
        summary = show(path).as_text()
    click.echo(summary)

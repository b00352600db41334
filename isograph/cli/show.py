"""``isograph show``."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.option import one_path, path_argument


@click.command("show")
@path_argument("FIT", "--artifact-dir")
def command(*, fit: Path | None, fit_option: Path | None) -> None:
    """Summarise the modules and trait associations of FIT on the terminal."""
    path = one_path(fit, fit_option, "FIT", "--artifact-dir")
    from isograph.pipeline.opened import Fit

    click.echo(Fit(path).summary.as_text())

"""``isograph explain-module``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from isograph.cli.app import EXIT_INTERRUPTED
from isograph.cli.console import Console, log_to_stderr, tell
from isograph.cli.option import (
    config_options,
    level,
    one_path,
    overwrite_option,
    path_argument,
    threads_option,
    verbosity_options,
)
from isograph.config import ExplainConfig
from isograph.runtime.threads import resolve_threads, set_thread_environment


@click.command("explain-module")
@path_argument("FIT", "--artifact-dir")
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Where the explanation goes.  [default: artifacts/explain/<name of the fit>]",
)
@config_options(ExplainConfig, "module_ids")
@click.option(
    "--bundle",
    "--dataset-path",
    "bundle",
    type=click.Path(path_type=Path),
    help="Where the bundle of the fit is, if it was moved.",
)
@config_options(ExplainConfig, "feature_table", "feature_meta", "module_score_table", "annotation_table")
@config_options(ExplainConfig, "plot", "output_formats")
@config_options(ExplainConfig, "vae_attribution", "integrated_gradients", "ig_n_steps", "ig_baseline")
@threads_option
@overwrite_option
@verbosity_options
def command(
    *,
    fit: Path | None,
    fit_option: Path | None,
    output_dir: Path | None,
    module_ids: tuple[str, ...],
    output_formats: tuple[str, ...],
    threads: int | None,
    overwrite: bool,
    verbose: bool,
    quiet: bool,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Say why each module of FIT is a module: its drivers, the transcripts that turn with it, high against low.

    Writes a directory of tables per module and prints the path. A run that was interrupted goes on where it was when
    it is started again.
    """
    path = one_path(fit, fit_option, "FIT", "--artifact-dir")
    verbosity = level(verbose=verbose, quiet=quiet)
    set_thread_environment(resolve_threads(threads))
    from isograph.pipeline.explain import explain

    try:
        with log_to_stderr(verbosity), Console(quiet=quiet) as console:
            explanation = explain(
                path,
                output_dir=output_dir,
                overwrite=overwrite,
                display=console,
                module_ids=_split(module_ids),
                output_formats=_split(output_formats),
                threads=threads,
                **settings,
            )
    except KeyboardInterrupt:
        tell("interrupted; the modules that were done are kept, and the same command goes on with the others")
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    if not quiet:
        where = "."
        if explanation.module_ids:
            first = shlex.quote(str(explanation.path / explanation.module_ids[0]))
            where = f", each in a directory of its own: {first} …"
        tell(f"\n{len(explanation.module_ids)} modules explained{where}\n")
    click.echo(explanation.path)


def _split(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values of an option that is repeated, or joined by commas."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())

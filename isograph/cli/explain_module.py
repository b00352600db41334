"""``isograph explain-module``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from isograph.cli.console import Console, log_to_stderr, tell
from isograph.cli.option import (
    level,
    one_path,
    overwrite_option,
    path_argument,
    threads_option,
    verbosity_options,
)
from isograph.runtime.threads import resolve_threads, set_thread_environment

EXIT_INTERRUPTED = 130
_FILE = click.Path(path_type=Path)


def _input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name what is read beside the fit."""
    options = (
        ("--bundle", "Where the bundle of the fit is, if it was moved."),
        ("--feature-table", "Features to explain with instead of the fit's: feature_id and one column per sample."),
        ("--feature-meta", "Their gene_id, transcript_id and feature_type, where these are not in the same table."),
        ("--module-score-table", "Scores to explain instead of eigengenes: module_id, sample_id, score."),
        ("--annotation-table", "Columns to add to the tables by gene_id, transcript_id or feature_id."),
    )
    for name, told in reversed(options):
        names = (name, "--dataset-path") if name == "--bundle" else (name,)
        command = click.option(*names, name.removeprefix("--").replace("-", "_"), type=_FILE, help=told)(command)
    return command


@click.command("explain-module")
@path_argument("FIT", "--artifact-dir")
@click.option(
    "--output-dir", type=_FILE, help="Where the explanation goes.  [default: artifacts/explain/<name of the fit>]"
)
@click.option(
    "--module-ids",
    multiple=True,
    metavar="ID[,ID…]",
    help="Modules to explain; repeat or join by commas for more.  [default: all]",
)
@_input_options
@click.option("--plot", is_flag=True, help="Draw figures beside the tables.")
@click.option(
    "--output-format",
    "output_formats",
    multiple=True,
    metavar="png|pdf|svg|csv|tsv",
    help="Format of figures, or of copies of the tables beside parquet; repeat for more.  [default: png]",
)
@click.option("--vae-attribution", is_flag=True, help="Tables of the response of the vae's decoder; vae fits only.")
@click.option("--integrated-gradients", is_flag=True, help="Tables of the encoder's attributions; vae fits only.")
@click.option("--ig-n-steps", type=int, help="Steps of the integral to begin with.  [default: 16]")
@click.option("--ig-baseline", type=click.Choice(["zero", "mean"]), help="Where it begins.  [default: zero]")
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
    **options: Any,  # noqa: ANN401
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
            explained = explain(
                path,
                output_dir=output_dir,
                overwrite=overwrite,
                display=console,
                module_ids=_split(module_ids),
                output_formats=_split(output_formats),
                threads=threads,
                **options,
            )
    except KeyboardInterrupt:
        tell("interrupted; the modules that were done are kept, and the same command goes on with the others")
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    if not quiet:
        first = explained.module_ids[0] if explained.module_ids else ""
        told = f"{len(explained.module_ids)} modules explained"
        where = f", each in a directory of its own: {shlex.quote(str(explained.path / first))} …" if first else "."
        tell(f"\n{told}{where}\n")
    click.echo(explained.path)


def _split(given: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.strip() for entry in given for part in entry.split(",") if part.strip())

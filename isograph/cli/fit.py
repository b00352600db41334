"""``isograph fit``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from isograph.cli.console import Console, log_to_stderr, tell
from isograph.cli.option import (
    config_options,
    interpreter,
    level,
    one_path,
    overwrite_option,
    path_argument,
    program,
    texts_by_name,
    verbosity_options,
)
from isograph.config import FitConfig, backend_settings_of_texts
from isograph.errors import UsageError
from isograph.runtime.threads import resolve_threads, set_thread_environment
from isograph.text import glob_literal


@click.command("fit")
@path_argument("BUNDLE", "--dataset-path")
@config_options(FitConfig, "backend")
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path),
    help="Where the fit goes.  [default: artifacts/fits/<dataset name>]",
)
@click.option(
    "--device",
    metavar="cpu|cuda",
    help="Where a model is trained, for a backend that trains one (vae); the same as --set device=.  [default: cpu]",
)
@config_options(FitConfig, "seed", "covariates", "traits", "individual")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the backend; repeat for more."
)
@click.option(
    "--remove-factors",
    metavar="N",
    help="Hidden confounders to remove, whatever the rule says; 0 removes none.  [default: the rule decides]",
)
@click.option("--keep-factors", metavar="H1,H2,…", help="Hidden confounders that were found and are left in.")
@config_options(FitConfig, "min_delta_usage", "threads")
@overwrite_option
@verbosity_options
def command(
    *,
    bundle: Path | None,
    bundle_option: Path | None,
    backend: str,
    output_dir: Path | None,
    device: str | None,
    seed: int,
    covariates: tuple[str, ...],
    traits: tuple[str, ...],
    individual: str | None,
    settings: tuple[str, ...],
    remove_factors: str | None,
    keep_factors: str | None,
    min_delta_usage: float,
    threads: int | None,
    overwrite: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Infer modules, roles and trait associations from BUNDLE.

    Writes a directory of parquet tables and prints its path; a summary goes to stderr.
    """
    path = one_path(bundle, bundle_option, "BUNDLE", "--dataset-path")
    verbosity = level(verbose=verbose, quiet=quiet)
    set_thread_environment(resolve_threads(threads))
    from isograph.pipeline.fit import fit

    texts = texts_by_name(settings, "--set", "KEY=VALUE")
    if remove_factors is not None:
        texts["remove_factors"] = remove_factors
    if keep_factors is not None:
        texts["keep_factors"] = ",".join(name.strip().removeprefix("H") for name in keep_factors.split(","))
    if device is not None and texts.setdefault("device", device) != device:
        raise UsageError(f"--device {device} and --set device={texts['device']} contradict each other; give one.")
    with log_to_stderr(verbosity), Console(quiet=quiet) as console:
        fitted = fit(
            path,
            output_dir=output_dir,
            overwrite=overwrite,
            display=console,
            backend=backend,
            covariates=covariates,
            traits=traits,
            individual=individual,
            seed=seed,
            min_delta_usage=min_delta_usage,
            threads=threads,
            settings=backend_settings_of_texts(backend, texts),
        )
    if not quiet:
        tell(f"\n{fitted.summary.as_text()}\n\n{_next_steps(fitted.path)}\n")
    click.echo(fitted.path)


def _next_steps(path: Path) -> str:
    """Return commands that go on from the fit; the last one reads it in SQL, inside Python, inside the shell."""
    in_sql = glob_literal(str(path)).replace("'", "''").replace("\\", "\\\\").replace('"', '\\"')
    modules, roles = (f"'{in_sql}/{name}.parquet'" for name in ("modules", "module_gene_roles"))
    statement = f'import duckdb; print(duckdb.sql("FROM {modules} JOIN {roles} USING (module_id, gene_id)"))'
    # In double quotes, where the single quotes of SQL stay readable.
    word = "".join(f"\\{character}" if character in '\\"$`' else character for character in statement)
    return "\n".join(
        (
            f"Every table is in {path}. Worth trying next:",
            f"  {program()} show {shlex.quote(str(path))}",
            f"  {program()} explain-module {shlex.quote(str(path))} --plot",
            f'  {interpreter()} -c "{word}"',
        )
    )

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
    verbosity_options,
)
from isograph.config import FitConfig, backend_settings_of_texts
from isograph.errors import UsageError
from isograph.runtime.threads import resolve_threads, set_thread_environment


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
@config_options(FitConfig, "seed", "covariates", "traits")
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

    given = _settings(settings, remove_factors, keep_factors)
    if device is not None and given.setdefault("device", device) != device:
        raise UsageError(f"--device {device} and --set device={given['device']} contradict each other; give one.")

    with log_to_stderr(verbosity), Console(quiet=quiet) as console:
        fitted = fit(
            path,
            output_dir=output_dir,
            overwrite=overwrite,
            display=console,
            backend=backend,
            covariates=covariates,
            traits=traits,
            seed=seed,
            min_delta_usage=min_delta_usage,
            threads=threads,
            settings=backend_settings_of_texts(backend, given),
        )
    if not quiet:
        tell(f"\n{fitted.summary.as_text()}\n\n{_next_steps(fitted.path)}\n")
    click.echo(fitted.path)


def _settings(entries: tuple[str, ...], remove_factors: str | None, keep_factors: str | None) -> dict[str, str]:
    """Return the backend's settings as text, those with an option of their own among them."""
    given = dict(_key_value(entry) for entry in entries)
    if remove_factors is not None:
        given["remove_factors"] = remove_factors
    if keep_factors is not None:
        given["keep_factors"] = ",".join(name.strip().removeprefix("H") for name in keep_factors.split(","))
    return given


def _key_value(entry: str) -> tuple[str, str]:
    key, separator, value = entry.partition("=")
    if not separator or not key:
        raise UsageError(f"--set takes KEY=VALUE, got '{entry}'.")
    return key, value


def _next_steps(path: Path) -> str:
    tables = [f"'{_sql_text(path)}/{name}.parquet'" for name in ("modules", "module_gene_roles")]
    question = f"FROM {tables[0]} JOIN {tables[1]} USING (module_id, gene_id)"
    statement = f'import duckdb; print(duckdb.sql("{question}"))'
    return "\n".join(
        (
            f"Every table is in {path}. Worth trying next:",
            f"  {program()} show {shlex.quote(str(path))}",
            f"  {program()} explain-module {shlex.quote(str(path))} --plot",
            f"  {interpreter()} -c {_quoted(statement)}",
        )
    )


def _sql_text(path: Path) -> str:
    """Return ``path`` as it stands inside the quotes of an SQL file name, itself inside a Python string."""
    literal = "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
    return literal.replace("'", "''").replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    """Return ``text`` as one word of a shell, in double quotes: single quotes inside stay readable."""
    return '"' + "".join(f"\\{character}" if character in '\\"$`' else character for character in text) + '"'

"""``isograph validate``."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.console import log_to_stderr
from isograph.cli.option import level, one_path, path_argument, verbosity_options
from isograph.errors import InputError, shown


@click.command(name="validate")
@path_argument("BUNDLE", "--dataset-path")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead of text.")
@verbosity_options
@click.pass_context
def command(
    context: click.Context,
    *,
    bundle: Path | None,
    bundle_option: Path | None,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Report everything wrong with BUNDLE at once.

    Exits with 0 when the bundle can be used, warnings or not, and with 3 when it cannot. With --quiet, a bundle without
    findings is reported by the exit code only.
    """
    path = one_path(bundle, bundle_option, "BUNDLE", "--dataset-path")
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.pipeline.validate import validate

    with log_to_stderr(verbosity):
        report = validate(path)
    if as_json:
        import orjson

        click.echo(orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2).decode())
    elif report.findings or not quiet:
        click.echo(f"{shown(report.path)}: {report.verdict}")
        if report.summary is not None and not quiet:
            for name, fact in report.summary.lines():
                click.echo(f"  {name:<22}{fact}")
        for finding in (*report.errors, *report.warnings):
            click.echo(f"  {finding.level}: {finding}")
    if not report.valid:
        context.exit(InputError.exit_code)

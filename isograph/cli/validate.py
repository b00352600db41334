"""``isograph validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isograph.cli.console import log_to_stderr
from isograph.cli.option import level, one_path, path_argument, verbosity_options
from isograph.errors import InputError, shown

if TYPE_CHECKING:
    from isograph.pipeline.validate import BundleReport, BundleSummary


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
    from isograph.pipeline.validate import bundle_report

    with log_to_stderr(verbosity):
        report = bundle_report(path)
    if as_json:
        click.echo(_json(report))
    elif report.findings or not quiet:
        click.echo(_text(report, quiet=quiet))
    if not report.valid:
        context.exit(InputError.exit_code)


def _json(report: BundleReport) -> str:
    import orjson

    return orjson.dumps(report.as_dict(), option=orjson.OPT_INDENT_2).decode()


def _text(report: BundleReport, *, quiet: bool) -> str:
    n_errors, n_warnings = len(report.errors), len(report.warnings)
    verdict = "valid" if report.valid else "not valid"
    counts = ", ".join(_counted(n, noun) for n, noun in ((n_errors, "error"), (n_warnings, "warning")) if n)
    lines = [f"{shown(report.path)}: {verdict}{f' ({counts})' if counts else ''}"]
    if report.summary is not None and not quiet:
        lines += [f"  {name:<22}{value}" for name, value in _summary_rows(report.summary)]
    for noun, findings in (("error", report.errors), ("warning", report.warnings)):
        lines += [f"  {noun}: {finding}" for finding in findings]
    return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _summary_rows(summary: BundleSummary) -> list[tuple[str, str]]:
    columns = (
        f"{shown(column.name)} ({column.type}{f', {column.n_missing} missing' if column.n_missing else ''})"
        for column in summary.sample_columns
    )
    truths = (kind for kind in summary.tables if kind.startswith("truth_"))
    return [
        ("data set", shown(summary.dataset_name)),
        ("samples", f"{summary.n_samples:,}"),
        ("genes", f"{summary.n_genes:,}"),
        ("transcripts", f"{summary.n_transcripts:,}"),
        ("multi-isoform genes", f"{summary.n_multi_isoform_genes:,}"),
        ("assays", ", ".join(f"{name} ({rows:,} × {n:,})" for name, (rows, n) in summary.assays.items())),
        ("truth tables", ", ".join(shown(kind) for kind in truths) or "none"),
        ("sample columns", ", ".join(columns) or "none besides sample_id"),
    ]

"""``isograph import``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isograph.cli.console import log_to_stderr
from isograph.cli.option import config_options, level, overwrite_option, verbosity_options
from isograph.config import ImportConfig
from isograph.errors import shown

_SHOWN_COLUMNS = 12


@click.command(name="import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@config_options(ImportConfig)
@overwrite_option
@verbosity_options
def command(source: Path, out: Path, *, overwrite: bool, verbose: bool, quiet: bool, **settings: Any) -> None:  # noqa: ANN401
    """Build the bundle OUT from the quantification output SOURCE.

    SOURCE is a directory of Salmon sample directories, an nf-core/rnaseq output directory, or a matrix of counts
    (CSV, TSV or parquet; a row a transcript or gene and a column a sample, or one line a value). A filter set to 0
    is off. What was found, matched and dropped goes to stderr and to import_report.json in OUT.
    """
    config = ImportConfig(**settings)
    from isograph.pipeline.import_ import import_bundle

    with log_to_stderr(level(verbose=verbose, quiet=quiet)):
        report = import_bundle(source, out, config, overwrite=overwrite).to_dict()
    if not quiet:
        for line in _account(report):
            click.echo(shown(line), err=True)
    click.echo(out)


def _account(report: dict[str, Any]) -> list[str]:
    """Return the lines that say what was found, matched and dropped."""
    found, genes = report["found"], report["genes"]
    features = f"{report['level']}s"
    lines = [f"{report['format']}: {found[features]:,} {features} × {found['samples']:,} samples in {report['source']}"]
    lines += _sample_lines(report["samples"], report["written"]["samples"])
    if report["level"] != "gene":
        source = f"from {genes['from']}"
        if (overlap := genes.get("overlap")) is not None:
            matched = f"{overlap['quantified_matched']:,} of {overlap['n_quantified']:,} transcripts matched"
            source = f"from {genes['file']} ({genes['from']}), {matched}"
        lines.append(f"genes: {source}; gene counts: {genes['counts_from']}")
    lines += _filter_lines(report["filters"], report["scale"])
    return lines + [f"note: {note}" for note in report["notes"]]


def _sample_lines(samples: dict[str, Any], n_written: int) -> list[str]:
    lines = []
    if samples["sheet"] is not None:
        lines.append(f"samples: {n_written:,} matched, by '{samples['id_column']}' of {samples['sheet']}")
        for column in samples["columns"][:_SHOWN_COLUMNS]:
            levels = f", levels: {column['n_levels']}" if column["kind"] in ("text", "integer") else ""
            missing = f", missing: {column['n_missing']}" if column["n_missing"] else ""
            lines.append(f"  {column['name']}: {column['kind']}{levels}{missing}")
        if (more := len(samples["columns"]) - _SHOWN_COLUMNS) > 0:
            lines.append(f"  … and {more} more columns")
    rates = [facts["percent_mapped"] for facts in samples["recorded"].values() if "percent_mapped" in facts]
    if rates:
        lines.append(f"mapping rate: {min(rates):.1f} to {max(rates):.1f} %")
    return lines


def _filter_lines(filters: dict[str, Any], scale: str) -> list[str]:
    if not filters["applied"]:
        return [f"filters: none, {filters['reason']}"]
    unit = "TPM" if scale == "tpm" else "CPM"
    lines = [
        (
            f"genes kept: {filters['genes_after']:,} of {filters['genes_before']:,} "
            f"({filters['min_cpm']:g} {unit} in {_share(filters['min_samples'])} samples)"
        )
    ]
    if "transcripts_after" in filters:
        limits = [f"{filters['min_tx_count']:g} counts"] if filters["min_tx_count"] else []
        limits += [f"{100 * filters['min_usage']:g}% of the gene"] if filters["min_usage"] else []
        lines += [
            (
                f"transcripts kept: {filters['transcripts_after']:,} of {filters['transcripts_before']:,} "
                f"({' and '.join(limits) or 'no limit'} in {_share(filters['min_prop'])} samples), "
                f"{100 * filters['reads_kept']:.1f} % of the {'TPM' if scale == 'tpm' else 'reads'}"
            ),
            (
                f"genes with two or more transcripts: {filters['genes_with_two_transcripts_after']:,} of "
                f"{filters['genes_with_two_transcripts_before']:,}"
            ),
        ]
    return lines


def _share(samples: float) -> str:
    """Return a number of samples as text, or a share of them, which is below 1."""
    return f"{samples:.0%} of" if samples < 1 else f"{samples:g}"

"""Quantification files to a bundle."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from isograph import __version__
from isograph.bundle.write import refuse_foreign, write_bundle
from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError
from isograph.ingest.annotation import Assignment, assigned_genes
from isograph.ingest.assembly import Assembly, assembled
from isograph.ingest.cohort import Cohort, read_cohort
from isograph.ingest.filters import samples_needed
from isograph.ingest.quantification import Quantification, Violations
from isograph.ingest.read import read_quantification
from isograph.ingest.report import ImportReport
from isograph.ingest.samplesheet import read_samplesheet
from isograph.ingest.validity import (
    case_warnings,
    count_scale_violations,
    log_scale_warnings,
    quantification_violations,
)
from isograph.store.output import refuse_existing

REPORT_NAME = "import_report.json"
_logger = logging.getLogger(__name__)


def import_bundle(source: Path, out: Path, config: ImportConfig, *, overwrite: bool = False) -> ImportReport:
    """Return the report of an import of ``source`` into the bundle directory ``out``.

    Everything wrong with the quantification, the sample sheet and the annotation is gathered and raised together;
    nothing is written then.

    Raises
    ------
    InputError
        The input is invalid; it lists every violation found.
    UsageError
        ``out`` exists and may not be replaced, or the options do not fit the input.
    """
    if config.tx2gene is not None and config.gtf is not None:
        raise UsageError("--tx2gene and --gtf both say which gene a transcript belongs to. Give one of them.")
    _require_output(source, out, config, overwrite=overwrite)
    name = source.resolve().name
    quantified, cohort, genes = _read(source, name, config)
    samples_needed(config.min_samples, len(cohort.columns))
    assembly = assembled(quantified, genes, config)
    report = _report(name, config.dataset_name or out.resolve().name, config, (quantified, cohort, genes), assembly)
    provenance = {
        "created_by": f"isograph {__version__}",
        "source": name,
        "source_format": quantified.format,
        "gene_count_source": assembly.gene_count_source,
    }
    bundle = assembly.bundle(report.dataset_name, cohort, provenance)
    write_bundle(bundle, out, overwrite=overwrite, extra_files={REPORT_NAME: report.to_json()})
    _logger.info("filters: %s", dict(report.filters))
    for warning in report.warnings:
        _logger.warning("%s", warning)
    return report


def _require_output(source: Path, out: Path, config: ImportConfig, *, overwrite: bool) -> None:
    refuse_existing(out, overwrite=overwrite)
    target = out.resolve()
    for path in filter(None, (source, config.samples, config.tx2gene, config.gtf)):
        if target in (path.resolve(), *path.resolve().parents):
            raise UsageError(f"{out} holds the input {path}, which would be replaced. Name another output directory.")
    refuse_foreign(out)


def _read(source: Path, name: str, config: ImportConfig) -> tuple[Quantification, Cohort, Assignment]:
    problems = Violations(name)
    quantified = _quantified(source, config, problems)
    cohort: Cohort | None = None
    genes: Assignment | None = None
    with problems.gathering():
        cohort = read_cohort(quantified, config)
        problems.add(cohort.violations)
        quantified = _of_cohort(quantified, cohort)
    problems.add(quantified.violations, Path(quantified.files[0]).name)
    problems.add(quantification_violations(quantified, scale=config.scale))
    problems.add(_scale_violations(quantified, config))
    if not quantified.feature_ids.is_duplicated().any() and not quantified.feature_ids.null_count():
        with problems.gathering():
            genes = assigned_genes(quantified, config)
            problems.add(genes.violations)
    problems.raise_any()
    if cohort is None or genes is None:
        raise AssertionError("a part could not be read and nothing says why")
    return quantified, cohort, genes


def _quantified(source: Path, config: ImportConfig, problems: Violations) -> Quantification:
    """Return what is in ``source``; if it cannot be read, say with it what is wrong with the sample sheet."""
    try:
        quantified = read_quantification(source, config)
    except InputError as error:
        problems.add(error.violations, error.subject)
        if config.samples is not None:
            with problems.gathering():
                sheet = read_samplesheet(config.samples, (), column=config.sample_column)
                problems.add(sheet.violations, sheet.name)
        problems.raise_any()
        raise
    _logger.info("%s: %d rows, %d samples", source.name, len(quantified.feature_ids), len(quantified.sample_names))
    return quantified


def _of_cohort(quantified: Quantification, cohort: Cohort) -> Quantification:
    columns = list(cohort.columns)
    if not columns or columns == list(range(len(quantified.sample_names))):
        return quantified
    totals = quantified.gene_totals
    return replace(
        quantified,
        values=quantified.values[:, columns],
        sample_names=tuple(quantified.sample_names[column] for column in columns),
        gene_totals=None if totals is None else replace(totals, values=totals.values[:, columns]),
    )


def _scale_violations(quantified: Quantification, config: ImportConfig) -> list[str]:
    if config.scale == "log":
        if quantified.level == "gene":
            return []
        return [
            (
                "--scale log is for a matrix of genes, and its rows are transcripts: log values cannot be added up to "
                "genes nor split into usage. Give counts, or a matrix whose id column is gene_id."
            )
        ]
    if quantified.format != "matrix" or quantified.violations:
        return []
    return count_scale_violations(quantified.values, quantified.files[0])


def _report(
    source: str,
    dataset_name: str,
    config: ImportConfig,
    parts: tuple[Quantification, Cohort, Assignment],
    assembly: Assembly,
) -> ImportReport:
    quantified, cohort, genes = parts
    tables = assembly.feature_tables
    written = {"samples": cohort.samples.height, "genes": tables["gene"].height}
    if "transcript" in tables:
        written["transcripts"] = tables["transcript"].height
    return ImportReport(
        dataset_name=dataset_name,
        source=source,
        format=quantified.format,
        level=quantified.level,
        scale=config.scale,
        files=quantified.files,
        found={
            f"{quantified.level}s": len(quantified.feature_ids),
            "samples": cohort.n_quantified,
        },
        written=written,
        samples=cohort.facts,
        genes={**genes.facts, "counts_from": assembly.gene_count_source},
        filters=assembly.filters,
        warnings=(*quantified.warnings, *cohort.warnings, *genes.warnings, *_doubts(quantified, config, assembly)),
        notes=(*quantified.notes, *cohort.notes, *genes.notes),
    )


def _doubts(quantified: Quantification, config: ImportConfig, assembly: Assembly) -> list[str]:
    doubts = log_scale_warnings(quantified.values) if config.scale == "log" else []
    tables = assembly.feature_tables
    doubts += case_warnings("gene", tables["gene"].get_column("gene_id"))
    if "transcript" in tables:
        doubts += case_warnings("transcript", tables["transcript"].get_column("transcript_id"))
        if not assembly.filters["genes_with_two_transcripts_after"]:
            doubts.append("no gene keeps two transcripts: a fit will have abundance and no switching")
    return doubts

"""``isograph import``: quantifications, in files or in memory, to a bundle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from isograph import __version__
from isograph.bundle.bundle import IMPORT_REPORT, QUANTITY, TPM, Bundle
from isograph.bundle.write import has_manifest, write_bundle
from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError, option, shown
from isograph.ingest.annotation import Assignment, assigned_genes
from isograph.ingest.assembly import ImportReport, assembled, import_report, samples_needed
from isograph.ingest.frames import (
    AnnotatedMatrix,
    Frame,
    frame_quantification,
    is_annotated_matrix,
    read_frame,
    sample_sheet_of,
)
from isograph.ingest.quantification import Quantification, Violations
from isograph.ingest.read import read_quantification
from isograph.ingest.samples import MatchedSamples, matched_samples
from isograph.ingest.samplesheet import read_samplesheet
from isograph.ingest.table import UserTable
from isograph.ingest.validity import count_scale_violations, quantification_violations, tpm_scale_violations
from isograph.results.bundle import OpenedBundle
from isograph.store.output import refuse_existing, refuse_foreign

DEFAULT_PARENT = Path("artifacts/bundles")
_COUNTED_FORMATS = ("salmon", "nf-core")
_logger = logging.getLogger(__name__)


def import_quantifications(
    source: str | Path,
    out: str | Path,
    *,
    format: str = "auto",  # noqa: A002 - the name of the option
    samples: str | Path | None = None,
    sample_column: str | None = None,
    tx2gene: str | Path | None = None,
    gtf: str | Path | None = None,
    id_column: str | None = None,
    gene_column: str | None = None,
    scale: str = "counts",
    strip: str = "auto",
    drop_unmatched: bool = False,
    min_cpm: float = 1.0,
    min_samples: float = 0.1,
    min_tx_count: float = 10.0,
    min_usage: float = 0.05,
    min_prop: float = 0.1,
    dataset_name: str | None = None,
    overwrite: bool = False,
) -> OpenedBundle:
    """Build a bundle from quantification files and return it opened; ``report`` of it says what was done.

    Everything wrong with the quantification, the sample sheet and the annotation is gathered and raised together;
    nothing is written then.

    Parameters
    ----------
    source : a directory of Salmon sample directories, an nf-core/rnaseq output directory, or a matrix of counts: CSV,
        TSV or parquet, a row a transcript or gene and a column a sample, or one line a value.
    out : the directory of the bundle.
    format : what ``source`` is: ``salmon``, ``nf-core``, ``matrix``, or ``auto`` to look.
    samples : sample sheet: CSV, TSV or parquet, a row a sample. None makes one of the quantification's sample names.
    sample_column : the sheet's id column; None finds it by name.
    tx2gene : table of transcript, gene and perhaps gene name; of ``gene_id`` and ``gene_name`` for names alone.
    gtf : GTF, plain or gzipped, to look up genes in.
    id_column, gene_column : columns of a matrix; None finds them by name.
    scale : ``counts``; ``tpm`` for transcripts per million, which give usage and no counts; or ``log`` for genes that
        are on a log scale already, which are not filtered.
    strip : how transcript ids are made to match those of the annotation: ``version`` drops ``.N``, ``bar`` cuts at
        ``|``, ``none`` does neither, ``auto`` takes the rule that matches most.
    drop_unmatched : leave out samples and transcripts without a partner instead of stopping.
    min_cpm, min_samples : keep genes with at least ``min_cpm`` counts per million in ``min_samples`` samples (a number
        from 1, a share of all samples below). 0 turns the filter off.
    min_tx_count, min_usage, min_prop : keep transcripts with at least ``min_tx_count`` counts, and with at least the
        share ``min_usage`` of their gene, each in the share ``min_prop`` of samples. 0 turns a filter off.
    dataset_name : what results are named by; None for the name of ``out``.
    overwrite : replace a bundle in ``out``.

    Returns
    -------
    The opened bundle. ``bundle.report`` holds what was found, matched and dropped.

    Raises
    ------
    InputError
        The input is invalid; every violation found is listed.
    UsageError
        ``out`` exists and may not be replaced, or the arguments do not fit the input.
    ConfigError
        An argument is out of its range.

    Examples
    --------
    >>> bundle = import_quantifications("quants", "my_bundle", gtf="genes.gtf.gz", samples="samples.csv")
    ... # doctest: +SKIP
    >>> bundle.report["filters"]["genes_after"]  # doctest: +SKIP
    15234
    """
    config = ImportConfig(
        format=format,
        samples=_path(samples),
        sample_column=sample_column,
        tx2gene=_path(tx2gene),
        gtf=_path(gtf),
        id_column=id_column,
        gene_column=gene_column,
        scale=scale,
        strip=strip,
        drop_unmatched=drop_unmatched,
        min_cpm=min_cpm,
        min_samples=min_samples,
        min_tx_count=min_tx_count,
        min_usage=min_usage,
        min_prop=min_prop,
        dataset_name=dataset_name,
    )
    import_bundle(Path(source), Path(out), config, overwrite=overwrite)
    return OpenedBundle(out)


def from_frames(
    transcripts: Frame | AnnotatedMatrix | None = None,
    *,
    genes: Frame | AnnotatedMatrix | None = None,
    samples: Frame | str | Path | None = None,
    tx2gene: Frame | str | Path | None = None,
    out: str | Path | None = None,
    dataset_name: str = "frames",
    scale: str = "counts",
    min_cpm: float = 1.0,
    min_samples: float = 0.1,
    min_tx_count: float = 10.0,
    min_usage: float = 0.05,
    min_prop: float = 0.1,
    sample_column: str | None = None,
    id_column: str | None = None,
    gene_column: str | None = None,
    strip: str = "auto",
    drop_unmatched: bool = False,
    layer: str | None = None,
    overwrite: bool = False,
) -> OpenedBundle:
    """Build a bundle from counts in memory and return it opened; matching, filters and checks are those of files.

    A frame is of Polars, or anything with the Arrow interface, such as pandas 2.2 or later and pyarrow. It has a column
    of ids, perhaps one of gene ids and of gene names, and a column a sample; the index of a pandas frame may be the
    ids. Of an AnnData object (samples × features) ``X`` or ``layer`` has the counts, ``var_names`` are the ids, ``var``
    gives gene ids and gene names where it has columns of such names, and ``obs`` is the sample sheet.

    Parameters
    ----------
    transcripts : counts of transcripts, a row a transcript.
    genes : counts of genes, a row a gene; give either this or ``transcripts``.
    samples : sample sheet, a frame or a file, a row a sample. None makes one of the sample names, or takes ``obs``.
    tx2gene : table of transcript, gene and perhaps gene name (or ``gene_id`` and ``gene_name`` alone), a frame or a
        file.
    out : the directory of the bundle; None for ``artifacts/bundles/<dataset_name>`` below the working directory.
    dataset_name : what results are named by.
    scale : ``counts``; ``tpm`` for transcripts per million, which give usage and no counts; or ``log`` for genes that
        are on a log scale already, which are not filtered.
    min_cpm, min_samples : keep genes with at least ``min_cpm`` counts per million in ``min_samples`` samples (a number
        from 1, a share of all samples below). 0 turns the filter off.
    min_tx_count, min_usage, min_prop : keep transcripts with at least ``min_tx_count`` counts, and with at least the
        share ``min_usage`` of their gene, each in the share ``min_prop`` of samples. 0 turns a filter off.
    sample_column : the sheet's id column; None finds it by name.
    id_column, gene_column : columns of the frame, or of ``var``; None finds them by name.
    strip : how transcript ids are made to match those of ``tx2gene``: ``version`` drops ``.N``, ``bar`` cuts at ``|``,
        ``none`` does neither, ``auto`` takes the rule that matches most.
    drop_unmatched : leave out samples and transcripts without a partner instead of stopping.
    layer : the layer of an AnnData object that has the counts; None for ``X``.
    overwrite : replace a bundle in ``out``.

    Returns
    -------
    The opened bundle. ``bundle.report`` holds what was found, matched and dropped.

    Raises
    ------
    InputError
        The frames are invalid; every violation found is listed.
    UsageError
        ``out`` exists and may not be replaced, or the arguments do not fit the frames.
    ConfigError
        An argument is out of its range.

    Examples
    --------
    >>> bundle = from_frames(counts, samples=phenotypes, dataset_name="liver")  # doctest: +SKIP
    >>> bundle = from_frames(genes=adata, layer="counts", dataset_name="pbmc")  # doctest: +SKIP
    """
    if (transcripts is None) == (genes is None):
        raise UsageError("give either transcripts or genes: one frame, or one AnnData object.")
    data, level = (genes, "gene") if transcripts is None else (transcripts, "transcript")
    assert data is not None
    if out is None and (dataset_name in ("", ".", "..") or Path(dataset_name).name != dataset_name):
        raise UsageError(f"the dataset name '{shown(dataset_name)}' is no directory name. Name one with out.")
    sheet = _user_table(samples, "samples", index_name="sample_id")
    if sheet is None and is_annotated_matrix(data):
        sheet = sample_sheet_of(cast("AnnotatedMatrix", data))
        sample_column = sample_column or (sheet.header[0] if sheet is not None else None)
    config = ImportConfig(
        sample_column=sample_column,
        id_column=id_column,
        gene_column=gene_column,
        scale=scale,
        strip=strip,
        drop_unmatched=drop_unmatched,
        min_cpm=min_cpm,
        min_samples=min_samples,
        min_tx_count=min_tx_count,
        min_usage=min_usage,
        min_prop=min_prop,
        dataset_name=dataset_name,
    )
    path = DEFAULT_PARENT / dataset_name if out is None else Path(out)
    gene_map = _user_table(tx2gene, "tx2gene")
    inputs = [table for table in (sheet, gene_map) if isinstance(table, Path)]
    _require_output(path, inputs, overwrite=overwrite)
    _import(
        f"{level}s",
        lambda: frame_quantification(data, level, config, layer),
        path,
        config,
        samples=sheet,
        tx2gene=gene_map,
        overwrite=overwrite,
    )
    return OpenedBundle(path)


def import_bundle(source: Path, out: Path, config: ImportConfig, *, overwrite: bool = False) -> ImportReport:
    """Build the bundle ``out`` from files and return the report; raises what ``import_quantifications`` does."""
    if config.tx2gene is not None and config.gtf is not None:
        both = f"{option('tx2gene')} and {option('gtf')}"
        raise UsageError(f"{both} both say which gene a transcript belongs to. Give one of them.")
    inputs = [path for path in (source, config.samples, config.tx2gene, config.gtf) if path is not None]
    _require_output(out, inputs, overwrite=overwrite)
    return _import(
        source.resolve().name,
        lambda: read_quantification(source, config),
        out,
        config,
        samples=config.samples,
        tx2gene=config.tx2gene,
        overwrite=overwrite,
    )


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def _user_table(value: Frame | str | Path | None, name: str, *, index_name: str = "") -> Path | UserTable | None:
    if value is None or isinstance(value, str | Path):
        return _path(value)
    return read_frame(value, name, index_name=index_name)


def _require_output(out: Path, inputs: list[Path], *, overwrite: bool) -> None:
    refuse_existing(out, overwrite=overwrite)
    target = out.resolve()
    for path in inputs:
        if target in (path.resolve(), *path.resolve().parents):
            raise UsageError(f"{out} holds the input {path}, which would be replaced. Name another output directory.")
    refuse_foreign(out, "a bundle", has_manifest)


def _import(
    name: str,
    read: Callable[[], Quantification],
    out: Path,
    config: ImportConfig,
    *,
    samples: Path | UserTable | None,
    tx2gene: Path | UserTable | None,
    overwrite: bool,
) -> ImportReport:
    quantified, matched, genes = _read(name, read, config, samples=samples, tx2gene=tx2gene)
    samples_needed(config.min_samples, len(matched.columns))
    assembly = assembled(quantified, genes, config)
    dataset_name = config.dataset_name or out.resolve().name
    report = import_report(
        quantified, matched, genes, assembly, dataset_name=dataset_name, source=name, scale=config.scale
    )
    bundle = Bundle(
        dataset_name=dataset_name,
        samples=matched.table,
        feature_tables=assembly.feature_tables,
        matrices=assembly.matrices,
        provenance={
            "created_by": f"isograph {__version__}",
            "source": name,
            "source_format": quantified.format,
            "gene_count_source": assembly.gene_count_source,
            **({QUANTITY: TPM} if config.scale == TPM else {}),
        },
    )
    write_bundle(bundle, out, overwrite=overwrite, extra_files={IMPORT_REPORT: report.to_json()})
    _logger.info("filters: %s", dict(report.filters))
    for warning in report.warnings:
        _logger.warning("%s", warning)
    return report


def _read(
    name: str,
    read: Callable[[], Quantification],
    config: ImportConfig,
    *,
    samples: Path | UserTable | None,
    tx2gene: Path | UserTable | None,
) -> tuple[Quantification, MatchedSamples, Assignment]:
    """Return everything that was read; what is wrong with any part of it is raised together."""
    problems = Violations(name)
    quantified = _quantified(name, read, config, samples)
    matched: MatchedSamples | None = None
    genes: Assignment | None = None
    with problems.gathering():
        matched = matched_samples(quantified, samples, config)
        problems.add(matched.violations)
        columns = list(matched.columns)
        if columns and columns != list(range(len(quantified.sample_names))):
            totals = quantified.gene_totals
            quantified = replace(
                quantified,
                values=quantified.values[:, columns],
                sample_names=tuple(quantified.sample_names[column] for column in columns),
                gene_totals=None if totals is None else replace(totals, values=totals.values[:, columns]),
            )
    problems.add(quantified.violations, Path(quantified.files[0]).name)
    problems.add(quantification_violations(quantified, scale=config.scale))
    problems.add(_scale_violations(quantified, config))
    if not quantified.feature_ids.is_duplicated().any() and not quantified.feature_ids.null_count():
        with problems.gathering():
            genes = assigned_genes(quantified, tx2gene, config)
            problems.add(genes.violations)
    problems.raise_any()
    if matched is None or genes is None:
        raise AssertionError("a part could not be read and nothing says why")
    return quantified, matched, genes


def _quantified(
    name: str, read: Callable[[], Quantification], config: ImportConfig, samples: Path | UserTable | None
) -> Quantification:
    """Return the quantification; if it cannot be read, say with it what is wrong with the sample sheet."""
    problems = Violations(name)
    try:
        quantified = read()
    except InputError as error:
        problems.add(error.violations, error.subject)
        if samples is not None:
            with problems.gathering():
                sheet = read_samplesheet(samples, (), column=config.sample_column)
                problems.add(sheet.violations, sheet.name)
        problems.raise_any()
        raise
    _logger.info("%s: %d rows, %d samples", name, len(quantified.feature_ids), len(quantified.sample_names))
    return quantified


def _scale_violations(quantified: Quantification, config: ImportConfig) -> list[str]:
    if config.scale == "log" and quantified.level == "transcript":
        rule = f"{option('scale', 'log')} is for a matrix of genes, and its rows are transcripts"
        advice = f"Give counts, TPM ({option('scale', 'tpm')}), or a matrix whose id column is gene_id."
        return [f"{rule}: log values cannot be added up to genes nor split into usage. {advice}"]
    if config.scale == "log" or quantified.format in _COUNTED_FORMATS or quantified.violations:
        return []
    if config.scale == TPM:
        return tpm_scale_violations(quantified.values)
    return count_scale_violations(quantified.values, quantified.files[0])

"""From what was read to a bundle: totals of genes, filters of expression, tables, and the report of the import."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl

from isograph.arrays import Flags, Index, Matrix
from isograph.bundle.bundle import TPM_WARNING
from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError, option
from isograph.ingest.annotation import Assignment, first_names
from isograph.ingest.quantification import Quantification
from isograph.ingest.samples import MatchedSamples
from isograph.ingest.validity import case_warnings, log_scale_warnings, tpm_scale_warnings

TPM_PSEUDOCOUNT = 1.0
NO_FILTER_ON_LOG = "values on a log scale are not filtered by expression"


@dataclass(frozen=True, slots=True)
class Assembly:
    """The tables and matrices of a bundle, and what the filters did.

    Attributes
    ----------
    feature_tables, matrices : as in ``Bundle``.
    filters : for the report.
    gene_count_source : where the gene values come from.
    """

    feature_tables: dict[str, pl.DataFrame]
    matrices: dict[str, Matrix]
    filters: Mapping[str, Any]
    gene_count_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import found, matched, dropped and why: the content of ``import_report.json``.

    Attributes
    ----------
    files : quantification files, relative to the source.
    found : sizes before matching and filtering.
    written : sizes of the bundle.
    samples : id column, renamed samples, samples without a partner, how every column was read, what the tool recorded.
    genes : where the genes of transcripts came from, the strip rule with its overlap, what stayed without a gene.
    filters : thresholds, and genes and transcripts before and after.
    """

    dataset_name: str
    source: str
    format: str
    level: str
    scale: str
    files: tuple[str, ...]
    found: Mapping[str, int]
    written: Mapping[str, int]
    samples: Mapping[str, Any]
    genes: Mapping[str, Any]
    filters: Mapping[str, Any]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report by field, ready for JSON."""
        return asdict(self)

    def to_json(self) -> bytes:
        """Return the report as JSON with sorted keys: same import, same bytes."""
        return orjson.dumps(self.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


@dataclass(frozen=True, slots=True)
class GeneGrouping:
    """Transcripts grouped by gene.

    Attributes
    ----------
    gene_ids : (n_genes,) in order of first appearance.
    codes : (n_transcripts,) index into ``gene_ids``.
    """

    gene_ids: pl.Series
    codes: Index

    def totals(self, counts: Matrix) -> Matrix:
        """Return the sum of the transcripts of every gene, (n_genes, n_samples), added in row order."""
        order = np.argsort(self.codes, kind="stable")
        starts = np.flatnonzero(np.diff(self.codes[order], prepend=-1))
        return np.add.reduceat(counts[order], starts, axis=0) if starts.size else counts[:0]


def assembled(quantified: Quantification, genes: Assignment, config: ImportConfig) -> Assembly:
    """Return the tables of a bundle; transcripts without a gene are left out, filters are applied.

    Gene counts are totals of all transcripts of a gene, taken before the transcript filter. A gene that keeps one
    transcript, or none, stays for its abundance. Of TPM, the transcripts are kept as they are, and the gene has
    ``log2(TPM + 1)``: there are no counts whose library size could be taken.

    Raises
    ------
    InputError
        No gene passes the filters.
    """
    if quantified.level == "transcript":
        return _of_transcripts(quantified, genes, config)
    if config.scale == "log":
        table = _gene_table(quantified.feature_ids, genes.gene_names)
        sizes = {"genes_before": table.height, "genes_after": table.height}
        filters = {"applied": False, "reason": NO_FILTER_ON_LOG, **sizes}
        return Assembly({"gene": table}, {"gene_log": quantified.values}, filters, "matrix")
    kept = _some_expressed_genes(quantified.values, config)
    table = _gene_table(quantified.feature_ids, genes.gene_names).filter(kept)
    filters = {**_thresholds(config), "genes_before": kept.size, "genes_after": table.height}
    matrices, source = _gene_matrix(quantified.values[kept], "matrix", config)
    return Assembly({"gene": table}, matrices, filters, source)


def _of_transcripts(quantified: Quantification, genes: Assignment, config: ImportConfig) -> Assembly:
    has_gene = genes.gene_ids.is_not_null().to_numpy()
    counts = quantified.values[has_gene]
    columns = {"transcript_id": quantified.feature_ids, "gene_id": genes.gene_ids}
    if genes.gene_names is not None:
        columns["gene_name"] = genes.gene_names
    if quantified.inf_rv is not None:
        columns["inf_rv"] = quantified.inf_rv
    transcripts = pl.DataFrame(columns).filter(has_gene)
    groups = grouping(transcripts.get_column("gene_id"))
    totals = quantified.gene_totals
    if totals is None:
        gene_counts, gene_count_source = groups.totals(counts), "sum of transcripts"
    else:
        ids = totals.gene_ids.alias("gene_id").to_frame().with_row_index("row")
        rows = groups.gene_ids.to_frame().join(ids, on="gene_id", how="left", validate="1:1", maintain_order="left")
        gene_counts, gene_count_source = totals.values[rows.get_column("row").to_numpy()], totals.source
    genes_kept = _some_expressed_genes(gene_counts, config)
    in_kept_genes = genes_kept[groups.codes]
    expressed = expressed_transcripts(counts, config)
    kept = in_kept_genes & expressed & used_transcripts(counts, groups, config)
    n_transcripts = np.bincount(groups.codes[kept], minlength=genes_kept.size)[genes_kept]
    names = None
    if genes.gene_names is not None:
        names = first_names(groups.gene_ids, transcripts.select("gene_id", "gene_name").drop_nulls())
    filters = {
        **_thresholds(config),
        "genes_before": genes_kept.size,
        "genes_after": int(genes_kept.sum()),
        "transcripts_before": int(has_gene.sum()),
        "transcripts_in_kept_genes": int(in_kept_genes.sum()),
        "transcripts_after": int(kept.sum()),
        "transcripts_below_usage": int((in_kept_genes & expressed & ~kept).sum()),
        "genes_with_two_transcripts_before": int((np.bincount(groups.codes) > 1).sum()),
        "genes_with_two_transcripts_after": int((n_transcripts > 1).sum()),
        "reads_kept": round(float(counts[kept].sum() / counts.sum()), 6) if counts.size else 0.0,
    }
    gene_table = _gene_table(groups.gene_ids, names).filter(genes_kept)
    tables = {
        "transcript": transcripts.filter(kept),
        "gene": gene_table.with_columns(n_transcripts=pl.Series(n_transcripts, dtype=pl.Int64)),
    }
    gene_matrix, source = _gene_matrix(gene_counts[genes_kept], gene_count_source, config)
    return Assembly(tables, {"transcript_counts": counts[kept], **gene_matrix}, filters, source)


def _gene_matrix(values: Matrix, source: str, config: ImportConfig) -> tuple[dict[str, Matrix], str]:
    """Return the assay of the genes, and where its values come from."""
    if config.scale == "tpm":
        return {"gene_log": np.log2(values + TPM_PSEUDOCOUNT)}, f"{source}, log2(TPM + 1)"
    return {"gene_counts": values}, source


def grouping(gene_ids: pl.Series) -> GeneGrouping:
    """Return the grouping that ``gene_ids`` (n_transcripts, none missing) states."""
    levels = gene_ids.unique(maintain_order=True)
    codes = gene_ids.cast(pl.Enum(levels)).to_physical().to_numpy().astype(np.intp)
    return GeneGrouping(levels.alias("gene_id"), codes)


def _gene_table(gene_ids: pl.Series, gene_names: pl.Series | None) -> pl.DataFrame:
    return pl.DataFrame({"gene_id": gene_ids} | ({} if gene_names is None else {"gene_name": gene_names}))


def _thresholds(config: ImportConfig) -> dict[str, Any]:
    return {
        "applied": True,
        "min_cpm": config.min_cpm,
        "min_samples": config.min_samples,
        "min_tx_count": 0.0 if config.scale == "tpm" else config.min_tx_count,
        "min_usage": config.min_usage,
        "min_prop": config.min_prop,
    }


def _some_expressed_genes(gene_counts: Matrix, config: ImportConfig) -> Flags:
    kept = expressed_genes(gene_counts, config)
    if not kept.any():
        unit = "TPM" if config.scale == "tpm" else "counts per million"
        min_cpm, min_samples = option("min_cpm"), option("min_samples")
        raise InputError(
            "filters",
            f"none of {kept.size} genes has {config.min_cpm:g} {unit} in enough samples "
            f"({min_samples} {config.min_samples:g}). Lower {min_cpm} or {min_samples}; 0 turns the filter off.",
        )
    return kept


def expressed_genes(gene_counts: Matrix, config: ImportConfig) -> Flags:
    """Return (n_genes,): at least ``min_cpm`` counts per million in ``min_samples`` samples; all when either is 0.

    TPM are compared as they are: a matrix of a part of the transcripts does not add up to a million.
    """
    n_genes, n_samples = gene_counts.shape
    needed = samples_needed(config.min_samples, n_samples)
    if not config.min_cpm or not needed:
        return np.ones(n_genes, dtype=np.bool_)
    per_million = 1.0 if config.scale == "tpm" else gene_counts.sum(axis=0) / 1e6
    least = config.min_cpm * per_million
    return np.asarray((gene_counts >= least).sum(axis=1) >= needed)


def expressed_transcripts(counts: Matrix, config: ImportConfig) -> Flags:
    """Return (n_transcripts,): at least ``min_tx_count`` in the share ``min_prop`` of samples.

    All when either is 0, and of TPM, which are no counts.
    """
    n_transcripts, n_samples = counts.shape
    needed = math.ceil(config.min_prop * n_samples - 1e-9)
    if config.scale == "tpm" or not config.min_tx_count or not needed:
        return np.ones(n_transcripts, dtype=np.bool_)
    return np.asarray((counts >= config.min_tx_count).sum(axis=1) >= needed)


def used_transcripts(counts: Matrix, groups: GeneGrouping, config: ImportConfig) -> Flags:
    """Return (n_transcripts,): at least ``min_usage`` of the gene in the share ``min_prop`` of samples.

    All when either is 0. The gene is the sum of all its transcripts; a sample without any says nothing. It is the
    filter of proportions that DRIMSeq has (Nowicka and Robinson 2016, F1000Research 5:1356), with one number of samples
    for both filters of transcripts.
    """
    n_transcripts, n_samples = counts.shape
    needed = math.ceil(config.min_prop * n_samples - 1e-9)
    if not config.min_usage or not needed:
        return np.ones(n_transcripts, dtype=np.bool_)
    least = config.min_usage * groups.totals(counts)[groups.codes]
    return np.asarray(((counts >= least) & (counts > 0)).sum(axis=1) >= needed)


def samples_needed(min_samples: float, n_samples: int) -> int:
    """Return how many samples ``min_samples`` asks for: itself from 1 on, a share of ``n_samples`` rounded up below 1.

    Raises
    ------
    UsageError
        It asks for more samples than there are.
    """
    if min_samples > n_samples:
        raise UsageError(
            f"{option('min_samples')} is {min_samples:g}, but there are {n_samples} samples. Ask for fewer."
        )
    # NOTE: 0.07 * 100 is 7.000000000000001, and seven samples are meant.
    return math.ceil(min_samples * n_samples - 1e-9) if min_samples < 1 else math.ceil(min_samples)


def import_report(
    quantified: Quantification,
    samples: MatchedSamples,
    genes: Assignment,
    assembly: Assembly,
    *,
    dataset_name: str,
    source: str,
    scale: str,
) -> ImportReport:
    """Return the report of an import with every warning and note that its parts have."""
    tables = assembly.feature_tables
    written = {"samples": samples.table.height, "genes": tables["gene"].height}
    doubts = [TPM_WARNING] if scale == "tpm" and quantified.level == "transcript" else []
    if (of_scale := {"log": log_scale_warnings, "tpm": tpm_scale_warnings}.get(scale)) is not None:
        doubts += of_scale(quantified.values)
    doubts += case_warnings("gene", tables["gene"].get_column("gene_id"))
    if "transcript" in tables:
        written["transcripts"] = tables["transcript"].height
        doubts += case_warnings("transcript", tables["transcript"].get_column("transcript_id"))
        if not assembly.filters["genes_with_two_transcripts_after"]:
            doubts.append("no gene keeps two transcripts: a fit will have abundance and no switching")
    return ImportReport(
        dataset_name=dataset_name,
        source=source,
        format=quantified.format,
        level=quantified.level,
        scale=scale,
        files=quantified.files,
        found={f"{quantified.level}s": quantified.feature_ids.len(), "samples": samples.n_quantified},
        written=written,
        samples=samples.facts,
        genes={**genes.facts, "counts_from": assembly.gene_count_source},
        filters=assembly.filters,
        warnings=(*quantified.warnings, *samples.warnings, *genes.warnings, *doubts),
        notes=(*quantified.notes, *samples.notes, *genes.notes),
    )

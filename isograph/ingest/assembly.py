"""A bundle from a quantification, its samples and its genes: totals, filters, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Matrix
from isograph.bundle.bundle import Bundle
from isograph.config import ImportConfig
from isograph.errors import InputError
from isograph.ingest.annotation import Assignment
from isograph.ingest.cohort import Cohort
from isograph.ingest.filters import GeneGrouping, expressed_genes, expressed_transcripts, grouping
from isograph.ingest.quantification import Quantification

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

    def bundle(self, name: str, cohort: Cohort, provenance: Mapping[str, str]) -> Bundle:
        """Return the bundle of these tables and the samples of ``cohort``."""
        return Bundle(
            dataset_name=name,
            samples=cohort.samples,
            feature_tables=self.feature_tables,
            matrices=self.matrices,
            provenance=dict(provenance),
        )


def assembled(quantified: Quantification, genes: Assignment, config: ImportConfig) -> Assembly:
    """Return the tables of a bundle; transcripts without a gene are left out, filters are applied.

    Gene counts are totals of all transcripts of a gene, taken before the transcript filter. A gene that keeps one
    transcript, or none, stays for its abundance.

    Raises
    ------
    InputError
        No gene passes the filters.
    """
    if quantified.level == "transcript":
        return _of_transcripts(quantified, genes, config)
    if config.scale == "log":
        table = _gene_table(quantified.feature_ids, genes.gene_names)
        filters = {
            "applied": False,
            "reason": NO_FILTER_ON_LOG,
            "genes_before": table.height,
            "genes_after": table.height,
        }
        return Assembly({"gene": table}, {"gene_log": quantified.values}, filters, "matrix")
    kept = expressed_genes(quantified.values, config)
    _require_some(kept, config)
    names = None if genes.gene_names is None else genes.gene_names.filter(kept)
    table = _gene_table(quantified.feature_ids.filter(kept), names)
    filters = _thresholds(config) | {"genes_before": kept.size, "genes_after": table.height}
    return Assembly({"gene": table}, {"gene_counts": quantified.values[kept]}, filters, "matrix")


def _of_transcripts(quantified: Quantification, genes: Assignment, config: ImportConfig) -> Assembly:
    with_gene = genes.gene_ids.is_not_null().to_numpy()
    counts = quantified.values[with_gene]
    groups = grouping(genes.gene_ids.filter(with_gene))
    gene_counts, gene_count_source = _gene_counts(quantified, groups, counts)
    genes_kept = expressed_genes(gene_counts, config)
    _require_some(genes_kept, config)
    in_kept_genes = genes_kept[groups.codes]
    kept = in_kept_genes & expressed_transcripts(counts, config)
    transcripts = _transcript_table(quantified, genes, with_gene).filter(kept)
    n_transcripts = np.bincount(groups.codes[kept], minlength=genes_kept.size)[genes_kept]
    gene_table = _gene_table(groups.gene_ids.filter(genes_kept), _first_names(groups, genes, with_gene, genes_kept))
    filters = _thresholds(config) | {
        "genes_before": genes_kept.size,
        "genes_after": int(genes_kept.sum()),
        "transcripts_before": int(with_gene.sum()),
        "transcripts_in_kept_genes": int(in_kept_genes.sum()),
        "transcripts_after": int(kept.sum()),
        "genes_with_two_transcripts_before": int((np.bincount(groups.codes) > 1).sum()),
        "genes_with_two_transcripts_after": int((n_transcripts > 1).sum()),
        "reads_kept": round(float(counts[kept].sum() / counts.sum()), 6) if counts.size else 0.0,
    }
    return Assembly(
        {
            "transcript": transcripts,
            "gene": gene_table.with_columns(n_transcripts=pl.Series(n_transcripts, dtype=pl.Int64)),
        },
        {"transcript_counts": counts[kept], "gene_counts": gene_counts[genes_kept]},
        filters,
        gene_count_source,
    )


def _gene_counts(quantified: Quantification, groups: GeneGrouping, counts: Matrix) -> tuple[Matrix, str]:
    totals = quantified.gene_totals
    if totals is None:
        return groups.totals(counts), "sum of transcripts"
    rows = groups.gene_ids.to_frame().join(
        totals.gene_ids.alias("gene_id").to_frame().with_row_index("row"),
        on="gene_id",
        how="left",
        validate="1:1",
        maintain_order="left",
    )
    return totals.values[rows.get_column("row").to_numpy()], totals.source


def _transcript_table(quantified: Quantification, genes: Assignment, with_gene: NDArray[np.bool_]) -> pl.DataFrame:
    columns = {"transcript_id": quantified.feature_ids, "gene_id": genes.gene_ids}
    if genes.gene_names is not None:
        columns["gene_name"] = genes.gene_names
    return pl.DataFrame(columns).filter(with_gene)


def _gene_table(gene_ids: pl.Series, gene_names: pl.Series | None) -> pl.DataFrame:
    columns = {"gene_id": gene_ids}
    if gene_names is not None:
        columns["gene_name"] = gene_names
    return pl.DataFrame(columns)


def _first_names(
    groups: GeneGrouping, genes: Assignment, with_gene: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> pl.Series | None:
    if genes.gene_names is None:
        return None
    pairs = pl.DataFrame({"gene_id": genes.gene_ids.filter(with_gene), "gene_name": genes.gene_names.filter(with_gene)})
    named = pairs.drop_nulls().unique("gene_id", keep="first", maintain_order=True)
    names = groups.gene_ids.to_frame().join(named, on="gene_id", how="left", validate="1:1", maintain_order="left")
    return names.get_column("gene_name").filter(kept)


def _thresholds(config: ImportConfig) -> dict[str, Any]:
    return {
        "applied": True,
        "min_cpm": config.min_cpm,
        "min_samples": config.min_samples,
        "min_tx_count": config.min_tx_count,
        "min_prop": config.min_prop,
    }


def _require_some(kept: NDArray[np.bool_], config: ImportConfig) -> None:
    if not kept.any():
        raise InputError(
            "filters",
            [
                (
                    f"none of {kept.size} genes has {config.min_cpm:g} counts per million in enough samples "
                    f"(--min-samples {config.min_samples:g}). Lower --min-cpm or --min-samples; 0 turns the filter off."
                )
            ],
        )

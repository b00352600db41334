"""From a bundle to the matrices the channels are built from; the grouping by gene comes from SQL."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.bundle.bundle import Bundle
from isograph.database.bundle_view import TOPIC, bundle_views
from isograph.database.connection import statement_rows
from isograph.database.statement import statement


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows of a matrix belong to which gene.

    Attributes
    ----------
    gene_ids : (n_genes,), ascending.
    rows : (n_rows,), matrix rows, gene by gene, in table order within a gene.
    offsets : (n_genes + 1,) into ``rows``.
    row_ids : (n_rows,), the transcript (or gene) id of each entry of ``rows``.
    """

    gene_ids: list[str]
    rows: Index
    offsets: Index
    row_ids: list[str]

    def at_least(self, size: int) -> Grouping:
        """Return the grouping of the genes with ``size`` rows or more."""
        sizes = np.diff(self.offsets)
        large = np.flatnonzero(sizes >= size)
        entries = np.flatnonzero(np.repeat(sizes >= size, sizes))
        return Grouping(
            gene_ids=[self.gene_ids[gene] for gene in large],
            rows=self.rows[entries],
            offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes[large], dtype=np.int64)]),
            row_ids=[self.row_ids[entry] for entry in entries],
        )


@dataclass(frozen=True, slots=True)
class Assays:
    """The matrices the channels are built from, with their grouping; None where the bundle has no such assay.

    Attributes
    ----------
    transcripts, transcript_counts : grouping and (n_transcripts, n_samples) counts.
    genes, gene_values : grouping (one row a gene) and (n_genes, n_samples) counts or log values.
    gene_values_are_log : ``gene_values`` are on a log scale already.
    counts_are_tpm : ``transcript_counts`` are TPM: usage is right, but nothing says how many reads it is of.
    inferential_variance : (n_transcripts,) mean InfRV of each row of ``transcript_counts``, NaN where unknown; None
        without inferential replicates.
    """

    transcripts: Grouping | None
    transcript_counts: Matrix | None
    genes: Grouping | None
    gene_values: Matrix | None
    gene_values_are_log: bool = False
    counts_are_tpm: bool = False
    inferential_variance: Vector | None = None


def bundle_assays(bundle: Bundle) -> Assays:
    """Return the assays of a bundle with their grouping, ordered by gene id.

    Values on a log scale (``gene_log``) are preferred to ``gene_counts``: the user chose that scale.
    """
    transcripts, genes = None, None
    counts = bundle.matrices.get("transcript_counts")
    is_log = "gene_log" in bundle.matrices
    values = bundle.matrices.get("gene_log" if is_log else "gene_counts")
    with bundle_views(bundle, ("transcripts", "genes")) as database:
        if counts is not None:
            rows = statement_rows(database, statement(TOPIC, "transcript_grouping"))
            transcripts = _grouping(rows, "transcript_id", "transcript_row")
        if values is not None:
            rows = statement_rows(database, statement(TOPIC, "gene_grouping"))
            genes = _grouping(rows, "gene_id", "gene_row")
    inferential_variance = None
    if counts is not None and bundle.transcripts is not None and "inf_rv" in bundle.transcripts.columns:
        inferential_variance = bundle.transcripts.get_column("inf_rv").cast(pl.Float64).fill_null(np.nan).to_numpy()
    return Assays(
        transcripts,
        counts,
        genes,
        values,
        gene_values_are_log=is_log,
        counts_are_tpm=bundle.is_tpm,
        inferential_variance=inferential_variance,
    )


def gene_names(bundle: Bundle) -> pl.DataFrame:
    """Return ``gene_id``, ``gene_name`` of the genes whose name the gene table, or else the transcript table, knows."""
    for view, table in {"genes": bundle.genes, "transcripts": bundle.transcripts}.items():
        if table is not None and "gene_name" in table.columns:
            with bundle_views(bundle, (view,)) as database:
                names = statement_rows(database, statement(TOPIC, "gene_names"), {"named_in": f"bundle_{view}"})
            return names.select("gene_id", "gene_name")
    return pl.DataFrame(schema={"gene_id": pl.String, "gene_name": pl.String})


def _grouping(rows: pl.DataFrame, id_column: str, row_column: str) -> Grouping:
    """Return the grouping of rows that are already in gene order."""
    runs = rows.get_column("gene_id").rle().struct.unnest()
    ends = runs.get_column("len").cast(pl.Int64).cum_sum().to_numpy()
    return Grouping(
        gene_ids=runs.get_column("value").to_list(),
        rows=rows.get_column(row_column).to_numpy().astype(np.int64),
        offsets=np.concatenate([np.zeros(1, dtype=np.int64), ends]),
        row_ids=rows.get_column(id_column).to_list(),
    )

"""From a bundle to the matrices the channels are built from; the grouping by gene comes from SQL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.database.bundle_view import bundle_views, gene_grouping, transcript_grouping
from isograph.features.channel import Assays, Grouping


def bundle_assays(bundle: Bundle, path: Path) -> Assays:
    """Return the assays of the bundle read from ``path`` with their grouping, ordered by gene id.

    Values on a log scale (``gene_log``) are preferred to ``gene_counts``, as whoever made them chose their scale.
    """
    transcripts, genes = None, None
    counts = bundle.matrices.get("transcript_counts")
    is_log = "gene_log" in bundle.matrices
    values = bundle.matrices.get("gene_log" if is_log else "gene_counts")
    with bundle_views(path) as database:
        if counts is not None:
            transcripts = _grouping(transcript_grouping(database), "transcript_id", "transcript_row")
        if values is not None:
            genes = _grouping(gene_grouping(database), "gene_id", "gene_row")
    return Assays(transcripts, counts, genes, values, gene_values_are_log=is_log)


def gene_names(bundle: Bundle) -> pl.DataFrame:
    """Return ``gene_id``, ``gene_name`` of the genes whose name the gene table, or else the transcript table, knows."""
    for table in (bundle.genes, bundle.transcripts):
        if table is not None and "gene_name" in table.columns:
            names = table.select("gene_id", pl.col("gene_name").cast(pl.String)).drop_nulls()
            return names.unique("gene_id", keep="first", maintain_order=True)
    return pl.DataFrame(schema={"gene_id": pl.String, "gene_name": pl.String})


def _grouping(rows: pl.DataFrame, id_column: str, row_column: str) -> Grouping:
    """Return the grouping of rows that are already in gene order."""
    lengths = rows.get_column("gene_id").rle().struct.unnest()
    offsets = np.concatenate(
        [np.zeros(1, dtype=np.int64), lengths.get_column("len").cast(pl.Int64).cum_sum().to_numpy()]
    )
    return Grouping(
        gene_ids=lengths.get_column("value").to_list(),
        rows=rows.get_column(row_column).to_numpy().astype(np.int64),
        offsets=offsets,
        row_ids=rows.get_column(id_column).to_list(),
    )

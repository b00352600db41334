"""The switch pair of a gene: the transcript that rises and the one that falls."""

from __future__ import annotations

import polars as pl

PAIR_COLUMNS = ("gene_id", "transcript_up", "transcript_down", "module_id", "weight_up", "weight_down")


def extreme_pairs(weights: pl.LazyFrame) -> pl.LazyFrame:
    """Return the pair of every gene: the transcripts of its highest and its lowest weight.

    Parameters
    ----------
    weights : ``module_id`` (null: in none), ``gene_id``, ``transcript_id``, ``weight``: r with an eigengene, or a
        loading. Weights that are NaN or null are left out; ties go to the first transcript.

    Returns
    -------
    ``PAIR_COLUMNS``, sorted by module (genes in none last) and gene. A gene with fewer than two different weights has
    no row.
    """
    transcript, weight = pl.col("transcript_id"), pl.col("weight")
    return (
        weights.filter(weight.is_finite())
        .group_by("module_id", "gene_id", maintain_order=True)
        .agg(
            transcript_up=transcript.sort_by(weight, descending=True, maintain_order=True).first(),
            transcript_down=transcript.sort_by(weight, maintain_order=True).first(),
            weight_up=weight.max(),
            weight_down=weight.min(),
        )
        .filter(pl.col("weight_up") > pl.col("weight_down"))
        .select(PAIR_COLUMNS)
        .sort("module_id", "gene_id", nulls_last=True)
    )

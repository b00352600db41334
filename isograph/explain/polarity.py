"""Which transcripts of a gene go up with a module and which go down."""

from __future__ import annotations

import polars as pl

from isograph.explain.contrast import Groups
from isograph.explain.feature import Association, Features
from isograph.schemas.explanation import TRANSCRIPT_POLARITY_TABLE


def transcript_polarity_table(
    transcripts: Features,
    association: Association,
    usage: Features,
    groups: Groups,
    *,
    module: int,
) -> pl.LazyFrame:
    """Return the ``transcript_polarity_table`` of one module from the transcripts of its genes.

    r is that of the transcript's value (by default its centred log-ratio, covariates projected out) with the
    eigengene; ``switch_strength`` is the largest r of the gene less its smallest.

    transcripts: ``feature_id``, ``transcript_id``, ``gene_id``, ``loading``. usage: the same rows as shares.
    """
    columns = association.columns(module)
    means = groups.means(usage.values)
    tested = transcripts.rows.select("feature_id", "transcript_id", "gene_id", "loading").with_columns(
        *(pl.Series(name, values) for name, values in columns.items()),
        pl.Series("mean_high", means[0]),
        pl.Series("mean_low", means[1]),
    )
    known = pl.col("r").fill_nan(None)
    spread = (known.max() - known.min()).over("gene_id").fill_null(float("nan"))
    return (
        tested.lazy()
        .with_columns(switch_strength=spread)
        .select(list(TRANSCRIPT_POLARITY_TABLE.schema))
        .sort(-pl.col("switch_strength"), "gene_id", -pl.col("r"), "feature_id", "transcript_id")
    )

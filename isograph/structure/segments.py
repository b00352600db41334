"""Two sets of intervals a pair: what they share, what lies in the gaps of the other.

Segments are frames of ``pair``, ``start`` and ``end`` (included), in the direction of transcription, sorted by pair and
start, without overlap within a pair.
"""

from __future__ import annotations

import polars as pl


def set_comparison(up: pl.DataFrame, down: pl.DataFrame) -> pl.DataFrame:
    """Return ``pair``, ``n_shared``, ``n_up_only``, ``n_down_only``: segments with both ends the same, and the rest."""
    either = up.select("pair", "start", "end", in_up=pl.lit(value=True)).join(
        down.select("pair", "start", "end", in_down=pl.lit(value=True)),
        on=["pair", "start", "end"],
        how="full",
        coalesce=True,
        validate="1:1",
        maintain_order="left_right",
    )
    in_up, in_down = pl.col("in_up").is_not_null(), pl.col("in_down").is_not_null()
    return either.group_by("pair", maintain_order=True).agg(
        n_shared=(in_up & in_down).sum().cast(pl.Int64),
        n_up_only=(~in_down).sum().cast(pl.Int64),
        n_down_only=(~in_up).sum().cast(pl.Int64),
    )


def shared_bases(up: pl.DataFrame, down: pl.DataFrame) -> pl.DataFrame:
    """Return ``pair`` and ``n``, the bases that are in both sets; a pair that shares none may have no row.

    The ends of all segments are walked in order, +1 where one starts and −1 behind its last base: bases are in both
    sets where the sum is 2.
    """
    segments = pl.concat([up.select("pair", "start", "end"), down.select("pair", "start", "end")])
    opened = segments.select("pair", position="start", step=pl.lit(1, pl.Int8))
    closed = segments.select("pair", position=pl.col("end") + 1, step=pl.lit(-1, pl.Int8))
    walked = (
        pl.concat([opened, closed])
        .sort("pair", "position")
        .with_columns(
            # NOTE: every pair ends at 0, so one sum over all pairs is the sum within each.
            depth=pl.col("step").cast(pl.Int64).cum_sum(),
            width=pl.col("position").shift(-1) - pl.col("position"),
        )
    )
    return walked.filter(pl.col("depth") == 2).group_by("pair", maintain_order=True).agg(n=pl.col("width").sum())


def gaps(segments: pl.DataFrame) -> pl.DataFrame:
    """Return introns: ``pair``, ``before`` (last base of the exon before it), ``after`` (first base of the next).

    Exons that touch have none between them.
    """
    return (
        segments.select(
            "pair",
            before=pl.col("end"),
            after=pl.when(pl.col("pair").shift(-1) == pl.col("pair")).then(pl.col("start").shift(-1)),
        )
        .filter(pl.col("after") > pl.col("before") + 1)
        .sort("pair", "before")
    )


def inside_gaps(exons: pl.DataFrame, introns: pl.DataFrame) -> pl.DataFrame:
    """Return ``pair`` and ``n``: exons that lie inside one of the introns; a pair without any may have no row."""
    nearest = exons.sort("pair", "start").join_asof(
        introns,
        left_on="start",
        right_on="before",
        by="pair",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    return _counted(nearest.filter(pl.col("end") < pl.col("after")))


def inside_exons(introns: pl.DataFrame, exons: pl.DataFrame) -> pl.DataFrame:
    """Return ``pair`` and ``n``: introns that lie inside one of the exons, both neighbouring bases included."""
    nearest = introns.join_asof(
        exons.sort("pair", "start"),
        left_on="before",
        right_on="start",
        by="pair",
        check_sortedness=False,
    )
    return _counted(nearest.filter(pl.col("after") <= pl.col("end")))


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("pair", maintain_order=True).agg(n=pl.len().cast(pl.Int64))

"""How the two transcripts of a switch pair differ: what is measured of their exons, and the labels made of it."""

from __future__ import annotations

import polars as pl

from isograph.schemas.structure import SWITCH_STRUCTURE
from isograph.structure.segments import gaps, inside_exons, inside_gaps, set_comparison, shared_bases

PAIRS_AT_ONCE = 50_000
DIRECTIONS = ("up", "down")
REGIONS = ("cds", "utr5", "utr3")
LABELLED = ("first_exon", "internal_exons", "last_exon", "cds", "utr5", "utr3", "biotype")
LENGTHS = ("length", "cds_length", "utr5_length", "utr3_length")
NOT_A_DIFFERENCE = ("same", "none")
_COMPARED = pl.col("status") == "compared"
_CODING_UP = pl.col("coding_start_up").is_not_null()
_CODING_DOWN = pl.col("coding_start_down").is_not_null()


def switch_structures(pairs: pl.DataFrame, transcripts: pl.DataFrame, exons: pl.DataFrame) -> pl.DataFrame:
    """Return the ``switch_structure`` table, one row a pair, in the order of the pairs.

    Coordinates are mirrored on the reverse strand, so that start means 5′ and end 3′. The coding region of a
    transcript is what its exons hold between the first and the last base of CDS and stop codon; its UTRs are what they
    hold before and behind. Labels:

    * ``first_exon``, ``last_exon``: ``same``; only the ``start`` or only the ``end`` differs; ``overlapping``;
      ``distinct``.
    * ``internal_exons`` (neither first nor last): those of one transcript that are no exon of the other: ``gained`` if
      only ``transcript_up`` has some, ``lost`` if only the other, ``changed`` if both; ``none`` if neither has
      internal exons.
    * ``cds``: ``start``: another start codon and the same stop codon; ``stop``: the reverse; ``both``; ``internal``:
      the same two, other segments; ``gained`` or ``lost`` if only one of the two is coding; ``none`` if neither.
    * ``utr5``, ``utr3``: ``longer``, ``shorter`` by their bases, ``moved`` if as long; ``gained``, ``lost``, ``none``.

    Parameters
    ----------
    pairs : ``isograph.structure.switch_pairs.PAIR_COLUMNS``, and ``annotated_up``, ``annotated_down``: the ids that the
        transcripts have in ``transcripts``, null where they are not in it.
    transcripts, exons : ``gtf_transcripts`` and ``gtf_exons``.
    """
    knows_coding = transcripts.get_column("coding_start").is_not_null().any()
    blocks = []
    for block in pairs.iter_slices(PAIRS_AT_ONCE) if pairs.height else [pairs]:
        located = _located(block.with_row_index("pair"), transcripts)
        measured = _measured(located.filter(_COMPARED), exons)
        blocks.append(_labelled(_beside(located, measured), knows_coding=knows_coding))
    return pl.concat(blocks).select(pl.col(column.name).cast(column.dtype) for column in SWITCH_STRUCTURE.columns)


def _located(pairs: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with what the GTF says of their transcripts, and whether they can be compared."""
    names = ("gene_name", "biotype", "seqname", "strand", "coding_start", "coding_end", "flaw")
    for direction in DIRECTIONS:
        annotated = transcripts.select(
            pl.col("transcript_id").alias(f"annotated_{direction}"),
            *(pl.col(name).alias(f"{name}_{direction}") for name in names),
        )
        pairs = pairs.join(annotated, on=f"annotated_{direction}", how="left", validate="m:1", maintain_order="left")
    absent_up, absent_down = (pl.col(f"annotated_{direction}").is_null() for direction in DIRECTIONS)
    elsewhere = (pl.col("seqname_up") != pl.col("seqname_down")) | (pl.col("strand_up") != pl.col("strand_down"))
    status = pl.coalesce(
        pl.when(absent_up & absent_down).then(pl.lit("not_in_gtf_both")),
        pl.when(absent_up).then(pl.lit("not_in_gtf_up")),
        pl.when(absent_down).then(pl.lit("not_in_gtf_down")),
        "flaw_up",
        "flaw_down",
        pl.when(elsewhere).then(pl.lit("other_place")),
        pl.lit("compared"),
    )
    return pairs.with_columns(status=status, gene_name=pl.coalesce("gene_name_up", "gene_name_down")).with_columns(
        pl.when(_COMPARED).then(pl.col(f"{name}_up")).alias(name) for name in ("seqname", "strand")
    )


def _measured(compared: pl.DataFrame, exons: pl.DataFrame) -> pl.DataFrame:
    """Return, by pair, ends, counts and lengths of its two transcripts, and what these share."""
    up, regions_up, facts_up = _transcripts(compared, exons, "up")
    down, regions_down, facts_down = _transcripts(compared, exons, "down")
    shared = set_comparison(up, down).select("pair", n_shared_exons="n_shared")
    counts = {
        "n_internal_gained": _internal_only(up, down),
        "n_internal_lost": _internal_only(down, up),
        "n_cassette_up": inside_gaps(up, gaps(down)),
        "n_cassette_down": inside_gaps(down, gaps(up)),
        "n_retained_up": inside_exons(gaps(down), up),
        "n_retained_down": inside_exons(gaps(up), down),
        "n_shared_bases": shared_bases(up, down),
    }
    for name, counted in counts.items():
        shared = _beside(shared, counted.rename({"n": name})).with_columns(pl.col(name).fill_null(0))
    measured = compared.select("pair")
    for rows in (facts_up, facts_down, shared):
        measured = _beside(measured, rows)
    for region in REGIONS:
        segments = set_comparison(regions_up[region], regions_down[region])
        n_differing = (pl.col("n_up_only") + pl.col("n_down_only")).alias(f"n_{region}_differing")
        measured = _beside(measured, segments.select("pair", n_differing))
    return measured


def _transcripts(
    compared: pl.DataFrame, exons: pl.DataFrame, direction: str
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], pl.DataFrame]:
    """Return one transcript of every pair, its coordinates in the direction of transcription.

    Its exons (``pair``, ``start``, ``end``, ``internal``); the exonic segments of its coding region and of its two UTRs
    (``pair``, ``start``, ``end``); one row a pair of its ends, number of exons and lengths.
    """
    ids = compared.select(
        "pair",
        transcript_id=f"annotated_{direction}",
        reverse=pl.col("strand") == "-",
        coding_start=f"coding_start_{direction}",
        coding_end=f"coding_end_{direction}",
    )
    rows = (
        ids.join(exons, on="transcript_id", how="inner", validate="m:m", maintain_order="left")
        .select("pair", *_mirrored("start", "end"), *_mirrored("coding_start", "coding_end"))
        .sort("pair", "start")
    )
    has_before, has_after = (pl.col("pair").shift(step) == pl.col("pair") for step in (1, -1))
    rows = rows.with_columns(internal=(has_before & has_after).fill_null(value=False))
    start, end, first, last = (pl.col(name) for name in ("start", "end", "coding_start", "coding_end"))
    regions = {
        "cds": _clipped(rows, pl.max_horizontal(start, first), pl.min_horizontal(end, last)),
        "utr5": _clipped(rows, start, pl.min_horizontal(end, first - 1)),
        "utr3": _clipped(rows, pl.max_horizontal(start, last + 1), end),
    }
    facts = rows.group_by("pair", maintain_order=True).agg(
        pl.col("coding_start", "coding_end").first().name.prefix("oriented_"),
        n_exons=pl.len().cast(pl.Int64),
        length=(end - start + 1).sum(),
        n_internal=pl.col("internal").sum().cast(pl.Int64),
        first_exon_start=start.first(),
        first_exon_end=end.first(),
        last_exon_start=start.last(),
        last_exon_end=end.last(),
    )
    for region, segments in regions.items():
        lengths = segments.group_by("pair", maintain_order=True).agg((end - start + 1).sum().alias(f"{region}_length"))
        facts = _beside(facts, lengths).with_columns(pl.col(f"{region}_length").fill_null(0))
    facts = facts.select("pair", pl.exclude("pair").name.suffix(f"_{direction}"))
    return rows.select("pair", "start", "end", "internal"), regions, facts


def _mirrored(start: str, end: str) -> tuple[pl.Expr, pl.Expr]:
    """Return two ends in the direction of transcription: on the reverse strand negated and exchanged."""
    reverse = pl.col("reverse")
    return (
        pl.when(reverse).then(-pl.col(end)).otherwise(pl.col(start)).alias(start),
        pl.when(reverse).then(-pl.col(start)).otherwise(pl.col(end)).alias(end),
    )


def _clipped(rows: pl.DataFrame, start: pl.Expr, end: pl.Expr) -> pl.DataFrame:
    """Return what the exons of coding transcripts hold between two ends."""
    coding = rows.filter(pl.col("coding_start").is_not_null())
    return coding.select("pair", start=start, end=end).filter(pl.col("start") <= pl.col("end"))


def _internal_only(exons: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return ``pair`` and ``n``: internal exons that are no exon of the other transcript."""
    alone = exons.filter("internal").join(
        others, on=["pair", "start", "end"], how="anti", validate="m:m", maintain_order="left"
    )
    return alone.group_by("pair", maintain_order=True).agg(n=pl.len().cast(pl.Int64))


def _beside(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return rows.join(others, on="pair", how="left", validate="1:1", maintain_order="left")


def _labelled(measured: pl.DataFrame, *, knows_coding: bool) -> pl.DataFrame:
    """Return ``measured`` with every label, length, shift and fraction of ``switch_structure``.

    A pair that is not compared has null in all of them; coding region and UTRs are null too if no transcript of the
    GTF has any.
    """
    coding = _COMPARED & pl.lit(value=knows_coding)
    conditions = dict.fromkeys(("first_exon", "last_exon", "internal_exons", "biotype"), _COMPARED)
    conditions |= dict.fromkeys(("cds", "coding_status", "cds_length_up", "cds_length_down"), coding)
    conditions |= dict.fromkeys(("utr5", "utr3"), coding & _CODING_UP & _CODING_DOWN)
    conditions |= dict.fromkeys(("utr5_length_up", "utr3_length_up"), coding & _CODING_UP)
    conditions |= dict.fromkeys(("utr5_length_down", "utr3_length_down"), coding & _CODING_DOWN)
    labels = _labels()
    rows = measured.with_columns(
        pl.when(condition).then(labels.get(name, pl.col(name))).alias(name) for name, condition in conditions.items()
    )
    differing = (
        pl.when(~pl.col(part).is_in(NOT_A_DIFFERENCE)).then(pl.format(f"{part}:{{}}", part)) for part in LABELLED
    )
    return rows.with_columns(
        *(_difference(length).alias(f"{length}_delta") for length in LENGTHS),
        tss_shift=_difference("first_exon_start"),
        tes_shift=_difference("last_exon_end"),
        shared_exon_fraction=_shared("n_shared_exons", "n_exons"),
        shared_base_fraction=_shared("n_shared_bases", "length"),
        labels=pl.when(_COMPARED).then(pl.concat_str(*differing, separator=";", ignore_nulls=True)),
    )


def _difference(name: str) -> pl.Expr:
    return pl.col(f"{name}_up") - pl.col(f"{name}_down")


def _shared(shared: str, size: str) -> pl.Expr:
    """Return what is in both sets over what is in either."""
    return pl.col(shared) / (pl.col(f"{size}_up") + pl.col(f"{size}_down") - pl.col(shared))


def _labels() -> dict[str, pl.Expr]:
    """Return the label of every part of a compared pair, by the name of its column."""
    gained, lost = pl.col("n_internal_gained") > 0, pl.col("n_internal_lost") > 0
    same_start = pl.col("oriented_coding_start_up") == pl.col("oriented_coding_start_down")
    same_stop = pl.col("oriented_coding_end_up") == pl.col("oriented_coding_end_down")
    biotype_up, biotype_down = pl.col("biotype_up"), pl.col("biotype_down")
    knows_biotypes = biotype_up.is_not_null() & biotype_down.is_not_null()
    return {
        "first_exon": _end_exon("first_exon"),
        "last_exon": _end_exon("last_exon"),
        "internal_exons": _first_of(
            ((pl.col("n_internal_up") == 0) & (pl.col("n_internal_down") == 0), "none"),
            (gained & lost, "changed"),
            (gained, "gained"),
            (lost, "lost"),
            otherwise="same",
        ),
        "cds": _first_of(
            (~_CODING_UP & ~_CODING_DOWN, "none"),
            (~_CODING_DOWN, "gained"),
            (~_CODING_UP, "lost"),
            (pl.col("n_cds_differing") == 0, "same"),
            (same_start & same_stop, "internal"),
            (same_stop, "start"),
            (same_start, "stop"),
            otherwise="both",
        ),
        "coding_status": _first_of(
            (_CODING_UP & _CODING_DOWN, "coding"),
            (_CODING_UP, "gained"),
            (_CODING_DOWN, "lost"),
            otherwise="noncoding",
        ),
        "utr5": _untranslated("utr5"),
        "utr3": _untranslated("utr3"),
        "biotype": pl.when(knows_biotypes).then(_first_of((biotype_up == biotype_down, "same"), otherwise="changed")),
    }


def _first_of(*cases: tuple[pl.Expr, str], otherwise: str) -> pl.Expr:
    """Return the label of the first case that holds."""
    return pl.coalesce(*(pl.when(case).then(pl.lit(label)) for case, label in cases), pl.lit(otherwise))


def _end_exon(name: str) -> pl.Expr:
    start_up, end_up = pl.col(f"{name}_start_up"), pl.col(f"{name}_end_up")
    start_down, end_down = pl.col(f"{name}_start_down"), pl.col(f"{name}_end_down")
    same_start, same_end = start_up == start_down, end_up == end_down
    return _first_of(
        (same_start & same_end, "same"),
        (same_end, "start"),
        (same_start, "end"),
        ((start_up <= end_down) & (start_down <= end_up), "overlapping"),
        otherwise="distinct",
    )


def _untranslated(region: str) -> pl.Expr:
    up, down = pl.col(f"{region}_length_up"), pl.col(f"{region}_length_down")
    return _first_of(
        ((up == 0) & (down == 0), "none"),
        (down == 0, "gained"),
        (up == 0, "lost"),
        (pl.col(f"n_{region}_differing") == 0, "same"),
        (up > down, "longer"),
        (up < down, "shorter"),
        otherwise="moved",
    )

"""The labels of a switch pair, as expressions over what was measured of its two transcripts."""

from __future__ import annotations

import polars as pl

LABELLED = ("first_exon", "internal_exons", "last_exon", "cds", "utr5", "utr3", "biotype")
LENGTHS = ("length", "cds_length", "utr5_length", "utr3_length")
_NOT_A_DIFFERENCE = ("same", "none")
_COMPARED = pl.col("status") == "compared"
_CODING_UP = pl.col("coding_start_up").is_not_null()
_CODING_DOWN = pl.col("coding_start_down").is_not_null()


def labelled(measured: pl.DataFrame, *, knows_coding: bool) -> pl.DataFrame:
    """Return ``measured`` with every label, length, shift and fraction of ``switch_structure``.

    A pair that is not compared has null in all of them; so have coding region and UTRs if nothing is known of any.
    """
    coding = _COMPARED & pl.lit(value=knows_coding)
    both_coding = coding & _CODING_UP & _CODING_DOWN
    only_where = {
        "first_exon": (_COMPARED, _end_exon("first_exon")),
        "last_exon": (_COMPARED, _end_exon("last_exon")),
        "internal_exons": (_COMPARED, _internal_exons()),
        "cds": (coding, _coding_region()),
        "coding_status": (coding, _coding_status()),
        "utr5": (both_coding, _untranslated("utr5")),
        "utr3": (both_coding, _untranslated("utr3")),
        "biotype": (_COMPARED, _biotype()),
        "cds_length_up": (coding, pl.col("cds_length_up")),
        "cds_length_down": (coding, pl.col("cds_length_down")),
    }
    only_where |= {
        f"{utr}_length_{side}": (coding & is_coding, pl.col(f"{utr}_length_{side}"))
        for utr in ("utr5", "utr3")
        for side, is_coding in (("up", _CODING_UP), ("down", _CODING_DOWN))
    }
    rows = measured.with_columns(pl.when(where).then(value).alias(name) for name, (where, value) in only_where.items())
    return rows.with_columns(
        *(_difference(length).alias(f"{length}_delta") for length in LENGTHS),
        tss_shift=_difference("first_exon_start"),
        tes_shift=_difference("last_exon_end"),
        shared_exon_fraction=_shared("n_shared_exons", "n_exons"),
        shared_base_fraction=_shared("n_shared_bases", "length"),
        labels=pl.when(_COMPARED).then(_summary()),
    )


def _difference(name: str) -> pl.Expr:
    return pl.col(f"{name}_up") - pl.col(f"{name}_down")


def _shared(shared: str, size: str) -> pl.Expr:
    """Return what is in both sets over what is in either."""
    return pl.col(shared) / (pl.col(f"{size}_up") + pl.col(f"{size}_down") - pl.col(shared))


def _chosen(*cases: tuple[pl.Expr, str], otherwise: str) -> pl.Expr:
    """Return the label of the first case that holds."""
    return pl.coalesce(*(pl.when(case).then(pl.lit(label)) for case, label in cases), pl.lit(otherwise))


def _end_exon(name: str) -> pl.Expr:
    start_up, end_up = pl.col(f"{name}_start_up"), pl.col(f"{name}_end_up")
    start_down, end_down = pl.col(f"{name}_start_down"), pl.col(f"{name}_end_down")
    same_start, same_end = start_up == start_down, end_up == end_down
    return _chosen(
        (same_start & same_end, "same"),
        (same_end, "start"),
        (same_start, "end"),
        ((start_up <= end_down) & (start_down <= end_up), "overlapping"),
        otherwise="distinct",
    )


def _internal_exons() -> pl.Expr:
    gained, lost = pl.col("n_internal_gained") > 0, pl.col("n_internal_lost") > 0
    return _chosen(
        ((pl.col("n_internal_up") == 0) & (pl.col("n_internal_down") == 0), "none"),
        (gained & lost, "changed"),
        (gained, "gained"),
        (lost, "lost"),
        otherwise="same",
    )


def _coding_region() -> pl.Expr:
    same_start = pl.col("oriented_coding_start_up") == pl.col("oriented_coding_start_down")
    same_stop = pl.col("oriented_coding_end_up") == pl.col("oriented_coding_end_down")
    return _chosen(
        (~_CODING_UP & ~_CODING_DOWN, "none"),
        (~_CODING_DOWN, "gained"),
        (~_CODING_UP, "lost"),
        (pl.col("n_cds_differing") == 0, "same"),
        (same_start & same_stop, "internal"),
        (same_stop, "start"),
        (same_start, "stop"),
        otherwise="both",
    )


def _coding_status() -> pl.Expr:
    return _chosen(
        (_CODING_UP & _CODING_DOWN, "coding"),
        (_CODING_UP, "gained"),
        (_CODING_DOWN, "lost"),
        otherwise="noncoding",
    )


def _untranslated(region: str) -> pl.Expr:
    up, down = pl.col(f"{region}_length_up"), pl.col(f"{region}_length_down")
    return _chosen(
        ((up == 0) & (down == 0), "none"),
        (down == 0, "gained"),
        (up == 0, "lost"),
        (pl.col(f"n_{region}_differing") == 0, "same"),
        (up > down, "longer"),
        (up < down, "shorter"),
        otherwise="moved",
    )


def _biotype() -> pl.Expr:
    up, down = pl.col("biotype_up"), pl.col("biotype_down")
    known = up.is_not_null() & down.is_not_null()
    return pl.when(known).then(_chosen((up == down, "same"), otherwise="changed"))


def _summary() -> pl.Expr:
    """Return part:label of the parts that differ, joined; empty where none does."""
    differing = (
        pl.when(~pl.col(part).is_in(_NOT_A_DIFFERENCE)).then(pl.format(f"{part}:{{}}", part)) for part in LABELLED
    )
    return pl.concat_str(*differing, separator=";", ignore_nulls=True)

"""What the figures of a module show, and the rows that each of them is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

TOP = 20
TOP_USAGE = 6
TRANSCRIPTS_IN_A_ROW = 8


@dataclass(frozen=True, slots=True)
class ModuleView:
    """One module as it is drawn.

    Attributes
    ----------
    module_id : the module.
    facts : sentences for the head of the summary page.
    drivers, polarity, contrasts : its ``gene_driver_table``, ``transcript_polarity_table``, ``high_vs_low_table``.
    usage : ``gene_id``, ``transcript_id``, ``sample_id``, ``eigengene``, ``value``: the genes that turn most.
    value_name : what ``value`` is.
    names : ``gene_id``, ``label``: what a gene is called.
    """

    module_id: str
    facts: tuple[str, ...]
    drivers: pl.DataFrame
    polarity: pl.DataFrame
    contrasts: pl.DataFrame
    usage: pl.DataFrame
    value_name: str
    names: pl.DataFrame


def turning_genes(polarity: pl.DataFrame, n: int) -> list[str]:
    """Return the ``n`` genes with the largest switch strength, the strongest first."""
    estimable = polarity.filter(pl.col("switch_strength").is_not_nan())
    return estimable.get_column("gene_id").unique(maintain_order=True).head(n).to_list()


def driver_rows(view: ModuleView, n: int = TOP) -> pl.DataFrame:
    """Return the ``n`` strongest drivers of the module, with what they are called."""
    rows = view.drivers.filter("in_module", pl.col("r").is_not_nan()).head(n)
    return _named(rows.select("gene_id", "feature_id", "feature_type", "r", "r_low", "r_high", "qvalue"), view)


def contrast_rows(view: ModuleView, n: int = TOP) -> pl.DataFrame:
    """Return the ``n`` features that differ most between the high and the low samples."""
    rows = view.contrasts.filter(pl.col("statistic").is_not_nan()).head(n)
    columns = ("gene_id", "feature_id", "feature_type", "mean_high", "mean_low", "delta", "se", "qvalue")
    return _named(rows.select(columns), view)


def polarity_rows(view: ModuleView, n: int = TOP) -> pl.DataFrame:
    """Return the transcripts of the ``n`` genes that turn most, at most 8 a gene: those of the highest and lowest r.

    ``column`` is the place of the transcript in its gene by r, the highest first.
    """
    genes = turning_genes(view.polarity, n)
    half = TRANSCRIPTS_IN_A_ROW // 2
    place = pl.int_range(pl.len(), dtype=pl.Int64).over("gene_id")
    rows = (
        view.polarity.filter(pl.col("gene_id").is_in(genes), pl.col("r").is_not_nan())
        .with_columns(place=place, n_transcripts=pl.len().over("gene_id").cast(pl.Int64))
        .filter((pl.col("place") < half) | (pl.col("place") >= pl.col("n_transcripts") - half))
        .with_columns(column=place)
    )
    columns = ("gene_id", "transcript_id", "r", "qvalue", "switch_strength", "column", "n_transcripts")
    return _named(rows.select(columns), view)


def usage_rows(view: ModuleView, n: int = TOP_USAGE) -> pl.DataFrame:
    """Return the values along the eigengene of the transcripts of the ``n`` genes that turn most."""
    return _named(view.usage.filter(pl.col("gene_id").is_in(turning_genes(view.polarity, n))), view)


def _named(rows: pl.DataFrame, view: ModuleView) -> pl.DataFrame:
    named = rows.join(view.names, on="gene_id", how="left", validate="m:1", maintain_order="left")
    return named.with_columns(pl.coalesce("label", "gene_id").alias("label"))

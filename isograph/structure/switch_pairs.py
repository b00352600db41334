"""The switch pair of a gene: the transcript that rises and the one that falls."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from isograph.errors import InputError, examples
from isograph.ingest.table import GENE_NAMES, column_named, read_user_table
from isograph.results.fit import Fit
from isograph.store.artifact import MANIFEST

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


EXPLANATION_MANIFEST = "module_explanation_manifest.json"

POLARITY = "transcript_polarity_table.parquet"

UP_NAMES = ("transcript_up", "transcript_id_up", "isoform_id_up", "isoformupregulated")

DOWN_NAMES = ("transcript_down", "transcript_id_down", "isoform_id_down", "isoformdownregulated")

_POLARITY_COLUMNS = {"gene_id": pl.String(), "transcript_id": pl.String(), "r": pl.Float64()}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SwitchPairs:
    """Switch pairs and where they are from.

    Attributes
    ----------
    pairs : ``isograph.structure.switch_pairs.PAIR_COLUMNS``.
    source : ``table``, ``explanation`` or ``fit``.
    """

    pairs: pl.DataFrame
    source: str


def given_pairs(path: Path) -> SwitchPairs:
    """Return the pairs of a table: CSV, TSV (plain or gzipped) or parquet; repeated rows count once.

    Columns, in any case: the gene (``gene_id``), the transcript that rises (``transcript_up``, ``isoform_id_up`` or
    ``isoformUpregulated``) and the one that falls (the same with down).

    Raises
    ------
    InputError
        The table cannot be read, lacks a column or ids, or has a pair of one transcript.
    """
    table = read_user_table(path)
    wanted = {"gene_id": GENE_NAMES, "transcript_up": UP_NAMES, "transcript_down": DOWN_NAMES}
    found = {name: column_named(table.header, names) for name, names in wanted.items()}
    positions = [position for position in found.values() if position is not None]
    if len(positions) < len(wanted):
        lacking = examples(name for name, position in found.items() if position is None)
        raise InputError(path.name, [f"columns missing: {lacking}; found {examples(table.header, 8)}. Name them so."])
    rows = table.text(positions)
    rows.columns = list(wanted)
    problems = [f"rows without {name}: {missing}" for name in wanted if (missing := rows.get_column(name).null_count())]
    alike = rows.filter(pl.col("transcript_up") == pl.col("transcript_down"))
    if alike.height:
        genes = examples(alike.get_column("gene_id").drop_nulls())
        problems.append(f"rows whose two transcripts are the same: {alike.height}, of genes {genes}")
    if problems:
        raise InputError(path.name, problems)
    pairs = rows.unique(maintain_order=True)
    if pairs.height < rows.height:
        logger.info("%s: %d repeated rows count once", path.name, rows.height - pairs.height)
    empty = (
        pl.lit(None, pl.String).alias("module_id"),
        pl.lit(None, pl.Float64).alias("weight_up"),
        pl.lit(None, pl.Float64).alias("weight_down"),
    )
    return SwitchPairs(pairs.with_columns(empty).select(PAIR_COLUMNS), "table")


def derived_pairs(path: Path) -> SwitchPairs:
    """Return the pairs of a directory that ``isograph explain-module`` or ``isograph fit`` wrote.

    Raises
    ------
    InputError
        The directory is neither, is not whole, or a polarity table is not readable.
    """
    if (path / EXPLANATION_MANIFEST).is_file():
        return SwitchPairs(_explained_pairs(path), "explanation")
    if not (path / MANIFEST).is_file():
        raise InputError(
            str(path),
            [f"neither {MANIFEST} (of a fit) nor {EXPLANATION_MANIFEST}: no fit, no explanation, or an unfinished one"],
        )
    return SwitchPairs(_loading_pairs(Fit(path)), "fit")


def _explained_pairs(path: Path) -> pl.DataFrame:
    """Return for each gene of each module the transcript with the highest r against the one with the lowest."""
    files = sorted({*path.glob(f"*/{POLARITY}"), *path.glob(POLARITY)})
    problems: list[str] = []
    weights = [pl.LazyFrame(schema={"module_id": pl.String(), **_POLARITY_COLUMNS})]
    for file in files:
        table = _polarity(file, problems)
        module = pl.lit(file.resolve().parent.name).alias("module_id")
        weights.append(table.select(module, *_POLARITY_COLUMNS))
    if problems:
        raise InputError(str(path), problems)
    pairs = extreme_pairs(pl.concat(weights).rename({"r": "weight"})).collect(engine="in-memory")
    genes = pairs.get_column("gene_id")
    repeated = genes.filter(genes.is_duplicated()).unique(maintain_order=True)
    if repeated.len():
        raise InputError(str(path), [f"{repeated.len()} genes are in the tables of two modules: {examples(repeated)}"])
    return pairs


def _polarity(file: Path, problems: list[str]) -> pl.LazyFrame:
    where = f"{file.parent.name}/{file.name}"
    empty = pl.LazyFrame(schema=_POLARITY_COLUMNS)
    try:
        table = pl.read_parquet(file, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        problems.append(f"{where} is no readable parquet file: {str(error).splitlines()[0]}. Explain the module again.")
        return empty
    lacking = [name for name, dtype in _POLARITY_COLUMNS.items() if table.schema.get(name) != dtype]
    if lacking:
        problems.append(f"{where} lacks columns, or has them of another type: {examples(lacking)}")
        return empty
    return table.lazy()


def _loading_pairs(fit: Fit) -> pl.DataFrame:
    """Return for each gene with a switch feature the transcript with the largest loading against the smallest."""
    modules = fit.scan("modules").select("gene_id", "module_id")
    loadings = fit.scan("switch_loadings").rename({"loading": "weight"})
    weights = loadings.join(modules, on="gene_id", how="left", validate="m:1", maintain_order="left")
    return extreme_pairs(weights).collect(engine="in-memory")

"""The switch pair of a gene, the transcript that rises and the one that falls: read from a table, or derived."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from isograph.errors import InputError, examples
from isograph.ingest.table import GENE_NAMES, column_named, read_user_table
from isograph.results.fit import Fit
from isograph.schemas.explanation import TRANSCRIPT_POLARITY_TABLE
from isograph.store.artifact import MANIFEST
from isograph.store.explanation import EXPLANATION_MANIFEST

PAIR_COLUMNS = ("gene_id", "transcript_up", "transcript_down", "module_id", "weight_up", "weight_down")
UP_NAMES = ("transcript_up", "transcript_id_up", "isoform_id_up", "isoformupregulated")
DOWN_NAMES = ("transcript_down", "transcript_id_down", "isoform_id_down", "isoformdownregulated")
_POLARITY_FILE = f"{TRANSCRIPT_POLARITY_TABLE.name}.parquet"
_POLARITY_COLUMNS = {name: TRANSCRIPT_POLARITY_TABLE.schema[name] for name in ("gene_id", "transcript_id", "r")}

logger = logging.getLogger(__name__)


def read_pairs(path: Path) -> pl.DataFrame:
    """Return the pairs of a table: CSV, TSV (plain or gzipped) or parquet; repeated rows count once.

    Columns, in any case: the gene (``gene_id``), the transcript that rises (``transcript_up``, ``isoform_id_up`` or
    ``isoformUpregulated``) and the one that falls (the same with down). Returns ``PAIR_COLUMNS``, module and weights
    null.

    Raises
    ------
    InputError
        The table cannot be read, lacks a column or ids, or has a pair of one transcript.
    """
    table = read_user_table(path)
    names = {"gene_id": GENE_NAMES, "transcript_up": UP_NAMES, "transcript_down": DOWN_NAMES}
    positions = {name: column_named(table.header, spellings) for name, spellings in names.items()}
    if lacking := [name for name, position in positions.items() if position is None]:
        message = f"columns missing: {examples(lacking)}; found {examples(table.header, 8)}. Name them so."
        raise InputError(path.name, message)
    rows = table.text([position for position in positions.values() if position is not None])
    rows.columns = list(names)
    problems = [f"rows without {name}: {missing}" for name in names if (missing := rows.get_column(name).null_count())]
    alike = rows.filter(pl.col("transcript_up") == pl.col("transcript_down"))
    if alike.height:
        genes = examples(alike.get_column("gene_id").drop_nulls())
        problems.append(f"rows whose two transcripts are the same: {alike.height}, of genes {genes}")
    if problems:
        raise InputError(path.name, problems)
    pairs = rows.unique(maintain_order=True)
    if pairs.height < rows.height:
        logger.info("%s: %d repeated rows count once", path.name, rows.height - pairs.height)
    return pairs.with_columns(
        pl.lit(None, pl.String).alias("module_id"),
        pl.lit(None, pl.Float64).alias("weight_up"),
        pl.lit(None, pl.Float64).alias("weight_down"),
    ).select(PAIR_COLUMNS)


def derived_pairs(source: Path | Fit) -> tuple[pl.DataFrame, str]:
    """Return the pairs of an explanation or a fit, and which of the two it is.

    The pair of a gene is, in an explanation, the transcript with the highest r against the one with the lowest; in a
    fit the transcript with the largest loading against the one with the smallest.

    source: a fit, or the directory of a fit or of an explanation; one module of an explanation is enough.

    Raises
    ------
    InputError
        The directory is neither, is not whole, or a polarity table is not readable.
    """
    if isinstance(source, Fit):
        return _loading_pairs(source), "fit"
    if (source / EXPLANATION_MANIFEST).is_file():
        return _explained_pairs(source), "explanation"
    if not (source / MANIFEST).is_file():
        absent = f"neither {MANIFEST} (of a fit) nor {EXPLANATION_MANIFEST}"
        raise InputError(str(source), f"{absent}: no fit, no explanation, or an unfinished one")
    return _loading_pairs(Fit(source)), "fit"


def _loading_pairs(fit: Fit) -> pl.DataFrame:
    modules = fit.modules.select("gene_id", "module_id")
    loadings = fit.switch_loadings.rename({"loading": "weight"})
    weights = loadings.join(modules, on="gene_id", how="left", validate="m:1", maintain_order="left")
    return extreme_pairs(weights).collect(engine="in-memory")


def _explained_pairs(path: Path) -> pl.DataFrame:
    files = sorted({*path.glob(f"*/{_POLARITY_FILE}"), *path.glob(_POLARITY_FILE)})
    problems: list[str] = []
    weights = [pl.LazyFrame(schema={"module_id": pl.String(), **_POLARITY_COLUMNS})]
    for file in files:
        where = f"{file.parent.name}/{file.name}"
        try:
            polarity = pl.read_parquet(file, glob=False, hive_partitioning=False)
        except (pl.exceptions.PolarsError, OSError) as error:
            reason = str(error).splitlines()[0]
            problems.append(f"{where} is no readable parquet file: {reason}. Explain the module again.")
            continue
        if lacking := [name for name, dtype in _POLARITY_COLUMNS.items() if polarity.schema.get(name) != dtype]:
            problems.append(f"{where} lacks columns, or has them of another type: {examples(lacking)}")
            continue
        module_id = pl.lit(file.resolve().parent.name).alias("module_id")
        weights.append(polarity.lazy().select(module_id, *_POLARITY_COLUMNS))
    if problems:
        raise InputError(str(path), problems)
    pairs = extreme_pairs(pl.concat(weights).rename({"r": "weight"})).collect(engine="in-memory")
    genes = pairs.get_column("gene_id")
    repeated = genes.filter(genes.is_duplicated()).unique(maintain_order=True)
    if repeated.len():
        raise InputError(str(path), f"{repeated.len()} genes are in the tables of two modules: {examples(repeated)}")
    return pairs


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

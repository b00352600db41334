"""A table of two to four columns that says which gene a transcript belongs to, with or without a header."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from isograph.errors import InputError, examples
from isograph.ingest.table import Table, read_table, split_line

TRANSCRIPT_NAMES = (
    "transcript_id", "tx", "txname", "target_id", "name", "transcript", "tx_id", "tname",
    "feature_id", "isoform_id", "transcriptid", "ensembl_transcript_id", "ensembl_transcript_id_version",
    "transcript stable id", "transcript stable id version",
)  # fmt: skip
GENE_NAMES = (
    "gene_id", "geneid", "gene", "ensembl_gene_id", "ensembl_gene_id_version",
    "gene stable id", "gene stable id version",
)  # fmt: skip
GENE_SYMBOL_NAMES = (
    "gene_name", "gene_symbol", "symbol", "genename", "gene name", "external_gene_name", "hgnc_symbol",
)  # fmt: skip


def column_named(header: tuple[str, ...], names: tuple[str, ...]) -> int | None:
    """Return the position of the first of ``names`` that ``header`` has, whatever its case; None when it has none."""
    folded = [name.casefold() for name in header]
    return next((folded.index(name) for name in names if name in folded), None)


def read_tx2gene(path: Path) -> pl.DataFrame:
    """Return ``transcript_id``, ``gene_id`` and, where the table has it, ``gene_name``, in file order.

    Without a header the columns are transcript, gene and name, as nf-core and kb write them.

    Raises
    ------
    InputError
        The file is absent, damaged, has a single column, or lacks ids.
    """
    pairs = read_table(path, headed=False)
    positions = _positions(pairs.header if pairs.frame is not None else _first_line(pairs))
    if positions is not None:
        pairs = read_table(path)
        positions = _positions(pairs.header) or positions
    elif pairs.frame is None and len(pairs.header) > 1:
        positions = dict(zip(("transcript_id", "gene_id", "gene_name"), range(len(pairs.header)), strict=False))
    else:
        found = examples(pairs.header)
        advice = "Name them transcript_id and gene_id (and gene_name)."
        raise InputError(path.name, [f"no transcript and gene column; found {found}. {advice}"])
    genes = pairs.text(list(positions.values()))
    genes.columns = list(positions)
    missing = genes.filter(pl.col("transcript_id").is_null() | pl.col("gene_id").is_null()).height
    if missing == genes.height:
        raise InputError(path.name, ["no row has both a transcript and a gene id"])
    return genes.filter(pl.col("transcript_id").is_not_null(), pl.col("gene_id").is_not_null())


def _first_line(pairs: Table) -> tuple[str, ...]:
    return split_line(pairs.body.partition(b"\n")[0], pairs.separator)


def _positions(header: tuple[str, ...]) -> dict[str, int] | None:
    transcript = column_named(header, TRANSCRIPT_NAMES)
    gene = column_named(header, GENE_NAMES)
    if transcript is None or gene is None:
        return None
    positions = {"transcript_id": transcript, "gene_id": gene}
    symbol = column_named(header, GENE_SYMBOL_NAMES)
    return positions if symbol is None else positions | {"gene_name": symbol}

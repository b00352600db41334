"""A generic matrix: a row a transcript or gene and a column a sample, or one line a value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Index
from isograph.bundle.findings import repeated_values
from isograph.errors import InputError, examples
from isograph.ingest.quantification import Quantification
from isograph.ingest.samplesheet import SAMPLE_COLUMNS
from isograph.ingest.table import (
    GENE_NAMES,
    GENE_SYMBOL_NAMES,
    TRANSCRIPT_NAMES,
    UserTable,
    column_named,
    read_user_table,
)

# NOTE: of the names of transcript columns, these are used for genes too: the ids have to say.
NEUTRAL_NAMES = ("name", "feature_id")
_LONG_SAMPLE_NAMES = (*SAMPLE_COLUMNS, "group_id")
_LONG_VALUE_NAMES = ("count", "counts", "numreads", "est_counts", "expected_count", "num_reads", "value", "log_value")
_NORMALISED_NAMES = ("tpm", "fpkm", "rpkm", "cpm")
_ANNOTATION_NAMES = frozenset(
    {
        "length", "effective_length", "eff_length", "description", "chr", "chrom", "chromosome", "seqname", "start",
        "end", "strand", "biotype", "gene_biotype", "gene_type", "transcript_biotype", "transcript_type",
        "transcript_name", "n_exons", "num_exons", "entrez", "entrezid",
    }
)  # fmt: skip
_GENE_ID = r"^(ENS[A-Z]*G\d|FBgn\d|WBGene\d)"


def read_matrix(
    source: Path | UserTable, *, id_column: str | None, gene_column: str | None, scale: str
) -> Quantification:
    """Return a matrix, wide or long, of transcripts or of genes.

    ``id_column`` and ``gene_column`` name columns that are called something unusual. A matrix whose only id column is a
    gene id is one of genes. In a long table, a pair of feature and sample without a line is zero (log: missing).

    Raises
    ------
    InputError
        The file is damaged, has no id or sample column, or is transposed.
    UsageError
        ``id_column`` or ``gene_column`` is not one of its columns.
    """
    table = read_user_table(source)
    table.require_columns(id_column, gene_column)
    sample = column_named(table.header, _LONG_SAMPLE_NAMES)
    value = column_named(table.header, _LONG_VALUE_NAMES)
    if sample is not None and value is not None:
        return _read_long(table, _ids(table, id_column, gene_column), sample, value, scale)
    if sample is not None and column_named(table.header, _NORMALISED_NAMES) is not None:
        columns = examples(table.header)
        raise InputError(table.name, f"has normalised values and no count column; found {columns}. Add the counts.")
    if sample == 0:
        raise InputError(
            table.name,
            f"is transposed: its first column is '{table.header[0]}' and its other columns are features "
            f"({examples(table.header[1:], 3)}). Rows must be transcripts or genes, and columns samples.",
        )
    return read_wide(table, id_column=id_column, gene_column=gene_column, scale=scale)


def read_wide(
    table: UserTable, *, id_column: str | None = None, gene_column: str | None = None, scale: str = "counts"
) -> Quantification:
    """Return a wide matrix; every column that is no id and no known annotation is a sample.

    Raises
    ------
    InputError
        There is no sample column, or one has no name.
    """
    feature, gene = _ids(table, id_column, gene_column)
    level = "transcript"
    if feature is None or feature == gene or (gene is None and _names_genes(table, feature, scale)):
        # NOTE: without a feature column, the first column is that of the genes.
        feature, gene, level = feature or 0, None, "gene"
    gene_name = column_named(table.header, GENE_SYMBOL_NAMES)
    gene_name = None if gene_name in (feature, gene) else gene_name
    rest = [position for position in range(len(table.header)) if position not in (feature, gene, gene_name)]
    ignored = [position for position in rest if table.header[position].casefold() in _ANNOTATION_NAMES]
    samples = [position for position in rest if position not in ignored]
    if not samples:
        question = " Is it CSV or TSV?" if table.frame is None else ""
        raise InputError(table.name, f"no sample columns; found {examples(table.header)}.{question}")
    unnamed = [str(position + 1) for position in samples if not table.header[position]]
    if unnamed:
        raise InputError(table.name, f"columns without a name: {len(unnamed)} (number {', '.join(unnamed[:5])})")
    values, violations = table.numbers(samples)
    note = f"columns left out as annotation: {', '.join(table.header[position] for position in ignored)}"
    return Quantification(
        format="matrix",
        level=level,
        feature_ids=table.column(feature),
        values=values,
        sample_names=tuple(table.header[position] for position in samples),
        gene_ids=None if gene is None else table.column(gene),
        gene_names=None if gene_name is None else table.column(gene_name),
        files=(table.name,),
        violations=tuple(violations),
        notes=(note,) if ignored else (),
    )


def _read_long(
    table: UserTable, ids: tuple[int | None, int | None], sample: int, value: int, scale: str
) -> Quantification:
    feature, gene = ids
    level = "gene" if feature is None or feature == gene else "transcript"
    feature = gene if feature is None else feature
    if feature is None:
        raise InputError(table.name, f"no transcript_id or gene_id column; found {examples(table.header)}")
    cells, violations = table.numbers([value])
    keys = table.text([feature, sample])
    feature_ids, sample_names = keys.to_series(0), keys.to_series(1)
    if feature_ids.null_count() or sample_names.null_count():
        n_missing = keys.filter(pl.any_horizontal(pl.all().is_null())).height
        raise InputError(table.name, f"lines without a feature id or a sample id: {n_missing}")
    repeated = keys.filter(keys.is_duplicated()).unique(maintain_order=True)
    if repeated.height:
        pairs = (f"{feature_id} in {name}" for feature_id, name in repeated.head(6).iter_rows())
        violations.append(f"pairs of feature and sample with several lines: {repeated.height} ({examples(pairs)})")
    features, samples = (key.unique(maintain_order=True) for key in (feature_ids, sample_names))
    values = np.full((features.len(), samples.len()), np.nan if scale == "log" else 0.0)
    values[_codes(feature_ids, features), _codes(sample_names, samples)] = cells[:, 0]
    genes = None
    if level == "transcript" and gene is not None:
        gene_of = pl.DataFrame({"id": feature_ids, "gene": table.column(gene)}).unique(maintain_order=True)
        genes = gene_of.unique("id", keep="first", maintain_order=True).get_column("gene")
        if (ambiguous := repeated_values(gene_of.get_column("id"))).len():
            violations.append(f"transcripts with more than one gene: {ambiguous.len()} ({examples(ambiguous)})")
    n_absent = values.size - keys.n_unique()
    taken_as = "missing" if scale == "log" else "zero"
    return Quantification(
        format="matrix",
        level=level,
        feature_ids=features,
        values=values,
        sample_names=tuple(samples),
        gene_ids=genes,
        files=(table.name,),
        violations=tuple(violations),
        notes=(f"pairs of feature and sample without a line, taken as {taken_as}: {n_absent}",) if n_absent else (),
    )


def _codes(keys: pl.Series, levels: pl.Series) -> Index:
    return keys.cast(pl.Enum(levels)).to_physical().to_numpy()


def _ids(table: UserTable, id_column: str | None, gene_column: str | None) -> tuple[int | None, int | None]:
    """Return the positions of the feature and the gene column; without the first, the genes are the features."""
    gene = table.header.index(gene_column) if gene_column else column_named(table.header, GENE_NAMES)
    if id_column:
        return table.header.index(id_column), gene
    feature = column_named(table.header, TRANSCRIPT_NAMES)
    if feature is None and gene != 0:
        feature = 0
    return feature, gene


def _names_genes(table: UserTable, feature: int, scale: str) -> bool:
    name = table.header[feature].casefold()
    if name in TRANSCRIPT_NAMES and name not in NEUTRAL_NAMES:
        return False
    ids = table.column(feature).drop_nulls()
    return scale == "log" or int(ids.str.contains(_GENE_ID).sum()) * 2 > ids.len()

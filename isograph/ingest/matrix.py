"""A generic matrix: a row a transcript or gene and a column a sample, or one line a value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Index
from isograph.bundle.findings import repeated_values
from isograph.errors import InputError, examples, option
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
from isograph.ingest.tool_output import is_feature_counts, names_of_alignments, refuse_tool_output

# NOTE: of the names of transcript columns, these are used for genes too: the ids have to say.
NEUTRAL_NAMES = ("name", "feature_id")
_LONG_SAMPLE_NAMES = (*SAMPLE_COLUMNS, "group_id")
_LONG_VALUE_NAMES = ("count", "counts", "numreads", "est_counts", "expected_count", "num_reads", "value", "log_value")
_NORMALISED_NAMES = ("tpm", "fpkm", "rpkm", "cpm")
_LONG_TPM_NAMES = ("tpm", "value")
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
        The file is damaged, has no id or sample column, is transposed, or is a quantifier's own output for one sample.
    UsageError
        ``id_column`` or ``gene_column`` is not one of its columns.
    """
    table = read_user_table(source)
    table.require_columns(id_column, gene_column)
    sample = column_named(table.header, _LONG_SAMPLE_NAMES)
    value = column_named(table.header, _LONG_TPM_NAMES if scale == "tpm" else _LONG_VALUE_NAMES)
    if sample is not None and value is not None:
        return _read_long(table, _ids(table, id_column, gene_column), sample, value, scale)
    if sample is not None and column_named(table.header, _NORMALISED_NAMES) is not None:
        columns = examples(table.header)
        advice = f"Add the counts, or pass {option('scale', 'tpm')} for a column of TPM."
        raise InputError(table.name, f"has normalised values and no count column; found {columns}. {advice}")
    refuse_tool_output(table.name, table.header)
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
    if feature == gene or (gene is None and _names_genes(table, feature, scale)):
        gene, level = None, "gene"
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
    notes = []
    if ignored:
        notes.append(f"columns left out as annotation: {', '.join(table.header[position] for position in ignored)}")
    sample_names = tuple(table.header[position] for position in samples)
    if is_feature_counts(table.header):
        notes.append("output of featureCounts: samples are called by their alignment files, without path and suffix")
        sample_names = names_of_alignments(sample_names)
    return Quantification(
        format="matrix",
        level=level,
        feature_ids=table.column(feature),
        values=values,
        sample_names=sample_names,
        gene_ids=None if gene is None else table.column(gene),
        gene_names=None if gene_name is None else table.column(gene_name),
        files=(table.name,),
        violations=tuple(violations),
        notes=tuple(notes),
    )


def _read_long(table: UserTable, ids: tuple[int, int | None], sample: int, value: int, scale: str) -> Quantification:
    feature, gene = ids
    level = "gene" if feature == gene else "transcript"
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


def _ids(table: UserTable, id_column: str | None, gene_column: str | None) -> tuple[int, int | None]:
    """Return the positions of the feature and of the gene column; they are one where rows are genes."""
    gene = table.header.index(gene_column) if gene_column else column_named(table.header, GENE_NAMES)
    if id_column:
        return table.header.index(id_column), gene
    feature = column_named(table.header, TRANSCRIPT_NAMES)
    if feature is not None:
        return feature, gene
    # NOTE: rows called by symbols are genes; an id of the gene in another column is the better name of the row.
    if table.header[0].casefold() in GENE_SYMBOL_NAMES:
        gene = gene or 0
        return gene, gene
    return 0, gene


def _names_genes(table: UserTable, feature: int, scale: str) -> bool:
    name = table.header[feature].casefold()
    if name in TRANSCRIPT_NAMES and name not in NEUTRAL_NAMES:
        return False
    ids = table.column(feature).drop_nulls()
    return scale == "log" or int(ids.str.contains(_GENE_ID).sum()) * 2 > ids.len()

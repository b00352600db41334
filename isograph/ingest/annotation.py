"""Which gene every quantified transcript belongs to, and where that is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from isograph.config import ImportConfig
from isograph.errors import InputError, examples, option
from isograph.ingest.gtf import read_gtf
from isograph.ingest.identifiers import SENTENCES, GeneMatch, annotated_ids, match_genes
from isograph.ingest.quantification import Quantification
from isograph.ingest.table import (
    GENE_NAMES,
    GENE_SYMBOL_NAMES,
    TRANSCRIPT_NAMES,
    UserTable,
    column_named,
    read_user_table,
    split_line,
)

# NOTE: annotations always lack a few transcripts; above these shares the wrong annotation is likelier.
FEW_TRANSCRIPTS = 0.02
FEW_READS = 0.01


@dataclass(frozen=True, slots=True)
class Assignment:
    """Genes of the features of a quantification.

    Attributes
    ----------
    gene_ids : (n_features,), null where none is known; the feature ids themselves when features are genes.
    gene_names : (n_features,), None where no name is known at all.
    facts : for the report.
    violations, warnings, notes : sentences.
    """

    gene_ids: pl.Series
    gene_names: pl.Series | None
    facts: Mapping[str, Any]
    violations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def assigned_genes(quantified: Quantification, tx2gene: Path | UserTable | None, config: ImportConfig) -> Assignment:
    """Return the gene of every feature: from a gene column, ``tx2gene``, ``gtf``, or a map beside the quantification.

    Raises
    ------
    InputError
        Nothing says which gene a transcript belongs to, the map is damaged, or it contradicts itself.
    """
    gene_map, origin, name = None, "", ""
    if tx2gene is not None:
        gene_map, origin, name = read_tx2gene(tx2gene), option("tx2gene"), tx2gene.name
    elif config.gtf is not None:
        gene_map, origin, name = read_gtf(config.gtf), option("gtf"), config.gtf.name
    elif quantified.tx2gene is not None:
        gene_map, name = read_tx2gene(quantified.tx2gene), quantified.tx2gene.name
        origin = "tx2gene beside the quantification"
    if quantified.level == "gene" or quantified.gene_ids is not None:
        return _from_column(quantified, gene_map, name, drop_unmatched=config.drop_unmatched)
    if gene_map is None or "transcript_id" not in gene_map.columns:
        names_only = f"{name} has genes and no transcripts: it gives symbols alone. " if gene_map is not None else ""
        raise InputError(
            quantified.files[0],
            f"nothing says which gene a transcript belongs to. {names_only}Give {option('tx2gene', 'TABLE')} or "
            f"{option('gtf', 'FILE')}, or a matrix with a gene_id column ({option('gene_column', 'NAME')}). "
            "For rows that are genes, call the id column gene_id.",
        )
    match = match_genes(quantified.feature_ids, gene_map, strip=config.strip, name=name)
    return _from_map(quantified, match, {"from": origin, "file": name}, drop_unmatched=config.drop_unmatched)


def read_tx2gene(source: Path | UserTable) -> pl.DataFrame:
    """Return ``transcript_id``, ``gene_id`` and, where the table has it, ``gene_name``, in file order.

    Without a header the columns are transcript, gene and name, as nf-core and kb write them. A table whose header has a
    gene id and a gene name, and no transcript, gives symbols of genes: ``gene_id`` and ``gene_name``.

    Raises
    ------
    InputError
        The file is absent, damaged, has a single column, or lacks ids.
    """
    pairs = read_user_table(source, headed=False)
    has_header = pairs.frame is not None
    positions = _positions(pairs.header if has_header else split_line(pairs.body.partition(b"\n")[0], pairs.separator))
    if positions is not None:
        pairs = read_user_table(source)
        positions = _positions(pairs.header) or positions
    elif not has_header and len(pairs.header) > 1:
        positions = dict(zip(("transcript_id", "gene_id", "gene_name"), range(len(pairs.header)), strict=False))
    else:
        advice = "Name them transcript_id and gene_id (and gene_name)."
        raise InputError(pairs.name, f"no transcript and gene column; found {examples(pairs.header)}. {advice}")
    genes = pairs.text(list(positions.values()))
    genes.columns = list(positions)
    keys, noun = ["transcript_id", "gene_id"], "a transcript and a gene id"
    if "transcript_id" not in positions:
        keys, noun = ["gene_id", "gene_name"], "a gene id and a gene name"
    genes = genes.drop_nulls(keys)
    if not genes.height:
        raise InputError(pairs.name, f"no row has both {noun}")
    return genes


def _positions(header: tuple[str, ...]) -> dict[str, int] | None:
    names = {"transcript_id": TRANSCRIPT_NAMES, "gene_id": GENE_NAMES, "gene_name": GENE_SYMBOL_NAMES}
    positions = {column: column_named(header, known) for column, known in names.items()}
    named = {column: position for column, position in positions.items() if position is not None}
    return named if {"transcript_id", "gene_id"} <= named.keys() or {"gene_id", "gene_name"} <= named.keys() else None


def _from_column(
    quantified: Quantification, gene_map: pl.DataFrame | None, map_name: str, *, drop_unmatched: bool
) -> Assignment:
    """Return the genes that the quantification states; a map gives names of genes only."""
    genes = quantified.feature_ids if quantified.gene_ids is None else quantified.gene_ids
    names, notes = quantified.gene_names, []
    if names is None and gene_map is not None and "gene_name" in gene_map.columns:
        names, note = _symbols(genes, gene_map.select("gene_id", "gene_name").drop_nulls(), map_name)
        notes = [note]
    violations, warnings = [], []
    if quantified.gene_ids is not None and genes.null_count():
        without = quantified.feature_ids.filter(genes.is_null())
        sentence = f"transcripts without a gene: {without.len()} of {genes.len()} ({examples(without)})"
        if drop_unmatched:
            warnings = [f"left out: {sentence}"]
        else:
            remedy = f"Fill in their genes, or pass {option('drop_unmatched', value=True)} to leave them out."
            violations = [f"{sentence}. {remedy}"]
    return Assignment(
        gene_ids=genes.alias("gene_id"),
        gene_names=names if names is not None and names.count() else quantified.gene_names,
        facts={"from": "gene column", "n_without_gene": genes.null_count()},
        violations=tuple(violations),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


def _symbols(genes: pl.Series, named: pl.DataFrame, map_name: str) -> tuple[pl.Series, str]:
    """Return the symbol of every gene, null where ``named`` has none, and how many were found under which rule."""
    known = named.unique("gene_id", keep="first", maintain_order=True)
    quantified = genes.drop_nulls().unique(maintain_order=True)
    ids, rule = annotated_ids(quantified, known.get_column("gene_id"))
    partner = pl.DataFrame({"gene_id": quantified, "known": ids})
    partners = (
        genes.alias("gene_id").to_frame().join(partner, on="gene_id", how="left", validate="m:1", maintain_order="left")
    )
    names = first_names(partners.get_column("known"), known)
    how = f", {SENTENCES[rule]}" if rule not in ("", "none") else ""
    return names, f"{map_name} gave names of {ids.count()} of {quantified.len()} genes{how}, and nothing else"


def first_names(gene_ids: pl.Series, named: pl.DataFrame) -> pl.Series:
    """Return the first name of every gene in ``named`` (``gene_id``, ``gene_name``), null where it has none."""
    names = named.unique("gene_id", keep="first", maintain_order=True)
    genes = gene_ids.alias("gene_id").to_frame()
    return genes.join(names, on="gene_id", how="left", validate="m:1", maintain_order="left").get_column("gene_name")


def _from_map(
    quantified: Quantification, match: GeneMatch, source: Mapping[str, str], *, drop_unmatched: bool
) -> Assignment:
    """Return the genes of a map; ``source`` says for the report which one it is."""
    has_no_gene = match.gene_ids.is_null().to_numpy()
    n_without = int(has_no_gene.sum())
    total = float(np.nansum(quantified.values))
    reads = float(np.nansum(quantified.values[has_no_gene])) / total if total else 0.0
    warnings, violations, notes = [], [], []
    if match.overlap.rule != "none":
        notes.append(
            f"transcript ids were matched under the rule '{match.overlap.rule}': "
            f"{100 * match.as_is.share:.1f} % → {100 * match.overlap.share:.1f} % have a gene"
        )
    if n_without:
        lost = f"transcripts without a gene: {n_without} of {has_no_gene.size}, with {100 * reads:.2f} % of the reads"
        few = n_without <= FEW_TRANSCRIPTS * has_no_gene.size and reads <= FEW_READS
        if match.overlap.quantified_matched and (few or drop_unmatched):
            warnings.append(f"left out: {lost} ({examples(quantified.feature_ids.filter(match.gene_ids.is_null()))})")
        else:
            violations.append(f"{lost}. {match.advice}")
    return Assignment(
        gene_ids=match.gene_ids,
        gene_names=match.gene_names,
        facts={
            **source,
            "rule": match.overlap.rule,
            "overlap": asdict(match.overlap),
            "overlap_as_is": asdict(match.as_is),
            "n_without_gene": n_without,
            "reads_without_gene": round(reads, 6),
        },
        violations=tuple(violations),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )

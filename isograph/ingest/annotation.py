"""Which gene every quantified transcript belongs to, and where that is known from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from isograph.config import ImportConfig
from isograph.errors import InputError, examples
from isograph.ingest.gtf import read_gtf
from isograph.ingest.identifiers import Matched, match_genes
from isograph.ingest.quantification import Quantification
from isograph.ingest.tx2gene import read_tx2gene

# NOTE: annotations always lack a few transcripts; above these shares the wrong annotation is likelier.
FEW_TRANSCRIPTS = 0.02
FEW_READS = 0.01
_DROP = "Fill in their genes, or pass --drop-unmatched to leave them out."


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
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Map:
    option: str
    name: str
    genes: pl.DataFrame


def assigned_genes(quantified: Quantification, config: ImportConfig) -> Assignment:
    """Return the gene of every feature: from a gene column, ``--tx2gene``, ``--gtf``, or a map beside it.

    Raises
    ------
    InputError
        Nothing says which gene a transcript belongs to, the map is damaged, or it contradicts itself.
    """
    known = _read_map(quantified, config)
    if quantified.level == "gene" or quantified.gene_ids is not None:
        return _from_column(quantified, known, drop_unmatched=config.drop_unmatched)
    if known is None:
        raise InputError(
            quantified.files[0],
            [
                (
                    "nothing says which gene a transcript belongs to. Give --tx2gene TABLE or --gtf FILE, or a matrix "
                    "with a gene_id column (--gene-column NAME). For rows that are genes, call the id column gene_id."
                )
            ],
        )
    matched = match_genes(quantified.feature_ids, known.genes, strip=config.strip, name=known.name)
    facts = {
        "from": known.option,
        "file": known.name,
        "rule": matched.overlap.rule,
        "overlap": matched.overlap.to_dict(),
        "overlap_as_is": matched.as_is.to_dict(),
    }
    return _checked(quantified, config, matched, facts)


def _read_map(quantified: Quantification, config: ImportConfig) -> _Map | None:
    if config.tx2gene is not None:
        return _Map("--tx2gene", config.tx2gene.name, read_tx2gene(config.tx2gene))
    if config.gtf is not None:
        return _Map("--gtf", config.gtf.name, read_gtf(config.gtf))
    if quantified.tx2gene is not None:
        return _Map("tx2gene beside the quantification", quantified.tx2gene.name, read_tx2gene(quantified.tx2gene))
    return None


def _from_column(quantified: Quantification, known: _Map | None, *, drop_unmatched: bool) -> Assignment:
    genes = quantified.feature_ids if quantified.gene_ids is None else quantified.gene_ids
    names, notes = quantified.gene_names, []
    if names is None and known is not None and "gene_name" in known.genes.columns:
        names = _names_by_gene(genes, known.genes)
        notes = [f"{known.name} gave gene names only: the quantification says which gene a row belongs to"]
    lost = []
    if quantified.gene_ids is not None and genes.null_count():
        without = quantified.feature_ids.filter(genes.is_null())
        lost = [f"transcripts without a gene: {without.len()} of {genes.len()} ({examples(without)})"]
    return Assignment(
        gene_ids=genes.alias("gene_id"),
        gene_names=names,
        facts={"from": "gene column", "n_without_gene": genes.null_count()},
        violations=() if drop_unmatched else tuple(f"{line}. {_DROP}" for line in lost),
        warnings=tuple(f"left out: {line}" for line in lost) if drop_unmatched else (),
        notes=tuple(notes),
    )


def _names_by_gene(genes: pl.Series, known: pl.DataFrame) -> pl.Series | None:
    named = known.select("gene_id", "gene_name").drop_nulls().unique("gene_id", keep="first", maintain_order=True)
    found = (
        genes.alias("gene_id").to_frame().join(named, on="gene_id", how="left", validate="m:1", maintain_order="left")
    )
    names = found.get_column("gene_name")
    return names if names.count() else None


def _checked(quantified: Quantification, config: ImportConfig, matched: Matched, facts: dict[str, Any]) -> Assignment:
    without = matched.gene_ids.is_null().to_numpy()
    n_without = int(without.sum())
    total = float(np.nansum(quantified.values))
    reads = float(np.nansum(quantified.values[without])) / total if total else 0.0
    facts |= {"n_without_gene": n_without, "reads_without_gene": round(reads, 6)}
    warnings, violations, notes = [], [], []
    rule = matched.overlap.rule
    if rule != "none":
        notes.append(
            f"transcript ids were matched under the rule '{rule}': "
            f"{100 * matched.as_is.share:.1f} % → {100 * matched.overlap.share:.1f} % have a gene"
        )
    if n_without:
        lost = f"transcripts without a gene: {n_without} of {without.size}, with {100 * reads:.2f} % of the reads"
        few = n_without <= FEW_TRANSCRIPTS * without.size and reads <= FEW_READS
        if matched.overlap.quantified_matched and (few or config.drop_unmatched):
            shown = examples(quantified.feature_ids.filter(matched.gene_ids.is_null()))
            warnings.append(f"left out: {lost} ({shown})")
        else:
            violations.append(f"{lost}. {matched.advice}")
    return Assignment(
        gene_ids=matched.gene_ids,
        gene_names=matched.gene_names,
        facts=facts,
        violations=tuple(violations),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )

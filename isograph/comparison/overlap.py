"""How far two divisions of genes into modules are the same, whatever their modules are called.

A division is a mapping from gene to module. A gene that is in no module is not in the mapping.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix
from isograph.stats import adjusted_rand, normalised_information

MIN_SAMPLES = 3
MIN_JACCARD = 0.1
OVERLAP_SCHEMA = {
    "reference": pl.String(),
    "candidate": pl.String(),
    "n_genes": pl.Int64(),
    "n_reference": pl.Int64(),
    "n_candidate": pl.Int64(),
    "jaccard": pl.Float64(),
    "pvalue": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Division:
    """One division of genes.

    Attributes
    ----------
    module_of : gene → module.
    genes : every gene that could have been put in a module.
    """

    module_of: Mapping[str, str]
    genes: frozenset[str]


def module_overlaps(reference: Division, candidate: Division) -> pl.DataFrame:
    """Return the cross-tabulation: one row per pair of modules that share a gene; null stands for no module.

    ``n_reference``, ``n_candidate``: genes of the module. ``jaccard``: shared genes over genes of either. ``pvalue``:
    hypergeometric chance of sharing as many genes of those that both could have put in a module. Both are null where
    one side is no module. Ordered by reference, candidate, no module last.
    """
    both = sorted(set(reference.module_of) | set(candidate.module_of))
    cells = (
        pl.DataFrame(
            {
                "reference": [reference.module_of.get(gene) for gene in both],
                "candidate": [candidate.module_of.get(gene) for gene in both],
            },
            schema={"reference": pl.String, "candidate": pl.String},
        )
        .group_by("reference", "candidate", maintain_order=True)
        .len("n_genes")
        .with_columns(
            n_genes=pl.col("n_genes").cast(pl.Int64),
            n_reference=pl.col("n_genes").sum().over("reference").cast(pl.Int64),
            n_candidate=pl.col("n_genes").sum().over("candidate").cast(pl.Int64),
        )
        .sort("reference", "candidate", nulls_last=True)
    )
    shared = pl.col("n_genes")
    is_pair = pl.col("reference").is_not_null() & pl.col("candidate").is_not_null()
    jaccard = pl.when(is_pair).then(shared / (pl.col("n_reference") + pl.col("n_candidate") - shared))
    pvalues = _chances(cells, reference, candidate)
    return cells.with_columns(jaccard=jaccard, pvalue=pvalues).select(
        pl.col(name).cast(dtype) for name, dtype in OVERLAP_SCHEMA.items()
    )


def _chances(cells: pl.DataFrame, reference: Division, candidate: Division) -> pl.Series:
    """Return P(X ≥ shared), X hypergeometric over the genes that both know of."""
    from scipy.stats import hypergeom

    universe = reference.genes & candidate.genes
    first, second = (_sizes(division, universe) for division in (reference, candidate))
    known = [(row[0], row[1]) if None not in row[:2] else None for row in cells.iter_rows()]
    shared = _sizes_of_pairs(reference, candidate, universe)
    drawn = [pair for pair in known if pair is not None]
    values = iter(
        hypergeom.sf(
            np.array([shared.get(pair, 0) for pair in drawn]) - 1,
            len(universe),
            np.array([first.get(pair[0], 0) for pair in drawn]),
            np.array([second.get(pair[1], 0) for pair in drawn]),
        )
        if drawn
        else ()
    )
    return pl.Series([None if pair is None else float(next(values)) for pair in known], dtype=pl.Float64)


def _sizes(division: Division, universe: Iterable[str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for gene in universe:
        if gene in division.module_of:
            sizes[division.module_of[gene]] = sizes.get(division.module_of[gene], 0) + 1
    return sizes


def _sizes_of_pairs(one: Division, other: Division, universe: Iterable[str]) -> dict[tuple[str, str], int]:
    sizes: dict[tuple[str, str], int] = {}
    for gene in universe:
        if gene in one.module_of and gene in other.module_of:
            pair = (one.module_of[gene], other.module_of[gene])
            sizes[pair] = sizes.get(pair, 0) + 1
    return sizes


def matched_modules(overlaps: pl.DataFrame) -> dict[str, str]:
    """Return candidate module → reference module: one to one, the pair of the largest Jaccard index first.

    Modules with a Jaccard index below 0.1 are not matched: a gene or two in common make no module the same. Ties go to
    the pair that shares more genes, then to the first in order of name.
    """
    pairs = overlaps.filter(pl.col("jaccard") >= MIN_JACCARD).sort(
        -pl.col("jaccard"), -pl.col("n_genes"), "reference", "candidate"
    )
    matched: dict[str, str] = {}
    taken: set[str] = set()
    for reference, candidate in pairs.select("reference", "candidate").iter_rows():
        if candidate not in matched and reference not in taken:
            matched[candidate] = reference
            taken.add(reference)
    return matched


def division_agreement(reference: Division, candidate: Division) -> dict[str, float | int | None]:
    """Return sizes and agreement of two divisions; names of modules play no part.

    ``ari``, ``nmi``: adjusted Rand index and normalised mutual information over the genes in a module of both; None
    where there is none. ``ari_of_all``: adjusted Rand index over the genes in a module of either, a gene in none being
    a module of its own; None where there is none.
    """
    genes = sorted(set(reference.module_of) | set(candidate.module_of))
    one, other = (_numbers(division, genes) for division in (reference, candidate))
    both = (one >= 0) & (other >= 0)
    return {
        "n_modules_reference": len(set(reference.module_of.values())),
        "n_modules_candidate": len(set(candidate.module_of.values())),
        "n_genes_reference": len(reference.module_of),
        "n_genes_candidate": len(candidate.module_of),
        "n_genes_in_both": int(both.sum()),
        "n_genes_known_to_both": len(reference.genes & candidate.genes),
        "ari": adjusted_rand(one[both], other[both]) if both.any() else None,
        "nmi": normalised_information(one[both], other[both]) if both.any() else None,
        "ari_of_all": adjusted_rand(_singled(one), _singled(other)) if genes else None,
    }


def _numbers(division: Division, genes: list[str]) -> Index:
    number: dict[str, int] = {}
    return np.array(
        [
            number.setdefault(division.module_of[gene], len(number)) if gene in division.module_of else -1
            for gene in genes
        ],
        dtype=np.int64,
    )


def _singled(numbers: Index) -> Index:
    """Return the numbers with every −1 replaced by one of its own."""
    return np.where(numbers >= 0, numbers, len(numbers) + np.arange(len(numbers)))


def eigengene_correlations(reference: pl.DataFrame, candidate: pl.DataFrame) -> pl.DataFrame:
    """Return Pearson r of every reference with every candidate eigengene over the samples of both.

    reference, candidate: ``eigengenes`` tables. The result has ``reference``, ``candidate``, ``r``, ``n_samples``; r is
    null with fewer than 3 samples or where an eigengene does not vary over them.
    """
    samples = sorted(set(reference.get_column("sample_id")) & set(candidate.get_column("sample_id")))
    (first, one), (second, other) = (_standardised(table, samples) for table in (reference, candidate))
    r = np.clip(one @ other.T, -1.0, 1.0) if len(samples) >= MIN_SAMPLES else np.full((len(one), len(other)), np.nan)
    return pl.DataFrame(
        {
            "reference": [name for name in first for _ in second],
            "candidate": [name for _ in first for name in second],
            "r": pl.Series(r.reshape(-1), dtype=pl.Float64).fill_nan(None),
            "n_samples": [len(samples)] * r.size,
        },
        schema={"reference": pl.String, "candidate": pl.String, "r": pl.Float64, "n_samples": pl.Int64},
    )


def _standardised(eigengenes: pl.DataFrame, samples: list[str]) -> tuple[list[str], Matrix]:
    """Return module names and (n_modules, n_samples) values: mean 0, sum of squares 1, NaN where they do not vary."""
    column = {sample: number for number, sample in enumerate(samples)}
    names = eigengenes.get_column("module_id").unique(maintain_order=True).to_list()
    row = {name: number for number, name in enumerate(names)}
    values = np.full((len(names), len(samples)), np.nan)
    for name, sample, value in eigengenes.select("module_id", "sample_id", "eigengene").iter_rows():
        if sample in column:
            values[row[name], column[sample]] = value
    if samples:
        values -= values.mean(axis=1, keepdims=True)
    length = np.sqrt((values * values).sum(axis=1, keepdims=True))
    return names, np.divide(values, length, out=np.full_like(values, np.nan), where=length > 1e-12)

"""How far the modules of two results are the same, whatever they are called: shared genes and eigengenes."""

from __future__ import annotations

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.comparison.operand import GeneModules
from isograph.stats import label_numbers, labelling_agreement, unit_rows

MIN_SAMPLES = 3
MIN_JACCARD = 0.1
# NOTE: an eigengene whose values differ by rounding only does not vary.
FLAT = 1e-12
OVERLAP_SCHEMA = {
    "reference": pl.String(),
    "candidate": pl.String(),
    "n_genes": pl.Int64(),
    "n_reference": pl.Int64(),
    "n_candidate": pl.Int64(),
    "jaccard": pl.Float64(),
    "pvalue": pl.Float64(),
}


def module_overlaps(reference: GeneModules, candidate: GeneModules) -> pl.DataFrame:
    """Return the cross-tabulation: one row per pair of modules that share a gene; null stands for no module.

    ``n_reference``, ``n_candidate``: genes of the module. ``jaccard``: shared genes over genes of either. ``pvalue``:
    hypergeometric chance of sharing as many genes of those that both could have put in a module. Both are null where
    one of the two is no module. Ordered by reference, candidate, no module last.
    """
    from scipy.stats import hypergeom

    genes = sorted(reference.module_of.keys() | candidate.module_of.keys())
    known_to_both = reference.genes & candidate.genes
    rows = pl.DataFrame(
        {
            "reference": [reference.module_of.get(gene) for gene in genes],
            "candidate": [candidate.module_of.get(gene) for gene in genes],
            "known": [gene in known_to_both for gene in genes],
        },
        schema={"reference": pl.String, "candidate": pl.String, "known": pl.Boolean},
    )
    counts = pl.col("n_genes", "n_known")
    cells = (
        rows.group_by("reference", "candidate", maintain_order=True)
        .agg(n_genes=pl.len().cast(pl.Int64), n_known=pl.col("known").sum().cast(pl.Int64))
        .with_columns(
            counts.sum().over("reference").name.suffix("_reference"),
            counts.sum().over("candidate").name.suffix("_candidate"),
        )
        .rename({"n_genes_reference": "n_reference", "n_genes_candidate": "n_candidate"})
        .sort("reference", "candidate", nulls_last=True)
    )
    is_pair = pl.col("reference").is_not_null() & pl.col("candidate").is_not_null()
    chance = hypergeom.sf(
        cells.get_column("n_known").to_numpy() - 1,
        len(known_to_both),
        cells.get_column("n_known_reference").to_numpy(),
        cells.get_column("n_known_candidate").to_numpy(),
    )
    return cells.with_columns(
        jaccard=pl.col("n_genes") / (pl.col("n_reference") + pl.col("n_candidate") - pl.col("n_genes")),
        pvalue=pl.Series(chance, dtype=pl.Float64),
    ).select(
        pl.when(is_pair).then(name).cast(dtype).alias(name) if name in ("jaccard", "pvalue") else pl.col(name)
        for name, dtype in OVERLAP_SCHEMA.items()
    )


def matched_modules(overlaps: pl.DataFrame) -> dict[str, str]:
    """Return candidate module → reference module: one to one, the pair of the largest Jaccard index first.

    Modules with a Jaccard index below 0.1 are not matched: a gene or two in common make no module the same. Ties go to
    the pair that shares more genes, then to the first in order of name.
    """
    pairs = overlaps.filter(pl.col("jaccard") >= MIN_JACCARD).sort(
        -pl.col("jaccard"), -pl.col("n_genes"), "reference", "candidate"
    )
    matched: dict[str, str] = {}
    for reference, candidate in pairs.select("reference", "candidate").iter_rows():
        if candidate not in matched and reference not in matched.values():
            matched[candidate] = reference
    return matched


def module_agreement(reference: GeneModules, candidate: GeneModules) -> dict[str, float | int | None]:
    """Return sizes and agreement of the modules of two results; names of modules play no part.

    ``ari``, ``nmi``: adjusted Rand index and normalised mutual information over the genes in a module of both; None
    where there is none. ``ari_of_all``: adjusted Rand index over the genes in a module of either, a gene in none being
    a module of its own; None where there is none.
    """
    genes = sorted(reference.module_of.keys() | candidate.module_of.keys())
    labels = [label_numbers(result.module_of, genes) for result in (reference, candidate)]
    measures = dict(zip(("ari", "nmi", "ari_of_all"), labelling_agreement(*labels), strict=True))
    return {
        "n_modules_reference": len(set(reference.module_of.values())),
        "n_modules_candidate": len(set(candidate.module_of.values())),
        "n_genes_reference": len(reference.module_of),
        "n_genes_candidate": len(candidate.module_of),
        "n_genes_in_both": len(reference.module_of.keys() & candidate.module_of.keys()),
        "n_genes_known_to_both": len(reference.genes & candidate.genes),
        **{name: None if np.isnan(value) else value for name, value in measures.items()},
    }


def eigengene_correlations(reference: pl.DataFrame, candidate: pl.DataFrame) -> pl.DataFrame:
    """Return Pearson r of every reference with every candidate eigengene over the samples of both.

    reference, candidate: ``eigengenes`` tables. The result has ``reference``, ``candidate``, ``r``, ``n_samples``; r is
    null with fewer than 3 samples or where an eigengene does not vary over them.
    """
    samples = sorted(set(reference.get_column("sample_id")) & set(candidate.get_column("sample_id")))
    (rows, first), (columns, second) = (_standardised(table, samples) for table in (reference, candidate))
    r = (
        np.clip(first @ second.T, -1.0, 1.0)
        if len(samples) >= MIN_SAMPLES
        else np.full((len(rows), len(columns)), np.nan)
    )
    return pl.DataFrame(
        {
            "reference": [row for row in rows for _ in columns],
            "candidate": [column for _ in rows for column in columns],
            "r": pl.Series(r.reshape(-1), dtype=pl.Float64).fill_nan(None),
            "n_samples": [len(samples)] * r.size,
        },
        schema={"reference": pl.String, "candidate": pl.String, "r": pl.Float64, "n_samples": pl.Int64},
    )


def _standardised(eigengenes: pl.DataFrame, samples: list[str]) -> tuple[list[str], Matrix]:
    """Return module names and (n_modules, n_samples) values: mean 0, norm 1, NaN where they do not vary."""
    wide = eigengenes.pivot("sample_id", samples, index="module_id", values="eigengene", maintain_order=True)
    # NOTE: without a sample Polars has no rows and another type.
    values = np.ascontiguousarray(wide.select(samples).to_numpy(), dtype=np.float64)
    values = values.reshape(wide.height, len(samples))
    centred = values - values.mean(axis=1, keepdims=True) if samples else values
    unit = unit_rows(centred)
    unit[~(np.linalg.norm(centred, axis=1) > FLAT)] = np.nan
    return wide.get_column("module_id").to_list(), unit

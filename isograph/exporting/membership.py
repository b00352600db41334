"""How each gene goes with every module, from the tables of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix
from isograph.schemas import FEATURE_SCORES
from isograph.stats import centred_unit_rows


@dataclass(frozen=True, slots=True)
class Scores:
    """The features and eigengenes of a fit as matrices.

    Attributes
    ----------
    gene_ids : (n_genes,) genes with a feature, ascending.
    sample_ids : (n_samples,).
    feature_types : (n_features,) switch or abundance.
    gene_of : (n_features,) gene number of each feature.
    z : (n_features, n_samples) scores; a missing one is 0, the feature's mean, as the network took it.
    module_ids : (n_modules,).
    eigengenes : (n_modules, n_samples).
    """

    gene_ids: tuple[str, ...]
    sample_ids: tuple[str, ...]
    feature_types: tuple[str, ...]
    gene_of: Index
    z: Matrix
    module_ids: tuple[str, ...]
    eigengenes: Matrix


def fit_scores(feature_scores: pl.DataFrame, eigengenes: pl.DataFrame) -> Scores:
    """Return the matrices of the tables ``feature_scores`` and ``eigengenes``."""
    samples = [name for name in feature_scores.columns if name not in FEATURE_SCORES.schema]
    genes = sorted(set(feature_scores.get_column("gene_id").to_list()))
    number = {gene: index for index, gene in enumerate(genes)}
    modules = eigengenes.get_column("module_id").unique().sort().to_list()
    in_order = eigengenes.sort(
        "module_id", pl.col("sample_id").replace_strict(samples, range(len(samples)), return_dtype=pl.Int64)
    )
    return Scores(
        gene_ids=tuple(genes),
        sample_ids=tuple(samples),
        feature_types=tuple(feature_scores.get_column("feature_type").to_list()),
        gene_of=np.array([number[gene] for gene in feature_scores.get_column("gene_id")], dtype=np.int64),
        z=np.nan_to_num(feature_scores.select(samples).to_numpy().astype(np.float64), nan=0.0),
        module_ids=tuple(modules),
        eigengenes=in_order.get_column("eigengene").to_numpy().reshape(len(modules), len(samples)),
    )


def gene_memberships(scores: Scores) -> Matrix:
    """Return kME, (n_genes, n_modules): Pearson r with each eigengene, of the gene's feature with the largest |r|.

    Langfelder & Horvath 2008, BMC Bioinformatics 9:559, doi:10.1186/1471-2105-9-559.
    """
    r = centred_unit_rows(scores.z) @ centred_unit_rows(scores.eigengenes).T
    best = np.zeros((len(scores.gene_ids), len(scores.module_ids)))
    for feature, gene in enumerate(scores.gene_of.tolist()):
        is_larger = np.abs(r[feature]) > np.abs(best[gene])
        best[gene, is_larger] = r[feature, is_larger]
    return np.clip(best, -1.0, 1.0)


def leading_features(scores: Scores, modules: pl.DataFrame) -> Index:
    """Return the feature that stands for each gene, (n_genes,): that of the ``modules`` table, or else its abundance.

    A gene in no module and without an abundance feature is stood for by its switch feature.
    """
    type_in_module = dict(modules.select("gene_id", "feature_type").iter_rows())
    leading = np.full(len(scores.gene_ids), -1, dtype=np.int64)
    for feature, (gene, feature_type) in enumerate(zip(scores.gene_of.tolist(), scores.feature_types, strict=True)):
        if leading[gene] < 0 or feature_type == type_in_module.get(scores.gene_ids[gene], "abundance"):
            leading[gene] = feature
    return leading


def connectivity(edges: pl.DataFrame, genes: Sequence[str], module_of: Sequence[str | None]) -> pl.DataFrame:
    """Return ``kTotal``, ``kWithin``, ``kOut``, ``kDiff`` of each gene: sums of |weight| over its edges in the fit.

    ``kWithin`` counts edges inside the gene's module, genes in none being together; in a module of fewer than 3
    genes it is 0.
    """
    from isograph.network.wgcna.connectivity import edge_connectivity

    number = {gene: index for index, gene in enumerate(genes)}
    source, target = (
        np.array([number[gene] for gene in edges.get_column(end)], dtype=np.int64) for end in ("source", "target")
    )
    labels = np.array([module or "" for module in module_of], dtype=np.str_)
    sums = edge_connectivity(source, target, edges.get_column("weight").to_numpy(), labels)
    return pl.DataFrame({"kTotal": sums.k_total, "kWithin": sums.k_within, "kOut": sums.k_out, "kDiff": sums.k_diff})

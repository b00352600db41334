"""Modules of one block of features: network, tree, cut, and the features that follow their module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.config.wgcna import WgcnaConfig
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import CorrelationOptions, correlation
from isograph.network.wgcna.eigengene import module_eigengenes
from isograph.network.wgcna.tom import adjacency, overlap_dissimilarity
from isograph.network.wgcna.tree import Tree, destructive_linkage, square_of
from isograph.network.wgcna.treecut import TreeCut, hybrid_tree_cut
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 128


@dataclass(frozen=True, slots=True)
class BlockEdges:
    """The strongest overlaps of a block.

    Attributes
    ----------
    source < target : (n_edges,) features of the block.
    overlap : (n_edges,).
    """

    source: Index
    target: Index
    overlap: Vector


@dataclass(frozen=True, slots=True)
class Block:
    """The modules of one block and how they came about.

    Attributes
    ----------
    labels : (p,) label of each feature of the block, 0 for none, numbered on from the blocks before.
    eigengene_labels : labels of the modules that remain.
    eigengenes : (m, n), from before features left their modules.
    highest_label : the highest label so far, dissolved modules included.
    tree : the tree, None for a block of a single feature.
    cut : how it was cut, None for a block of a single feature.
    edges : strongest overlaps, where asked for.
    """

    labels: Index
    eigengene_labels: Index
    eigengenes: Matrix
    highest_label: int
    tree: Tree | None
    cut: TreeCut | None
    edges: BlockEdges | None


@dataclass(frozen=True, slots=True)
class BlockRules:
    """The settings that depend on the number of good features and on the data where the configuration leaves them open.

    Attributes
    ----------
    power : soft-threshold power.
    min_module_size, min_core_kme_size : features.
    """

    power: float
    min_module_size: float
    min_core_kme_size: float


def block_modules(
    features: Matrix,
    config: WgcnaConfig,
    rules: BlockRules,
    *,
    highest_label: int,
    gene_of: Index | None,
    threads: int,
    steps: Steps,
) -> Block:
    """Return the modules of one block.

    features: (p, n), NaN where missing. highest_label: of the blocks before. gene_of: (p,) where edges are wanted.
    """
    if len(features) < 2:
        labels = np.zeros(len(features), dtype=np.int64)
        return Block(labels, labels[:0], np.empty((0, features.shape[1])), highest_label, None, None, None)
    dissimilarity, tree = _dissimilarity_and_tree(features, config, rules, threads=threads, steps=steps)
    with steps.step("tree cut"):
        cut = hybrid_tree_cut(
            tree,
            dissimilarity,
            min_cluster_size=rules.min_module_size,
            deep_split=config.deep_split,
            cut_height=config.detect_cut_height,
            pam_stage=config.pam_stage,
            pam_respects_dendro=config.pam_respects_dendro,
        )
    edges = None
    if gene_of is not None:
        with steps.step("edges"):
            edges = _edges(dissimilarity, gene_of, config, threads=threads)
    del dissimilarity
    labels = np.where(cut.labels > 0, cut.labels + highest_label, 0)
    # NOTE: as in R, a module that is dissolved below keeps its number.
    highest_label = max(highest_label, int(labels.max(initial=0)))
    with steps.step("membership"):
        eigengene_labels, eigengenes = _drop_by_kme(features, labels, config, rules, threads=threads)
    return Block(labels, eigengene_labels, eigengenes, highest_label, tree, cut, edges)


def correlation_options(config: WgcnaConfig) -> CorrelationOptions:
    """Return how features are correlated with each other."""
    return CorrelationOptions(
        cor_type=config.cor_type,
        max_p_outliers=config.max_p_outliers,
        quick=config.quick_cor,
        pearson_fallback=config.pearson_fallback,
    )


def module_kme(features: Matrix, eigengenes: Matrix, config: WgcnaConfig, *, threads: int) -> Matrix:
    """Return the correlation of features with eigengenes that decides where they belong, (p, m)."""
    options = CorrelationOptions(cor_type=config.cor_type, max_p_outliers=config.max_p_outliers)
    kme = correlation(features, eigengenes, options=options, threads=threads)
    return np.abs(kme) if config.network_type == "unsigned" else kme


def _dissimilarity_and_tree(
    features: Matrix, config: WgcnaConfig, rules: BlockRules, *, threads: int, steps: Steps
) -> tuple[Vector, Tree]:
    """Return the dissimilarities of a block and their tree. One square matrix serves adjacency and linkage."""
    # NOTE: as in R, the signed overlap of an unsigned network is made of signed adjacencies, and Nowick's always is.
    keep_sign = config.tom_type == "signed Nowick" or (
        config.tom_type == "signed" and config.network_type == "unsigned"
    )
    with steps.step("adjacency") as progress:
        square = adjacency(
            features,
            network_type=config.network_type,
            power=rules.power,
            keep_sign=keep_sign,
            options=correlation_options(config),
            threads=threads,
            progress=progress,
        )
    # NOTE: row by row, since flags of the whole matrix would be an eighth of it.
    if undefined := sum(int(np.isnan(row).any()) for row in square):
        raise InputError(
            "features",
            f"{undefined} have a correlation that is not defined: two features do not vary over the samples they have "
            "in common. Leave out features with many missing values.",
        )
    with steps.step("overlap") as progress:
        dissimilarity = overlap_dissimilarity(
            square, tom_type=config.tom_type, tom_denom=config.tom_denom, threads=threads, progress=progress
        )
    with steps.step("tree"):
        tree = destructive_linkage(square_of(dissimilarity, threads=threads, out=square))
    return dissimilarity, tree


def _edges(dissimilarity: Vector, gene_of: Index, config: WgcnaConfig, *, threads: int) -> BlockEdges:
    """Return each feature's strongest overlaps with other genes, of those below the height of the cut."""
    from isograph.kernels.overlap import nearest_partners

    p = len(gene_of)
    partners = np.empty((p, min(config.edges_per_feature, max(1, p - 1))), dtype=np.int64)

    def task(start: int, stop: int) -> None:
        nearest_partners(dissimilarity, gene_of, start, stop, partners)

    run_chunks(task, p, chunk=ROWS_PER_CHUNK, threads=threads)
    rows, slots = np.nonzero(partners >= 0)
    columns = partners[rows, slots]
    pairs = np.unique(np.minimum(rows, columns) * p + np.maximum(rows, columns))
    source, target = pairs // p, pairs % p
    d = dissimilarity[source * (2 * p - source - 1) // 2 + target - source - 1]
    below = d < config.detect_cut_height
    return BlockEdges(source=source[below], target=target[below], overlap=1.0 - d[below])


def _drop_by_kme(
    features: Matrix, labels: Index, config: WgcnaConfig, rules: BlockRules, *, threads: int
) -> tuple[Index, Matrix]:
    """Set features and modules of low kME to 0 in ``labels``; return the labels that remain and their eigengenes.

    NOTE: as in R, the eigengenes are those of the modules before any feature left.
    """
    assigned = labels > 0
    if not assigned.any():
        return np.empty(0, dtype=np.int64), np.empty((0, features.shape[1]))
    modules = module_eigengenes(features[assigned], labels[assigned])
    remaining = []
    for position, label in enumerate(modules.labels):
        members = np.flatnonzero(labels == label)
        kme = module_kme(features[members], modules.eigengenes[position : position + 1], config, threads=threads)[:, 0]
        if np.isnan(kme).any():
            raise InputError("features", f"{int(np.isnan(kme).sum())} of a module have no kME, expected all to.")
        leaving = kme < config.min_kme_to_stay
        without_core = (kme > config.min_core_kme).sum() < rules.min_core_kme_size
        if without_core or (leaving.any() and (~leaving).sum() < rules.min_module_size):
            labels[members] = 0
            continue
        labels[members[leaving]] = 0
        remaining.append(position)
    return modules.labels[remaining], modules.eigengenes[remaining]

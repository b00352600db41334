"""From communities of features to modules of genes: eigengenes and the gene-to-module rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.features.channel import Channels
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Eigengenes:
    """First principal component of each community.

    Attributes
    ----------
    eigengenes : (n_communities, n_samples), unit norm, mean 0.
    explained : (n_communities,) share of the community's variance.
    kme : (n_features,) signed r of each feature with the eigengene of its community, NaN where it has none.
    """

    eigengenes: Matrix
    explained: Vector
    kme: Vector


def community_eigengenes(z: Matrix, community_of: Index, n_communities: int, *, threads: int) -> Eigengenes:
    """Return the eigengene of every community and each member's kME.

    z: (p, n), rows with mean 0. community_of: (p,) in [0, n_communities), −1 for none; no community is empty.
    """
    from isograph.kernels.eigengene import eigengenes, kme

    sizes = np.bincount(community_of[community_of >= 0], minlength=n_communities)
    members = np.argsort(community_of, kind="stable")[np.count_nonzero(community_of < 0) :]
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])
    components = np.empty((n_communities, z.shape[1]))
    explained = np.empty(n_communities)
    membership = np.empty(z.shape[0])

    def components_task(start: int, stop: int) -> None:
        eigengenes(z, members, offsets, start, stop, components, explained)

    def membership_task(start: int, stop: int) -> None:
        kme(z, components, community_of, start, stop, membership)

    run_chunks(components_task, n_communities, chunk=1, threads=threads)
    run_chunks(membership_task, z.shape[0], chunk=ROWS_PER_CHUNK, threads=threads)
    return Eigengenes(components, explained, membership)


@dataclass(frozen=True, slots=True)
class Modules:
    """Modules of genes, the largest first.

    Attributes
    ----------
    module_ids : (n_modules,) ``M000`` …
    module_of : (n_genes,) module number of each gene of the channels, −1 for none.
    best_feature : (n_genes,) the gene's feature with the largest |kME| in its module, −1 for none.
    feature_module : (n_features,) module number of the features the eigengenes are made of, −1 for the rest.
    eigengenes : (n_modules, n_samples), unit norm, mean 0.
    explained : (n_modules,) share of the features' variance.
    kme : (n_features,) signed r with the eigengene of the feature's module, NaN for the rest.
    """

    module_ids: list[str]
    module_of: Index
    best_feature: Index
    feature_module: Index
    eigengenes: Matrix
    explained: Vector
    kme: Vector


def gene_modules(
    channels: Channels, community_of: Index, *, min_module_size: int, min_kme: float, threads: int
) -> Modules:
    """Return the modules of genes that a partition of features makes.

    A gene with features in several communities goes to the one where its best feature has the largest |kME|, and to
    none if that is below ``min_kme``. Communities of fewer than ``min_module_size`` genes are dissolved. Eigengenes are
    taken over the features whose gene stayed, and both rules are applied again until nothing changes, so they hold for
    the modules returned. Modules are numbered by number of genes, ties by the first gene id.
    """
    n_genes = len(channels.gene_ids)
    feature_home = community_of
    # Every round takes features from the communities or is the last, so the rounds come to an end.
    while True:
        feature_home, n_modules = _without_gaps(feature_home)
        components = community_eigengenes(channels.z, feature_home, n_modules, threads=threads)
        best = _best_features(channels.gene_of, components.kme, n_genes)
        follows = (best >= 0) & (np.abs(components.kme[best]) >= min_kme)
        gene_home = np.where(follows, feature_home[best], -1)
        is_small = np.bincount(gene_home[gene_home >= 0], minlength=n_modules) < min_module_size
        if is_small.any():
            # Small communities are dissolved before any other feature leaves its own, so that a gene whose best feature
            # was in one still has its other feature, and in the next round goes where that one is.
            stays = (feature_home >= 0) & ~is_small[feature_home]
        else:
            stays = feature_home == gene_home[channels.gene_of]
        remaining = np.where(stays, feature_home, -1)
        if np.array_equal(remaining, feature_home):
            break
        feature_home = remaining
    number = _numbers_by_size(gene_home, n_modules)
    order = np.argsort(number[:n_modules], kind="stable")
    width = max(3, len(str(n_modules - 1)))
    return Modules(
        module_ids=[f"M{module:0{width}d}" for module in range(n_modules)],
        module_of=np.where(gene_home >= 0, number[gene_home], -1),
        best_feature=best,
        feature_module=np.where(feature_home >= 0, number[feature_home], -1),
        eigengenes=components.eigengenes[order],
        explained=components.explained[order],
        kme=components.kme,
    )


def _best_features(gene_of: Index, kme: Vector, n_genes: int) -> Index:
    """Return the feature with the largest |kME| of each gene (ties: the first), −1 where none has a kME."""
    strength = np.where(np.isnan(kme), -1.0, np.abs(kme))
    order = np.lexsort((np.arange(len(kme)), -strength, gene_of))
    genes, firsts = np.unique(gene_of[order], return_index=True)
    best = np.full(n_genes, -1, dtype=np.int64)
    best[genes] = order[firsts]
    best[genes[strength[order[firsts]] < 0]] = -1
    return best


def _without_gaps(community_of: Index) -> tuple[Index, int]:
    """Return the communities renumbered without gaps, −1 kept, and their number."""
    used = np.unique(community_of[community_of >= 0])
    number = np.full(int(community_of.max(initial=-1)) + 2, -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    return number[community_of], len(used)


def _numbers_by_size(gene_home: Index, n_communities: int) -> Index:
    """Return the module number of each community: those with more genes first, ties by the first gene."""
    assigned = np.flatnonzero(gene_home >= 0)
    sizes = np.bincount(gene_home[assigned], minlength=n_communities)
    first_gene = np.full(n_communities, len(gene_home), dtype=np.int64)
    np.minimum.at(first_gene, gene_home[assigned], assigned)
    number = np.full(max(1, n_communities), -1, dtype=np.int64)
    number[np.lexsort((first_gene, -sizes))] = np.arange(n_communities)
    return number

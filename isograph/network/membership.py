"""From a partition of features to modules of genes; the same for every backend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Matrix, Vector
from isograph.network.eigengene import community_eigengenes


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
    kept = community_of
    while True:
        kept, n_kept = _compact(kept)
        found = community_eigengenes(channels.z, kept, n_kept, threads=threads)
        best = _best_features(channels.gene_of, found.kme, n_genes)
        follows = (best >= 0) & (np.abs(found.kme[best]) >= min_kme)
        home = np.where(follows, kept[best], -1)
        small = np.bincount(home[home >= 0], minlength=n_kept) < min_module_size
        # NOTE: small communities go first, so that their genes can still turn to another one.
        leaves = small[kept] if small.any() else home[channels.gene_of] != kept
        if not (leaves & (kept >= 0)).any():
            break
        kept = np.where(leaves, -1, kept)
    number = _numbers_by_size(home, n_kept)
    module_of = np.where(home >= 0, number[home], -1)
    feature_module = np.where(kept >= 0, number[kept], -1)
    order = np.argsort(number[:n_kept], kind="stable")
    width = max(3, len(str(n_kept - 1)))
    return Modules(
        module_ids=[f"M{module:0{width}d}" for module in range(n_kept)],
        module_of=module_of,
        best_feature=best,
        feature_module=feature_module,
        eigengenes=found.eigengenes[order],
        explained=found.explained[order],
        kme=found.kme,
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


def _compact(community_of: Index) -> tuple[Index, int]:
    """Return the communities renumbered without gaps, −1 kept, and their number."""
    used = np.unique(community_of[community_of >= 0])
    number = np.full(int(community_of.max(initial=-1)) + 2, -1, dtype=np.int64)
    number[used] = np.arange(len(used))
    return number[community_of], len(used)


def _numbers_by_size(home: Index, n_communities: int) -> Index:
    """Return the module number of each community: those with more genes first, ties by the first gene."""
    sizes = np.bincount(home[home >= 0], minlength=n_communities)
    first_gene = np.full(n_communities, len(home), dtype=np.int64)
    np.minimum.at(first_gene, home[home >= 0], np.flatnonzero(home >= 0))
    number = np.full(max(1, n_communities), -1, dtype=np.int64)
    number[np.lexsort((first_gene, -sizes))] = np.arange(n_communities)
    return number

"""From a partition of features to modules of genes; the same for every backend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Matrix, Vector
from isograph.network.eigengene import Eigengenes, community_eigengenes


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
    none if that is below ``min_kme``. Modules of fewer than ``min_module_size`` genes are dissolved. Eigengenes are
    then taken over the features whose gene stayed. Modules are numbered by number of genes, ties by the first gene id.
    """
    n_genes = len(channels.gene_ids)
    n_communities = int(community_of.max(initial=-1)) + 1
    first = community_eigengenes(channels.z, community_of, n_communities, threads=threads)
    best = _best_features(channels.gene_of, first.kme, n_genes)
    follows = (best >= 0) & (np.abs(first.kme[best]) >= min_kme)
    home = np.where(follows, community_of[best], -1)
    number = _numbers_by_size(home, n_communities, min_module_size)
    module_of = np.where(home >= 0, number[home], -1)
    feature_module = np.where(community_of >= 0, number[community_of], -1)
    feature_module[feature_module != module_of[channels.gene_of]] = -1
    n_modules = int(module_of.max(initial=-1)) + 1
    final: Eigengenes = community_eigengenes(channels.z, feature_module, n_modules, threads=threads)
    width = max(3, len(str(n_modules - 1)))
    return Modules(
        module_ids=[f"M{module:0{width}d}" for module in range(n_modules)],
        module_of=module_of,
        best_feature=_best_features(channels.gene_of, final.kme, n_genes),
        feature_module=feature_module,
        eigengenes=final.eigengenes,
        explained=final.explained,
        kme=final.kme,
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


def _numbers_by_size(home: Index, n_communities: int, min_size: int) -> Index:
    """Return the module number of each community, largest first, −1 for those below ``min_size`` genes."""
    sizes = np.bincount(home[home >= 0], minlength=n_communities)
    first_gene = np.full(n_communities, len(home), dtype=np.int64)
    np.minimum.at(first_gene, home[home >= 0], np.flatnonzero(home >= 0))
    number = np.full(max(1, n_communities), -1, dtype=np.int64)
    order = [community for community in np.lexsort((first_gene, -sizes)) if sizes[community] >= min_size]
    number[order] = np.arange(len(order))
    return number

"""The graph of similar feature pairs and its division into communities.

An edge is a pair of features at least as similar as a cut. Leiden divides the graph; features between communities and
communities of too few genes belong to none. Two rules choose among divisions: the highest modularity of several runs at
one cut (``best_division``), or the lowest Bayesian information criterion of several cuts (``division_of_lowest_bic``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.sparse

from isograph.arrays import Flags, Index, Vector
from isograph.config import FactorConfig
from isograph.config.backend import GraphSettings
from isograph.features.channel import Channels
from isograph.network.modules import community_eigengenes
from isograph.network.pairs import SimilarPairs, StrongPairs, symmetric_rows
from isograph.network.shared_factor import SMALLEST_RESIDUAL
from isograph.runtime.threads import run_calls

LEIDEN_ITERATIONS = 10
RUNS_AT_ONCE = 3
# NOTE: sums of weights in another order differ by this much.
SAME_MODULARITY = 1e-12


@dataclass(frozen=True, slots=True)
class Division:
    """A graph divided into communities.

    Attributes
    ----------
    cut : similarity of the weakest pair that may be an edge.
    is_edge : (n_pairs,) which pairs are edges.
    community_of : (n_features,) from 0, −1 for none.
    n_modules : how many communities there are.
    modularity : of the Leiden communities, before any feature left.
    """

    cut: float
    is_edge: Flags
    community_of: Index
    n_modules: int
    modularity: float


def best_division(
    similar: SimilarPairs,
    gene_of: Index,
    config: FactorConfig,
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> Division:
    """Return the division at ``similarity_cut`` with the highest modularity of several runs.

    Runs go in batches of three until all runs of a batch reach the same modularity, or a batch raises it no further.
    """
    run = partial(division, similar, gene_of, config, config.similarity_cut)
    seeds = range(config.restarts * seed, config.restarts * (seed + 1))
    best: Division | None = None
    # NOTE: batches have a fixed size, so that the number of threads does not decide how many runs there are.
    for start in range(0, config.restarts, RUNS_AT_ONCE):
        progress(start, config.restarts)
        batch_seeds = seeds[start : start + RUNS_AT_ONCE]
        batch = run_calls([partial(run, seed=run_seed) for run_seed in batch_seeds], threads=threads)
        modularities = [divided.modularity for divided in batch]
        if best is not None and max(modularities) <= best.modularity + SAME_MODULARITY:
            break
        best = batch[int(np.argmax(modularities))]
        if max(modularities) - min(modularities) <= SAME_MODULARITY:
            break
    assert best is not None
    return best


def division_of_lowest_bic(
    channels: Channels,
    similar: SimilarPairs,
    config: GraphSettings,
    cuts: Sequence[float],
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Division, float]:
    """Return the division with the lowest Bayesian information criterion of "one factor per module", and the criterion.

    n Σᵢ log(1 − kMEᵢ²) + M · n · log p, M modules, p features with a pair, a feature in no module with kME 0; one
    division for each of the cuts. Of the cuts that keep the same pairs, the lowest stands for all.
    """
    n_paired = len(similar.paired)

    def at_cut(cut: float) -> tuple[Division, float]:
        divided = division(similar, channels.gene_of, config, cut, seed=seed)
        if not divided.n_modules:
            return divided, 0.0
        return divided, float(_criterion_changes(channels, divided, n_paired, threads=1).sum())

    # Cuts are overwritten from the highest to the lowest, so the lowest that keeps a number of pairs remains.
    cut_of_size = {int((similar.similarity >= cut).sum()): cut for cut in sorted(cuts, reverse=True)}
    calls = [partial(at_cut, cut) for cut in sorted(cut_of_size.values())]
    divisions = run_calls(calls, threads=min(threads, RUNS_AT_ONCE), progress=progress)
    return min(divisions, key=lambda divided_and_bic: divided_and_bic[1])


def division(similar: SimilarPairs, gene_of: Index, config: GraphSettings, cut: float, *, seed: int) -> Division:
    """Return the Leiden communities of the pairs with similarity ≥ ``cut``, weight similarity^sharpness.

    A feature less than ``min_inside`` of whose weight leads to its own community belongs to none: it lies between
    modules. Communities of fewer than ``min_module_size`` genes count as none.
    """
    pairs, is_edge = similar.pairs, similar.similarity >= cut
    source, target = pairs.source[is_edge], pairs.target[is_edge]
    weight = similar.similarity[is_edge] ** config.sharpness
    leiden, modularity = leiden_communities(
        source, target, weight, len(gene_of), resolution=config.resolution, seed=seed
    )
    lies_between = inside_shares(source, target, weight, leiden) < config.min_inside
    community_of, n_modules = _large_enough(np.where(lies_between, -1, leiden), gene_of, config.min_module_size)
    return Division(cut, is_edge, community_of, n_modules, modularity)


def lasting_modules(channels: Channels, divided: Division, n_paired: int, *, threads: int) -> Division:
    """Return the division without the communities that raise the criterion: chance ties a few features together.

    A community stays if n Σᵢ log(1 − kMEᵢ²) + n · log p < 0 over its features, p = ``n_paired``.
    """
    if not divided.n_modules:
        return divided
    lasts = _criterion_changes(channels, divided, n_paired, threads=threads) < 0
    number = np.where(lasts, np.cumsum(lasts) - 1, -1)
    community_of = np.where(divided.community_of >= 0, number[divided.community_of], -1)
    return replace(divided, community_of=community_of, n_modules=int(lasts.sum()))


def leiden_communities(
    source: Index, target: Index, weight: Vector, n_features: int, *, resolution: float, seed: int
) -> tuple[Index, float]:
    """Return the Leiden community of each feature, −1 for features without an edge, and the modularity reached.

    Traag, Waltman & van Eck 2019, Sci Rep 9:5233, doi:10.1038/s41598-019-41695-z.

    source < target: (n_edges,); weight: (n_edges,) > 0. Same edges and seed, same communities.
    """
    import graspologic_native

    community_of = np.full(n_features, -1, dtype=np.int64)
    if len(source) == 0:
        return community_of, 0.0
    nodes, node_source, node_target = _nodes(source, target)
    indptr, indices, edge_of = symmetric_rows(node_source, node_target, len(nodes))
    modularity, community = graspologic_native.leiden_csr(
        indptr,
        indices.astype(np.int32),
        weight[edge_of],
        len(nodes),
        resolution=resolution,
        iterations=LEIDEN_ITERATIONS,
        seed=seed,
    )
    community_of[nodes] = [community[node] for node in range(len(nodes))]
    return community_of, float(modularity)


def inside_shares(source: Index, target: Index, weight: Vector, community_of: Index) -> Vector:
    """Return the share of each feature's weight that leads to features of its own community; 0 without an edge.

    source, target: (n_edges,); weight: (n_edges,) > 0; community_of: (n_features,). The result is in [0, 1].
    """
    n = len(community_of)
    inside = np.where(community_of[source] == community_of[target], weight, 0.0)
    total = np.bincount(source, weight, n) + np.bincount(target, weight, n)
    own = np.bincount(source, inside, n) + np.bincount(target, inside, n)
    share: Vector = np.divide(own, total, out=np.zeros(n), where=total > 0)
    return share


def giant_component_fraction(source: Index, target: Index) -> float:
    """Return the share of the features with an edge that lie in the largest connected component; 0 without edges."""
    if len(source) == 0:
        return 0.0
    nodes, node_source, node_target = _nodes(source, target)
    shape = (len(nodes), len(nodes))
    graph = scipy.sparse.coo_matrix((np.ones(len(source)), (node_source, node_target)), shape=shape)
    _, component = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return float(np.bincount(component).max() / len(nodes))


def graph_calibration(pairs: StrongPairs, divided: Division, cut_reason: str) -> dict[str, object]:
    """Return what ``calibration.json`` says of the pairs and their graph, plain JSON values."""
    return {
        "correlation_cut": pairs.cut if np.isfinite(pairs.cut) else None,
        "correlation_cut_reason": "smallest |r| at which chance explains at most the share fdr of the pairs",
        "pairs_tested": pairs.n_tested,
        "pairs_above_cut": pairs.n_above,
        "pairs_expected_by_chance": pairs.expected_above,
        "pairs_kept": len(pairs.r),
        "similarity_cut": divided.cut if len(pairs.r) else None,
        "similarity_cut_reason": cut_reason if len(pairs.r) else "no pair of features that chance does not explain",
        "modularity": divided.modularity,
        "giant_component_fraction": giant_component_fraction(
            pairs.source[divided.is_edge], pairs.target[divided.is_edge]
        ),
    }


def _criterion_changes(channels: Channels, divided: Division, n_paired: int, *, threads: int) -> Vector:
    """Return by how much each community changes the criterion, (n_modules,).

    A community is a factor: it explains kMEᵢ² of the variance of each member, and each of its n scores costs log p.
    """
    kme = community_eigengenes(channels.z, divided.community_of, divided.n_modules, threads=threads).kme
    member = divided.community_of >= 0
    log_residuals = np.log(np.maximum(1.0 - kme[member] ** 2, SMALLEST_RESIDUAL))
    explained = np.bincount(divided.community_of[member], log_residuals, divided.n_modules)
    changes: Vector = channels.z.shape[1] * (explained + np.log(n_paired))
    return changes


def _nodes(source: Index, target: Index) -> tuple[Index, Index, Index]:
    """Return the features with an edge, ascending, and both ends of the edges as numbers among them."""
    nodes, numbers = np.unique(np.concatenate([source, target]), return_inverse=True)
    return nodes, numbers[: len(source)], numbers[len(source) :]


def _large_enough(community_of: Index, gene_of: Index, min_size: int) -> tuple[Index, int]:
    """Return the communities with at least ``min_size`` genes, renumbered from 0, and how many there are."""
    members = np.flatnonzero(community_of >= 0)
    renumbered = np.full_like(community_of, -1)
    if len(members) == 0:
        return renumbered, 0
    # One column for each distinct pair of a community and a gene: a gene with both features in it counts once.
    community_genes = np.unique(np.stack([community_of[members], gene_of[members]]), axis=1)
    n_genes = np.bincount(community_genes[0])
    large = np.flatnonzero(n_genes >= min_size)
    number = np.full(len(n_genes), -1, dtype=np.int64)
    number[large] = np.arange(len(large))
    renumbered[members] = number[community_of[members]]
    return renumbered, len(large)

"""Sparse feature graphs: second-order similarity and communities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from isograph.arrays import Index, Vector
from isograph.config import FactorConfig
from isograph.config.graph import GraphSettings
from isograph.features.channel import Channels
from isograph.network.modules import community_eigengenes
from isograph.network.pairs import StrongPairs, observed_pairs, strong_pairs
from isograph.network.shared_factor import SMALLEST_RESIDUAL
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls, run_chunks

ROWS_PER_CHUNK = 512

LEIDEN_ITERATIONS = 10


def second_order_similarities(
    source: Index,
    target: Index,
    strength: Vector,
    n_features: int,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Vector:
    """Return, for each pair, the cosine between its features' rows of the sparse |r| matrix of all pairs.

    source < target: (n_pairs,) distinct pairs; strength: (n_pairs,) |r| > 0. The result is in [0, 1]; the formula is
    in ``isograph.kernels.similarity.second_order_similarity``.
    """
    from isograph.kernels.similarity import second_order_similarity

    indptr, indices, pair_of = _symmetric_rows(source, target, n_features)
    similarity = np.empty(len(source))
    strengths = strength[pair_of]

    def task(start: int, stop: int) -> None:
        second_order_similarity(indptr, indices, strengths, pair_of, start, stop, similarity)

    run_chunks(task, n_features, chunk=ROWS_PER_CHUNK, threads=threads, progress=progress)
    return similarity


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
    nodes, numbers = np.unique(np.concatenate([source, target]), return_inverse=True)
    a, b = numbers[: len(source)], numbers[len(source) :]
    indptr, indices, edge_of = _symmetric_rows(a, b, len(nodes))
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
    nodes, numbers = np.unique(np.concatenate([source, target]), return_inverse=True)
    a, b = numbers[: len(source)], numbers[len(source) :]
    graph = scipy.sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(len(nodes), len(nodes)))
    _, component = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return float(np.bincount(component).max() / len(nodes))


def _symmetric_rows(source: Index, target: Index, n: int) -> tuple[Index, Index, Index]:
    """Return both directions of the pairs as CSR: indptr (n + 1,), indices ascending in a row, and pair numbers."""
    rows = np.concatenate([source, target])
    columns = np.concatenate([target, source])
    pair_of = np.concatenate([np.arange(len(source))] * 2)
    order = np.lexsort((columns, rows))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    return indptr, columns[order], pair_of[order]


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """The strong pairs of features, and how alike the profiles of each pair's features are."""

    pairs: StrongPairs
    similarity: Vector

    @property
    def paired(self) -> Index:
        """Numbers of the features with a pair, ascending."""
        return np.unique(np.concatenate([self.pairs.source, self.pairs.target]))


def similar_pairs(channels: Channels, config: FactorConfig, *, threads: int, steps: Steps) -> SimilarPairs:
    """Return the pairs of features that chance does not explain (``strong_pairs``) and their similarity.

    The similarity is that of the pair's profiles of |r|^power (``second_order_similarities``).
    """
    with steps.step("correlation") as progress:
        pairs = strong_pairs(
            channels.z,
            channels.gene_of,
            neighbours=config.neighbours,
            fdr=config.fdr,
            residual_dof=channels.residual_dof,
            threads=threads,
            progress=progress,
        )
        if channels.missing is not None:
            pairs = observed_pairs(
                pairs, channels.z, channels.missing, residual_dof=channels.residual_dof, threads=threads
            )
    with steps.step("similarity") as progress:
        strength = np.abs(pairs.r) ** config.power
        similarity = second_order_similarities(
            pairs.source, pairs.target, strength, len(channels.gene_of), threads=threads, progress=progress
        )
    return SimilarPairs(pairs, similarity)


RUNS_AT_ONCE = 3

# NOTE: sums of weights in another order differ by this much.
SAME_MODULARITY = 1e-12


@dataclass(frozen=True, slots=True)
class Division:
    """A graph divided into communities.

    Attributes
    ----------
    cut : similarity of the weakest pair that may be an edge.
    kept : (n_pairs,) pairs that are edges.
    community_of : (n_features,) from 0, −1 for none.
    n_modules : how many communities there are.
    modularity : of the Leiden communities, before any feature left.
    """

    cut: float
    kept: NDArray[np.bool_]
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

    Runs go in batches of three, so the number of threads decides nothing, until a batch raises nothing any more or all
    of its runs reach the same.
    """
    run = partial(division, similar, gene_of, config, config.similarity_cut)
    first = config.restarts * seed
    best: Division | None = None
    for start in range(0, config.restarts, RUNS_AT_ONCE):
        progress(start, config.restarts)
        seeds = range(first + start, first + min(start + RUNS_AT_ONCE, config.restarts))
        batch = run_calls([partial(run, seed=number) for number in seeds], threads=threads)
        reached = [found.modularity for found in batch]
        if best is not None and max(reached) <= best.modularity + SAME_MODULARITY:
            break
        best = batch[int(np.argmax(reached))]
        if max(reached) - min(reached) <= SAME_MODULARITY:
            break
    assert best is not None
    return best


def division(similar: SimilarPairs, gene_of: Index, config: GraphSettings, cut: float, *, seed: int) -> Division:
    """Return the Leiden communities of the pairs with similarity ≥ ``cut``, weight similarity^sharpness.

    A feature less than ``min_inside`` of whose weight leads to its own community belongs to none: it lies between
    modules. Communities of fewer than ``min_module_size`` genes count as none.
    """
    pairs, kept = similar.pairs, similar.similarity >= cut
    source, target, weight = pairs.source[kept], pairs.target[kept], similar.similarity[kept] ** config.sharpness
    found, modularity = leiden_communities(
        source, target, weight, len(gene_of), resolution=config.resolution, seed=seed
    )
    between = inside_shares(source, target, weight, found) < config.min_inside
    community_of, n_modules = _large_enough(np.where(between, -1, found), gene_of, config.min_module_size)
    return Division(cut, kept, community_of, n_modules, modularity)


def graph_calibration(pairs: StrongPairs, found: Division, reason: str) -> dict[str, object]:
    """Return what a backend says about its pairs and their graph, plain JSON values."""
    return {
        "correlation_cut": pairs.cut if np.isfinite(pairs.cut) else None,
        "correlation_cut_reason": "smallest |r| at which chance explains at most the share fdr of the pairs",
        "pairs_tested": pairs.n_tested,
        "pairs_above_cut": pairs.n_above,
        "pairs_expected_by_chance": pairs.expected_above,
        "pairs_kept": len(pairs.r),
        "similarity_cut": found.cut if len(pairs.r) else None,
        "similarity_cut_reason": reason if len(pairs.r) else "no pair of features that chance does not explain",
        "modularity": found.modularity,
        "giant_component_fraction": giant_component_fraction(pairs.source[found.kept], pairs.target[found.kept]),
    }


def _large_enough(community_of: Index, gene_of: Index, min_size: int) -> tuple[Index, int]:
    """Return the communities with at least ``min_size`` genes, renumbered from 0, and how many there are."""
    members = np.flatnonzero(community_of >= 0)
    result = np.full_like(community_of, -1)
    if len(members) == 0:
        return result, 0
    genes = np.unique(np.stack([community_of[members], gene_of[members]]), axis=1)
    n_genes = np.bincount(genes[0])
    kept = np.flatnonzero(n_genes >= min_size)
    number = np.full(len(n_genes), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    result[members] = number[community_of[members]]
    return result, len(kept)


@dataclass(frozen=True, slots=True)
class Partition:
    """The partition of the features that has the lowest criterion.

    Attributes
    ----------
    similar : the pairs of features it is of.
    division : what the graph is divided into.
    bic : the criterion.
    """

    similar: SimilarPairs
    division: Division
    bic: float

    @property
    def community_of(self) -> Index:
        """Community of each feature from 0, −1 for none, (n_features,)."""
        return self.division.community_of

    @property
    def n_modules(self) -> int:
        """How many communities there are."""
        return self.division.n_modules


def best_partition(
    channels: Channels,
    similar: SimilarPairs,
    config: GraphSettings,
    cuts: Sequence[float],
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Partition:
    """Return the partition with the lowest Bayesian information criterion of "one factor per module".

    n Σᵢ log(1 − kMEᵢ²) + M · n · log p, M modules, p features with a pair, a feature in no module with kME 0; one
    partition for each of the cuts. Of the cuts that keep the same pairs, the lowest stands for all.
    """
    graphs = {int((similar.similarity >= cut).sum()): cut for cut in sorted(cuts, reverse=True)}
    n_paired = len(similar.paired)
    run = partial(_at_cut, channels, similar, config, n_paired, seed=seed)
    calls = [partial(run, cut) for cut in sorted(graphs.values())]
    found = run_calls(calls, threads=min(threads, RUNS_AT_ONCE), progress=progress)
    return min(found, key=lambda partition: partition.bic)


def lasting_modules(channels: Channels, found: Division, n_paired: int, *, threads: int) -> Division:
    """Return the division without the communities that raise the criterion: chance ties a few features together.

    A community stays if n Σᵢ log(1 − kMEᵢ²) + n · log p < 0 over its features, p = ``n_paired``.
    """
    if not found.n_modules:
        return found
    gain = _gains(channels, found, n_paired, threads=threads)
    number = np.where(gain < 0, np.cumsum(gain < 0) - 1, -1)
    community_of = np.where(found.community_of >= 0, number[found.community_of], -1)
    return replace(found, community_of=community_of, n_modules=int((gain < 0).sum()))


def _at_cut(
    channels: Channels, similar: SimilarPairs, config: GraphSettings, n_paired: int, cut: float, *, seed: int
) -> Partition:
    found = division(similar, channels.gene_of, config, cut, seed=seed)
    if not found.n_modules:
        return Partition(similar, found, 0.0)
    return Partition(similar, found, float(_gains(channels, found, n_paired, threads=1).sum()))


def _gains(channels: Channels, found: Division, n_paired: int, *, threads: int) -> Vector:
    """Return by how much each community changes the criterion, (n_modules,)."""
    kme = community_eigengenes(channels.z, found.community_of, found.n_modules, threads=threads).kme
    member = found.community_of >= 0
    surprise = np.log(np.maximum(1.0 - kme[member] ** 2, SMALLEST_RESIDUAL))
    explained = np.bincount(found.community_of[member], surprise, found.n_modules)
    gains: Vector = channels.z.shape[1] * (explained + np.log(n_paired))
    return gains

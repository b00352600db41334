"""The division of a similarity graph into communities: the modules before genes are assigned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isograph.config import FactorConfig
from isograph.config.graph import GraphSettings
from isograph.kernels._jit import Index
from isograph.network.graph import giant_component_fraction, inside_shares, leiden_communities
from isograph.network.pairs import StrongPairs
from isograph.network.similarity import SimilarPairs
from isograph.runtime.threads import run_calls

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

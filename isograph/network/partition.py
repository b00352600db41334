"""From similarities of feature pairs to a partition: several graphs, Leiden communities, the best by evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Vector
from isograph.network.bifactor import SMALLEST_RESIDUAL
from isograph.network.eigengene import community_eigengenes
from isograph.network.graph import leiden_communities, second_order_similarities
from isograph.network.pairs import StrongPairs, observed_pairs, strong_pairs
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls

RESTARTS_AT_ONCE = 4


class Selection(Protocol):
    """The settings of a backend that the search for a partition reads."""

    @property
    def similarity_cuts(self) -> tuple[float, ...]:
        """Similarities at which the graph is cut."""

    @property
    def resolution(self) -> float:
        """Leiden resolution."""

    @property
    def restarts(self) -> int:
        """Leiden runs on the best graph at most."""

    @property
    def min_module_size(self) -> int:
        """Genes a module must have."""


class NetworkSettings(Selection, Protocol):
    """The settings of a backend that finds strong pairs of features and partitions them."""

    @property
    def neighbours(self) -> int:
        """Strongest partners kept for each feature."""

    @property
    def fdr(self) -> float:
        """Share of the kept pairs that chance may explain."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One partition that was considered."""

    cut: float
    community_of: Index
    n_modules: int
    n_edges: int
    bic: float


@dataclass(frozen=True, slots=True)
class Partition:
    """The strong pairs of features, how alike each pair's profiles are, and the partitions considered on them."""

    pairs: StrongPairs
    similarity: Vector
    candidates: list[Candidate]
    n_samples: int

    @property
    def chosen(self) -> Candidate:
        """The partition with the lowest criterion."""
        return min(self.candidates, key=lambda candidate: candidate.bic)

    @property
    def paired(self) -> Index:
        """Numbers of the features with a pair, ascending."""
        return paired_features(self.pairs)


def paired_features(pairs: StrongPairs) -> Index:
    """Return the numbers of the features with a pair, ascending."""
    return np.unique(np.concatenate([pairs.source, pairs.target]))


def partition(channels: Channels, config: NetworkSettings, *, seed: int, threads: int, steps: Steps) -> Partition:
    """Return the strong pairs of the features and their partitions.

    Pairs that chance does not explain are kept (``strong_pairs``), compared by how alike their correlation profiles
    are (``second_order_similarities``), and partitioned (``partition_candidates``).
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
        similarity = second_order_similarities(
            pairs.source, pairs.target, np.abs(pairs.r), len(channels.gene_of), threads=threads, progress=progress
        )
    with steps.step("modules") as progress:
        candidates = partition_candidates(
            channels, config, pairs, similarity, seed=seed, threads=threads, progress=progress
        )
    return Partition(pairs, similarity, candidates, channels.z.shape[1])


def partition_candidates(
    channels: Channels,
    config: Selection,
    pairs: StrongPairs,
    similarity: Vector,
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> list[Candidate]:
    """Return one candidate per graph, the best graph's improved by more runs from other seeds while they improve it.

    The best has the lowest Bayesian information criterion of "one factor per module": n Σᵢ log(1 − kMEᵢ²) +
    M · n · log p, M modules, p features with a pair, a feature in no module with kME 0. Of the cuts that keep the same
    pairs, the lowest stands for all. Runs go in batches of a fixed size, so the number of threads decides nothing.
    """
    graphs = {int((similarity >= cut).sum()): cut for cut in sorted(config.similarity_cuts, reverse=True)}
    run = partial(_candidate, channels, config, pairs, similarity)
    first = config.restarts * seed
    calls = [partial(run, cut=cut, seed=first) for cut in sorted(graphs.values())]
    found = run_calls(calls, threads=threads, progress=progress)
    best = min(range(len(found)), key=lambda number: found[number].bic)
    for start in range(1, config.restarts, RESTARTS_AT_ONCE):
        seeds = range(first + start, first + min(start + RESTARTS_AT_ONCE, config.restarts))
        again = run_calls([partial(run, cut=found[best].cut, seed=other) for other in seeds], threads=threads)
        improved = min([found[best], *again], key=lambda candidate: candidate.bic)
        if improved is found[best]:
            break
        found[best] = improved
    return found


def _candidate(
    channels: Channels, config: Selection, pairs: StrongPairs, similarity: Vector, *, cut: float, seed: int
) -> Candidate:
    kept = similarity >= cut
    found = leiden_communities(
        pairs.source[kept],
        pairs.target[kept],
        similarity[kept],
        len(channels.gene_of),
        resolution=config.resolution,
        seed=seed,
    )
    community_of, n_modules = _large_enough(found, channels.gene_of, config.min_module_size)
    bic = 0.0
    if n_modules:
        kme = community_eigengenes(channels.z, community_of, n_modules, threads=1).kme
        n = channels.z.shape[1]
        n_surviving = len(paired_features(pairs))
        residual = np.maximum(1.0 - kme[community_of >= 0] ** 2, SMALLEST_RESIDUAL)
        bic = float(n * np.log(residual).sum() + n_modules * n * np.log(n_surviving))
    return Candidate(cut, community_of, n_modules, int(kept.sum()), bic)


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


def reason_for(pairs: StrongPairs, found: list[Candidate], chosen: Candidate) -> str:
    """Return why the chosen candidate was."""
    if len(pairs.r) == 0:
        return "no pair of features that chance does not explain"
    reason = "lowest Bayesian information criterion among the cuts tried"
    at_edge = len(found) > 1 and chosen.cut in (found[0].cut, found[-1].cut)
    return f"{reason}, at the edge of their range" if at_edge else reason

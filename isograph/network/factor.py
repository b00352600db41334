"""The ``factor`` backend: modules from correlation structure alone, deterministic, nothing to train or tune."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Vector
from isograph.network.eigengene import community_eigengenes
from isograph.network.graph import giant_component_fraction, leiden_communities, second_order_similarities
from isograph.network.pairs import TILE, StrongPairs, observed_pairs, strong_pairs
from isograph.network.result import Network
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls

# NOTE: a feature identical to its eigengene would make the criterion infinite.
SMALLEST_RESIDUAL = 1e-12
RESTARTS_AT_ONCE = 4

# NOTE: fitted to the peak memory of whole fits on two cores (12,000 genes × 240 samples 0.59 GB; 27,500 features × 24
# samples 0.71 GB): heaps, codes, r, similarity and both directions of the graph per pair offered.
BYTES_PER_PAIR = 220


def factor_memory(n_features: int, config: FactorConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    neighbours = min(config.neighbours, max(1, n_features - 1))
    return BYTES_PER_PAIR * n_features * neighbours + threads * (8 * n_features * neighbours + 4 * TILE * TILE)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One partition that was considered."""

    cut: float
    community_of: Index
    n_modules: int
    n_edges: int
    bic: float


def factor_network(channels: Channels, config: FactorConfig, *, seed: int, threads: int, steps: Steps) -> Network:
    """Return the feature network and its partition.

    Pairs that chance does not explain are kept (``strong_pairs``), compared by how alike their correlation profiles
    are (``second_order_similarities``), and Leiden communities are found on the graphs of several similarity cuts.
    The partition with the lowest Bayesian information criterion of "one factor per module" is chosen:
    n Σᵢ log(1 − kMEᵢ²) + M · n · log p, M modules, p features with a pair, a feature in no module with kME 0.
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
        candidates = _candidates(channels, config, pairs, similarity, seed=seed, threads=threads, progress=progress)
        chosen = min(candidates, key=lambda candidate: candidate.bic)
    kept = similarity >= chosen.cut
    return Network(
        source=pairs.source[kept],
        target=pairs.target[kept],
        weight=pairs.r[kept],
        similarity=similarity[kept],
        community_of=chosen.community_of,
        min_module_size=config.min_module_size,
        min_kme=config.min_kme,
        calibration=_calibration(pairs, candidates, chosen, kept),
    )


def _candidates(
    channels: Channels,
    config: FactorConfig,
    pairs: StrongPairs,
    similarity: Vector,
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> list[_Candidate]:
    """Return one candidate per graph, the best graph's improved by more runs from other seeds while they improve it.

    Of the cuts that keep the same pairs, the lowest stands for all. Runs go in batches of a fixed size, so the number
    of threads decides nothing.
    """
    graphs = {int((similarity >= cut).sum()): cut for cut in sorted(config.similarity_cuts, reverse=True)}
    run = partial(_candidate, channels, config, pairs, similarity)
    first = config.restarts * seed
    calls = [partial(run, cut=cut, seed=first) for cut in sorted(graphs.values())]
    candidates = run_calls(calls, threads=threads, progress=progress)
    best = min(range(len(candidates)), key=lambda number: candidates[number].bic)
    for start in range(1, config.restarts, RESTARTS_AT_ONCE):
        seeds = range(first + start, first + min(start + RESTARTS_AT_ONCE, config.restarts))
        again = run_calls([partial(run, cut=candidates[best].cut, seed=other) for other in seeds], threads=threads)
        improved = min([candidates[best], *again], key=lambda candidate: candidate.bic)
        if improved is candidates[best]:
            break
        candidates[best] = improved
    return candidates


def _candidate(
    channels: Channels, config: FactorConfig, pairs: StrongPairs, similarity: Vector, *, cut: float, seed: int
) -> _Candidate:
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
        n_surviving = len(np.unique(np.concatenate([pairs.source, pairs.target])))
        residual = np.maximum(1.0 - kme[community_of >= 0] ** 2, SMALLEST_RESIDUAL)
        bic = float(n * np.log(residual).sum() + n_modules * n * np.log(n_surviving))
    return _Candidate(cut, community_of, n_modules, int(kept.sum()), bic)


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


def _calibration(
    pairs: StrongPairs, candidates: list[_Candidate], chosen: _Candidate, kept: NDArray[np.bool_]
) -> dict[str, object]:
    return {
        "n_factors": chosen.n_modules,
        "correlation_cut": pairs.cut if np.isfinite(pairs.cut) else None,
        "pairs_tested": pairs.n_tested,
        "pairs_above_cut": pairs.n_above,
        "pairs_expected_by_chance": pairs.expected_above,
        "pairs_kept": len(pairs.r),
        "similarity_cut": chosen.cut if len(pairs.r) else None,
        "similarity_cut_reason": _reason(pairs, candidates, chosen),
        "cuts": [
            {"similarity_cut": c.cut, "n_modules": c.n_modules, "n_edges": c.n_edges, "bic": round(c.bic, 6)}
            for c in candidates
        ],
        "hidden_confounders_removed": 0,
        "giant_component_fraction": giant_component_fraction(pairs.source[kept], pairs.target[kept]),
        "converged": True,
    }


def _reason(pairs: StrongPairs, candidates: list[_Candidate], chosen: _Candidate) -> str:
    if len(pairs.r) == 0:
        return "no pair of features that chance does not explain"
    reason = "lowest Bayesian information criterion among the cuts tried"
    at_edge = len(candidates) > 1 and chosen.cut in (candidates[0].cut, candidates[-1].cut)
    return f"{reason}, at the edge of their range" if at_edge else reason

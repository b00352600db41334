"""The ``factor`` backend: modules from correlation structure alone, deterministic, nothing to train or tune."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.network.graph import giant_component_fraction, second_order_similarities
from isograph.network.pairs import TILE, StrongPairs, observed_pairs, strong_pairs
from isograph.network.partition import Candidate, partition_candidates, reason_for
from isograph.network.result import Network
from isograph.runtime.progress import Steps

# NOTE: fitted to the peak memory of whole fits on two cores (12,000 genes × 240 samples 0.59 GB; 27,500 features × 24
# samples 0.71 GB): heaps, codes, r, similarity and both directions of the graph per pair offered.
BYTES_PER_PAIR = 220


def factor_memory(n_features: int, config: FactorConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    neighbours = min(config.neighbours, max(1, n_features - 1))
    return BYTES_PER_PAIR * n_features * neighbours + threads * (8 * n_features * neighbours + 4 * TILE * TILE)


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
        candidates = partition_candidates(
            channels, config, pairs, similarity, seed=seed, threads=threads, progress=progress
        )
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


def _calibration(
    pairs: StrongPairs, candidates: list[Candidate], chosen: Candidate, kept: NDArray[np.bool_]
) -> dict[str, object]:
    return {
        "n_factors": chosen.n_modules,
        "correlation_cut": pairs.cut if np.isfinite(pairs.cut) else None,
        "pairs_tested": pairs.n_tested,
        "pairs_above_cut": pairs.n_above,
        "pairs_expected_by_chance": pairs.expected_above,
        "pairs_kept": len(pairs.r),
        "similarity_cut": chosen.cut if len(pairs.r) else None,
        "similarity_cut_reason": reason_for(pairs, candidates, chosen),
        "cuts": [
            {"similarity_cut": c.cut, "n_modules": c.n_modules, "n_edges": c.n_edges, "bic": round(c.bic, 6)}
            for c in candidates
        ],
        "hidden_confounders_removed": 0,
        "giant_component_fraction": giant_component_fraction(pairs.source[kept], pairs.target[kept]),
        "converged": True,
    }

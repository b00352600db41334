"""The ``factor`` backend: modules from correlation structure alone, deterministic, nothing to train or tune."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.network.confounder import Search, hidden_confounders
from isograph.network.graph import giant_component_fraction
from isograph.network.pairs import TILE
from isograph.network.partition import Partition, partition, reason_for
from isograph.network.result import Network
from isograph.runtime.progress import Steps

# NOTE: fitted to the peak memory of whole fits in which most of the pairs offered are kept: codes, r, similarity, both
# directions of the graph and what Leiden makes of them, per pair offered.
BYTES_PER_PAIR = 160


def factor_memory(n_features: int, config: FactorConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    neighbours = min(config.neighbours, max(1, n_features - 1))
    return BYTES_PER_PAIR * n_features * neighbours + threads * (8 * n_features * neighbours + 4 * TILE * TILE)


def factor_network(channels: Channels, config: FactorConfig, *, seed: int, threads: int, steps: Steps) -> Network:
    """Return the feature network and its partition, hidden confounders taken out where there are any.

    The features are partitioned (``isograph.network.partition``), hidden confounders are looked for
    (``isograph.network.confounder``), and if any is removed, what is left is partitioned again.
    """
    found = partition(channels, config, seed=seed, threads=threads, steps=steps)
    with steps.step("confounders") as progress:
        search = hidden_confounders(channels, found, config, seed=seed, threads=threads, progress=progress)
    if search.n_removed:
        dof = channels.residual_dof - search.n_removed
        channels = replace(channels, z=search.z, residual_dof=dof)
        found = partition(channels, config, seed=seed, threads=threads, steps=steps)
    chosen = found.chosen
    kept = found.similarity >= chosen.cut
    return Network(
        source=found.pairs.source[kept],
        target=found.pairs.target[kept],
        weight=found.pairs.r[kept],
        similarity=found.similarity[kept],
        community_of=chosen.community_of,
        min_module_size=config.min_module_size,
        min_kme=config.min_kme,
        channels=channels,
        confounders=search.confounders,
        calibration=_calibration(found, kept, search),
    )


def _calibration(found: Partition, kept: NDArray[np.bool_], search: Search) -> dict[str, object]:
    pairs, candidates, chosen = found.pairs, found.candidates, found.chosen
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
        "hidden_confounders_removed": search.n_removed,
        "hidden_confounders_reason": search.reason,
        "giant_component_fraction": giant_component_fraction(pairs.source[kept], pairs.target[kept]),
        "converged": True,
    }

"""The ``factor`` backend: modules from correlation structure alone, deterministic, nothing to train or tune."""

from __future__ import annotations

from dataclasses import replace

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.network.communities import (
    RUNS_AT_ONCE,
    best_division,
    division_of_lowest_bic,
    graph_calibration,
    lasting_modules,
)
from isograph.network.confounder import hidden_confounders
from isograph.network.pairs import scan_memory, similar_pairs
from isograph.network.result import Network
from isograph.runtime.progress import Steps

# NOTE: measured where most of the pairs offered are kept, per pair offered: codes, r and similarity; both directions of
# the graph and what Leiden makes of them, for every run at once.
BYTES_PER_PAIR = 60
BYTES_PER_PAIR_AND_RUN = 200


def factor_network(channels: Channels, config: FactorConfig, *, seed: int, threads: int, steps: Steps) -> Network:
    """Return the feature network and its partition, hidden confounders removed where there are any.

    Pairs that chance does not explain are kept and compared (``similar_pairs``). Hidden confounders are looked for
    (``isograph.network.confounder``), and if any is removed, the pairs are those of the features without them. The
    graph is divided into communities (``best_division``), and those that explain something stay (``lasting_modules``).
    """
    similar = similar_pairs(channels, config, threads=threads, steps=steps)
    with steps.step("confounders") as progress:
        first_division, _ = division_of_lowest_bic(
            channels, similar, config, config.search_cuts, seed=seed, threads=threads
        )
        search = hidden_confounders(
            channels, similar, first_division, config, seed=seed, threads=threads, progress=progress
        )
    first_cut = first_division.cut if len(similar.pairs.r) else None
    if search.n_removed:
        channels = replace(channels, z=search.z, residual_dof=channels.residual_dof - search.n_removed)
        similar = similar_pairs(channels, config, threads=threads, steps=steps)
    pairs = similar.pairs
    with steps.step("modules") as progress:
        divided = best_division(similar, channels.gene_of, config, seed=seed, threads=threads, progress=progress)
        divided = lasting_modules(channels, divided, len(similar.paired), threads=threads)
    return Network(
        source=pairs.source[divided.is_edge],
        target=pairs.target[divided.is_edge],
        weight=pairs.r[divided.is_edge],
        similarity=similar.similarity[divided.is_edge],
        community_of=divided.community_of,
        min_module_size=config.min_module_size,
        min_kme=config.min_kme,
        channels=channels,
        confounders=search.confounders,
        calibration={
            **graph_calibration(pairs, divided, "as set"),
            "n_factors": divided.n_modules,
            "search_similarity_cut": first_cut,
            "search_modules": first_division.n_modules,
            "hidden_confounders_removed": search.n_removed,
            "hidden_confounders_reason": search.reason,
            "converged": True,
        },
    )


def factor_memory(n_features: int, config: FactorConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    n_pairs = n_features * min(config.neighbours, max(1, n_features - 1))
    runs = min(threads, RUNS_AT_ONCE)
    scan = scan_memory(n_features, config.neighbours, threads=threads)
    return (BYTES_PER_PAIR + runs * BYTES_PER_PAIR_AND_RUN) * n_pairs + scan

"""The ``wgcna`` backend: R WGCNA's modules on the channels every backend gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from isograph.arrays import Index, Vector
from isograph.config.wgcna import WgcnaConfig
from isograph.features.channel import Channels
from isograph.network.communities import giant_component_fraction
from isograph.network.pairs import observed_correlations, pair_correlations
from isograph.network.result import Network
from isograph.network.wgcna.blockwise import BlockwiseModules, blockwise_memory, blockwise_modules
from isograph.network.wgcna.correlation_matrix import TILE
from isograph.runtime.progress import Steps
from isograph.schemas.color import labels_to_colors

BYTES_PER_EDGE = 80


def wgcna_memory(n_features: int, config: WgcnaConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    tiles = 3 * 8 * TILE * TILE * threads
    return blockwise_memory(n_features, config) + tiles + BYTES_PER_EDGE * n_features * config.edges_per_feature


def wgcna_network(channels: Channels, config: WgcnaConfig, *, seed: int, threads: int, steps: Steps) -> Network:
    """Return the feature network and R WGCNA's partition of it.

    Modules are passed on as they are: a module of genes has no further least size or kME, since R's rules are for
    features. The seed is added to ``random_seed``, so that the default draws what R draws.
    """
    missing = channels.missing
    features = channels.z if missing is None else np.where(missing, np.nan, channels.z)
    config = replace(config, random_seed=(config.random_seed + seed) % 2**31)
    modules = blockwise_modules(features, config, gene_of=channels.gene_of, threads=threads, steps=steps)
    source, target, overlap = _edges(modules)
    # An edge weighs the Pearson r over the samples present in both of its features.
    if missing is None:
        weight = pair_correlations(channels.z, source, target, threads=threads)
    else:
        weight, _ = observed_correlations(channels.z, missing, source, target, threads=threads)
    giant = giant_component_fraction(source, target)
    return Network(
        source=source,
        target=target,
        weight=weight,
        similarity=overlap,
        community_of=modules.labels - 1,
        min_module_size=1,
        min_kme=0.0,
        channels=channels,
        confounders=(),
        calibration=_calibration(modules, config) | {"giant_component_fraction": giant},
        colors=tuple(labels_to_colors(np.arange(1, modules.labels.max(initial=0) + 1))),
        excluded=modules.reasons,
        excluded_samples=tuple(np.flatnonzero(~modules.good_samples).tolist()),
    )


def _edges(modules: BlockwiseModules) -> tuple[Index, Index, Vector]:
    """Return the strongest overlaps of all blocks, source < target, ordered by them."""
    parts = []
    for number, block in enumerate(modules.block_results, start=1):
        if block.edges is not None:
            members = np.flatnonzero(modules.blocks == number)
            parts.append((members[block.edges.source], members[block.edges.target], block.edges.overlap))
    if not parts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    source, target, overlap = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((target, source))
    return source[order], target[order], overlap[order]


def _calibration(modules: BlockwiseModules, config: WgcnaConfig) -> dict[str, object]:
    table = modules.power.table
    cuts = [block.cut for block in modules.block_results if block.cut is not None]
    return {
        "power": modules.power.power,
        "power_reason": modules.power.reason,
        "power_estimate_of_r": None if table is None else table.power_estimate,
        "soft_thresholds": [] if table is None else table.rows(),
        "r_squared_cut": config.r_squared_cut,
        "min_module_size": modules.min_module_size,
        "block_sizes": np.bincount(modules.blocks)[1:].tolist(),
        "cut_heights": [cut.cut_height for cut in cuts],
        "max_core_scatters": [cut.max_abs_core_scatter for cut in cuts],
        "min_gaps": [cut.min_abs_gap for cut in cuts],
        "merge_cut_height": config.merge_cut_height,
        "merges": [dict(merged) for merged in modules.merges],
        "n_modules_before_merging": len(np.unique(modules.unmerged_labels[modules.unmerged_labels > 0])),
        "module_sizes": np.bincount(modules.labels)[1:].tolist(),
        "n_grey_features": int((modules.labels[modules.good_features] == 0).sum()),
        "n_excluded_features": int((~modules.good_features).sum()),
        "converged": True,
    }

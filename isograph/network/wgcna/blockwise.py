"""From features to modules, block by block."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Flags, Index, Matrix
from isograph.config.wgcna import R_MAX_BLOCK_SIZE, R_POWER, WgcnaConfig
from isograph.errors import InputError
from isograph.network.wgcna.block import Block, BlockRules, block_modules, correlation_options, module_kme
from isograph.network.wgcna.correlation_matrix import CorrelationOptions, fisher_pvalue
from isograph.network.wgcna.eigengene import Labels, module_eigengenes
from isograph.network.wgcna.good_features import good_samples_genes
from isograph.network.wgcna.merging import MergedModules, merge_close_modules
from isograph.network.wgcna.preclustering import feature_blocks
from isograph.network.wgcna.threshold import SoftThresholds, soft_threshold_table
from isograph.network.wgcna.tree import Tree
from isograph.runtime.progress import Steps
from isograph.runtime.resources import require_memory
from isograph.runtime.threads import resolve_threads
from isograph.schemas.color import GREY, labels_to_colors

logger = logging.getLogger(__name__)

DEFAULT_MODULE_SIZE = 20
FEATURES_PER_CENTER = 20
CENTERS_PER_BLOCK = 100
BYTES_PER_PAIR = 12
DEFAULT_CONFIG = WgcnaConfig()
# NOTE: number of samples, power of unsigned and hybrid networks below it, power of signed networks below it.
PUBLISHED_POWERS = ((20, 9.0, 18.0), (30, 8.0, 16.0), (40, 7.0, 14.0), (np.inf, 6.0, 12.0))


@dataclass(frozen=True, slots=True)
class PowerChoice:
    """The soft-threshold power and why it is that.

    Attributes
    ----------
    power : the power.
    reason : a sentence.
    table : the scale-free fits it was chosen from, None where it was given or R's default.
    """

    power: float
    reason: str
    table: SoftThresholds | None


@dataclass(frozen=True, slots=True)
class BlockwiseModules:
    """Modules of all features; R: ``blockwiseModules``.

    Attributes
    ----------
    labels : (p,), 0 for none, 1 for the largest module.
    colors : (p,), the same as colour names; modules of equal size may be numbered differently, as in R.
    unmerged_labels, unmerged_colors : (p,), before close modules were merged.
    eigengenes : (m, n), in the order of their tree, that of the features in no module last; NaN in samples left out.
    eigengene_labels : (m,) labels of the eigengenes.
    variance_explained : (m,).
    good_features, good_samples : (p,), (n,), what took part.
    reasons : feature → why it did not take part.
    blocks : (p,) block of each feature, 1 for the largest, 0 for a feature that did not take part.
    block_results : the modules of every block; its features are those with the block's number, in order.
    merges : labels merged into others, pass by pass.
    merge_tree : tree of the eigengenes before merging, None for fewer than two modules.
    power : the power and why.
    min_module_size : features a module had to have.
    """

    labels: Index
    colors: NDArray[np.str_]
    unmerged_labels: Index
    unmerged_colors: NDArray[np.str_]
    eigengenes: Matrix
    eigengene_labels: Index
    variance_explained: Matrix
    good_features: Flags
    good_samples: Flags
    reasons: dict[int, str]
    blocks: Index
    block_results: tuple[Block, ...]
    merges: tuple[dict[str, str], ...]
    merge_tree: Tree | None
    power: PowerChoice
    min_module_size: float


def blockwise_modules(
    features: Matrix,
    config: WgcnaConfig = DEFAULT_CONFIG,
    *,
    gene_of: Index | None = None,
    threads: int | None = None,
    steps: Steps | None = None,
) -> BlockwiseModules:
    """Return the modules of a feature matrix; R: ``blockwiseModules(numericLabels = TRUE)``.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    config : R's arguments in snake_case.
    gene_of : (p,) gene of each feature; given, the strongest overlaps between genes are kept as edges.
    threads : None for the cores this process may use. No result depends on it.
    steps : times each step.

    Raises
    ------
    InputError
        Fewer than 4 features or samples are good, or correlations are not defined.
    ResourceError
        The largest block needs more memory than there is.
    """
    values = np.ascontiguousarray(features, dtype=np.float64)
    if values.ndim != 2:
        raise InputError("features", f"their shape is {values.shape}, expected (features, samples).")
    if infinite := int(np.isinf(values).any(axis=1).sum()):
        raise InputError("features", f"{infinite} have infinite values, expected numbers or NaN for missing.")
    steps = steps or Steps()
    threads = resolve_threads(threads)
    with steps.step("good features"):
        good = good_samples_genes(values)
        good_values = values if good.all_good else np.ascontiguousarray(values[np.ix_(good.features, good.samples)])
    require_memory(
        blockwise_memory(len(good_values), config),
        what=f"a network of {min(len(good_values), block_limit(config) or len(good_values))} features in one block",
        remedy="Set max_block_size (R's is 5000) to divide the features into blocks, or use fewer features.",
    )
    power = _power(good_values, config, threads, steps)
    size = config.min_module_size
    size = min(DEFAULT_MODULE_SIZE, len(good_values) / 2) if size is None else size
    core = size / 3 if config.min_core_kme_size is None else config.min_core_kme_size
    rules = BlockRules(power=power.power, min_module_size=size, min_core_kme_size=core)
    block_of = _blocks(good_values, config, threads, steps)
    genes = None if gene_of is None else gene_of[good.features]
    blocks, labels = _block_results(good_values, block_of, config, rules, genes=genes, threads=threads, steps=steps)
    with steps.step("merge"):
        _reassign(good_values, labels, blocks, config, rules, n_samples=values.shape[1], threads=threads)
        merged, colors = _merged(good_values, labels, config)
    unmerged = _spread(labels, good.features, 0)
    eigengenes = np.full((len(merged.eigengenes.labels), values.shape[1]), np.nan)
    eigengenes[:, good.samples] = merged.eigengenes.eigengenes
    return BlockwiseModules(
        labels=_spread(merged.labels, good.features, 0),
        colors=_spread(colors, good.features, GREY),
        unmerged_labels=unmerged,
        unmerged_colors=np.array(labels_to_colors(unmerged), dtype=str),
        eigengenes=eigengenes,
        eigengene_labels=merged.eigengenes.labels,
        variance_explained=merged.eigengenes.variance_explained,
        good_features=good.features,
        good_samples=good.samples,
        reasons=good.reasons,
        blocks=_spread(block_of, good.features, 0),
        block_results=tuple(blocks),
        merges=merged.merges,
        merge_tree=merged.first_tree,
        power=power,
        min_module_size=size,
    )


def blockwise_memory(n_features: int, config: WgcnaConfig) -> int:
    """Return the bytes the largest block takes: a square matrix and a triangle of float64."""
    return BYTES_PER_PAIR * min(n_features, block_limit(config) or n_features) ** 2


def block_limit(config: WgcnaConfig) -> int | None:
    """Return the features a block may have, None for any number."""
    return R_MAX_BLOCK_SIZE if config.max_block_size is None and config.r_defaults else config.max_block_size


def _power(features: Matrix, config: WgcnaConfig, threads: int, steps: Steps) -> PowerChoice:
    """Return the power as given, R's, or the smallest that makes the network scale-free."""
    if config.power is not None:
        return PowerChoice(config.power, "as given", None)
    if config.r_defaults:
        return PowerChoice(R_POWER, "R's default", None)
    with steps.step("soft threshold") as progress:
        table = soft_threshold_table(
            features,
            network_type=config.network_type,
            r_squared_cut=config.r_squared_cut,
            options=correlation_options(config),
            threads=threads,
            progress=progress,
        )
    falling = np.flatnonzero((table.r_squared > config.r_squared_cut) & (table.slope < 0))
    if len(falling):
        reason = f"the smallest power with scale-free R² above {config.r_squared_cut:g} and a falling line"
        return PowerChoice(float(table.power[falling[0]]), reason, table)
    power = published_power(config.network_type, features.shape[1])
    reason = (
        f"no power reaches scale-free R² {config.r_squared_cut:g} with a falling line: the published default for "
        f"{config.network_type} networks of {features.shape[1]} samples"
    )
    logger.warning("power %g: %s", power, reason)
    return PowerChoice(power, reason, table)


def published_power(network_type: str, n_samples: int) -> float:
    """Return the power that the authors of WGCNA advise when no power makes the network scale-free."""
    position = 2 if network_type == "signed" else 1
    return next(row[position] for row in PUBLISHED_POWERS if n_samples < row[0])


def _blocks(features: Matrix, config: WgcnaConfig, threads: int, steps: Steps) -> Index:
    """Return the block of each feature, from 1."""
    limit = block_limit(config)
    if limit is None or len(features) <= limit:
        return np.ones(len(features), dtype=np.int64)
    centers = config.n_preclustering_centers
    if centers is None:
        centers = int(min(len(features) / FEATURES_PER_CENTER, CENTERS_PER_BLOCK * len(features) / limit))
    with steps.step("blocks"):
        return feature_blocks(
            features,
            max_block_size=limit,
            n_centers=max(1, centers),
            penalty_power=config.block_size_penalty_power,
            seed=config.random_seed,
            threads=threads,
        )


def _block_results(
    features: Matrix,
    block_of: Index,
    config: WgcnaConfig,
    rules: BlockRules,
    *,
    genes: Index | None,
    threads: int,
    steps: Steps,
) -> tuple[list[Block], Index]:
    """Return the modules of each block and the labels of all features."""
    labels = np.zeros(len(features), dtype=np.int64)
    blocks: list[Block] = []
    highest_label = 0
    for number in range(1, int(block_of.max()) + 1):
        members = np.flatnonzero(block_of == number)
        block = block_modules(
            features if len(members) == len(features) else np.ascontiguousarray(features[members]),
            config,
            rules,
            highest_label=highest_label,
            gene_of=None if genes is None else genes[members],
            threads=threads,
            steps=steps,
        )
        labels[members] = block.labels
        highest_label = block.highest_label
        blocks.append(block)
    return blocks, labels


def _reassign(
    features: Matrix,
    labels: Index,
    blocks: list[Block],
    config: WgcnaConfig,
    rules: BlockRules,
    *,
    n_samples: int,
    threads: int,
) -> None:
    """Move features to the module they correlate with clearly better, in ``labels``.

    NOTE: as in R, a feature gets the position of that module among those that remain, not its label, and p-values
    count the samples that were left out.
    """
    assigned = np.flatnonzero(labels > 0)
    if len(assigned) == 0:
        return
    eigengenes = np.concatenate([block.eigengenes for block in blocks])
    eigengene_labels = np.concatenate([block.eigengene_labels for block in blocks])
    kme = module_kme(features[assigned], eigengenes, config, threads=threads)
    best = np.argmax(kme, axis=1)
    before = labels[assigned].copy()
    dissolved = []
    for position, label in enumerate(eigengene_labels):
        members = np.flatnonzero(before == label)
        own, highest = kme[members, position], kme[members, best[members]]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = fisher_pvalue(highest, n_samples) / fisher_pvalue(own, n_samples)
        moved = (own < highest) & np.isfinite(ratio) & (ratio < config.reassign_threshold)
        labels[assigned[members[moved]]] = best[members[moved]] + 1
        if len(members) - moved.sum() < rules.min_module_size:
            dissolved.append(label)
    labels[np.isin(labels, dissolved)] = 0


def _merged(features: Matrix, labels: Index, config: WgcnaConfig) -> tuple[MergedModules, NDArray[np.str_]]:
    """Return the modules after those with close eigengenes became one, and the colours that R gives the features."""
    options = CorrelationOptions(
        cor_type=config.cor_type, max_p_outliers=config.max_p_outliers, pearson_fallback=config.pearson_fallback
    )
    merge = partial(merge_close_modules, features, cut_height=config.merge_cut_height, relabel=True, options=options)
    if (labels > 0).any():
        merged = merge(labels)
    else:
        # Without modules there is one eigengene, of the features in none.
        grey = module_eigengenes(features, labels)
        merged = MergedModules(labels, grey, grey.at(np.arange(0)), None, ())
    # NOTE: R merges the colours once more, which differ from the numbers among modules of equal size.
    sizes = np.bincount(merged.labels)[1:]
    if len(np.unique(sizes)) == len(sizes):
        return merged, np.array(labels_to_colors(merged.labels), dtype=str)
    return merged, merge(np.array(labels_to_colors(labels), dtype=str)).labels


def _spread(values: Labels, good: Flags, rest: int | str) -> Labels:
    """Return the values of the good features at their places among all features, ``rest`` elsewhere."""
    out = np.full(len(good), rest)
    out = out.astype(np.result_type(out, values))
    out[good] = values
    return out

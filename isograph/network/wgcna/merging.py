"""Merging of modules whose eigengenes are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix
from isograph.config.check import require
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import PEARSON, CorrelationOptions, correlation
from isograph.network.wgcna.eigengene import Labels, ModuleEigengenes, is_grey, module_eigengenes
from isograph.network.wgcna.tree import Tree, average_linkage, tree_groups
from isograph.schemas.color import standard_colors


@dataclass(frozen=True, slots=True)
class MergedModules:
    """Labels after merging.

    Attributes
    ----------
    labels : (p,), numbers or colour names as given.
    eigengenes : of the modules that are left, in the order of their tree, the features in no module last.
    first_eigengenes : of the modules as given, in the order of their tree.
    first_tree : tree of their dissimilarity, None for a single module.
    merges : old label → label it was merged into, of every pass, as text; the labels of the tree before relabelling.
    """

    labels: Labels
    eigengenes: ModuleEigengenes
    first_eigengenes: ModuleEigengenes
    first_tree: Tree | None
    merges: tuple[dict[str, str], ...]


def merge_close_modules(
    features: Matrix,
    labels: Labels,
    *,
    cut_height: float = 0.2,
    use_abs: bool = False,
    relabel: bool = False,
    options: CorrelationOptions = PEARSON,
) -> MergedModules:
    """Merge modules whose eigengenes differ by no more than ``cut_height``, until none do; R: ``mergeCloseModules``.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    labels : (p,), numbers (0: no module) or colour names (grey: no module).
    cut_height : height of the average-linkage tree of 1 − r between eigengenes up to which modules merge.
    use_abs : 1 − |r| instead.
    relabel : number (or name) the modules again from the largest on.
    options : the kind of correlation between eigengenes.

    Raises
    ------
    InputError
        There is no module.
    """
    require({f"cut_height is {cut_height}, expected 0 or more": cut_height >= 0})
    labels = np.array(labels)
    first_eigengenes, first_tree = _eigengenes_and_tree(features, labels, options, use_abs=use_abs)
    eigengenes, tree = first_eigengenes, first_tree
    merges: list[dict[str, str]] = []
    while tree is not None:
        # The first module of each group survives.
        survivor_of: dict[int, object] = {}
        groups = zip(eigengenes.labels, tree_groups(tree, cut_height).tolist(), strict=True)
        into = {label: survivor_of.setdefault(group, label) for label, group in groups}
        into = {old: new for old, new in into.items() if old != new}
        if not into:
            break
        merges.append({str(old): str(new) for old, new in into.items()})
        for old, new in into.items():
            labels[labels == old] = new
        eigengenes, tree = _eigengenes_and_tree(features, labels, options, use_abs=use_abs)
    if relabel:
        labels = _relabelled(labels)
    # The eigengenes stand in the order of their tree, that of the features in no module last.
    eigengenes = module_eigengenes(features, labels)
    grey = is_grey(eigengenes.labels)
    proper = np.flatnonzero(~grey)
    order = proper[_leaf_order(eigengenes.eigengenes[proper])]
    return MergedModules(
        labels=labels,
        eigengenes=eigengenes.at(np.concatenate([order, np.flatnonzero(grey)])),
        first_eigengenes=first_eigengenes,
        first_tree=first_tree,
        merges=tuple(merges),
    )


def _eigengenes_and_tree(
    features: Matrix, labels: Labels, options: CorrelationOptions, *, use_abs: bool
) -> tuple[ModuleEigengenes, Tree | None]:
    """Return the eigengenes of the modules in leaf order, and the tree they merge by; None for a single module."""
    eigengenes = module_eigengenes(features, labels, exclude_grey=True)
    # NOTE: the order is that of the tree of Pearson r, as in R, whatever modules merge by.
    eigengenes = eigengenes.at(_leaf_order(eigengenes.eigengenes))
    if len(eigengenes.labels) < 2:
        return eigengenes, None
    r = correlation(eigengenes.eigengenes, options=options)
    if np.isnan(r).any():
        raise InputError("eigengenes", "correlations between them are not defined: a module's features are constant.")
    return eigengenes, average_linkage(1.0 - (np.abs(r) if use_abs else r))


def _relabelled(labels: Labels) -> Labels:
    """Return labels numbered (or named) from the largest module on; ties go by label, no module stays none."""
    levels, counts = np.unique(labels, return_counts=True)
    proper = ~is_grey(levels)
    by_size = levels[proper][np.argsort(-counts[proper], kind="stable")]
    names: Labels = np.arange(1, len(by_size) + 1)
    if labels.dtype.kind == "U":
        names = np.array(standard_colors(len(by_size)), dtype=str)
    out = labels.astype(np.result_type(labels, names) if labels.dtype.kind == "U" else labels.dtype)
    for old, new in zip(by_size, names, strict=True):
        out[labels == old] = new
    return out


def _leaf_order(eigengenes: Matrix) -> Index:
    """Return the eigengenes' order in the average-linkage tree of 1 − r between them; R: ``orderMEs``."""
    if len(eigengenes) < 2:
        return np.arange(len(eigengenes))
    return average_linkage(1.0 - correlation(eigengenes)).order

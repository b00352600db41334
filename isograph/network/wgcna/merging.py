"""Modules whose eigengenes are alike become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix
from isograph.config.check import require
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import DEFAULT, CorrelationOptions, correlation
from isograph.network.wgcna.eigengene import (
    Labels,
    ModuleEigengenes,
    is_grey,
    leaf_order,
    module_eigengenes,
)
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
    options: CorrelationOptions = DEFAULT,
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
    first: tuple[ModuleEigengenes, Tree | None] | None = None
    merges: list[dict[str, str]] = []
    while True:
        found = module_eigengenes(features, labels, exclude_grey=True)
        found = found.taken(leaf_order(found.eigengenes))
        tree = _tree(found.eigengenes, options, use_abs=use_abs)
        first = first or (found, tree)
        groups = np.zeros(1, dtype=np.int64) if tree is None else tree_groups(tree, cut_height)
        into = _survivors(found.labels, groups)
        if not into:
            break
        merges.append({str(old): str(new) for old, new in into.items()})
        for old, new in into.items():
            labels[labels == old] = new
    if relabel:
        labels = relabelled(labels)
    return MergedModules(
        labels=labels,
        eigengenes=ordered_eigengenes(features, labels),
        first_eigengenes=first[0],
        first_tree=first[1],
        merges=tuple(merges),
    )


def ordered_eigengenes(features: Matrix, labels: Labels) -> ModuleEigengenes:
    """Return all eigengenes in the order of their tree, that of the features in no module last."""
    found = module_eigengenes(features, labels)
    grey = is_grey(found.labels)
    proper = np.flatnonzero(~grey)
    return found.taken(np.concatenate([proper[leaf_order(found.eigengenes[proper])], np.flatnonzero(grey)]))


def relabelled(labels: Labels) -> Labels:
    """Return labels numbered (or named) from the largest module on; ties go by label, no module stays none."""
    levels, counts = np.unique(labels, return_counts=True)
    proper = ~is_grey(levels)
    order = np.argsort(-counts[proper], kind="stable")
    old = levels[proper][order]
    new: Labels = np.arange(1, len(old) + 1)
    if labels.dtype.kind == "U":
        new = np.array(standard_colors(len(old)), dtype=str)
    dtype = np.result_type(labels, new) if labels.dtype.kind == "U" else labels.dtype
    out = labels.astype(dtype)
    for one, other in zip(old, new, strict=True):
        out[labels == one] = other
    return out


def _tree(eigengenes: Matrix, options: CorrelationOptions, *, use_abs: bool) -> Tree | None:
    if len(eigengenes) < 2:
        return None
    r = correlation(eigengenes, options=options)
    if np.isnan(r).any():
        raise InputError("eigengenes", ["correlations between them are not defined: a module's features are constant."])
    return average_linkage(1.0 - (np.abs(r) if use_abs else r))


def _survivors(labels: Labels, groups: Index) -> dict[object, object]:
    """Return old label → surviving label (the first of its group) of those that merge."""
    first = {int(group): labels[position] for position, group in reversed(list(enumerate(groups)))}
    return {label: first[int(group)] for label, group in zip(labels, groups, strict=True) if label != first[int(group)]}

"""Dynamic hybrid cut of a tree: branches that are tight and stand apart, then objects near them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.config.check import require
from isograph.errors import InputError
from isograph.network.wgcna.pam_stage import assign_nearby
from isograph.network.wgcna.tree import Tree, condensed_of

REFERENCE_SHARE = 0.05
AUTOMATIC_SHARE = 0.99
CORE_SCATTER = (0.64, 0.73, 0.82, 0.91, 0.95)
GAP_SHARE = 0.75


class TreeCutOptions(TypedDict, total=False):
    """The arguments of R's ``cutreeDynamic(method = "hybrid")``, in snake_case.

    min_cluster_size (20), deep_split (1; 0 to 4, fractions allowed), cut_height (None: automatic), pam_stage (True),
    pam_respects_dendro (True), max_pam_dist (None: ``cut_height`` as given, else the automatic one),
    respect_small_clusters (True), min_split_height (0), and the absolute criteria max_abs_core_scatter, min_abs_gap,
    min_abs_split_height (None: from ``deep_split``).
    """

    min_cluster_size: float
    deep_split: float
    cut_height: float | None
    pam_stage: bool
    pam_respects_dendro: bool
    max_pam_dist: float | None
    respect_small_clusters: bool
    min_split_height: float
    max_abs_core_scatter: float | None
    min_abs_gap: float | None
    min_abs_split_height: float | None


DEFAULTS = TreeCutOptions(
    min_cluster_size=20,
    deep_split=1,
    cut_height=None,
    pam_stage=True,
    pam_respects_dendro=True,
    max_pam_dist=None,
    respect_small_clusters=True,
    min_split_height=0.0,
    max_abs_core_scatter=None,
    min_abs_gap=None,
    min_abs_split_height=None,
)


@dataclass(frozen=True, slots=True)
class TreeCut:
    """Clusters of a tree.

    Attributes
    ----------
    labels : (n,), 0 for none, 1 for the largest cluster.
    cores : (n,), the label where the object is in the core of its cluster, among those that joined first, else 0.
    small_labels : (n,), number of the branch that was too small to be a cluster, 0 for none.
    on_branch : (n,), number of the composite branch the object hangs on, 0 for none.
    cut_height, max_abs_core_scatter, min_abs_gap, min_abs_split_height : the criteria that were applied.
    """

    labels: Index
    cores: Index
    small_labels: Index
    on_branch: Index
    cut_height: float
    max_abs_core_scatter: float
    min_abs_gap: float
    min_abs_split_height: float


@dataclass(frozen=True, slots=True)
class _Criteria:
    cut_height: float
    max_scatter: float
    min_gap: float
    min_split_height: float
    min_size: float
    nested: bool


@dataclass(slots=True)
class _Branch:
    """A branch: basic with its members in joining order, or composite of basic ones."""

    members: list[int]
    size: int
    basic: bool = True
    constituents: list[int] = field(default_factory=list)
    attach_height: float | None = None
    top: bool = True
    failed_on_size: bool = False


def hybrid_tree_cut(tree: Tree, dissimilarity: Matrix | Vector, **options: Unpack[TreeCutOptions]) -> TreeCut:
    """Return the clusters of a tree; R: ``cutreeDynamic(method = "hybrid")`` of dynamicTreeCut.

    Langfelder, Zhang & Horvath 2008, doi:10.1093/bioinformatics/btm563.

    Parameters
    ----------
    tree : the average-linkage tree of the dissimilarity.
    dissimilarity : (n, n) symmetric, or its (n (n − 1) / 2,) upper triangle row by row.
    options : see ``TreeCutOptions``; what is not given has R's default.

    Raises
    ------
    ConfigError
        An option is out of its range.
    InputError
        The dissimilarity does not have the tree's objects.
    """
    given = DEFAULTS | options
    _check(given)
    d = np.asarray(dissimilarity, dtype=np.float64)
    condensed = condensed_of(d) if d.ndim == 2 else np.ascontiguousarray(d)
    n = tree.n_objects
    if len(condensed) != n * (n - 1) // 2:
        raise InputError("dissimilarity", [f"its shape is {d.shape}, expected the pairs of the tree's {n} objects."])
    criteria = _criteria(tree, given)
    if int((tree.height <= criteria.cut_height).sum()) < criteria.min_size:
        nothing = np.zeros(n, dtype=np.int64)
        return _result(nothing, nothing, nothing, nothing, criteria)
    branches, on_branch = _branches(tree, condensed, criteria)
    clusters = [number for number, branch in enumerate(branches) if _is_cluster(branch, condensed, n, criteria)]
    provisional = np.zeros(n, dtype=np.int64)
    for label, number in enumerate(clusters, start=1):
        provisional[branches[number].members] = label
    small = np.zeros(n, dtype=np.int64)
    for number, branch in enumerate(branches):
        if branch.failed_on_size:
            small[branch.members] = number + 1
    small[provisional > 0] = 0
    labels = provisional
    if given["pam_stage"] and clusters and (provisional == 0).any():
        candidates = None
        if given["pam_respects_dendro"]:
            label_of = {number: label for label, number in enumerate(clusters, start=1)}
            candidates = {
                number + 1: sorted(label_of[part] for part in branch.constituents if part in label_of)
                for number, branch in enumerate(branches)
                if not branch.basic
            }
        labels = assign_nearby(
            condensed,
            provisional,
            small if given["respect_small_clusters"] else np.zeros_like(small),
            on_branch,
            candidates=candidates,
            max_distance=_max_pam_dist(given, criteria),
        )
    cores = np.zeros(n, dtype=np.int64)
    for label, number in enumerate(clusters, start=1):
        cores[_core(branches[number], criteria.min_size)] = label
    return _result(*_by_size(labels, cores), small, on_branch, criteria)


def _check(given: TreeCutOptions) -> None:
    height, size, split = given["cut_height"], given["min_cluster_size"], given["deep_split"]
    require(
        {
            f"cut_height is {height}, expected 0 or more": height is None or height >= 0,
            f"min_cluster_size is {size}, expected above 0": size > 0,
            f"deep_split is {split}, expected 0 to 4": 0 <= split <= 4,
        }
    )


def _max_pam_dist(given: TreeCutOptions, criteria: _Criteria) -> float:
    """Return the distance below which an object joins a cluster: the cut height as given, even above the tree."""
    if given["max_pam_dist"] is not None:
        return given["max_pam_dist"]
    return criteria.cut_height if given["cut_height"] is None else given["cut_height"]


def _criteria(tree: Tree, given: TreeCutOptions) -> _Criteria:
    n_merges = len(tree.height)
    highest = float(tree.height[-1]) if n_merges else 0.0
    reference = float(tree.height[max(1, round(REFERENCE_SHARE * n_merges)) - 1]) if n_merges else 0.0
    cut = given["cut_height"]
    height = reference + AUTOMATIC_SHARE * (highest - reference) if cut is None else min(cut, highest)
    span = height - reference
    gaps = tuple((1.0 - scatter) * GAP_SHARE for scatter in CORE_SCATTER)
    scatter = reference + _at_split(CORE_SCATTER, given["deep_split"]) * span
    gap = _at_split(gaps, given["deep_split"]) * span
    split = reference + given["min_split_height"] * span
    absolute = given["max_abs_core_scatter"], given["min_abs_gap"], given["min_abs_split_height"]
    return _Criteria(
        cut_height=height,
        max_scatter=scatter if absolute[0] is None else absolute[0],
        min_gap=gap if absolute[1] is None else absolute[1],
        min_split_height=split if absolute[2] is None else absolute[2],
        min_size=given["min_cluster_size"],
        nested=given["pam_stage"] and given["pam_respects_dendro"],
    )


def _at_split(values: tuple[float, ...], deep_split: float) -> float:
    """Return the value for a deep split, between the tabled ones on the line through the nearest and the next."""
    nearest = round(deep_split + 1)
    if nearest >= len(values):
        return values[-1]
    return values[nearest - 1] + (deep_split + 1 - nearest) * (values[nearest] - values[nearest - 1])


def _branches(tree: Tree, condensed: Vector, criteria: _Criteria) -> tuple[list[_Branch], Index]:
    """Return the branches in the order they were made, and the composite one that each object hangs on, from 1."""
    n = tree.n_objects
    branches: list[_Branch] = []
    on_branch = np.zeros(n, dtype=np.int64)
    branch_at = np.full(len(tree.height) + 1, -1, dtype=np.int64)
    for row, ((one, other), height) in enumerate(zip(tree.merge.tolist(), tree.height.tolist(), strict=True), start=1):
        if height > criteria.cut_height:
            continue
        if other < 0:
            branches.append(_Branch(members=[-one - 1, -other - 1], size=2))
            branch_at[row] = len(branches) - 1
        elif one < 0:
            number = int(branch_at[other])
            branches[number].size += 1
            if branches[number].basic:
                branches[number].members.append(-one - 1)
            else:
                on_branch[-one - 1] = number + 1
            branch_at[row] = number
        else:
            pair = int(branch_at[one]), int(branch_at[other])
            found = _joined(branches, pair, height, on_branch=on_branch, condensed=condensed, criteria=criteria)
            branch_at[row] = found
    return branches, on_branch


def _joined(
    branches: list[_Branch],
    pair: tuple[int, int],
    height: float,
    *,
    on_branch: Index,
    condensed: Vector,
    criteria: _Criteria,
) -> int:
    """Join two branches and return the number of the branch that stands for both."""
    small, large = pair if branches[pair[0]].size <= branches[pair[1]].size else pair[::-1]
    for absorbed, kept in ((small, large), (large, small)):
        scatter, fails = _failure(branches[absorbed], height, condensed, len(on_branch), criteria)
        if fails:
            branch, host = branches[absorbed], branches[kept]
            branch.top = False
            branch.attach_height = height
            branch.failed_on_size = scatter <= criteria.max_scatter and height - scatter >= criteria.min_gap
            if host.basic:
                host.members += branch.members
            else:
                on_branch[branch.members] = kept + 1
            host.size += branch.size
            return kept
    if branches[small].basic is False and branches[large].basic:
        small, large = large, small
    parts = [*_basic_parts(branches, small), *_basic_parts(branches, large)]
    branches[small].attach_height = height
    if branches[large].basic or criteria.nested:
        branches[large].attach_height = height
        size = branches[small].size + branches[large].size
        branches.append(_Branch(members=[], size=size, basic=False, constituents=parts, top=False))
        return len(branches) - 1
    branches[large].constituents += _basic_parts(branches, small)
    branches[large].size += branches[small].size
    return large


def _basic_parts(branches: list[_Branch], number: int) -> list[int]:
    return [number] if branches[number].basic else branches[number].constituents


def _failure(branch: _Branch, height: float, condensed: Vector, n: int, criteria: _Criteria) -> tuple[float, bool]:
    """Return the scatter of a branch's core and whether the branch cannot stand alone below ``height``."""
    if not branch.basic:
        return float("nan"), False
    scatter = _scatter(branch, condensed, n, criteria.min_size)
    fails = (
        branch.size < criteria.min_size
        or scatter > criteria.max_scatter
        or height - scatter < criteria.min_gap
        or height < criteria.min_split_height
    )
    return scatter, fails


def _scatter(branch: _Branch, condensed: Vector, n: int, min_size: float) -> float:
    """Return the scatter of the branch's core: of the members that joined first."""
    from isograph.kernels.treecut import core_scatter

    return float(core_scatter(condensed, n, _core(branch, min_size)))


def _core(branch: _Branch, min_size: float) -> Index:
    """Return the members of a basic branch's core."""
    base = min_size / 2.0 + 1.0
    size = int(base + np.sqrt(branch.size - base)) if base < branch.size else branch.size
    return np.array(branch.members[:size], dtype=np.int64)


def _is_cluster(branch: _Branch, condensed: Vector, n: int, criteria: _Criteria) -> bool:
    if not (branch.basic and branch.top and branch.size >= criteria.min_size):
        return False
    scatter = _scatter(branch, condensed, n, criteria.min_size)
    height = criteria.cut_height if branch.attach_height is None else branch.attach_height
    return scatter < criteria.max_scatter and height - scatter > criteria.min_gap


def _by_size(labels: Index, cores: Index) -> tuple[Index, Index]:
    """Return labels numbered from the largest cluster on (ties: the lower provisional label), and the cores' labels."""
    n_clusters = int(cores.max(initial=0))
    sizes = np.bincount(labels, minlength=n_clusters + 1)[1:]
    number = np.zeros(n_clusters + 1, dtype=np.int64)
    number[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, n_clusters + 1)
    return number[labels], number[cores]


def _result(labels: Index, cores: Index, small: Index, on_branch: Index, criteria: _Criteria) -> TreeCut:
    return TreeCut(
        labels=labels,
        cores=cores,
        small_labels=small,
        on_branch=on_branch,
        cut_height=criteria.cut_height,
        max_abs_core_scatter=criteria.max_scatter,
        min_abs_gap=criteria.min_gap,
        min_abs_split_height=criteria.min_split_height,
    )

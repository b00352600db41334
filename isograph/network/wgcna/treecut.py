"""Dynamic hybrid cut of a tree: branches that are tight and stand apart, then objects near them.

Langfelder, Zhang & Horvath 2008, doi:10.1093/bioinformatics/btm563, in three steps:

1. The merges below the cut height are followed upwards. Where two branches meet, one that is too small or too loose is
   absorbed by the other; two that both stand alone become parts of a composite branch.
2. The branches that were not absorbed and meet the criteria are the clusters.
3. PAM stage: objects outside clusters join the nearest one if they are near enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import numpy as np

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.config.check import require
from isograph.errors import InputError
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
    """The criteria in the units of the dissimilarity.

    ``nested``: a branch that meets a composite one makes a new composite one of both. The PAM stage needs it to know
    which clusters are on an object's own branch.
    """

    cut_height: float
    max_abs_core_scatter: float
    min_abs_gap: float
    min_abs_split_height: float
    min_cluster_size: float
    max_pam_dist: float
    nested: bool


@dataclass(slots=True, eq=False)
class _Branch:
    """A branch, basic or composite.

    Attributes
    ----------
    number : from 1, in the order in which branches were made.
    size : objects on it.
    members : the objects of a basic branch in the order in which they joined.
    parts : the basic branches of a composite one, which also has objects in none of them; empty for a basic one.
    attach_height : height at which it met another branch; None if it did not.
    absorbed : it could not stand alone and went into the branch it met.
    only_small : it was absorbed for nothing but its size or the height; the PAM stage then keeps its objects together.
    """

    number: int
    size: int
    members: list[int] = field(default_factory=list)
    parts: list[_Branch] = field(default_factory=list)
    attach_height: float | None = None
    absorbed: bool = False
    only_small: bool = False

    @property
    def basic(self) -> bool:
        return not self.parts


def hybrid_tree_cut(tree: Tree, dissimilarity: Matrix | Vector, **options: Unpack[TreeCutOptions]) -> TreeCut:
    """Return the clusters of a tree; R: ``cutreeDynamic(method = "hybrid")`` of dynamicTreeCut.

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
    settings = DEFAULTS | options
    criteria = _criteria(tree, settings)
    d = np.asarray(dissimilarity, dtype=np.float64)
    condensed = condensed_of(d) if d.ndim == 2 else np.ascontiguousarray(d)
    n = tree.n_objects
    if len(condensed) != n * (n - 1) // 2:
        raise InputError("dissimilarity", f"its shape is {d.shape}, expected the pairs of the tree's {n} objects.")
    branches = _Branches(tree, condensed, criteria)
    clusters = branches.clusters()
    labels = _numbered((cluster.members for cluster in clusters), n)
    cores = _numbered((branches.core(cluster) for cluster in clusters), n)
    small = _numbered((branch.members if branch.only_small else () for branch in branches.made), n)
    # NOTE: what absorbed a small branch may be a cluster.
    small[labels > 0] = 0
    if settings["pam_stage"] and clusters:
        labels = _with_near_objects(
            condensed,
            labels,
            groups=small if settings["respect_small_clusters"] else np.zeros_like(small),
            on_branch=branches.of_object,
            candidates=_candidates(branches.made, clusters, own_branch_only=settings["pam_respects_dendro"]),
            max_distance=criteria.max_pam_dist,
        )
    # NOTE: the largest cluster becomes 1; of clusters of one size, the branch that was made first comes first.
    sizes = np.bincount(labels, minlength=len(clusters) + 1)[1:]
    rank = np.zeros(len(clusters) + 1, dtype=np.int64)
    rank[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, len(clusters) + 1)
    return TreeCut(
        labels=rank[labels],
        cores=rank[cores],
        small_labels=small,
        on_branch=branches.of_object,
        cut_height=criteria.cut_height,
        max_abs_core_scatter=criteria.max_abs_core_scatter,
        min_abs_gap=criteria.min_abs_gap,
        min_abs_split_height=criteria.min_abs_split_height,
    )


def _numbered(groups: Iterable[Sequence[int] | Index], n: int) -> Index:
    """Return, for n objects, the number of the group each is in, from 1: of the last one if of several, 0 for none."""
    numbers = np.zeros(n, dtype=np.int64)
    for number, objects in enumerate(groups, start=1):
        numbers[np.asarray(objects, dtype=np.int64)] = number
    return numbers


def _criteria(tree: Tree, settings: TreeCutOptions) -> _Criteria:
    """Return the criteria; those that are not given are shares of the span between a low merge and the cut."""
    cut_height, size, split = settings["cut_height"], settings["min_cluster_size"], settings["deep_split"]
    require(
        {
            f"cut_height is {cut_height}, expected 0 or more": cut_height is None or cut_height >= 0,
            f"min_cluster_size is {size}, expected above 0": size > 0,
            f"deep_split is {split}, expected 0 to 4": 0 <= split <= 4,
        }
    )
    n_merges = len(tree.height)
    highest = float(tree.height[-1]) if n_merges else 0.0
    reference = float(tree.height[max(1, round(REFERENCE_SHARE * n_merges)) - 1]) if n_merges else 0.0
    automatic = reference + AUTOMATIC_SHARE * (highest - reference)
    height = automatic if cut_height is None else min(cut_height, highest)
    span = height - reference
    scatter = reference + _at_split(CORE_SCATTER, split) * span
    gap = _at_split(tuple((1.0 - share) * GAP_SHARE for share in CORE_SCATTER), split) * span
    split_height = reference + settings["min_split_height"] * span
    # NOTE: as in R, the height as given, which may be above the tree.
    pam_dist = height if cut_height is None else cut_height
    return _Criteria(
        cut_height=height,
        max_abs_core_scatter=_or_default(settings["max_abs_core_scatter"], scatter),
        min_abs_gap=_or_default(settings["min_abs_gap"], gap),
        min_abs_split_height=_or_default(settings["min_abs_split_height"], split_height),
        min_cluster_size=size,
        max_pam_dist=_or_default(settings["max_pam_dist"], pam_dist),
        nested=settings["pam_stage"] and settings["pam_respects_dendro"],
    )


def _or_default(value: float | None, default: float) -> float:
    return default if value is None else value


def _at_split(values: tuple[float, ...], deep_split: float) -> float:
    """Return the value for a deep split, between the tabled ones on the line through the nearest and the next."""
    nearest = round(deep_split + 1)
    if nearest >= len(values):
        return values[-1]
    return values[nearest - 1] + (deep_split + 1 - nearest) * (values[nearest] - values[nearest - 1])


class _Branches:
    """The branches of a tree below the cut height.

    Attributes
    ----------
    made : every branch in the order in which they were made.
    of_object : (n,) number of the composite branch that an object in no basic branch hangs on, 0 for none.
    """

    def __init__(self, tree: Tree, condensed: Vector, criteria: _Criteria) -> None:
        self.made: list[_Branch] = []
        self.of_object = np.zeros(tree.n_objects, dtype=np.int64)
        self._condensed = condensed
        self._criteria = criteria
        n_merges = int((tree.height <= criteria.cut_height).sum())
        if n_merges < criteria.min_cluster_size:
            return
        branch_at: list[_Branch] = []
        merges = zip(tree.merge[:n_merges].tolist(), tree.height[:n_merges].tolist(), strict=True)
        for (first, second), height in merges:
            # NOTE: a row of the tree has −i for object i and its number for an earlier row, objects before rows.
            if second < 0:
                branch = self._new(size=2, members=[-first - 1, -second - 1])
            elif first < 0:
                branch = branch_at[second - 1]
                self._add(branch, [-first - 1])
            else:
                branch = self._met(branch_at[first - 1], branch_at[second - 1], height)
            branch_at.append(branch)

    def clusters(self) -> list[_Branch]:
        """Return the basic branches that stand alone and, with all they absorbed, meet the criteria."""
        limits, clusters = self._criteria, []
        for branch in self.made:
            if branch.basic and not branch.absorbed and branch.size >= limits.min_cluster_size:
                scatter = self._scatter(branch)
                height = limits.cut_height if branch.attach_height is None else branch.attach_height
                if scatter < limits.max_abs_core_scatter and height - scatter > limits.min_abs_gap:
                    clusters.append(branch)
        return clusters

    def core(self, branch: _Branch) -> Index:
        """Return the core of a basic branch: the members that joined first."""
        base = self._criteria.min_cluster_size / 2.0 + 1.0
        size = int(base + np.sqrt(branch.size - base)) if base < branch.size else branch.size
        return np.array(branch.members[:size], dtype=np.int64)

    def _scatter(self, branch: _Branch) -> float:
        """Return the mean dissimilarity within the core of a basic branch."""
        from isograph.kernels.treecut import core_scatter

        return float(core_scatter(self._condensed, len(self.of_object), self.core(branch)))

    def _met(self, first: _Branch, second: _Branch, height: float) -> _Branch:
        """Return the branch that goes on where two meet: one with the other absorbed, or a composite one of both."""
        limits = self._criteria
        small, large = (first, second) if first.size <= second.size else (second, first)
        # NOTE: the smaller one is tried first, but a large branch that is loose goes into a small one that is not.
        for branch, host in ((small, large), (large, small)):
            if not branch.basic:
                continue
            scatter = self._scatter(branch)
            loose = scatter > limits.max_abs_core_scatter or height - scatter < limits.min_abs_gap
            if loose or branch.size < limits.min_cluster_size or height < limits.min_abs_split_height:
                branch.absorbed = True
                branch.only_small = not loose
                branch.attach_height = height
                self._add(host, branch.members)
                return host
        # NOTE: both stand alone. Of a basic and a composite branch the composite one counts as the large one.
        if large.basic and not small.basic:
            small, large = large, small
        small.attach_height = height
        small_parts = small.parts or [small]
        if large.basic or limits.nested:
            large.attach_height = height
            return self._new(size=small.size + large.size, parts=[*small_parts, *(large.parts or [large])])
        large.parts += small_parts
        large.size += small.size
        return large

    def _new(self, *, size: int, members: Sequence[int] = (), parts: Sequence[_Branch] = ()) -> _Branch:
        self.made.append(_Branch(number=len(self.made) + 1, size=size, members=[*members], parts=[*parts]))
        return self.made[-1]

    def _add(self, branch: _Branch, objects: list[int]) -> None:
        """Let objects join a branch: as members of a basic one, on a composite one as hanging on it."""
        branch.size += len(objects)
        if branch.basic:
            branch.members += objects
        else:
            self.of_object[objects] = branch.number


def _candidates(
    branches: Sequence[_Branch], clusters: Sequence[_Branch], *, own_branch_only: bool
) -> Mapping[int, Sequence[int]]:
    """Return the labels that an object may join, by the number of the composite branch it hangs on, 0 for none."""
    label_of = {cluster.number: label for label, cluster in enumerate(clusters, start=1)}
    if not own_branch_only:
        every_label = list(label_of.values())
        return dict.fromkeys(range(len(branches) + 1), every_label)
    own = {
        branch.number: sorted(label_of[part.number] for part in branch.parts if part.number in label_of)
        for branch in branches
        if not branch.basic
    }
    return {0: [], **own}


def _with_near_objects(
    condensed: Vector,
    labels: Index,
    *,
    groups: Index,
    on_branch: Index,
    candidates: Mapping[int, Sequence[int]],
    max_distance: float,
) -> Index:
    """Return the labels after objects outside clusters joined the nearest one: the PAM stage.

    A group of objects, then each object left, joins the cluster of least mean dissimilarity (ties: the lower label)
    if that is below the cluster's diameter or below ``max_distance``. Clusters are those of ``labels`` throughout,
    without what joined meanwhile.

    Parameters
    ----------
    condensed : (n (n − 1) / 2,) dissimilarities.
    labels : (n,) of the clusters, 1 or more of them, 0 for none.
    groups : (n,) number of the group an object decides with, 0 for none.
    on_branch : (n,) composite branch an object hangs on, 0 for none.
    candidates : labels that may be joined, ascending, by composite branch.
    max_distance : distance below which the diameter does not matter.
    """
    from isograph.kernels.treecut import cluster_diameter, group_distance, object_distances

    n = len(labels)
    clusters = [np.flatnonzero(labels == label) for label in range(1, labels.max() + 1)]
    diameters = np.array([cluster_diameter(condensed, n, members) for members in clusters])

    def near(label: int | Index, distance: float | Vector) -> Flags:
        return np.asarray((distance < diameters[label - 1]) | (distance < max_distance))

    joined = labels.copy()
    decided = labels > 0
    for group in np.unique(groups[groups > 0]):
        objects = np.flatnonzero(groups == group)
        allowed = candidates[int(on_branch[objects[0]])]
        if allowed:
            distances = [group_distance(condensed, n, objects, clusters[label - 1]) for label in allowed]
            position = int(np.argmin(distances))
            if near(allowed[position], distances[position]):
                joined[objects] = allowed[position]
            # NOTE: a group that is near no cluster stays outside as a whole.
            decided[objects] = True
    single = np.flatnonzero(~decided)
    # NOTE: the kernel replaces NaN by a distance; a cluster that an object may not join stays infinitely far.
    distance = np.full((len(single), len(clusters)), np.inf)
    for row, branch in enumerate(on_branch[single].tolist()):
        distance[row, [label - 1 for label in candidates[branch]]] = np.nan
    offsets = np.cumsum([0, *map(len, clusters)], dtype=np.int64)
    object_distances(condensed, n, single, np.concatenate(clusters), offsets, distance, 0, len(single))
    nearest = np.argmin(distance, axis=1) + 1
    joins = near(nearest, distance.min(axis=1))
    joined[single[joins]] = nearest[joins]
    return joined

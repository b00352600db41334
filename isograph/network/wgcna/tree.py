"""Trees of average linkage, with R's heights, row order and leaf order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.errors import InputError
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of merges, as R's ``hclust`` gives it.

    Attributes
    ----------
    merge : (n − 1, 2), a negative number −i is object i counted from 1, a positive one the node of that row counted
        from 1; objects before nodes, lower numbers first.
    height : (n − 1,), ascending.
    order : (n,) objects, counted from 0, as the leaves stand from left to right.
    """

    merge: Index
    height: Vector
    order: Index

    @property
    def n_objects(self) -> int:
        """The number of leaves."""
        return len(self.order)


def average_linkage(dissimilarity: Matrix | Vector, *, threads: int = 1) -> Tree:
    """Return the average-linkage (UPGMA) tree of a dissimilarity; R: ``hclust(method = "average")`` of fastcluster.

    Parameters
    ----------
    dissimilarity : (n, n) symmetric, or its (n (n − 1) / 2,) upper triangle row by row. Finite.

    Raises
    ------
    InputError
        There is a missing or infinite dissimilarity.
    """
    given = np.asarray(dissimilarity, dtype=np.float64)
    if not np.isfinite(given).all():
        raise InputError("dissimilarity", [f"{int((~np.isfinite(given)).sum())} values are not finite, expected none."])
    square = given.copy() if given.ndim == 2 else square_of(given, threads=threads)
    return destructive_linkage(square)


def destructive_linkage(square: Matrix) -> Tree:
    """Return the tree of a finite square dissimilarity, whose content is lost."""
    from isograph.kernels.linkage import average_merges

    n = len(square)
    left = np.empty(max(0, n - 1), dtype=np.int64)
    right = np.empty_like(left)
    height = np.empty(max(0, n - 1))
    if n > 1:
        average_merges(square, left, right, height)
    return _tree(left, right, height, n)


def square_of(condensed: Vector, *, threads: int, out: Matrix | None = None) -> Matrix:
    """Return the square symmetric matrix of an upper triangle given row by row, diagonal 0."""
    from isograph.kernels.overlap import fill_square

    square = np.empty((objects_of(condensed),) * 2) if out is None else out

    def fill(start: int, stop: int) -> None:
        fill_square(condensed, start, stop, square)

    run_chunks(fill, len(square), chunk=ROWS_PER_CHUNK, threads=threads)
    return square


def objects_of(condensed: Vector) -> int:
    """Return the number of objects whose pairs an upper triangle holds."""
    return int(1 + np.sqrt(1 + 8 * len(condensed))) // 2


def condensed_of(square: Matrix) -> Vector:
    """Return the upper triangle of a square matrix row by row."""
    n = len(square)
    rows = [square[i, i + 1 :] for i in range(n - 1)]
    return np.concatenate(rows) if rows else np.empty(0)


def tree_groups(tree: Tree, cut_height: float) -> Index:
    """Return the group of each object when every merge at or below ``cut_height`` is applied, numbered from 0."""
    group = np.arange(tree.n_objects)
    members: list[list[int]] = []
    for (one, other), height in zip(tree.merge, tree.height, strict=True):
        together = [*_members(one, members), *_members(other, members)]
        members.append(together)
        if height <= cut_height:
            group[together] = min(group[together])
    return np.unique(group, return_inverse=True)[1]


def _members(node: int, members: list[list[int]]) -> list[int]:
    return [-node - 1] if node < 0 else members[node - 1]


def _tree(left: Index, right: Index, height: Vector, n: int) -> Tree:
    """Return the tree of merges given by the numbers that stand for their nodes, in the order they were found."""
    # NOTE: rounding can leave a merge a hair below the one it was made of; R sorts by height alone, and so is it here.
    order = np.argsort(height, kind="stable")
    parent = list(range(n))
    node_of = [-(i + 1) for i in range(n)]
    merge = np.empty((len(order), 2), dtype=np.int64)
    for row, found in enumerate(order.tolist()):
        one, other = _root(parent, int(left[found])), _root(parent, int(right[found]))
        merge[row] = sorted((node_of[one], node_of[other]), key=_objects_first)
        parent[one] = other
        node_of[other] = row + 1
    return Tree(merge=merge, height=height[order], order=_leaves(merge, n))


def _objects_first(node: int) -> tuple[bool, int]:
    return node > 0, abs(node)


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _leaves(merge: Index, n: int) -> Index:
    """Return the objects from left to right below the last merge."""
    if n == 1:
        return np.zeros(1, dtype=np.int64)
    leaves: list[int] = []
    waiting = [len(merge)]
    rows = merge.tolist()
    while waiting:
        node = waiting.pop()
        if node < 0:
            leaves.append(-node - 1)
        else:
            waiting += [rows[node - 1][1], rows[node - 1][0]]
    return np.array(leaves, dtype=np.int64)

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
    d = np.asarray(dissimilarity, dtype=np.float64)
    if not np.isfinite(d).all():
        raise InputError("dissimilarity", f"{int((~np.isfinite(d)).sum())} values are not finite, expected none.")
    return destructive_linkage(d.copy() if d.ndim == 2 else square_of(d, threads=threads))


def destructive_linkage(square: Matrix) -> Tree:
    """Return the tree of a finite square dissimilarity, which is overwritten."""
    from isograph.kernels.linkage import average_merges

    n = len(square)
    left = np.empty(max(0, n - 1), dtype=np.int64)
    right = np.empty_like(left)
    height = np.empty(max(0, n - 1))
    if n > 1:
        average_merges(square, left, right, height)
    # NOTE: rounding can leave a merge a hair below the one it was made of; R sorts by height alone, and so is it here.
    order = np.argsort(height, kind="stable")
    merge = _merge_rows(left[order], right[order], n)
    return Tree(merge=merge, height=height[order], order=_leaves(merge, n))


def _merge_rows(left: Index, right: Index, n: int) -> Index:
    """Return R's merge rows. left, right: (n − 1,) an object of each of the two nodes that a row merges."""
    parent = list(range(n))
    node_of = [-(i + 1) for i in range(n)]

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    merge = np.empty((len(left), 2), dtype=np.int64)
    for row, ends in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        first, second = map(root, ends)
        merge[row] = sorted((node_of[first], node_of[second]), key=lambda node: (node > 0, abs(node)))
        parent[first] = second
        node_of[second] = row + 1
    return merge


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


def tree_groups(tree: Tree, cut_height: float) -> Index:
    """Return the group of each object when every merge at or below ``cut_height`` is applied, numbered from 0."""
    group = np.arange(tree.n_objects)
    members: list[list[int]] = []
    for nodes, height in zip(tree.merge.tolist(), tree.height.tolist(), strict=True):
        below = [[-node - 1] if node < 0 else members[node - 1] for node in nodes]
        members.append(below[0] + below[1])
        if height <= cut_height:
            group[members[-1]] = min(group[members[-1]])
    return np.unique(group, return_inverse=True)[1]


def square_of(condensed: Vector, *, threads: int, out: Matrix | None = None) -> Matrix:
    """Return the square symmetric matrix of an upper triangle given row by row, diagonal 0."""
    from isograph.kernels.overlap import fill_square

    n = int(1 + np.sqrt(1 + 8 * len(condensed))) // 2
    square = np.empty((n, n)) if out is None else out

    def fill(start: int, stop: int) -> None:
        fill_square(condensed, start, stop, square)

    run_chunks(fill, len(square), chunk=ROWS_PER_CHUNK, threads=threads)
    return square


def condensed_of(square: Matrix) -> Vector:
    """Return the upper triangle of a square matrix row by row."""
    n = len(square)
    rows = [square[i, i + 1 :] for i in range(n - 1)]
    return np.concatenate(rows) if rows else np.empty(0)

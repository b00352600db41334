"""Sparse feature graphs: second-order similarity and communities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse

from isograph.kernels._jit import Index, Vector
from isograph.runtime.threads import run_chunks

ROWS_PER_CHUNK = 512
LEIDEN_ITERATIONS = 10


def second_order_similarities(
    source: Index,
    target: Index,
    strength: Vector,
    n_features: int,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Vector:
    """Return, for each pair, the cosine between its features' rows of the sparse |r| matrix of all pairs.

    source < target: (n_pairs,) distinct pairs; strength: (n_pairs,) |r| > 0. The result is in [0, 1]; the formula is
    in ``isograph.kernels.similarity.second_order_similarity``.
    """
    from isograph.kernels.similarity import second_order_similarity

    indptr, indices, pair_of = _symmetric_rows(source, target, n_features)
    similarity = np.empty(len(source))
    strengths = strength[pair_of]

    def task(start: int, stop: int) -> None:
        second_order_similarity(indptr, indices, strengths, pair_of, start, stop, similarity)

    run_chunks(task, n_features, chunk=ROWS_PER_CHUNK, threads=threads, progress=progress)
    return similarity


def leiden_communities(
    source: Index, target: Index, weight: Vector, n_features: int, *, resolution: float, seed: int
) -> tuple[Index, float]:
    """Return the Leiden community of each feature, −1 for features without an edge, and the modularity reached.

    Traag, Waltman & van Eck 2019, Sci Rep 9:5233, doi:10.1038/s41598-019-41695-z.

    source < target: (n_edges,); weight: (n_edges,) > 0. Same edges and seed, same communities.
    """
    import graspologic_native

    community_of = np.full(n_features, -1, dtype=np.int64)
    if len(source) == 0:
        return community_of, 0.0
    nodes, numbers = np.unique(np.concatenate([source, target]), return_inverse=True)
    a, b = numbers[: len(source)], numbers[len(source) :]
    indptr, indices, edge_of = _symmetric_rows(a, b, len(nodes))
    modularity, community = graspologic_native.leiden_csr(
        indptr,
        indices.astype(np.int32),
        weight[edge_of],
        len(nodes),
        resolution=resolution,
        iterations=LEIDEN_ITERATIONS,
        seed=seed,
    )
    community_of[nodes] = [community[node] for node in range(len(nodes))]
    return community_of, float(modularity)


def inside_shares(source: Index, target: Index, weight: Vector, community_of: Index) -> Vector:
    """Return the share of each feature's weight that leads to features of its own community; 0 without an edge.

    source, target: (n_edges,); weight: (n_edges,) > 0; community_of: (n_features,). The result is in [0, 1].
    """
    n = len(community_of)
    inside = np.where(community_of[source] == community_of[target], weight, 0.0)
    total = np.bincount(source, weight, n) + np.bincount(target, weight, n)
    own = np.bincount(source, inside, n) + np.bincount(target, inside, n)
    share: Vector = np.divide(own, total, out=np.zeros(n), where=total > 0)
    return share


def giant_component_fraction(source: Index, target: Index) -> float:
    """Return the share of the features with an edge that lie in the largest connected component; 0 without edges."""
    if len(source) == 0:
        return 0.0
    nodes, numbers = np.unique(np.concatenate([source, target]), return_inverse=True)
    a, b = numbers[: len(source)], numbers[len(source) :]
    graph = scipy.sparse.coo_matrix((np.ones(len(a)), (a, b)), shape=(len(nodes), len(nodes)))
    _, component = scipy.sparse.csgraph.connected_components(graph, directed=False)
    return float(np.bincount(component).max() / len(nodes))


def _symmetric_rows(source: Index, target: Index, n: int) -> tuple[Index, Index, Index]:
    """Return both directions of the pairs as CSR: indptr (n + 1,), indices ascending in a row, and pair numbers."""
    rows = np.concatenate([source, target])
    columns = np.concatenate([target, source])
    pair_of = np.concatenate([np.arange(len(source))] * 2)
    order = np.lexsort((columns, rows))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    return indptr, columns[order], pair_of[order]

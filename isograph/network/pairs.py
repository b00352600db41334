"""Pairs of features: which are stronger than chance explains, and how alike the profiles of a pair's features are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.config.backend import GraphSettings
from isograph.features.channel import Channels
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls, run_chunks
from isograph.stats import correlation_pvalue

TILE = 1024
HISTOGRAM_BINS = 10_000
PAIRS_PER_CHUNK = 65_536
LARGEST_SHARE = 0.5
ROWS_PER_CHUNK = 512


@dataclass(frozen=True, slots=True)
class StrongPairs:
    """Feature pairs that chance does not explain, each among the strongest of one of its features.

    Attributes
    ----------
    source, target : (n_pairs,) feature numbers, source < target, ordered by (source, target).
    r : (n_pairs,) Pearson r.
    cut : the smallest |r| kept; above 1 when no pair is.
    n_tested : pairs of features of different genes.
    n_above : pairs tested with |r| at or above the cut, kept or not.
    expected_above : how many of them chance alone would give.
    """

    source: Index
    target: Index
    r: Vector
    cut: float
    n_tested: int
    n_above: int
    expected_above: float

    def where(self, kept: Flags) -> StrongPairs:
        """Return those of the pairs for which ``kept`` (n_pairs,) is True."""
        return replace(self, source=self.source[kept], target=self.target[kept], r=self.r[kept])


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """The strong pairs of features, and how alike the profiles of each pair's features are."""

    pairs: StrongPairs
    similarity: Vector

    @property
    def paired(self) -> Index:
        """Numbers of the features with a pair, ascending."""
        return np.unique(np.concatenate([self.pairs.source, self.pairs.target]))


def similar_pairs(channels: Channels, config: GraphSettings, *, threads: int, steps: Steps) -> SimilarPairs:
    """Return the pairs of features that chance does not explain (``strong_pairs``) and their similarity.

    The similarity is that of the profiles of |r|^power (``second_order_similarities``).
    """
    with steps.step("correlation") as progress:
        pairs = strong_pairs(
            channels.z,
            channels.gene_of,
            neighbours=config.neighbours,
            fdr=config.fdr,
            residual_dof=channels.residual_dof,
            threads=threads,
            progress=progress,
        )
        if channels.missing is not None:
            pairs = observed_pairs(
                pairs, channels.z, channels.missing, residual_dof=channels.residual_dof, threads=threads
            )
    with steps.step("similarity") as progress:
        strength = np.abs(pairs.r) ** config.power
        similarity = second_order_similarities(
            pairs.source, pairs.target, strength, len(channels.gene_of), threads=threads, progress=progress
        )
    return SimilarPairs(pairs, similarity)


def strong_pairs(
    z: Matrix,
    gene_of: Index,
    *,
    neighbours: int,
    fdr: float,
    residual_dof: int,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> StrongPairs:
    """Return the pairs with |r| above the cut that are among the ``neighbours`` strongest of one of their features.

    The cut is the smallest |r| at which the pairs expected by chance (Student's t with ``residual_dof``) are at most
    ``fdr`` of the pairs observed. Pairs within a gene are not tested.

    z: (p, n), rows with mean 0 and sample sd 1, finite. gene_of: (p,). At most p · neighbours pairs are returned.
    """
    n_tested = _pairs_between_genes(gene_of)
    floor = _smallest_cut(residual_dof, fdr)
    histogram, partners = _scan(z, gene_of, neighbours=neighbours, floor=floor, threads=threads, progress=progress)
    cut, n_above, expected = _chance_cut(histogram, n_tested, residual_dof, fdr)
    source, target = _distinct_pairs(partners)
    # NOTE: the scan is in single precision; the pairs that it found are correlated once more in double.
    r = pair_correlations(z, source, target, threads=threads)
    strong = StrongPairs(source, target, r, cut, n_tested, n_above, expected).where(np.abs(r) >= cut)
    # A pair that is one sample for the most part says something of that sample, and not of the two features.
    return strong.where(_top_shares(z, strong.source, strong.target, threads=threads) <= LARGEST_SHARE)


def observed_pairs(pairs: StrongPairs, z: Matrix, missing: Flags, *, residual_dof: int, threads: int) -> StrongPairs:
    """Return the pairs that are also strong over the samples observed in both features, with r over those samples.

    A pair stays if its p-value, with a degree of freedom less for every sample missing in either feature, is at most
    that of the cut. Without this test, features that lack the same samples would pass: both have the value 0 there.

    z: (p, n), 0 where ``missing`` (p, n) is True.
    """
    r, n_observed = observed_correlations(z, missing, pairs.source, pairs.target, threads=threads)
    dof = residual_dof - (z.shape[1] - n_observed)
    largest_pvalue = correlation_pvalue(np.array(min(pairs.cut, 1.0)), residual_dof)
    kept = (dof > 0) & (correlation_pvalue(r, np.maximum(dof, 1)) <= largest_pvalue)
    return replace(pairs, r=r).where(kept)


def pair_correlations(z: Matrix, source: Index, target: Index, *, threads: int) -> Vector:
    """Return Pearson r of the given pairs in float64. z: (p, n), rows with mean 0."""
    from isograph.kernels.correlation import pair_correlation

    r = np.empty(len(source))

    def task(start: int, stop: int) -> None:
        pair_correlation(z, source, target, start, stop, r)

    run_chunks(task, len(source), chunk=PAIRS_PER_CHUNK, threads=threads)
    return r


def observed_correlations(
    z: Matrix, missing: Flags, source: Index, target: Index, *, threads: int
) -> tuple[Vector, Index]:
    """Return Pearson r of the given pairs over the samples observed in both features, and how many those are.

    z: (p, n), 0 where ``missing`` (p, n) is True.
    """
    from isograph.kernels.correlation import observed_pair_correlation

    r = np.empty(len(source))
    n_observed = np.empty(len(source), dtype=np.int64)

    def task(start: int, stop: int) -> None:
        observed_pair_correlation(z, missing, source, target, start, stop, r, n_observed)

    run_chunks(task, len(source), chunk=PAIRS_PER_CHUNK, threads=threads)
    return r, n_observed


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

    indptr, indices, pair_of = symmetric_rows(source, target, n_features)
    similarity = np.empty(len(source))
    strengths = strength[pair_of]

    def task(start: int, stop: int) -> None:
        second_order_similarity(indptr, indices, strengths, pair_of, start, stop, similarity)

    run_chunks(task, n_features, chunk=ROWS_PER_CHUNK, threads=threads, progress=progress)
    return similarity


def symmetric_rows(source: Index, target: Index, n: int) -> tuple[Index, Index, Index]:
    """Return both directions of the pairs as CSR: indptr (n + 1,), indices ascending in a row, and pair numbers."""
    rows = np.concatenate([source, target])
    columns = np.concatenate([target, source])
    pair_of = np.concatenate([np.arange(len(source))] * 2)
    order = np.lexsort((columns, rows))
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=n), out=indptr[1:])
    return indptr, columns[order], pair_of[order]


def scan_memory(n_features: int, neighbours: int, *, threads: int) -> int:
    """Return the bytes that the threads of a scan hold: heaps of partners and a tile each."""
    n_tiles = -(-n_features // TILE)
    workers = max(1, min(threads, n_tiles * (n_tiles + 1) // 2))
    return workers * (8 * n_features * min(neighbours, max(1, n_features - 1)) + 4 * TILE * TILE)


def _top_shares(z: Matrix, source: Index, target: Index, *, threads: int) -> Vector:
    """Return the largest share that one sample has in the correlation of each pair. z: (p, n), rows with mean 0."""
    from isograph.kernels.correlation import pair_top_share

    share = np.empty(len(source))

    def task(start: int, stop: int) -> None:
        pair_top_share(z, source, target, start, stop, share)

    run_chunks(task, len(source), chunk=PAIRS_PER_CHUNK, threads=threads)
    return share


def _scan(
    z: Matrix,
    gene_of: Index,
    *,
    neighbours: int,
    floor: float,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[Index, NDArray[np.int32]]:
    """Return the histogram of |r| ≥ floor and each feature's strongest partners (p, k), −1 where none.

    NOTE: the tile grid depends on p alone and r of a tile on nothing but its rows, so any number of threads sees the
    same values; which partners are kept does not depend on the order they are offered in.
    """
    from isograph.kernels.correlation import merge_partners

    p = z.shape[0]
    unit = _unit_rows(z, threads=threads)
    tiles = [(row, column) for row in range(0, p, TILE) for column in range(row, p, TILE)]
    workers = max(1, min(threads, len(tiles)))
    scanners = [_Scanner.empty(p, min(neighbours, max(1, p - 1))) for _ in range(workers)]
    idle = list(scanners)

    def scan(row: int, column: int) -> None:
        scanner = idle.pop()
        scanner.scan(unit, gene_of, floor, row, column)
        idle.append(scanner)

    run_calls([partial(scan, *tile) for tile in tiles], threads=workers, progress=progress)
    total = scanners[0]
    for scanner in scanners[1:]:
        total.histogram += scanner.histogram
        merge_partners(total.strengths, total.partners, scanner.strengths, scanner.partners)
    return total.histogram, total.partners


def _unit_rows(z: Matrix, *, threads: int) -> NDArray[np.float32]:
    """Return the rows of ``z`` (p, n) at unit norm in single precision."""
    unit = np.empty(z.shape, dtype=np.float32)

    def task(start: int, stop: int) -> None:
        rows = z[start:stop]
        unit[start:stop] = rows / np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]

    run_chunks(task, len(z), chunk=TILE, threads=threads)
    return unit


@dataclass(slots=True)
class _Scanner:
    """What one thread has seen of the tiles: a histogram of |r|, heaps of partners, and a buffer for one tile."""

    histogram: Index
    strengths: NDArray[np.float32]
    partners: NDArray[np.int32]
    buffer: NDArray[np.float32]

    @classmethod
    def empty(cls, p: int, k: int) -> _Scanner:
        return cls(
            histogram=np.zeros(HISTOGRAM_BINS, dtype=np.int64),
            strengths=np.full((p, k), -1.0, dtype=np.float32),
            partners=np.full((p, k), -1, dtype=np.int32),
            buffer=np.empty(TILE * TILE, dtype=np.float32),
        )

    def scan(self, unit: NDArray[np.float32], gene_of: Index, floor: float, row: int, column: int) -> None:
        from isograph.kernels.correlation import scan_tile

        left, right = unit[row : row + TILE], unit[column : column + TILE]
        tile = self.buffer[: len(left) * len(right)].reshape(len(left), len(right))
        np.matmul(left, right.T, out=tile)
        scan_tile(tile, row, column, floor, gene_of, self.histogram, self.strengths, self.partners)


def _pairs_between_genes(gene_of: Index) -> int:
    """Return the number of feature pairs of different genes."""
    p = len(gene_of)
    sizes = np.bincount(gene_of) if p else np.zeros(0, dtype=np.int64)
    return p * (p - 1) // 2 - int((sizes * (sizes - 1) // 2).sum())


def _bin_edges() -> Vector:
    return np.arange(HISTOGRAM_BINS) / HISTOGRAM_BINS


def _smallest_cut(residual_dof: int, fdr: float) -> float:
    """Return the smallest bin edge that can be the cut: below it chance alone gives more than ``fdr`` of all pairs."""
    possible = np.flatnonzero(correlation_pvalue(_bin_edges(), residual_dof) <= fdr)
    return float(_bin_edges()[possible[0]]) if len(possible) else 1.0


def _chance_cut(histogram: Index, n_tested: int, residual_dof: int, fdr: float) -> tuple[float, int, float]:
    """Return the smallest bin edge where expected / observed ≤ fdr, the pairs observed and expected there."""
    edges = _bin_edges()
    observed = histogram[::-1].cumsum()[::-1]
    expected = n_tested * correlation_pvalue(edges, residual_dof)
    passing = np.flatnonzero((observed > 0) & (expected <= fdr * observed))
    if len(passing) == 0:
        return float("inf"), 0, 0.0
    first = passing[0]
    return float(edges[first]), int(observed[first]), float(expected[first])


def _distinct_pairs(partners: NDArray[np.int32]) -> tuple[Index, Index]:
    """Return the distinct unordered pairs in the partner lists, ordered by (source, target)."""
    p = partners.shape[0]
    rows, slots = np.nonzero(partners >= 0)
    columns = partners[rows, slots].astype(np.int64)
    codes = np.unique(np.minimum(rows, columns) * p + np.maximum(rows, columns))
    return codes // p, codes % p

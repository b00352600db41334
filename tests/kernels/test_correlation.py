from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import correlation as reference

from isograph.features.abundance import residual_scores
from isograph.features.covariate import Design
from isograph.kernels.correlation import (
    merge_partners,
    observed_pair_correlation,
    offer_partner,
    pair_correlation,
    pair_top_share,
    scan_tile,
)

# NOTE: r is a sum of n products over the square root of two; each of n ≤ 60 terms may lose an ulp.
EXACT = 1e-14
# NOTE: centring numbers of size 1e6 with sd 1 leaves an error of 1e-10 in each.
AT_LARGE_MEANS = 1e-9
SIZE = 23
TILE = 5
GRID = [(row, column) for row in range(0, SIZE, TILE) for column in range(row, SIZE, TILE)]
UNTOUCHED = -7.5


class Seen:
    """What one worker has counted and kept."""

    def __init__(self, p, k, bins):
        self.histogram = np.zeros(bins, dtype=np.int64)
        self.strengths = np.full((p, k), -1, dtype=np.float32)
        self.partners = np.full((p, k), -1, dtype=np.int32)

    def scan(self, r, gene_of, row, column, *, floor=0.0, tile=TILE):
        part = np.ascontiguousarray(r[row : row + tile, column : column + tile])
        scan_tile(part, row, column, floor, gene_of, self.histogram, self.strengths, self.partners)

    def offer(self, feature, strength, partner):
        offer_partner(self.strengths, self.partners, feature, strength, partner)

    def merge(self, other):
        self.histogram += other.histogram
        merge_partners(self.strengths, self.partners, other.strengths, other.partners)

    def kept(self):
        """Partners of each feature as (strength, partner), the best first."""
        rows = zip(self.strengths.tolist(), self.partners.tolist(), strict=True)
        return [sorted(((s, b) for s, b in zip(*row, strict=True) if b >= 0), key=best_first) for row in rows]


def best_first(offer):
    return -offer[0], offer[1]


def correlations(p, seed, *, tied):
    """A symmetric float32 matrix of r; with ``tied`` only 17 values of |r| occur."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-16, 17, size=(p, p)) / 16 if tied else rng.uniform(-1, 1, size=(p, p))
    upper = np.triu(values.astype(np.float32), 1)
    return upper + upper.T + np.eye(p, dtype=np.float32)


def centred(p, n, seed):
    z = np.random.default_rng(seed).normal(size=(p, n))
    return z - z.mean(axis=1, keepdims=True)


def pair_r(z, source, target):
    out = np.empty(len(source))
    pair_correlation(z, np.array(source), np.array(target), 0, len(source), out)
    return out


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3, 7, 22])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_scan_tile__keeps_the_strongest_partners_at_any_order_and_split_of_tiles(k, workers, tied):
    r = correlations(SIZE, seed=k, tied=tied)
    gene_of = np.arange(SIZE) // 2
    histogram, partners = reference.scan_tile(r, gene_of, 100, k)
    rng = np.random.default_rng([k, workers])
    for order in (GRID, GRID[::-1], rng.permutation(GRID).tolist(), rng.permutation(GRID).tolist()):
        seen = [Seen(SIZE, k, 100) for _ in range(workers)]
        for turn, (row, column) in enumerate(order):
            seen[turn % workers].scan(r, gene_of, row, column)
        for other in seen[1:]:
            seen[0].merge(other)
        assert seen[0].histogram.tolist() == histogram
        assert seen[0].kept() == partners


@pytest.mark.parametrize("tile", [1, 4, 22, 23, 24])
def test_scan_tile__sees_every_pair_once_whatever_the_tile(tile):
    r = correlations(SIZE, seed=1, tied=True)
    seen = Seen(SIZE, 4, 10)
    for row in range(0, SIZE, tile):
        for column in range(row, SIZE, tile):
            seen.scan(r, np.arange(SIZE), row, column, tile=tile)
    histogram, partners = reference.scan_tile(r, np.arange(SIZE), 10, 4)
    assert seen.histogram.sum() == 23 * 22 // 2
    assert seen.histogram.tolist() == histogram
    assert seen.kept() == partners


def test_scan_tile__counts_and_keeps_the_pairs_of_three_features():
    r = np.array([[1, -0.75, 0.25], [-0.75, 1, 1], [0.25, 1, 1]], dtype=np.float32)
    seen = Seen(3, 2, 4)
    seen.scan(r, np.arange(3), 0, 0)
    assert seen.histogram.tolist() == [0, 1, 0, 2]
    assert seen.kept() == [[(0.75, 1), (0.25, 2)], [(1.0, 2), (0.75, 0)], [(1.0, 1), (0.25, 0)]]


def test_scan_tile__passes_over_pairs_within_a_gene():
    r = np.array([[1, 0.9, 0.5], [0.9, 1, 0.25], [0.5, 0.25, 1]], dtype=np.float32)
    seen = Seen(3, 2, 4)
    seen.scan(r, np.array([0, 0, 1]), 0, 0)
    assert seen.histogram.tolist() == [0, 1, 1, 0]
    assert seen.kept() == [[(0.5, 2)], [(0.25, 2)], [(0.5, 0), (0.25, 1)]]


def test_scan_tile__passes_over_pairs_below_the_floor():
    r = np.array([[1, 0.5, 0.25], [0.5, 1, 0.75], [0.25, 0.75, 1]], dtype=np.float32)
    seen = Seen(3, 2, 4)
    seen.scan(r, np.arange(3), 0, 0, floor=0.5)
    assert seen.histogram.tolist() == [0, 0, 1, 1]
    assert seen.kept() == [[(0.5, 1)], [(0.75, 2), (0.5, 0)], [(0.75, 1)]]


@pytest.mark.parametrize("size", [63, 64, 65, 130, 200])
def test_scan_tile__sees_every_pair_wherever_a_segment_of_its_row_ends(size):
    r = correlations(size, seed=size, tied=False)
    seen = Seen(size, 3, 10)
    seen.scan(r, np.arange(size), 0, 0, floor=0.98, tile=size)
    row, column = np.nonzero(np.triu(np.abs(r) >= 0.98, k=1))
    assert 0 < len(row) < size**2 / 20
    assert seen.histogram.tolist() == [0] * 9 + [len(row)]
    assert [{b for _, b in kept} for kept in seen.kept()] == [
        set(sorted({*column[row == a], *row[column == a]}, key=lambda b: (-abs(r[a, b]), b))[:3]) for a in range(size)
    ]


# the nearest single-precision number is above 0.3 and below 0.7
@pytest.mark.parametrize(("floor", "counted"), [(0.3, 1), (0.7, 0)])
def test_scan_tile__compares_with_the_floor_in_double_precision(floor, counted):
    r = np.array([[1, floor], [floor, 1]], dtype=np.float32)
    seen = Seen(2, 1, 4)
    seen.scan(r, np.arange(2), 0, 0, floor=floor)
    assert seen.histogram.sum() == counted


def test_scan_tile__prefers_the_lower_number_among_equally_strong_partners():
    seen = Seen(6, 2, 2)
    seen.scan(np.full((6, 6), 0.5, dtype=np.float32), np.arange(6), 0, 0, tile=6)
    assert [[partner for _, partner in row] for row in seen.kept()] == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize("seed", range(10))
def test_offer_partner__keeps_the_best_and_the_weakest_of_them_first(seed):
    rng = np.random.default_rng(seed)
    offers = [
        (strength / 8, int(partner))
        for strength, partner in zip(rng.integers(0, 9, 30), rng.permutation(30), strict=True)
    ]
    seen, expected = Seen(2, 7, 1), []
    for strength, partner in offers:
        seen.offer(1, strength, partner)
        expected = reference.offer_partner(expected, strength, partner, 7)
        assert seen.kept() == [[], expected]
    for child in range(1, 7):
        parent = (child - 1) // 2
        above, below = ((float(seen.strengths[1, slot]), int(seen.partners[1, slot])) for slot in (parent, child))
        assert best_first(above) > best_first(below)


def test_offer_partner__refuses_a_weaker_one_and_a_later_one_of_equal_strength():
    seen = Seen(1, 2, 1)
    for strength, partner in [(0.5, 4), (0.75, 9), (0.25, 0), (0.5, 5)]:
        seen.offer(0, strength, partner)
    assert seen.kept() == [[(0.75, 9), (0.5, 4)]]
    seen.offer(0, 0.5, 3)
    assert seen.kept() == [[(0.75, 9), (0.5, 3)]]


@pytest.mark.parametrize("k", [1, 3, 8])
def test_merge_partners__equals_its_twin_either_way_round(k):
    rng = np.random.default_rng(k)
    halves = [Seen(4, k, 1), Seen(4, k, 1)]
    for feature in range(4):
        for partner in rng.permutation(20):
            halves[partner % 2].offer(feature, int(rng.integers(0, 4)) / 4, int(partner))
    kept = [half.kept() for half in halves]
    expected = reference.merge_partners(*kept, k)
    assert expected == reference.merge_partners(*kept[::-1], k)
    halves[0].merge(halves[1])
    assert halves[0].kept() == expected
    assert halves[1].kept() == kept[1]


@pytest.mark.parametrize("n", [3, 4, 15, 60])
def test_pair_correlation__equals_exact_arithmetic(n):
    z = centred(6, n, seed=n)
    source, target = np.triu_indices(6, 1)
    assert_allclose(pair_r(z, source, target), reference.pair_correlation(z, source, target), rtol=0, atol=EXACT)


@pytest.mark.parametrize("mean", [0.0, 1e2, 1e4, 1e6])
def test_pair_correlation__of_centred_rows_is_right_at_large_means(mean):
    values = np.random.default_rng(7).normal(size=(5, 40)) + mean
    z, varies = residual_scores(values, Design(basis=np.full((1, 40), 40**-0.5), columns=()))
    assert varies.all()
    source, target = np.triu_indices(5, 1)
    expected = reference.pair_correlation(values, source, target)
    assert_allclose(pair_r(z, source, target), expected, rtol=0, atol=max(EXACT, AT_LARGE_MEANS * mean / 1e6))


@pytest.mark.parametrize(
    ("a", "b", "r"),
    [
        ([-1, 0, 1], [-1, 0, 1], 1.0),
        ([-1, 0, 1], [1, 0, -1], -1.0),
        ([-1, 0, 1], [1, -2, 1], 0.0),
        ([-1, 0, 1], [0, -1, 1], 0.5),
        ([-3e150, 0, 3e150], [0, -1, 1], 0.5),
        ([-1e-150, 0, 1e-150], [0, 1, -1], -0.5),
    ],
)
def test_pair_correlation__equals_r_by_hand(a, b, r):
    assert pair_r(np.array([a, b], dtype=np.float64), [0], [1])[0] == pytest.approx(r, abs=1e-16)


@pytest.mark.parametrize("scale", [1.0, -1.0, 1e-9, -3e7])
def test_pair_correlation__of_proportional_rows_never_passes_1(scale):
    z = centred(200, 11, seed=2)
    both = np.concatenate([z, z * scale])
    r = pair_r(both, np.arange(200), np.arange(200, 400))
    assert_allclose(r, np.sign(scale), rtol=0, atol=EXACT)
    assert np.abs(r).max() == 1.0


def test_pair_correlation__is_symmetric_to_the_bit():
    z = centred(8, 13, seed=4)
    source, target = np.triu_indices(8, 1)
    assert pair_r(z, source, target).tobytes() == pair_r(z, target, source).tobytes()


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (2, 5), (5, 6), (3, 3)])
def test_pair_correlation__writes_only_the_pairs_it_is_given(start, stop):
    z = centred(4, 9, seed=5)
    source, target = np.triu_indices(4, 1)
    whole = pair_r(z, source, target)
    out = np.full(6, UNTOUCHED)
    pair_correlation(z, source, target, start, stop, out)
    expected = np.full(6, UNTOUCHED)
    expected[start:stop] = whole[start:stop]
    assert_array_equal(out, expected)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.9, 1.0])
@pytest.mark.parametrize("n", [2, 3, 12])
def test_observed_pair_correlation__equals_the_twin(n, share):
    rng = np.random.default_rng([n, int(10 * share)])
    z = rng.normal(size=(6, n))
    z[5] = 1.0
    missing = rng.random((6, n)) < share
    source, target = np.triu_indices(6, 1)
    r, n_observed = np.empty(15), np.empty(15, dtype=np.int64)
    observed_pair_correlation(z, missing, source, target, 0, 15, r, n_observed)
    expected = [
        reference.observed_pair_correlation(z[a], z[b], missing[a], missing[b])
        for a, b in zip(source, target, strict=True)
    ]
    assert_allclose(r, [value for value, _ in expected], atol=EXACT)
    assert n_observed.tolist() == [count for _, count in expected]


def test_observed_pair_correlation__does_not_read_what_is_missing():
    z = np.array([[1.0, 2.0, 3.0, 99.0], [2.0, 4.0, 6.0, -7.0]])
    missing = np.array([[False, False, False, True], [False, False, False, False]])
    r, n_observed = np.full(2, UNTOUCHED), np.full(2, -1)
    observed_pair_correlation(z, missing, np.array([0, 0]), np.array([1, 1]), 0, 1, r, n_observed)
    assert r.tolist() == [1.0, UNTOUCHED]
    assert n_observed.tolist() == [3, -1]


@pytest.mark.parametrize(("p", "n"), [(2, 3), (7, 24)])
def test_pair_top_share__equals_the_slow_way(p, n):
    z = np.random.default_rng(n).normal(size=(p, n))
    z -= z.mean(axis=1, keepdims=True)
    source, target = (index.ravel() for index in np.indices((p, p)))
    share = np.full(len(source), -1.0)
    pair_top_share(z, source, target, 1, len(source), share)
    assert share[0] == -1.0
    assert_allclose(share[1:], reference.pair_top_share(z, source, target)[1:], rtol=1e-12)


def test_pair_top_share__of_pairs_of_known_shares():
    z = np.array([[3.0, -1, -1, -1], [3.0, -1, -1, -1], [1.0, 1, -1, -1], [1.0, -1, 1, -1]])
    share = np.empty(3)
    pair_top_share(z, np.array([0, 0, 2]), np.array([1, 2, 3]), 0, 3, share)
    assert_allclose(share, [9 / 12, 3 / 4, np.inf])

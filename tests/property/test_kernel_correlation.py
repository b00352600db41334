from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.correlation import pair_correlation, pair_top_share, scan_tile

EXACT = 1e-13


@st.composite
def centred_rows(draw):
    """Rows of eighths with mean 0, none constant; equal and opposite rows are common."""
    p, n = draw(st.integers(2, 6)), draw(st.integers(3, 10))
    eighths = draw(hnp.arrays(np.int64, (p, n), elements=st.integers(-80, 80)))
    assume((eighths.min(axis=1) < eighths.max(axis=1)).all())
    return (eighths - eighths.mean(axis=1, keepdims=True)) / 8


@st.composite
def r_matrices(draw):
    """Symmetric float32 r in eighths, so that ties are common, and a gene number for each feature."""
    p = draw(st.integers(1, 9))
    upper = np.triu(draw(hnp.arrays(np.int64, (p, p), elements=st.integers(-8, 8))), 1)
    genes = draw(hnp.arrays(np.int64, p, elements=st.integers(0, 8)))
    return ((upper + upper.T) / 8).astype(np.float32), genes


def all_r(z):
    """Every pair both ways and every row with itself, as a matrix."""
    source, target = (index.ravel() for index in np.indices((len(z), len(z))))
    out = np.empty(len(source))
    pair_correlation(np.ascontiguousarray(z), source, target, 0, len(source), out)
    return out.reshape(len(z), len(z))


def scanned(r, gene_of, k, *, tile=100):
    """Histogram, and each feature's partners by number with their strengths."""
    p = len(gene_of)
    histogram = np.zeros(5, dtype=np.int64)
    strengths, partners = np.full((p, k), -1, dtype=np.float32), np.full((p, k), -1, dtype=np.int32)
    for row in range(0, p, tile):
        for column in range(row, p, tile):
            part = np.ascontiguousarray(r[row : row + tile, column : column + tile])
            scan_tile(part, row, column, 0.0, gene_of, histogram, strengths, partners)
    kept = [
        {int(b): float(s) for s, b in zip(*both, strict=True) if b >= 0}
        for both in zip(strengths, partners, strict=True)
    ]
    return histogram.tolist(), kept


@given(centred_rows())
def test_pair_correlation__is_symmetric_within_1_and_1_with_itself(z):
    r = all_r(z)
    assert_array_equal(r, r.T)
    assert np.abs(r).max() <= 1
    assert_allclose(np.diag(r), 1, rtol=0, atol=EXACT)


@given(centred_rows(), st.randoms(use_true_random=False))
def test_pair_correlation__does_not_see_the_order_of_samples(z, random):
    order = list(range(z.shape[1]))
    random.shuffle(order)
    assert_allclose(all_r(z[:, order]), all_r(z), rtol=0, atol=EXACT)


@given(centred_rows(), st.data())
def test_pair_correlation__changes_only_its_sign_with_that_of_a_row(z, data):
    signs = np.array(data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=len(z), max_size=len(z))))
    assert_array_equal(all_r(z * signs[:, None]), all_r(z) * np.outer(signs, signs))


@given(centred_rows(), st.data())
def test_pair_correlation__does_not_see_the_scale_of_a_row(z, data):
    scales = np.array(data.draw(st.lists(st.floats(1e-6, 1e6), min_size=len(z), max_size=len(z))))
    assert_allclose(all_r(z * scales[:, None]), all_r(z), rtol=0, atol=EXACT)


@given(r_matrices(), st.integers(1, 5), st.integers(1, 9))
def test_scan_tile__sees_the_same_in_tiles_of_any_size(matrix, k, tile):
    assert scanned(*matrix, k, tile=tile) == scanned(*matrix, k)


@given(r_matrices(), st.integers(1, 5))
def test_scan_tile__does_not_see_the_sign_of_r(matrix, k):
    r, gene_of = matrix
    assert scanned(-r, gene_of, k) == scanned(r, gene_of, k)


@given(r_matrices(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_scan_tile__keeps_equally_strong_partners_in_any_order_of_features(matrix, k, random):
    r, gene_of = matrix
    order = list(range(len(gene_of)))
    random.shuffle(order)
    histogram, kept = scanned(r, gene_of, k)
    permuted_histogram, permuted_kept = scanned(r[np.ix_(order, order)], gene_of[order], k)
    assert permuted_histogram == histogram
    assert [sorted(row.values()) for row in permuted_kept] == [sorted(kept[feature].values()) for feature in order]


@given(r_matrices(), st.integers(1, 9))
def test_scan_tile__counts_each_pair_of_genes_once_and_keeps_it_from_both_sides(matrix, tile):
    r, gene_of = matrix
    histogram, kept = scanned(r, gene_of, 9, tile=tile)
    between = gene_of[:, None] != gene_of
    assert sum(histogram) == between.sum() // 2
    assert kept == [
        {partner: abs(float(r[feature, partner])) for partner in np.flatnonzero(between[feature])}
        for feature in range(len(gene_of))
    ]


@given(centred_rows())
def test_pair_top_share__is_at_least_that_of_equal_shares_and_knows_no_sign(z):
    source, target = (index.ravel() for index in np.indices((len(z), len(z))))
    share, flipped = np.empty(len(source)), np.empty(len(source))
    pair_top_share(np.ascontiguousarray(z), source, target, 0, len(source), share)
    pair_top_share(np.ascontiguousarray(-z), source, target, 0, len(source), flipped)
    assert_array_equal(share, flipped)
    assert (share >= 1 / z.shape[1] * (1 - EXACT)).all()
    of_itself = share[source == target]
    assert_allclose(of_itself, (z**2).max(axis=1) / (z**2).sum(axis=1), rtol=EXACT)

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.overlap import fill_square, nearest_partners, overlap_tile, power_sums, signed_power

P = 6
SHARES = hnp.arrays(np.float64, (P, P), elements=st.floats(0, 1))


def adjacency(shares):
    a = np.triu(shares, 1) + np.triu(shares, 1).T
    np.fill_diagonal(a, 1.0)
    return a


def dissimilarity(a):
    out, square = np.empty(P * (P - 1) // 2), np.empty((P, P))
    overlap_tile(a @ a, a, a.sum(axis=1), 0, 0, False, False, False, out)
    fill_square(out, 0, P, square)
    return square


@given(SHARES)
def test_overlap__of_an_adjacency_is_in_range(shares):
    square = dissimilarity(adjacency(shares))
    assert square.min() > -1e-9
    assert square.max() <= 1


@given(SHARES, st.permutations(range(P)))
def test_overlap__does_not_depend_on_the_order_of_features(shares, order):
    a = adjacency(shares)
    permuted = dissimilarity(np.ascontiguousarray(a[np.ix_(order, order)]))
    assert_allclose(permuted, dissimilarity(a)[np.ix_(order, order)], rtol=0, atol=1e-6)


@given(SHARES, st.floats(1, 30))
def test_signed_power__keeps_sign_and_order(shares, power):
    flipped = -shares
    signed_power(shares, power)
    signed_power(flipped, power)
    assert_array_equal(flipped, -shares)
    assert shares.max() <= 1


@given(SHARES)
def test_power_sums__fall_with_the_power(shares):
    out = np.zeros((P, 3))
    power_sums(adjacency(shares), 0, 0, np.array([1.0, 2.0, 5.0]), out)
    assert np.all(np.diff(out, axis=1) <= 0)


@given(SHARES)
def test_nearest_partners__are_the_least_dissimilar(shares):
    square = adjacency(shares)
    condensed = square[np.triu_indices(P, 1)]
    partners = np.empty((P, 2), dtype=np.int64)
    nearest_partners(condensed, np.arange(P), 0, P, partners)
    others = square + np.diag(np.full(P, np.inf))
    assert_array_equal(np.take_along_axis(others, partners, axis=1), np.sort(others, axis=1)[:, :2])

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.axis import largest_is_positive, leading_axis

EXACT = 1e-13
SIZES = st.integers(1, 8)


@st.composite
def symmetric_matrices(draw):
    """Entries are quarters, so that equal and opposite ones, and equal eigenvalues, are common."""
    k = draw(SIZES)
    quarters = draw(hnp.arrays(np.int64, (k, k), elements=st.integers(-400, 400))) / 4
    return np.triu(quarters) + np.triu(quarters, 1).T


def axis_of(symmetric):
    out = np.empty(len(symmetric))
    return leading_axis(symmetric.copy(), out), out


@given(symmetric_matrices())
def test_leading_axis__is_a_unit_eigenvector_of_the_largest_eigenvalue(symmetric):
    value, axis = axis_of(symmetric)
    size = max(np.abs(symmetric).max(), 1.0) * len(symmetric)
    assert_allclose(symmetric @ axis, value * axis, rtol=0, atol=EXACT * size)
    assert_allclose(axis @ axis, 1, rtol=EXACT)
    assert abs(value - np.linalg.eigvalsh(symmetric)[-1]) <= EXACT * size


@given(symmetric_matrices(), st.randoms(use_true_random=False))
def test_leading_axis__has_an_eigenvalue_that_does_not_depend_on_the_order_of_rows(symmetric, random):
    order = list(range(len(symmetric)))
    random.shuffle(order)
    value, _ = axis_of(symmetric)
    permuted, _ = axis_of(np.ascontiguousarray(symmetric[np.ix_(order, order)]))
    assert abs(permuted - value) <= EXACT * max(np.abs(symmetric).max(), 1.0) * len(symmetric)


@given(symmetric_matrices(), st.integers(-40, 40))
def test_leading_axis__scales_with_its_matrix(symmetric, power):
    value, axis = axis_of(symmetric)
    scaled_value, scaled_axis = axis_of(symmetric * 2.0**power)
    assert scaled_value == value * 2.0**power
    assert_array_equal(scaled_axis, axis)


@given(hnp.arrays(np.float64, SIZES, elements=st.floats(-1, 1)))
def test_largest_is_positive__chooses_the_same_sign_for_an_axis_and_its_opposite(axis):
    one, other = axis.copy(), -axis
    largest_is_positive(one)
    largest_is_positive(other)
    assert_array_equal(np.abs(one), np.abs(axis))
    assert one.max() >= -one.min() - 1e-10
    if np.abs(axis).max() > 1e-10:
        assert_array_equal(one, other)

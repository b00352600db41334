from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import axis as reference

from isograph.kernels.axis import largest_is_positive, leading_axis

# NOTE: both ways are backward stable; what is left is a few ulp of the largest entry for each of 40 rows.
EXACT = 1e-13


def axis_of(symmetric):
    out = np.empty(len(symmetric))
    value = leading_axis(np.array(symmetric, dtype=np.float64), out)
    return value, out


def oriented(axis):
    flipped = np.array(axis, dtype=np.float64)
    largest_is_positive(flipped)
    return flipped


@pytest.mark.parametrize(
    ("symmetric", "value", "axis"),
    [
        ([[5.0]], 5.0, [1.0]),
        ([[2.0, 1.0], [1.0, 2.0]], 3.0, [0.7071067811865476, 0.7071067811865476]),
        ([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]], 3.414213562373095, [-0.5, 0.7071067811865476, -0.5]),
        ([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], 3.0, [0.5773502691896258] * 3),
        ([[-3.0, 0.0], [0.0, -1.0]], -1.0, [0.0, 1.0]),
        ([[0.0, 2.0], [2.0, 0.0]], 2.0, [0.7071067811865476, 0.7071067811865476]),
    ],
)
def test_leading_axis__equals_the_axis_found_by_hand(symmetric, value, axis):
    found, out = axis_of(symmetric)
    assert found == pytest.approx(value, rel=EXACT)
    assert_allclose(oriented(out), oriented(axis), rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("symmetric", "value", "axis"),
    [
        (np.eye(3), 1.0, [1, 0, 0]),
        (np.diag([1.0, 2.0, 2.0]), 2.0, [0, 1, 0]),
        (np.diag([2.0, 1.0, 2.0]), 2.0, [1, 0, 0]),
        (np.zeros((3, 3)), 0.0, [1, 0, 0]),
    ],
)
def test_leading_axis__takes_the_first_position_among_equal_eigenvalues(symmetric, value, axis):
    found, out = axis_of(symmetric)
    assert found == value
    assert_array_equal(out, axis)


@pytest.mark.parametrize(("k", "rank"), [(2, 1), (2, 5), (3, 2), (3, 9), (7, 2), (7, 30), (40, 3), (40, 60)])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_leading_axis__equals_lapack(k, rank, scale):
    factor = np.random.default_rng([k, rank]).normal(size=(k, rank)) * scale
    symmetric = factor @ factor.T
    value, out = axis_of(symmetric)
    expected, axis = reference.leading_axis(symmetric)
    assert value == pytest.approx(expected, rel=EXACT * k)
    assert abs(out @ axis) == pytest.approx(1.0, abs=EXACT * k)
    assert np.linalg.norm(out) == pytest.approx(1.0, abs=EXACT)


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-13, 0.0])
def test_leading_axis__is_an_eigenvector_even_where_eigenvalues_nearly_meet(gap):
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(7, 7)))
    symmetric = rotation @ np.diag([1.0, 1.0 - gap, 0.3, 0.2, 0.1, 0.0, 0.0]) @ rotation.T
    symmetric = (symmetric + symmetric.T) / 2
    value, out = axis_of(symmetric)
    assert value == pytest.approx(1.0, rel=EXACT)
    assert np.linalg.norm(symmetric @ out - value * out) < EXACT


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ([1.0, -2.0], [-1.0, 2.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([-1.0, 1.0], [1.0, -1.0]),
        ([1.0, -1.0], [1.0, -1.0]),
        ([0.2, -1.0, 1.0], [-0.2, 1.0, -1.0]),
        ([-1.0 + 5e-11, 1.0], [1.0 - 5e-11, -1.0]),
        ([-1.0 + 5e-10, 1.0], [-1.0 + 5e-10, 1.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([-3.0], [3.0]),
    ],
)
def test_largest_is_positive__lets_the_first_of_the_largest_entries_decide(axis, expected):
    assert_array_equal(oriented(axis), expected)
    assert_array_equal(reference.largest_is_positive(axis), expected)


@pytest.mark.parametrize("k", [2, 3, 7, 40])
def test_largest_is_positive__equals_its_twin(k):
    rng = np.random.default_rng(k)
    for axis in rng.integers(-3, 4, size=(50, k)) / 4:
        assert_array_equal(oriented(axis), reference.largest_is_positive(axis))

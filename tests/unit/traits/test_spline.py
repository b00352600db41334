from __future__ import annotations

import numpy as np
import pytest

from isograph.traits.spline import natural_spline


def test_natural_spline__is_a_smooth_cubic_that_is_straight_beyond_the_middle():
    x = np.linspace(-3.0, 9.0, 301)
    columns = natural_spline(x)
    assert columns.shape == (3, 301)
    np.testing.assert_allclose(columns[0], (x + 3.0) / 12.0)
    second = np.diff(columns, 2, axis=1)
    third = np.diff(columns, 3, axis=1)
    # Natural: the curvature is 0 at both ends. Cubic: the third difference is constant between knots.
    np.testing.assert_allclose(second[:, [0, -1]], 0.0, atol=1e-5)
    inside = third[1, 5:95]
    np.testing.assert_allclose(inside, inside[0], rtol=1e-6)


def test_natural_spline__does_not_depend_on_units():
    x = np.random.default_rng(1).gamma(2.0, size=40)
    np.testing.assert_allclose(natural_spline(1e5 + 30.0 * x), natural_spline(x), atol=1e-9)


@pytest.mark.parametrize("values", [[0, 0, 0, 0, 0, 0, 1, 2, 3], [1, 2, 3, 4]], ids=["mostly one value", "four values"])
def test_natural_spline__has_three_directions_where_values_repeat(values):
    columns = natural_spline(np.array(values, dtype=float))
    centred = columns - columns.mean(axis=1, keepdims=True)
    assert np.linalg.matrix_rank(centred) == 3

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from reference import neighbour as reference

from isograph.kernels.neighbour import row_distances


def distances(x, row):
    out = np.empty(len(x))
    row_distances(x, row, out)
    return out


def test_row_distances__are_found_by_hand():
    x = np.array([[1.0, np.nan, 3.0], [3.0, 5.0, 3.0], [np.nan, 1.0, np.nan], [1.0, 0.0, 4.0]])
    assert_array_equal(distances(x, 0), [0.0, 2.0, 1e10, 0.5])


def test_row_distances__equal_their_twin():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 9))
    x[rng.random(x.shape) < 0.4] = np.nan
    for row in range(20):
        assert_allclose(distances(x, row), reference.row_distances(x, row), rtol=1e-13)

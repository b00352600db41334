from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from isograph.kernels.neighbour import row_distances

VALUES = hnp.arrays(np.float64, (5, 4), elements=st.one_of(st.integers(-9, 9).map(float), st.just(float("nan"))))


def all_distances(x):
    out = np.empty((len(x), len(x)))
    for row in range(len(x)):
        row_distances(x, row, out[row])
    return out


@given(VALUES)
def test_row_distances__are_symmetric_and_0_to_the_row_itself(x):
    d = all_distances(x)
    assert_array_equal(d, d.T)
    empty = np.isnan(x).all(axis=1)
    assert_array_equal(np.diag(d), np.where(empty, 1e10, 0.0))


@given(VALUES)
def test_row_distances__to_an_empty_row_are_beyond_all_others(x):
    x[2] = np.nan
    d = all_distances(x)
    assert_array_equal(d[2], 1e10)
    assert d.min() >= 0

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from scipy.cluster.hierarchy import linkage

from isograph.kernels.linkage import average_merges

N = 7
DISTANCES = hnp.arrays(np.float64, N * (N - 1) // 2, elements=st.floats(0, 1, width=32), unique=True)


def heights(condensed):
    d = np.zeros((N, N))
    d[np.triu_indices(N, 1)] = condensed
    left, right, height = np.empty(N - 1, dtype=np.int64), np.empty(N - 1, dtype=np.int64), np.empty(N - 1)
    average_merges(d + d.T, left, right, height)
    return np.sort(height)


@given(DISTANCES)
def test_average_merges__have_the_heights_of_scipy(condensed):
    assert_allclose(heights(condensed), np.sort(linkage(condensed, "average")[:, 2]), rtol=1e-12, atol=1e-12)


@given(hnp.arrays(np.int64, N * (N - 1) // 2, elements=st.integers(0, 3)))
def test_average_merges__merge_everything_once_whatever_the_ties(levels):
    d = np.zeros((N, N))
    d[np.triu_indices(N, 1)] = levels / 4
    left, right, height = np.empty(N - 1, dtype=np.int64), np.empty(N - 1, dtype=np.int64), np.empty(N - 1)
    average_merges(d + d.T, left, right, height)
    assert sorted([*left.tolist(), int(right[-1])]) == list(range(N))
    assert np.all(left < right)


@given(DISTANCES)
def test_average_merges__scale_with_the_distances(condensed):
    assert_allclose(heights(condensed * 2), heights(condensed) * 2, rtol=1e-15)

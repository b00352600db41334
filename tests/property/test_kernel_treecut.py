from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isograph.kernels.treecut import cluster_diameter, core_scatter, group_distance, object_distances

N = 8
DISTANCES = hnp.arrays(np.float64, N * (N - 1) // 2, elements=st.floats(0, 1))


@given(DISTANCES, st.permutations(range(N)))
def test_means__lie_between_the_least_and_the_largest_dissimilarity(condensed, order):
    members = np.array(order[:5], dtype=np.int64)
    group = np.array(order[5:], dtype=np.int64)
    wanted = np.full((3, 1), np.nan)
    object_distances(condensed, N, group, members, np.array([0, 5]), wanted, 0, 3)
    means = [
        core_scatter(condensed, N, members),
        cluster_diameter(condensed, N, members),
        group_distance(condensed, N, group, members),
        *wanted[:, 0],
    ]
    assert min(means) >= condensed.min() * (1 - 1e-15)
    assert max(means) <= condensed.max() * (1 + 1e-15)


@given(DISTANCES, st.permutations(range(N)))
def test_diameter__is_at_least_the_scatter(condensed, order):
    members = np.array(order[:5], dtype=np.int64)
    assert cluster_diameter(condensed, N, members) >= core_scatter(condensed, N, members) * (1 - 1e-15)

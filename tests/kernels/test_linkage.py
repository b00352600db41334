from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import linkage as reference

from isograph.kernels.linkage import average_merges


def dissimilarity(n, seed):
    d = np.random.default_rng(seed).random((n, n))
    return np.triu(d, 1) + np.triu(d, 1).T


def merges_of(d):
    n = len(d)
    left, right = np.empty(n - 1, dtype=np.int64), np.empty(n - 1, dtype=np.int64)
    height = np.empty(n - 1)
    average_merges(d.copy(), left, right, height)
    return left, right, height


def test_average_merges__are_found_by_hand():
    d = np.array([[0.0, 1, 4, 6], [1, 0, 6, 8], [4, 6, 0, 3], [6, 8, 3, 0]])
    left, right, height = merges_of(d)
    assert_array_equal(left, [0, 2, 1])
    assert_array_equal(right, [1, 3, 3])
    assert_array_equal(height, [1, 3, 6])


def test_average_merges__of_equal_distances_take_the_lowest_numbers():
    left, right, height = merges_of(np.ones((4, 4)) - np.eye(4))
    assert_array_equal(left, [0, 1, 2])
    assert_array_equal(right, [1, 2, 3])
    assert_array_equal(height, [1, 1, 1])


@pytest.mark.parametrize("n", [2, 3, 5, 17, 30])
def test_average_merges__equal_their_twin(n):
    d = dissimilarity(n, seed=n)
    members = {i: (i,) for i in range(n)}
    found = []
    for one, other, height in zip(*merges_of(d), strict=True):
        found.append((sorted((members[one], members[other])), height))
        members[other] = tuple(sorted(members[one] + members[other]))
    expected = [(sorted((one, other)), height) for one, other, height in reference.average_merges(d)]
    found.sort(key=lambda merge: merge[1])
    assert [pair for pair, _ in found] == [pair for pair, _ in expected]
    assert_allclose([height for _, height in found], [height for _, height in expected], rtol=1e-13)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import treecut as reference

from isograph.kernels.treecut import cluster_diameter, core_scatter, group_distance, object_distances


def dissimilarity(n, seed):
    """Fiftieths, whose sums are exact in no float, so that rounding shows."""
    d = np.random.default_rng(seed).integers(0, 50, size=(n, n)) / 50
    return np.triu(d, 1) + np.triu(d, 1).T


def condensed(square):
    return square[np.triu_indices(len(square), 1)]


def members(*numbers):
    return np.array(numbers, dtype=np.int64)


SQUARE = np.array([[0.0, 1, 2, 3], [1, 0, 4, 5], [2, 4, 0, 6], [3, 5, 6, 0]])


def test_means__are_found_by_hand():
    d = condensed(SQUARE)
    assert core_scatter(d, 4, members(2, 0, 1)) == (3 + 1.5 + 2.5) / 3
    assert cluster_diameter(d, 4, members(0, 1, 2)) == 3.0
    assert group_distance(d, 4, members(0, 3), members(1, 2)) == ((1 + 5) / 2 + (2 + 6) / 2) / 2
    wanted = np.array([[np.nan, np.inf], [7.0, np.nan]])
    object_distances(d, 4, members(3, 0), members(0, 1, 2), members(0, 2, 3), wanted, 0, 2)
    assert_array_equal(wanted, [[4.0, np.inf], [7.0, 2.0]])


def test_means__round_once_so_that_equal_means_are_equal():
    square = np.zeros((10, 10))
    square[0, 1:6] = 0.26, 0.14, 0.3, 0.12, 0.28
    square[0, 6:] = 0.2, 0.24, 0.18, 0.26
    square += square.T
    wanted = np.full((1, 2), np.nan)
    object_distances(condensed(square), 10, members(0), np.arange(1, 10), members(0, 5, 9), wanted, 0, 1)
    assert wanted[0, 0] == reference.mean(square[0, 1:6])
    assert wanted[0, 1] == reference.mean(square[0, 6:])


@pytest.mark.parametrize("size", [2, 3, 7, 15, 40])
def test_core_scatter__and_diameter_equal_their_twins_to_the_last_bit(size):
    for seed in range(20):
        square = dissimilarity(45, seed)
        chosen = np.random.default_rng(seed).permutation(45)[:size]
        assert core_scatter(condensed(square), 45, chosen) == reference.core_scatter(square, chosen)
        assert cluster_diameter(condensed(square), 45, chosen) == reference.cluster_diameter(square, chosen)


@pytest.mark.parametrize("seed", range(20))
def test_distances__equal_their_twins_to_the_last_bit(seed):
    square = dissimilarity(40, seed)
    order = np.random.default_rng(seed).permutation(40)
    group, clusters = order[:7], [order[7:12], order[12:35]]
    for own in clusters:
        assert group_distance(condensed(square), 40, group, own) == reference.group_distance(square, group, own)
    wanted = np.where(np.arange(14).reshape(7, 2) % 3 == 0, np.inf, np.nan)
    expected = reference.object_distances(square, group, clusters, wanted)
    object_distances(condensed(square), 40, group, order[7:35], members(0, 5, 28), wanted, 0, 3)
    assert np.isnan(wanted[3:]).any()
    object_distances(condensed(square), 40, group, order[7:35], members(0, 5, 28), wanted, 3, 7)
    assert_array_equal(wanted, expected)

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from isograph.errors import ConfigError, InputError
from isograph.network.wgcna import average_linkage, hybrid_tree_cut


def test_hybrid_tree_cut__separates_two_groups_and_leaves_the_far_one_out():
    rng = np.random.default_rng(1)
    d = np.full((31, 31), 0.9)
    for start in (0, 15):
        d[start : start + 15, start : start + 15] = 0.1
    d += np.abs(rng.normal(0, 1e-3, size=d.shape))
    d = np.triu(d, 1) + np.triu(d, 1).T
    d[30, :30] = d[:30, 30] = 1.0
    cut = hybrid_tree_cut(average_linkage(d), d, min_cluster_size=5)
    assert sorted([set(cut.labels[:15]), set(cut.labels[15:30])], key=min) == [{1}, {2}]
    assert cut.labels[30] == 0


def test_hybrid_tree_cut__of_a_tree_that_is_too_small_has_no_cluster():
    d = np.random.default_rng(3).random((12, 12))
    d = np.triu(d, 1) + np.triu(d, 1).T
    cut = hybrid_tree_cut(average_linkage(d), d, min_cluster_size=12)
    for numbers in (cut.labels, cut.cores, cut.small_labels, cut.on_branch):
        assert_array_equal(numbers, np.zeros(12))
    assert cut.cut_height > cut.max_abs_core_scatter > 0


def test_hybrid_tree_cut__lets_a_near_object_join_a_cluster_on_its_own_branch():
    # NOTE: two tight groups of eight; object 16 joins where both have met, and is nearer to the second.
    d = np.full((17, 17), 0.8)
    d[:8, :8] = d[8:16, 8:16] = 0.1
    d[16, :8] = d[:8, 16] = 0.9
    d[16, 8:16] = d[8:16, 16] = 0.85
    np.fill_diagonal(d, 0.0)
    tree = average_linkage(d)
    cut = hybrid_tree_cut(tree, d, min_cluster_size=5, cut_height=0.9)
    assert cut.labels[16] == cut.labels[8] == 1
    assert cut.labels[0] == 2
    assert cut.on_branch[16] > 0
    assert cut.cores[16] == 0
    far = hybrid_tree_cut(tree, d, min_cluster_size=5, cut_height=0.9, max_pam_dist=0.5)
    assert far.labels[16] == 0
    assert hybrid_tree_cut(tree, d, min_cluster_size=5, cut_height=0.9, pam_stage=False).labels[16] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deep_split": 5}, "deep_split is 5, expected 0 to 4"),
        ({"cut_height": -1}, "cut_height is -1, expected 0 or more"),
        ({"min_cluster_size": 0}, "min_cluster_size is 0, expected above 0"),
    ],
)
def test_hybrid_tree_cut__refuses_options_out_of_range(options, message):
    d = np.ones((4, 4)) - np.eye(4)
    with pytest.raises(ConfigError) as raised:
        hybrid_tree_cut(average_linkage(d), d, **options)
    assert str(raised.value) == message


def test_hybrid_tree_cut__refuses_the_dissimilarity_of_other_objects():
    with pytest.raises(InputError, match=r"its shape is \(3, 3\), expected the pairs of the tree's 4 objects"):
        hybrid_tree_cut(average_linkage(np.ones((4, 4)) - np.eye(4)), np.ones((3, 3)))


def test_hybrid_tree_cut__of_a_fraction_lies_between_its_neighbours():
    d = np.random.default_rng(2).random((40, 40))
    tree = average_linkage(np.triu(d, 1) + np.triu(d, 1).T)
    gaps = [
        hybrid_tree_cut(tree, np.triu(d, 1) + np.triu(d, 1).T, deep_split=split).min_abs_gap for split in (1, 1.25, 2)
    ]
    assert gaps[1] == pytest.approx(0.75 * gaps[0] + 0.25 * gaps[2])

from __future__ import annotations

import numpy as np
import pytest

from isograph.exporting.membership import connectivity, fit_scores, gene_memberships, leading_features

R_C = 1 / np.sqrt(2)


def test_fit_scores__take_eigengenes_in_the_order_of_the_samples(feature_scores, eigengenes):
    shuffled = fit_scores(feature_scores, eigengenes.reverse())
    assert shuffled.module_ids == ("M000", "M001")
    assert shuffled.eigengenes.tolist() == [[0.5, 0.5, -0.5, -0.5], [0.5, -0.5, 0.5, -0.5]]
    assert (shuffled.gene_ids, shuffled.gene_of.tolist()) == (tuple("abcdef"), [0, 0, 1, 2, 3, 4, 5])


def test_gene_memberships__are_of_the_feature_that_follows_most(scores):
    memberships = gene_memberships(scores)
    assert memberships[0] == pytest.approx([1.0, R_C])
    assert memberships[1] == pytest.approx([-1.0, 0.0])
    assert memberships[5] == pytest.approx([R_C, -R_C])


def test_leading_features__are_of_the_module_or_abundance(scores, modules):
    assert leading_features(scores, modules).tolist() == [1, 2, 3, 4, 5, 6]
    assert leading_features(scores, modules.clear()).tolist() == [0, 2, 3, 4, 5, 6]


def test_connectivity__adds_up_weights(edges):
    table = connectivity(edges, "abcdef", ["M000", "M000", "M000", "M001", "M001", None])
    assert table.get_column("kTotal").to_list() == pytest.approx([1.4, 1.6, 1.6, 1.2, 1.4, 0.6])
    assert table.get_column("kWithin").to_list() == pytest.approx([1.4, 1.6, 1.2, 0.0, 0.0, 0.0])
    assert table.get_column("kOut").to_list() == pytest.approx([0.0, 0.0, 0.4, 1.2, 1.4, 0.6])
    assert table.get_column("kDiff").to_list() == pytest.approx([1.4, 1.6, 0.8, -1.2, -1.4, -0.6])

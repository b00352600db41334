from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.errors import ConfigError, InputError
from isograph.network.wgcna import (
    CorrelationOptions,
    adjacency,
    average_linkage,
    fisher_pvalue,
    hybrid_tree_cut,
    impute_knn,
    intramodular_connectivity,
    labels_to_colors,
    merge_close_modules,
    module_eigengenes,
    scale_free_fit,
    signed_kme,
    soft_connectivity,
    soft_threshold_table,
    standard_colors,
    student_pvalue,
    top_hubs,
    topological_overlap,
)
from isograph.network.wgcna.tree import tree_groups

EXACT = 1e-12


def features(p=20, n=15, seed=0):
    return np.random.default_rng(seed).normal(size=(p, n))


def test_adjacency__of_each_kind_is_found_by_hand():
    x = np.array([[1.0, 2, 3, 4], [-1, -2, -3, -4], [1, -1, -1, 1]])
    opposite = {"unsigned": 1.0, "signed": 0.0, "signed hybrid": 0.0}
    for kind, expected in opposite.items():
        a = adjacency(x, network_type=kind, power=2)
        assert_allclose(a[0, 1], expected, atol=EXACT)
        assert_allclose(a[0, 2], 0.25 if kind == "signed" else 0.0, atol=EXACT)
        assert_array_equal(np.diag(a), 1)
    assert_allclose(adjacency(x, power=2, keep_sign=True)[0, 1], -1.0, atol=EXACT)


def test_adjacency__of_a_constant_feature_is_not_defined():
    x = features(4)
    x[2] = 0.3
    a = adjacency(x)
    assert_array_equal(np.isnan(a).sum(axis=1), [1, 1, 4, 1])


@pytest.mark.parametrize("power", [0.0, 31.0, float("nan")])
def test_adjacency__refuses_a_power_out_of_range(power):
    with pytest.raises(ConfigError, match="expected 1 to 30"):
        adjacency(features(), power=power)


def test_topological_overlap__is_found_by_hand():
    chain = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert_allclose(topological_overlap(chain), [[1, 1, 0.5], [1, 1, 1], [0.5, 1, 1]], atol=EXACT)
    assert_array_equal(chain, [[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    holed = chain + np.where(np.arange(9).reshape(3, 3) == 2, np.nan, 0)
    holed[2, 0] = np.nan
    assert_allclose(topological_overlap(holed), topological_overlap(chain), atol=EXACT)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((2, 3)), "adjacency: its shape is (2, 3), expected (p, p)."),
        (np.array([[1, 0.5], [0.4, 1]]), "adjacency: it is not symmetric."),
        (np.array([[1, -0.5], [-0.5, 1]]), "adjacency: 2 values are outside 0 to 1."),
    ],
)
def test_topological_overlap__refuses_what_is_no_adjacency(given, message):
    with pytest.raises(InputError) as raised:
        topological_overlap(given)
    assert str(raised.value) == message


def test_topological_overlap__names_the_kinds_there_are():
    with pytest.raises(ConfigError, match="tom_type is 'sgned', expected unsigned, signed, signed Nowick"):
        topological_overlap(np.eye(3), tom_type="sgned")


def test_scale_free_fit__of_a_power_law_is_perfect():
    # NOTE: 1,000 features of connectivity 1 to 10 with frequency ∝ 1/k, one connectivity to a bin.
    levels = np.arange(1, 11)
    counts = 2520 // levels
    fit = scale_free_fit(np.repeat(levels, counts).astype(np.float64))
    assert fit.r_squared == pytest.approx(1.0, abs=1e-6)
    assert fit.slope == pytest.approx(-1.0, abs=1e-3)


def test_scale_free_fit__of_equal_connectivities_is_refused():
    with pytest.raises(InputError, match="it is 3 for every feature, expected values that differ"):
        scale_free_fit(np.full(5, 3.0))


def test_soft_threshold_table__sorts_powers_and_describes_the_network():
    x = features(30)
    table = soft_threshold_table(x, powers=(4, 2, 2, 3))
    assert table.power.tolist() == [2, 3, 4]
    k = adjacency(x, power=3).sum(axis=0) - 1
    assert_allclose(table.mean_k[1], k.mean(), rtol=EXACT)
    assert_allclose(table.density[1], k.sum() / (30 * 29), rtol=EXACT)
    assert_allclose(table.heterogeneity[1], np.sqrt(30 * (k**2).sum() / k.sum() ** 2 - 1), rtol=1e-9)
    assert_allclose(table.centralization[1], 30 * (k.max() - k.mean()) / (29 * 28), rtol=1e-9)
    with pytest.raises(InputError, match="there are 2, expected 3 or more"):
        soft_threshold_table(x[:2])
    with pytest.raises(ConfigError, match="expected one or more of 1 or above"):
        soft_threshold_table(x, powers=())


def test_average_linkage__has_rs_rows_and_order():
    d = np.array([[0.0, 1, 4, 6], [1, 0, 6, 8], [4, 6, 0, 3], [6, 8, 3, 0]])
    tree = average_linkage(d)
    assert tree.merge.tolist() == [[-1, -2], [-3, -4], [1, 2]]
    assert tree.height.tolist() == [1, 3, 6]
    assert tree.order.tolist() == [0, 1, 2, 3]
    assert tree_groups(tree, 3.0).tolist() == [0, 0, 1, 1]
    assert tree_groups(tree, 2.9).tolist() == [0, 0, 1, 2]
    assert_array_equal(average_linkage(d[np.triu_indices(4, 1)]).merge, tree.merge)
    with pytest.raises(InputError, match="1 values are not finite, expected none"):
        average_linkage(np.array([0.1, np.nan, 0.2]))


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


def test_module_eigengenes__of_no_module_are_refused():
    with pytest.raises(InputError, match="there is no module, expected one or more"):
        module_eigengenes(features(), np.zeros(20, dtype=np.int64), exclude_grey=True)


def test_module_eigengenes__take_colours_in_alphabetical_order():
    found = module_eigengenes(features(), np.array(["turquoise", "grey", "blue", "blue"] * 5), exclude_grey=True)
    assert found.labels.tolist() == ["blue", "turquoise"]
    assert_allclose((found.eigengenes**2).sum(axis=1), 1, atol=EXACT)


def test_merge_close_modules__merges_what_was_split():
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(2, 40))
    truth = np.repeat([0, 1], 20)
    x = latents[truth] + 0.3 * rng.normal(size=(40, 40))
    split = np.where(np.arange(40) < 7, 3, np.where(truth == 0, 1, 2))
    found = merge_close_modules(x, split, relabel=True)
    assert_array_equal(found.labels, truth + 1)
    assert found.merges in (({"3": "1"},), ({"1": "3"},))
    assert_array_equal(merge_close_modules(x, split, cut_height=0.0).labels, split)
    # NOTE: brown merges into turquoise; the two modules of equal size are then named in alphabetical order, as in R.
    colors = np.array(labels_to_colors(split))
    assert merge_close_modules(x, colors, relabel=True).labels.tolist() == ["blue"] * 20 + ["turquoise"] * 20


def test_signed_kme__of_a_feature_with_few_values_is_not_given():
    x = features()
    x[4, 3:] = np.nan
    kme = signed_kme(x, x[:2])
    assert_array_equal(np.isnan(kme).any(axis=1), np.arange(20) == 4)
    assert kme[0, 0] == pytest.approx(1.0)


def test_intramodular_connectivity__is_found_by_hand():
    a = np.array([[1, 0.5, 0.2, 0.1], [0.5, 1, 0.3, 0.0], [0.2, 0.3, 1, np.nan], [0.1, 0.0, np.nan, 1]])
    found = intramodular_connectivity(a, np.array([1, 1, 1, 2]))
    assert_allclose(found.k_total, [0.8, 0.8, 0.5, 0.1])
    assert_allclose(found.k_within, [0.7, 0.8, 0.5, 0.0])
    assert_allclose(found.k_diff, found.k_within - found.k_out)
    scaled = intramodular_connectivity(a, np.array([1, 1, 1, 2]), scale_by_max=True)
    assert_allclose(scaled.k_within, [0.875, 1.0, 0.625, 0.0])
    assert np.isnan(scaled.k_out).all()


def test_soft_connectivity__is_the_sum_of_adjacencies():
    x = features()
    x[3, 4:] = np.nan
    k = soft_connectivity(x)
    assert np.isnan(k[3])
    assert_allclose(k[0], np.nansum(adjacency(x)[0]) - 1)
    assert_allclose(
        soft_connectivity(x, network_type="signed")[0],
        np.nansum(adjacency(x, network_type="signed", power=15)[0]) - 1,
    )


def test_top_hubs__follow_their_module_best():
    rng = np.random.default_rng(4)
    latent = rng.normal(size=30)
    x = np.vstack([latent + noise * rng.normal(size=30) for noise in (1.0, 0.01, 0.8, 0.9)])
    assert top_hubs(x, np.array([1, 1, 1, 0])) == {1: 1}
    with pytest.raises(InputError, match="1 modules with a single feature: 2"):
        top_hubs(x, np.array([1, 1, 1, 2]))


def test_pvalues__are_those_of_r(vectors):
    given = vectors("p13_preservation")
    for n in (5, 20, 60):
        assert_allclose(student_pvalue(given["p_r"], n), given[f"pStudent_n{n}"], rtol=1e-9, atol=1e-300)
        assert_allclose(fisher_pvalue(given["p_r"], n), given[f"pFisher_n{n}"], rtol=1e-9, atol=1e-300)


def test_colors__past_the_hundredth_have_a_number():
    names = standard_colors(201)
    assert (names[99], names[100], names[200]) == ("lightblue4", "turquoise.1", "turquoise.2")
    assert len(set(names)) == 201
    assert labels_to_colors([0, 2]) == ["grey", "blue"]
    assert labels_to_colors(np.array([], dtype=np.int64)) == []


def test_impute_knn__takes_the_mean_of_the_nearest():
    x = np.array([[1.0, 2, 3, np.nan], [1, 2, 3, 4.1], [1, 2, 3, 5], [9, 9, 9, 9]])
    assert impute_knn(x, k=2)[0, 3] == pytest.approx((4.1 + 5) / 2)


def test_impute_knn__fills_a_single_sparse_feature_with_0_and_more_with_the_mean():
    x = features(12, 8)
    x[0, :5] = np.nan
    assert_array_equal(impute_knn(x)[0, :5], 0.0)
    x[1, :5] = np.nan
    assert_allclose(impute_knn(x)[0, :5], x[2:, :5].mean(axis=0))


def test_impute_knn__refuses_a_sample_that_nearly_all_features_lack():
    x = features()
    x[:17, 2] = np.nan
    with pytest.raises(InputError, match="1 samples lack more than 80% of the features' values"):
        impute_knn(x)


def test_impute_knn__of_many_features_goes_by_parts():
    x = features(1600, 6, seed=5)
    holes = np.random.default_rng(6).random(x.shape) < 0.05
    filled = impute_knn(np.where(holes, np.nan, x))
    assert not np.isnan(filled).any()
    assert_array_equal(filled[~holes], x[~holes])
    assert np.abs(filled[holes]).max() < np.abs(x).max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cor_type": "kendall"}, "cor_type is 'kendall', expected pearson or bicor"),
        ({"quick": -1}, "quick is -1, expected 0 to 1"),
        ({"pearson_fallback": "some"}, "pearson_fallback is 'some', expected none, individual or all"),
    ],
)
def test_correlation_options__name_what_is_out_of_range(options, message):
    with pytest.raises(ConfigError) as raised:
        CorrelationOptions(**options)
    assert str(raised.value) == message

"""Correlation to tree, against what R made of the same data."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.network.wgcna import (
    CorrelationOptions,
    adjacency,
    average_linkage,
    correlation,
    good_samples_genes,
    hybrid_tree_cut,
    soft_threshold_table,
    topological_overlap,
)

# NOTE: the tolerances that come with the vectors; sums of rows add up errors of single values.
EXACT = 1e-12
SUMMED = 1e-10
FITTED = 1e-8
BICOR = CorrelationOptions(cor_type="bicor")
KINDS = {
    "cor": CorrelationOptions(),
    "bicor": BICOR,
    "bicor_mpo10": CorrelationOptions(cor_type="bicor", max_p_outliers=0.1),
    "cor_quick05": CorrelationOptions(quick=0.05),
    "cor_quick10": CorrelationOptions(quick=0.1),
    "bicor_quick05": CorrelationOptions(cor_type="bicor", quick=0.05),
    "bicor_quick10": CorrelationOptions(cor_type="bicor", quick=0.1),
}
SPECIAL = {
    "S_cols_1_30_cor": CorrelationOptions(),
    "S_cor_cosine": CorrelationOptions(cosine=True),
    "S_bicor_individual": BICOR,
    "S_bicor_none": CorrelationOptions(cor_type="bicor", pearson_fallback="none"),
    "S_bicor_all": CorrelationOptions(cor_type="bicor", pearson_fallback="all"),
    "S_bicor_mpo05": CorrelationOptions(cor_type="bicor", max_p_outliers=0.05),
    "S_bicor_mpo00": CorrelationOptions(cor_type="bicor", max_p_outliers=0.0),
    "S_bicor_cosine": CorrelationOptions(cor_type="bicor", cosine=True),
}
TIED = "p11_ties"


def upper(square):
    return square[np.triu_indices(len(square), 1)]


def assert_close(found, expected, tolerance=EXACT):
    assert_allclose(found, expected, rtol=0, atol=tolerance)


def overlap(given, network):
    kind, tom = given.network_type(network), given.tom_type(network)
    options = CorrelationOptions(cor_type=given.params["corType"], max_p_outliers=given.params["maxPOutliers"])
    keep_sign = tom == "signed Nowick" or (kind, tom) == ("unsigned", "signed")
    a = adjacency(given.good, network_type=kind, power=given.power(network), keep_sign=keep_sign, options=options)
    return topological_overlap(a, tom_type=tom)


def test_good_samples_genes__are_those_of_r(vectors, case):
    given = vectors(case)
    found = good_samples_genes(given.features)
    assert_array_equal(found.features, given["goodGenes"])
    assert_array_equal(found.samples, given["goodSamples"])
    assert sorted(found.reasons) == np.flatnonzero(~given["goodGenes"]).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_correlation__is_that_of_r(vectors, case, kind):
    given = vectors(case)
    if f"{kind}_ut" not in given and f"{kind}_rowsum" not in given:
        pytest.skip("R did not compute this kind of this case")
    r = correlation(given.good, options=KINDS[kind])
    if f"{kind}_ut" in given:
        assert_close(upper(r), given[f"{kind}_ut"])
    if f"{kind}_rowsum" in given:
        assert_close(np.nansum(r, axis=1), given[f"{kind}_rowsum"], SUMMED)


@pytest.mark.parametrize("kind", SPECIAL)
def test_correlation__of_constant_features_is_that_of_r(vectors, kind):
    given = vectors("p03_constant_zeromad")
    found, expected = correlation(given.features[:30], options=SPECIAL[kind]), given[kind]
    assert_array_equal(np.isnan(found), np.isnan(expected))
    assert_close(found, expected)


def test_correlation__between_two_matrices_is_that_of_r(vectors):
    given = vectors("p02_missing")
    x, y = given.good[:12], given.good[19:33]
    assert_close(correlation(x, y, options=BICOR), given["bicor_xy"])
    limited = CorrelationOptions(cor_type="bicor", max_p_outliers=0.05)
    assert_close(correlation(x, y, options=limited, robust_others=False), given["bicor_xy_robustYF"])


@pytest.mark.parametrize("letter", ["u", "s", "h"])
def test_adjacency__is_that_of_r(vectors, case, letter):
    given = vectors(case)
    a = adjacency(given.good, network_type=given.network_type(letter), power=given.power(letter))
    assert_close(np.nansum(a, axis=1) - 1, given[f"adj_{letter}_k"], SUMMED)
    if f"adj_{letter}_ut" in given:
        assert_close(upper(a), given[f"adj_{letter}_ut"])


@pytest.mark.parametrize("letter", ["u", "s", "h"])
def test_soft_threshold_table__is_that_of_r(vectors, case, letter):
    given = vectors(case)
    cuts = given.facts["sft_RsquaredCuts"]
    found = soft_threshold_table(given.good, network_type=given.network_type(letter), r_squared_cut=cuts[0])
    names = ("power", "r_squared", "slope", "truncated_r_squared", "mean_k", "median_k", "max_k")
    table = np.column_stack([getattr(found, name) for name in names])
    assert_allclose(table, given[f"sft_{letter}"], rtol=FITTED)
    estimates = [found.power[found.r_squared > cut] for cut in cuts]
    assert_array_equal([e[0] if len(e) else np.nan for e in estimates], given[f"sft_{letter}_powerEstimate"])
    assert found.power_estimate == (estimates[0][0] if len(estimates[0]) else None)


def test_topological_overlap__is_that_of_r(vectors, case, network):
    given = vectors(case)
    found = overlap(given, network)
    if f"{network}/tom_ut" in given:
        assert_close(upper(found), given[f"{network}/tom_ut"])
    if f"{network}/tom_rowsum" in given:
        assert_close(found.sum(axis=1), given[f"{network}/tom_rowsum"], SUMMED)


@pytest.mark.parametrize("denominator", ["min", "mean"])
@pytest.mark.parametrize("network_type", ["unsigned", "signed", "signed_hybrid"])
def test_overlap__of_every_kind_is_that_of_r(vectors, network_type, denominator):
    from isograph.network.wgcna.tom import overlap_dissimilarity

    given = vectors("p05_tiny")
    start, end = f"tomvar/{network_type}/", f"/{denominator}"
    kinds = [key for key in given.arrays if key.startswith(start) and key.endswith(end)]
    assert len(kinds) >= 6
    for key in kinds:
        tom = key.split("/")[2].replace("_", " ")
        keep_sign = tom == "signed Nowick" or (network_type, tom) == ("unsigned", "signed")
        a = adjacency(given.good, network_type=network_type, power=4, keep_sign=keep_sign)
        assert_close(1 - overlap_dissimilarity(a, tom_type=tom, tom_denom=denominator), given[key])


def test_topological_overlap__suppresses_what_r_suppresses(vectors):
    given = vectors("p05_tiny")
    signed = adjacency(given.good, power=4, keep_sign=True)
    found = topological_overlap(signed, tom_type="signed", suppress_zero_adjacencies=True)
    assert_close(upper(found), given["tomvar_suppressZeroAdj_signed"])
    found = topological_overlap(signed, tom_type="signed Nowick", suppress_negative=True)
    assert_close(upper(found), given["tomvar_suppressNegative_nowick"])
    found = topological_overlap(adjacency(given.good, network_type="signed", power=8))
    assert_close(upper(found), given["tomFromAdj_signed8_ut"])


def test_tree_and_cuts__are_those_of_r(vectors, case, network):
    given = vectors(case)
    if f"{network}/cut" not in given:
        pytest.skip("R cut no tree of this network")
    d = 1.0 - overlap(given, network)
    tree = average_linkage(d)
    assert_close(tree.height, given[f"{network}/height"])
    # NOTE: which of the pairs that tie up to rounding merges first is not even the same with another BLAS in R.
    if case != TIED:
        assert_array_equal(tree.merge, given[f"{network}/merge"])
        assert_array_equal(tree.order + 1, given[f"{network}/order"])
    size = given.params["minModuleSize"]
    for split in range(5):
        for pam, dendro in ((False, False), (False, True), (True, False), (True, True)):
            cut = hybrid_tree_cut(
                tree, d, min_cluster_size=size, deep_split=split, pam_stage=pam, pam_respects_dendro=dendro
            )
            assert_array_equal(cut.labels, given[f"{network}/cut"][split, int(pam), int(dendro)])
        criteria = [cut.max_abs_core_scatter, cut.min_abs_gap]
        assert_close(criteria, given[f"{network}/cut_criteria"][split, 2:])
        if split == 2 and case != TIED:
            assert_array_equal(cut.cores, given[f"{network}/cut_ds2_cores"])
            assert_array_equal(cut.small_labels, given[f"{network}/cut_ds2_smallLabels"])
            assert_array_equal(cut.on_branch, given[f"{network}/cut_ds2_onBranch"])
        low = hybrid_tree_cut(tree, d, min_cluster_size=size, deep_split=split, cut_height=0.995)
        assert_array_equal(low.labels, given[f"{network}/cut995"][split])


@pytest.mark.parametrize("name", [f"t{number:02d}" for number in range(1, 25)])
def test_tree_cut__of_stress_sets_is_that_of_r(vectors, name):
    given = vectors("p12_treecut_stress")
    item = given.facts["items"][name]
    d = given[f"{name}/D_int_ut"].astype(np.float64) / item["scale"]
    tree = average_linkage(d)
    assert_array_equal(tree.merge, given[f"{name}/merge"])
    assert_array_equal(tree.height, given[f"{name}/height"])
    assert_array_equal(tree.order + 1, given[f"{name}/order"])
    height = float(given[f"{name}/cutHeight"][0])
    common = {"min_cluster_size": item["minClusterSize"], "cut_height": None if np.isnan(height) else height}
    for split in range(5):
        for pam, dendro in ((False, False), (False, True), (True, False), (True, True)):
            cut = hybrid_tree_cut(tree, d, deep_split=split, pam_stage=pam, pam_respects_dendro=dendro, **common)
            assert_array_equal(cut.labels, given[f"{name}/cut"][split, int(pam), int(dendro)])
    near = float(given[f"{name}/maxPamDist_variant1"][0])
    cut = hybrid_tree_cut(tree, d, deep_split=2, max_pam_dist=near, **common)
    assert_array_equal(cut.labels, given[f"{name}/cut_variants"][0])
    cut = hybrid_tree_cut(tree, d, deep_split=2, max_pam_dist=0.0, respect_small_clusters=False, **common)
    assert_array_equal(cut.labels, given[f"{name}/cut_variants"][1])

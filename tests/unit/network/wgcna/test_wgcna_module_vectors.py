"""Eigengenes to modules, against what R made of the same data."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.network.wgcna import (
    CorrelationOptions,
    WgcnaConfig,
    adjacency,
    blockwise_modules,
    impute_knn,
    intramodular_connectivity,
    labels_to_colors,
    merge_close_modules,
    module_eigengenes,
    signed_kme,
    standard_colors,
    top_hubs,
)

EXACT = 1e-12
EIGENGENE = 1e-9
RENAMED = {"minKMEtoStay": "min_kme_to_stay", "minCoreKME": "min_core_kme", "minCoreKMESize": "min_core_kme_size"}


def snake(name):
    return RENAMED.get(name) or re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def same_eigengenes(found, expected):
    """R's are (samples, modules); their sign is R's too."""
    assert found.shape == expected.T.shape
    assert_allclose(found, expected.T, rtol=0, atol=EIGENGENE)


def names(labels):
    return [f"ME{label}" for label in labels]


def options(given):
    return CorrelationOptions(cor_type=given.params["corType"], max_p_outliers=given.params["maxPOutliers"])


def config(given, network, changes):
    return WgcnaConfig(
        power=changes.get("power", given.power(network)),
        network_type=given.network_type(network),
        tom_type=given.tom_type(network),
        cor_type=given.params["corType"],
        max_p_outliers=given.params["maxPOutliers"],
        **{"min_module_size": given.params["minModuleSize"], "merge_cut_height": given.params["mergeCutHeight"]}
        | {"max_block_size": given.params["maxBlockSize"]}
        | {snake(name): value for name, value in changes.items() if name != "power"},
    )


def test_module_eigengenes__are_those_of_r(vectors, case, network):
    given = vectors(case)
    if f"{network}/me" not in given:
        pytest.skip("R made no eigengenes of this network")
    found = module_eigengenes(given.good, given[f"{network}/cut995"][2].astype(np.int64))
    assert names(found.labels) == given.text(f"{network}/me_names")
    same_eigengenes(found.eigengenes, given[f"{network}/me"])
    assert_allclose(found.average_expression.T, given[f"{network}/me_averageExpr"], rtol=0, atol=EIGENGENE)
    assert_allclose(found.variance_explained, given[f"{network}/me_varExplained"], rtol=0, atol=EIGENGENE)
    assert_array_equal(found.is_principal, given[f"{network}/me_isPC"])


@pytest.mark.parametrize("relabel", [False, True])
def test_merge_close_modules__gives_what_r_gives(vectors, case, network, relabel):
    given, run = vectors(case), f"{network}/merge_{'relabel' if relabel else 'raw'}"
    if f"{run}/labels" not in given:
        pytest.skip("R merged nothing of this network")
    labels = given[f"{network}/cut995"][2].astype(np.int64)
    height = given.params["mergeCutHeight"]
    found = merge_close_modules(given.good, labels, cut_height=height, relabel=relabel, options=options(given))
    assert_array_equal(found.labels, given[f"{run}/labels"])
    assert names(found.eigengenes.labels) == given.text(f"{run}/newME_names")
    same_eigengenes(found.eigengenes.eigengenes, given[f"{run}/newMEs"])
    if not relabel:
        assert names(found.first_eigengenes.labels) == given.text(f"{run}/oldME_names")
        assert_array_equal(found.first_tree.merge, given[f"{run}/oldDendro_merge"])
        assert_allclose(found.first_tree.height, given[f"{run}/oldDendro_height"], rtol=0, atol=EIGENGENE)


def test_blockwise_modules__gives_what_r_gives(vectors, case, network):
    given = vectors(case)
    for run, event in given.facts["events"][network].items():
        key = f"{network}/{run}"
        found = blockwise_modules(given.features, config(given, network, event["params"]), threads=2)
        assert_array_equal(found.labels, given[f"{key}/labels"])
        assert_array_equal(found.unmerged_labels, given[f"{key}/unmerged"])
        assert_array_equal(found.good_features, given[f"{key}/goodGenes"])
        assert_array_equal(found.good_samples, given[f"{key}/goodSamples"])
        assert names(found.eigengene_labels) == given.text(f"{key}/ME_names")
        same_eigengenes(found.eigengenes, given[f"{key}/MEs"])
        blocks = given[f"{key}/blocks"] if f"{key}/blocks" in given else given["goodGenes"].astype(np.int64)
        assert_array_equal(found.blocks, blocks)
        if f"{key}/colors" in given.facts["strings"]:
            assert found.colors.tolist() == given.text(f"{key}/colors")


def test_memberships__of_rs_modules_are_those_of_r(vectors, case, network):
    given = vectors(case)
    labels = given[f"{network}/bw/labels"].astype(np.int64)
    samples, good = given["goodSamples"], labels[given["goodGenes"]]
    kme = signed_kme(given.features[:, samples], given[f"{network}/bw/MEs"][samples].T)
    assert_allclose(kme, given[f"{network}/bw/kME"], rtol=0, atol=EIGENGENE)
    a = adjacency(
        given.good, network_type=given.network_type(network), power=given.power(network), options=options(given)
    )
    found = intramodular_connectivity(a, good)
    table = np.column_stack([found.k_total, found.k_within, found.k_out, found.k_diff])
    assert_allclose(table, given[f"{network}/bw/imc"], rtol=0, atol=EIGENGENE)
    if f"{network}/bw/hub_modules" in given.facts["strings"]:
        hubs, features = top_hubs(given.good, good), np.array(given.text("feature_names"))[given["goodGenes"]]
        assert [str(module) for module in hubs] == given.text(f"{network}/bw/hub_modules")
        assert [features[hub] for hub in hubs.values()] == given.text(f"{network}/bw/hub_genes")


def test_impute_knn__is_that_of_r(vectors):
    given = vectors("p02_missing")
    assert_allclose(impute_knn(given.good).T, given["impute_k10"], rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("home", "prefix", "columns"),
    [("p02_missing", "impute_error/", None), ("p03_constant_zeromad", "hub_fallback_", [2, *range(19, 29)])],
)
def test_module_eigengenes__without_a_component_are_those_of_r(vectors, home, prefix, columns):
    given = vectors(home)
    features = given["impute_error/X"].T.astype(np.float64) if columns is None else given.features[columns]
    found = module_eigengenes(features, np.ones(len(features), dtype=np.int64))
    assert_array_equal(found.is_principal, [False])
    for key, value in (
        ("ME", found.eigengenes[0]),
        ("AE", found.average_expression[0]),
        ("varExplained", found.variance_explained),
    ):
        assert_allclose(value, given[prefix + key].ravel(), rtol=0, atol=EIGENGENE)


def test_colors__are_those_of_r(vectors):
    given = vectors("p13_preservation")
    assert standard_colors(100) == given.text("standardColors_100")
    assert labels_to_colors(np.arange(21)) == given.text("labels2colors_0_20")

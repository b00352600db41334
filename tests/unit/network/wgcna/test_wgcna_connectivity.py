from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.errors import InputError
from isograph.network.wgcna import adjacency, intramodular_connectivity, signed_kme, soft_connectivity, top_hubs
from isograph.network.wgcna.connectivity import edge_connectivity


def features(p=20, n=15, seed=0):
    return np.random.default_rng(seed).normal(size=(p, n))


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


def test_edge_connectivity__is_that_of_the_adjacency_the_edges_make():
    rng = np.random.default_rng(1)
    source, target = np.triu_indices(12, 1)
    kept = rng.random(len(source)) < 0.4
    source, target, weight = source[kept], target[kept], rng.uniform(-1, 1, size=kept.sum())
    a = np.eye(12)
    a[source, target] = a[target, source] = np.abs(weight)
    labels = np.array(["", "M0", "M0", "M1", "", "M0", "M1", "M2", "", "M2", "M2", "M2"])
    dense, sparse = intramodular_connectivity(a, labels), edge_connectivity(source, target, weight, labels)
    for name in ("k_total", "k_within", "k_out", "k_diff"):
        assert_allclose(getattr(sparse, name), getattr(dense, name), rtol=0, atol=1e-14)
    assert_array_equal(sparse.k_within[labels == "M1"], 0.0)


def test_edge_connectivity__without_edges_is_0():
    none = np.empty(0, dtype=np.int64)
    found = edge_connectivity(none, none, np.empty(0), np.array([1, 1, 1]))
    assert_array_equal(found.k_total, np.zeros(3))


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
    assert_array_equal(soft_connectivity(x, network_type="Signed"), soft_connectivity(x, network_type="signed"))


def test_top_hubs__follow_their_module_best():
    rng = np.random.default_rng(4)
    latent = rng.normal(size=30)
    x = np.vstack([latent + noise * rng.normal(size=30) for noise in (1.0, 0.01, 0.8, 0.9)])
    assert top_hubs(x, np.array([1, 1, 1, 0])) == {1: 1}
    with pytest.raises(InputError, match="1 modules with a single feature: 2"):
        top_hubs(x, np.array([1, 1, 1, 2]))

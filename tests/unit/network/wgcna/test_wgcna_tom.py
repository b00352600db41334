from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.errors import ConfigError, InputError
from isograph.network.wgcna import adjacency, topological_overlap

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


def test_topological_overlap__reads_names_however_they_are_spelled():
    a = adjacency(features(), keep_sign=True)
    found = topological_overlap(a, tom_type="Signed_Nowick", tom_denom="MEAN")
    assert_array_equal(found, topological_overlap(a, tom_type="signed Nowick", tom_denom="mean"))
    with pytest.raises(ConfigError, match=r"^tom_denom is 'median', expected min or mean$"):
        topological_overlap(a, tom_type="signed", tom_denom="median")

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from isograph.errors import ConfigError, InputError
from isograph.network.wgcna import adjacency, scale_free_fit, soft_threshold_table

EXACT = 1e-12


def features(p=20, n=15, seed=0):
    return np.random.default_rng(seed).normal(size=(p, n))


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

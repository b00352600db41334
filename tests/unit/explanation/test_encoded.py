from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from isograph.explanation.encoded import latent_direction


def test_latent_direction__finds_a_module_that_lies_between_dimensions():
    z = np.random.default_rng(1).normal(size=(3, 2000))
    eigengene = (z[0] - z[1]) / 50 + 7.0
    direction = latent_direction(z, eigengene, np.array([True, True, True]))
    assert_allclose(direction.weights, np.array([1.0, -1.0, 0.0]) / np.std(z[0] - z[1]), atol=0.02)
    assert direction.direction_r > 0.9999
    assert abs(direction.latent_r) == pytest.approx(0.5**0.5, abs=0.05)
    assert_allclose(direction.step @ direction.weights, 1.0)


def test_latent_direction__leaves_out_what_was_collapsed_and_samples_without_a_value():
    z = np.random.default_rng(1).normal(size=(2, 30))
    eigengene = z[0] + z[1]
    eigengene[3] = np.nan
    direction = latent_direction(z, eigengene, np.array([False, True]))
    assert direction.weights[0] == 0.0
    assert direction.latent_dim == 1
    assert np.flatnonzero(~direction.samples).tolist() == [3]


@pytest.mark.parametrize("eigengene", [np.full(30, 2.0), np.full(30, np.nan)])
def test_latent_direction__is_none_of_an_eigengene_that_does_not_vary(eigengene):
    direction = latent_direction(np.random.default_rng(1).normal(size=(2, 30)), eigengene, np.array([True, True]))
    assert not direction.exists
    assert direction.latent_dim == -1

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from isograph.errors import InputError
from isograph.network.wgcna import good_samples_genes


def features(p=12, n=10):
    return np.random.default_rng(0).normal(size=(p, n))


def test_good_samples_genes__keeps_everything_that_is_complete():
    found = good_samples_genes(features())
    assert found.all_good
    assert found.reasons == {}


def test_good_samples_genes__says_why_a_feature_does_not_take_part():
    x = features()
    x[1] = 0.1
    x[4, :5] = np.nan
    x[5, :4] = np.nan
    x[7, 1:] = np.nan
    found = good_samples_genes(x)
    assert found.reasons == {
        1: "constant",
        4: "half of its values or more are missing",
        7: "half of its values or more are missing",
    }
    assert_array_equal(np.flatnonzero(~found.features), [1, 4, 7])


def test_good_samples_genes__leaves_a_sample_out_and_judges_features_again():
    x = features()
    x[:6, 3] = np.nan
    x[8, [0, 1, 2, 3]] = np.nan
    found = good_samples_genes(x)
    assert_array_equal(np.flatnonzero(~found.samples), [3])
    assert found.reasons == {}
    x[9, :] = 2.0
    x[9, 3] = 5.0
    assert good_samples_genes(x).reasons == {9: "constant"}


def test_good_samples_genes__takes_no_feature_whose_variation_is_rounding():
    x = features() * 1e6
    x[2] = 1.0 + 1e-5 * np.arange(10)
    assert good_samples_genes(x).reasons == {2: "constant"}


@pytest.mark.parametrize(
    ("p", "n", "message"),
    [
        (3, 10, "features: 3 of 3 features and 0 of 10 samples vary and have more than half of their values"),
        (12, 3, "features: 0 of 12 features and 0 of 3 samples vary and have more than half of their values"),
    ],
)
def test_good_samples_genes__needs_4_features_and_4_samples(p, n, message):
    with pytest.raises(InputError) as raised:
        good_samples_genes(features(p, n))
    assert str(raised.value).startswith(message)
    assert str(raised.value).endswith("Leave out features and samples with many missing values.")

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from isograph.errors import InputError
from isograph.network.wgcna import impute_knn


def features(p=20, n=15, seed=0):
    return np.random.default_rng(seed).normal(size=(p, n))


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

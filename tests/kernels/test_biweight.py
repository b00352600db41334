from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import biweight as reference

from isograph.kernels.biweight import biweight_units, pairwise_biweight, pairwise_pearson, pearson_units

# NOTE: sums of some tens of products of order 1.
EXACT = 1e-13


def rows(p, n, seed, *, share_missing=0.0):
    """Rows with heavy tails; a constant one, one with mad 0 and one of a single value among them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(2, size=(p, n))
    x[1] = 0.1
    x[2, : n - 3] = 5.0
    x[rng.random((p, n)) < share_missing] = np.nan
    x[3, 1:] = np.nan
    return x


def pearson(x, *, centred=True):
    out = np.empty_like(x)
    pearson_units(x, centred, 0, len(x), out)
    return out


def biweight(x, *, max_outliers=1.0, fallback=True, centred=True):
    out, zero_mad = np.empty_like(x), np.zeros(len(x), dtype=np.bool_)
    biweight_units(x, max_outliers, fallback, centred, 0, len(x), out, zero_mad)
    return out, zero_mad


def test_pearson_units__are_found_by_hand():
    x = np.array([[1.0, 2.0, 3.0, np.nan], [7.0, 7.0, 7.0, 7.0], [np.nan] * 4, [0.0, np.nan, np.nan, 2.0]])
    half = np.sqrt(0.5)
    expected = [[-half, 0, half, 0], [np.nan] * 4, [np.nan] * 4, [-half, 0, 0, half]]
    assert_allclose(pearson(x), expected, rtol=0, atol=EXACT)


def test_pearson_units__of_a_constant_row_that_keeps_its_mean():
    assert_allclose(pearson(np.array([[3.0, 3.0, 3.0, 3.0]]), centred=False), [[0.5] * 4], rtol=0, atol=EXACT)


def test_biweight_units__are_found_by_hand():
    # NOTE: median 0, mad 1, so u = x / 9: weights (1 − 1/81)², 1 and 0 for the outlier at 9.
    out, zero_mad = biweight(np.array([[-1.0, 0.0, 0.0, 1.0, 9.0, -1.0, 1.0]]))
    assert_allclose(out, [[-0.5, 0.0, 0.0, 0.5, 0.0, -0.5, 0.5]], rtol=0, atol=EXACT)
    assert_array_equal(zero_mad, [False])


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
@pytest.mark.parametrize("centred", [True, False])
def test_pearson_units__equal_their_twin(share_missing, centred):
    x = rows(12, 17, seed=1, share_missing=share_missing)
    assert_allclose(pearson(x, centred=centred), reference.pearson_units(x, centred), rtol=0, atol=EXACT)


@pytest.mark.parametrize("max_outliers", [1.0, 0.1, 0.0])
@pytest.mark.parametrize("fallback", [True, False])
@pytest.mark.parametrize("centred", [True, False])
def test_biweight_units__equal_their_twin(max_outliers, fallback, centred):
    x = rows(12, 18, seed=2, share_missing=0.2)
    out, zero_mad = biweight(x, max_outliers=max_outliers, fallback=fallback, centred=centred)
    expected, expected_zero = reference.biweight_units(x, max_outliers, fallback, centred)
    assert_allclose(out, expected, rtol=0, atol=EXACT)
    assert_array_equal(zero_mad, expected_zero)
    assert zero_mad[2]


def test_units__are_written_for_the_rows_asked_for_alone():
    x = rows(6, 9, seed=3)
    out, zero_mad = np.full_like(x, 7.0), np.zeros(6, dtype=np.bool_)
    pearson_units(x, True, 4, 5, out)
    assert_array_equal(out[[0, 1, 2, 3, 5]], 7.0)
    biweight_units(x, 1.0, True, True, 5, 6, out, zero_mad)
    assert_array_equal(out[:4], 7.0)


@pytest.mark.parametrize("centred", [True, False])
def test_pairwise_pearson__equals_its_twin_where_it_is_asked_to(centred):
    x, y = rows(9, 14, seed=4, share_missing=0.3), rows(7, 14, seed=5, share_missing=0.3)
    incomplete_x, incomplete_y = np.arange(9) % 3 == 0, np.arange(7) % 2 == 0
    out = np.full((9, 7), 7.0)
    pairwise_pearson(x, y, incomplete_x, incomplete_y, centred, out)
    asked = incomplete_x[:, None] | incomplete_y
    assert_allclose(out[asked], reference.pairwise_pearson(x, y, centred)[asked], rtol=0, atol=EXACT)
    assert_array_equal(out[~asked], 7.0)
    assert np.isnan(out[asked]).any()


@pytest.mark.parametrize("tolerated", [0, 1, 14])
@pytest.mark.parametrize("fallback", [True, False])
@pytest.mark.parametrize(("robust_x", "robust_y"), [(True, True), (True, False), (False, True)])
def test_pairwise_biweight__equals_its_twin(tolerated, fallback, robust_x, robust_y):
    x, y = rows(6, 14, seed=6, share_missing=0.2), rows(5, 14, seed=7, share_missing=0.1)
    units = [
        biweight(values, max_outliers=0.1, fallback=fallback)[0] if robust else pearson(values)
        for values, robust in ((x, robust_x), (y, robust_y))
    ]
    incomplete_x, incomplete_y = np.ones(6, dtype=np.bool_), np.zeros(5, dtype=np.bool_)
    out = np.empty((6, 5))
    pairwise_biweight(x, y, *units, incomplete_x, incomplete_y, tolerated, 0.1, fallback, robust_x, robust_y, True, out)
    expected = reference.pairwise_biweight(x, y, tolerated, 0.1, fallback, robust_x, robust_y, True)
    assert_allclose(out, expected, rtol=0, atol=EXACT)


def test_pairwise_biweight__leaves_other_pairs_as_they_are():
    x = rows(4, 9, seed=8)
    none = np.zeros(4, dtype=np.bool_)
    out = np.full((4, 4), 7.0)
    pairwise_biweight(x, x, x, x, none, none, 0, 1.0, True, True, True, True, out)
    assert_array_equal(out, 7.0)

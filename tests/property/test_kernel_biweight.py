from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from isograph.kernels.biweight import biweight_units, pairwise_biweight, pairwise_pearson, pearson_units

EXACT = 1e-9
# NOTE: quarters, so that ties, constant rows and a mad of 0 are common.
QUARTERS = hnp.arrays(np.int64, (4, 9), elements=st.integers(-40, 40)).map(lambda x: x / 4)


def units(x):
    pearson, biweight = np.empty_like(x), np.empty_like(x)
    pearson_units(x, True, 0, len(x), pearson)
    biweight_units(x, 0.2, True, True, 0, len(x), biweight, np.zeros(len(x), dtype=np.bool_))
    return pearson, biweight


@given(QUARTERS)
def test_units__have_norm_1_or_are_not_defined(x):
    for found in units(x):
        norms = np.sqrt((found**2).sum(axis=1))
        assert np.all(np.isnan(norms) | (np.abs(norms - 1) < EXACT))


@given(QUARTERS, st.sampled_from([0.5, 2.0, 8.0]), st.integers(-8, 8))
def test_units__do_not_depend_on_scale_and_shift(x, scale, shift):
    for found, moved in zip(units(x), units(x * scale + shift), strict=True):
        assert_allclose(moved, found, rtol=0, atol=EXACT)


@given(QUARTERS)
def test_units__change_sign_with_their_row(x):
    for found, flipped in zip(units(x), units(-x), strict=True):
        assert_allclose(flipped, -found, rtol=0, atol=EXACT)


@given(QUARTERS, hnp.arrays(np.bool_, (4, 9)))
def test_pairs__are_symmetric_and_in_range(x, missing):
    values = np.where(missing, np.nan, x)
    incomplete = np.ones(4, dtype=np.bool_)
    pearson, biweight = np.empty((4, 4)), np.empty((4, 4))
    prepared = units(values)[1]
    pairwise_pearson(values, values, incomplete, incomplete, True, pearson)
    pairwise_biweight(
        values, values, prepared, prepared, incomplete, incomplete, 0, 0.2, True, True, True, True, biweight
    )
    for r in (pearson, biweight):
        assert_allclose(r, r.T, rtol=0, atol=EXACT)
        assert not np.any(np.abs(r) > 1 + EXACT)

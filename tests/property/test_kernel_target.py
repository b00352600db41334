from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.target import target_correlation

EXACT = 1e-9
SAMPLES = 8
numbers = st.integers(-1000, 1000).map(float)
values_or_missing = st.one_of(numbers, st.just(float("nan")))
rows = st.lists(st.lists(values_or_missing, min_size=SAMPLES, max_size=SAMPLES), min_size=1, max_size=5)
targets = st.lists(st.lists(values_or_missing, min_size=SAMPLES, max_size=SAMPLES), min_size=1, max_size=3)


def correlations(values, scores):
    values, scores = np.array(values), np.array(scores)
    shape = (len(values), len(scores))
    r, n = np.empty(shape), np.empty(shape, dtype=np.int64)
    target_correlation(values, scores, 0, len(values), r, n)
    return r, n


@given(rows, targets)
def test_target_correlation__lies_between_minus_1_and_1_or_is_nan(values, scores):
    r, n = correlations(values, scores)
    assert (np.isnan(r) | (np.abs(r) <= 1)).all()
    assert np.isnan(r[n < 3]).all()


@given(rows, targets, st.integers(-30, 30), numbers)
def test_target_correlation__does_not_see_scale_and_shift(values, scores, power, shift):
    r, n = correlations(values, scores)
    moved, n_moved = correlations(np.array(values) * 2.0**power, np.array(scores) + shift)
    assert_array_equal(n_moved, n)
    assert_allclose(moved, r, rtol=0, atol=EXACT)


@given(rows, targets)
def test_target_correlation__flips_with_the_target(values, scores):
    assert_array_equal(correlations(values, -np.array(scores))[0], -correlations(values, scores)[0])


@given(rows, targets, st.permutations(range(SAMPLES)))
def test_target_correlation__does_not_see_the_order_of_samples(values, scores, order):
    permuted, _ = correlations(np.array(values)[:, order], np.array(scores)[:, order])
    assert_allclose(permuted, correlations(values, scores)[0], rtol=0, atol=EXACT)


@given(rows, targets)
def test_target_correlation__is_that_of_the_complete_samples_alone(values, scores):
    r, n = correlations(values, scores)
    row, target = np.array(values[0]), np.array(scores[0])
    both = ~(np.isnan(row) | np.isnan(target))
    alone, n_alone = correlations(row[None, both], target[None, both])
    assert n_alone[0, 0] == n[0, 0] == both.sum()
    assert_array_equal(alone[0, 0], r[0, 0])

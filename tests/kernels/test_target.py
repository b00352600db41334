from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import target as reference

from isograph.kernels.target import target_correlation

EXACT = 1e-13
NAN = np.nan


def correlations(values, targets, cuts=None):
    values, targets = np.array(values, dtype=float), np.array(targets, dtype=float)
    r = np.full((len(values), len(targets)), -7.5)
    n = np.full((len(values), len(targets)), -7)
    for start, stop in cuts or [(0, len(values))]:
        target_correlation(values, targets, start, stop, r, n)
    return r, n


def scattered(p, m, n, share, seed):
    rng = np.random.default_rng(seed)
    values, targets = rng.normal(5, 2, (p, n)), rng.normal(size=(m, n))
    values[rng.random((p, n)) < share] = NAN
    targets[rng.random((m, n)) < share / 2] = NAN
    return values, targets


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
@pytest.mark.parametrize(("p", "m", "n"), [(1, 1, 3), (7, 3, 12), (20, 4, 60)])
def test_target_correlation__equals_its_twin(p, m, n, share):
    values, targets = scattered(p, m, n, share, seed=p)
    expected_r, expected_n = reference.target_correlation(values, targets)
    r, n_complete = correlations(values, targets)
    assert_allclose(r, expected_r, rtol=0, atol=EXACT)
    assert_array_equal(n_complete, expected_n)


def test_target_correlation__equals_pearson_of_complete_pairs_by_hand():
    # over samples 0, 1, 3: x = 1, 2, 4 and y = 1, 3, 2: r = 1 / √(14/3 · 2)
    r, n = correlations([[1, 2, NAN, 4, 9]], [[1, 3, 8, 2, NAN]])
    assert_allclose(r, [[1 / (14 / 3 * 2) ** 0.5]], rtol=1e-14)
    assert n.tolist() == [[3]]


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ([1, 2, NAN, NAN], [1, 2, 3, 4]),
        ([NAN] * 4, [1, 2, 3, 4]),
        ([5, 5, 5, 5], [1, 2, 3, 4]),
        ([0, 0, 0, 0], [1, 2, 3, 4]),
        ([1, 2, 3, 4], [2, 2, 2, NAN]),
        ([7e15, 7e15, 7e15, 7e15 + 2], [1, 2, 3, 4]),
    ],
)
def test_target_correlation__is_nan_where_there_is_nothing_to_correlate(row, target):
    r, _ = correlations([row], [target])
    assert np.isnan(r).all()


def test_target_correlation__counts_samples_where_it_is_nan():
    _, n = correlations([[1, 2, NAN, NAN], [5, 5, 5, NAN]], [[1, 2, 3, 4], [NAN, 2, 3, 4]])
    assert n.tolist() == [[2, 1], [3, 2]]


def test_target_correlation__is_1_for_a_row_with_itself_whatever_its_scale():
    row = np.array([1.0, 2.0, 4.0, 8.5])
    for scale in (1e-200, 1.0, 1e200):
        r, _ = correlations([row * scale, -row * scale], [row])
        assert_allclose(r, [[1.0], [-1.0]], rtol=0, atol=1e-15)


@pytest.mark.parametrize("cuts", [[(0, 9)], [(0, 1), (1, 5), (5, 9)], [(4, 9), (0, 4)]])
def test_target_correlation__does_not_depend_on_the_ranges(cuts):
    values, targets = scattered(9, 2, 15, 0.3, seed=1)
    whole, counts = correlations(values, targets)
    r, n = correlations(values, targets, cuts)
    assert r.tobytes() == whole.tobytes()
    assert n.tobytes() == counts.tobytes()


def test_target_correlation__writes_only_its_rows():
    values, targets = scattered(5, 2, 15, 0.3, seed=2)
    r, n = correlations(values, targets, [(1, 3)])
    assert_array_equal(r[[0, 3, 4]], -7.5)
    assert_array_equal(n[[0, 3, 4]], -7)

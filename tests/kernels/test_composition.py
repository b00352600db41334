from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import composition as reference

from isograph.kernels.axis import largest_is_positive, leading_axis
from isograph.kernels.composition import composition_axes

# NOTE: an axis moves by rounding over the gap between the first two eigenvalues, which is above 1e-3 of the first in
# these data.
CLOSE = 1e-11
LN2 = 0.6931471805599453
HALF_ROOT = 0.7071067811865476
UNTOUCHED = -7.5


def axes_of(counts, rows, offsets, basis):
    return axes_between(0, len(offsets) - 1, counts, rows, offsets, basis)


def axes_between(start, stop, counts, rows, offsets, basis):
    scores = np.full((len(offsets) - 1, counts.shape[1]), UNTOUCHED)
    loadings, scales = np.full(len(rows), UNTOUCHED), np.full(len(offsets) - 1, UNTOUCHED)
    composition_axes(counts, rows, offsets, basis, start, stop, scores, loadings, scales)
    return scores, loadings, scales


def one_gene(transcripts, basis=None):
    counts = np.array(transcripts, dtype=np.float64)
    basis = constant(counts.shape[1]) if basis is None else basis
    scores, loadings, scales = axes_of(counts, np.arange(len(counts)), np.array([0, len(counts)]), basis)
    return scores[0], loadings, scales[0]


def constant(n_samples):
    return np.full((1, n_samples), 1 / np.sqrt(n_samples))


def design(n_samples, n_covariates, rng):
    columns = np.column_stack([np.ones(n_samples), rng.normal(size=(n_samples, n_covariates))])
    return np.ascontiguousarray(np.linalg.qr(columns)[0].T)


def experiment(sizes, n_samples, seed):
    """Counts of genes with ``sizes`` transcripts, the rows of the genes scattered over the matrix."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    rows = rng.permutation(offsets[-1])
    counts = np.empty((offsets[-1], n_samples))
    for first, last in pairwise(offsets):
        level = rng.normal(4.0, 1.0, size=(last - first, 1))
        switch = rng.normal(size=(last - first, 1)) * rng.normal(size=n_samples)
        counts[rows[first:last]] = rng.poisson(np.exp(level + switch))
    return counts, rows, offsets


@pytest.mark.parametrize(("n_samples", "n_covariates"), [(3, 0), (4, 1), (8, 0), (8, 3), (60, 0), (60, 2)])
@pytest.mark.parametrize("sizes", [(2,), (3,), (7,), (2, 3, 7, 2, 4)])
def test_composition_axes__equals_its_twin(sizes, n_samples, n_covariates):
    counts, rows, offsets = experiment(sizes, n_samples, seed=len(sizes) + sizes[0])
    basis = design(n_samples, n_covariates, np.random.default_rng(n_samples))
    before = counts.copy()
    for found, expected in zip(
        axes_of(counts, rows, offsets, basis),
        reference.composition_axes(counts, rows, offsets, basis),
        strict=True,
    ):
        assert_allclose(found, expected, rtol=0, atol=CLOSE)
    assert_array_equal(counts, before)


def test_composition_axes__equals_its_twin_for_forty_transcripts():
    counts, rows, offsets = experiment((40,), 25, seed=40)
    basis = design(25, 1, np.random.default_rng(40))
    for found, expected in zip(
        axes_of(counts, rows, offsets, basis),
        reference.composition_axes(counts, rows, offsets, basis),
        strict=True,
    ):
        assert_allclose(found, expected, rtol=0, atol=CLOSE)


def test_composition_axes__of_two_transcripts_is_the_log_ratio():
    # usage + 0.5 is 1, 2, 4 against 4, 2, 1: the centred log-ratio is −ln 2, 0, ln 2.
    score, loadings, scale = one_gene([[0.5, 1.5, 3.5], [3.5, 1.5, 0.5]])
    assert_allclose(score, [-1, 0, 1], rtol=0, atol=1e-15)
    assert_allclose(loadings, [HALF_ROOT, -HALF_ROOT], rtol=0, atol=1e-15)
    assert scale == pytest.approx(2**0.5 * LN2, rel=1e-15)


@pytest.mark.parametrize(
    ("transcripts", "expected"),
    [
        ([[0.5, 1.5, 3.5], [1.5, 1.5, 1.5], [3.5, 1.5, 0.5]], [-1, 0, 1]),
        ([[3.5, 1.5, 0.5], [1.5, 1.5, 1.5], [0.5, 1.5, 3.5]], [1, 0, -1]),
    ],
)
def test_composition_axes__lets_the_first_transcript_decide_between_equal_loadings(transcripts, expected):
    score, loadings, scale = one_gene(transcripts)
    assert_allclose(loadings, [HALF_ROOT, 0, -HALF_ROOT], rtol=0, atol=1e-15)
    assert_allclose(score, expected, rtol=0, atol=1e-14)
    assert scale == pytest.approx(2**0.5 * LN2, rel=1e-14)


def test_composition_axes__makes_the_largest_loading_positive():
    # the third transcript falls twice as far as the other two rise.
    score, loadings, _ = one_gene([[0.5, 1.5, 3.5], [0.5, 1.5, 3.5], [7.5, 1.5, 0.0]])
    assert_allclose(loadings, [-(6**-0.5), -(6**-0.5), 2 * 6**-0.5], rtol=0, atol=1e-14)
    assert score[0] > score[1] > score[2]


def test_composition_axes__has_a_closed_form_for_two_transcripts_equal_to_the_general_axis():
    counts, rows, offsets = experiment((2,), 20, seed=5)
    score, loadings, scale = axes_of(counts, rows, offsets, constant(20))
    clr = reference.centred_log_ratio(counts[rows])
    clr -= clr.mean(axis=1, keepdims=True)
    axis = np.empty(2)
    variance = leading_axis(clr @ clr.T, axis) / 19
    largest_is_positive(axis)
    assert_allclose(loadings, axis, rtol=0, atol=1e-15)
    assert_allclose(score[0], axis @ clr / np.sqrt(variance), rtol=0, atol=CLOSE)
    assert scale[0] == pytest.approx(np.sqrt(variance), rel=1e-14)


@pytest.mark.parametrize(
    "transcripts",
    [
        [[0, 0, 0, 0], [0, 0, 0, 0]],
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        [[7, 7, 7, 7], [3, 3, 3, 3]],
        [[1e9, 1e9, 1e9, 1e9], [3, 3, 3, 3], [0, 0, 0, 0]],
        [[0.5, 1.5, 3.5, 7.5], [0.5, 1.5, 3.5, 7.5]],
        [[0.1, 0.7, 0.2, 9.3], [0.1, 0.7, 0.2, 9.3], [0.1, 0.7, 0.2, 9.3]],
    ],
)
def test_composition_axes__is_zero_where_the_composition_is_constant(transcripts):
    score, loadings, scale = one_gene(transcripts)
    assert scale == 0.0
    assert_array_equal(score, np.zeros(4))
    assert_array_equal(loadings, np.zeros(len(transcripts)))


@pytest.mark.parametrize(
    ("level", "change", "varies"),
    [(1e9, 1e-10, False), (1e9, 1e-8, True), (1.0, 1e-11, False), (1.0, 1e-9, True)],
)
def test_composition_axes__counts_as_constant_below_1e_10_of_the_largest_log(level, change, varies):
    first = level * (1 + change * np.array([1, -1, 1, -1]))
    scale = one_gene([first, [level] * 4])[2]
    assert (scale > 0) == varies


@pytest.mark.parametrize("k", [2, 3, 5])
def test_composition_axes__is_zero_where_only_the_covariate_changes_the_composition(k):
    group = np.array([0, 0, 0, 1, 1, 1])
    basis = np.ascontiguousarray(np.linalg.qr(np.column_stack([np.ones(6), group]))[0].T)
    transcripts = [[0, 0, 0, 50, 50, 50], [50, 50, 50, 0, 0, 0], *[[5] * 6] * (k - 2)]
    assert one_gene(transcripts, basis)[2] == 0.0
    assert one_gene(transcripts)[2] > 1.0


def test_composition_axes__takes_the_axis_after_the_covariate_is_projected_out():
    # the confounder moves isoforms 1 and 2 strongly; isoforms 2 and 3 trade places weakly within its groups.
    group = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    trade = np.array([1, -1, 1, -1, 1, -1, 1, -1])
    basis = np.ascontiguousarray(np.linalg.qr(np.column_stack([np.ones(8), group]))[0].T)
    transcripts = np.exp(np.array([5 + 4.0 * group, 5 - 4.0 * group + 0.1 * trade, 5 - 0.1 * trade])) - 0.5
    score, loadings, scale = one_gene(transcripts, basis)
    assert_allclose(loadings, [0, HALF_ROOT, -HALF_ROOT], rtol=0, atol=1e-13)
    assert_allclose(score, trade * np.sqrt(7 / 8), rtol=0, atol=1e-12)
    assert scale == pytest.approx(0.1 * np.sqrt(2) * np.sqrt(8 / 7), rel=1e-12)


@pytest.mark.parametrize("n_covariates", [0, 2])
def test_composition_axes__scores_have_mean_0_sd_1_and_nothing_of_the_design(n_covariates):
    counts, rows, offsets = experiment((2, 3, 7), 20, seed=9)
    basis = design(20, n_covariates, np.random.default_rng(9))
    scores, loadings, _ = axes_of(counts, rows, offsets, basis)
    assert_allclose(scores @ basis.T, 0, atol=1e-13)
    assert_allclose(scores.mean(axis=1), 0, atol=1e-14)
    assert_allclose(scores.std(axis=1, ddof=1), 1, rtol=1e-14)
    assert_allclose(np.add.reduceat(loadings**2, offsets[:-1]), 1, rtol=1e-14)
    assert_allclose(np.add.reduceat(loadings, offsets[:-1]), 0, atol=1e-13)


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (1, 3), (3, 4), (2, 2)])
def test_composition_axes__writes_only_the_genes_it_is_given(start, stop):
    counts, rows, offsets = experiment((2, 3, 4, 2), 9, seed=11)
    whole = axes_of(counts, rows, offsets, constant(9))
    part = axes_between(start, stop, counts, rows, offsets, constant(9))
    owned = [slice(start, stop), slice(offsets[start], offsets[stop]), slice(start, stop)]
    for found, full, mine in zip(part, whole, owned, strict=True):
        expected = np.full_like(full, UNTOUCHED)
        expected[mine] = full[mine]
        assert found.tobytes() == expected.tobytes()

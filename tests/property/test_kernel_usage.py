from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from isograph.kernels.usage import N_NOISE, usage_axes, usage_shifts

CLOSE = 1e-8


@st.composite
def genes(draw):
    k, n = draw(st.integers(2, 5)), draw(st.integers(4, 9))
    return draw(hnp.arrays(np.float64, (k, n), elements=st.integers(0, 30) | st.floats(0, 1e4)))


def axes_of(counts):
    k, n = counts.shape
    scores, loadings, scales = np.empty((1, n)), np.empty(k), np.empty(1)
    noise, pooled = np.empty((1, N_NOISE)), np.empty(k)
    basis = np.full((1, n), 1 / np.sqrt(n))
    counts = np.ascontiguousarray(counts)
    usage_axes(counts, np.arange(k), np.array([0, k]), basis, 0, 1, scores, loadings, scales, noise, pooled)
    shift = np.empty(1)
    usage_shifts(counts, np.arange(k), np.array([0, k]), basis, scores, 0, 1, shift)
    return scores[0], loadings, scales[0], noise[0], pooled, shift[0]


@given(genes())
def test_usage_axes__are_unit_contrasts_with_standardised_scores(counts):
    scores, loadings, scale, noise, pooled, shift = axes_of(counts)
    assert np.isfinite(np.concatenate([scores, loadings, noise, pooled, [scale, shift]])).all()
    assert (noise >= -1e-9).all()
    assert 0 <= noise[3] <= 1
    assert -1e-9 <= shift <= 1 + 1e-9
    if counts.sum() > 0:
        assert_allclose(pooled.sum(), 1)
    if scale > 1e-6:
        assert_allclose([loadings @ loadings, loadings.sum()], [1, 0], atol=1e-5)
        assert_allclose([scores.mean(), scores.std(ddof=1)], [0, 1], atol=CLOSE)


@given(genes(), st.randoms(use_true_random=False))
def test_usage_axes__noise_does_not_see_the_order_of_samples_or_transcripts(counts, random):
    samples, transcripts = list(range(counts.shape[1])), list(range(counts.shape[0]))
    random.shuffle(samples)
    random.shuffle(transcripts)
    noise, moved = axes_of(counts)[3], axes_of(counts[transcripts][:, samples])[3]
    assert_allclose(moved, noise, rtol=1e-6, atol=1e-6)


@given(genes(), st.integers(2, 50))
def test_usage_axes__mean_usage_of_constant_shares_does_not_see_depth(counts, factor):
    depth = np.arange(1, counts.shape[1] + 1)
    shares = np.outer(counts.sum(axis=1), np.ones(len(depth)))
    assume(shares.sum() > 0)
    assert_allclose(axes_of(factor * shares * depth)[4], axes_of(shares)[4], atol=CLOSE)

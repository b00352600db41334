from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from isograph.kernels.composition import composition_axes

# NOTE: counts reach 1e4, logs 10: a scale is a sum of at most 60 squares of them.
CLOSE = 1e-9
# NOTE: below this share of the first, the second eigenvalue leaves the axis well determined.
SEPARATED = 0.99
FACTORS = st.floats(1, 1000)


@st.composite
def genes(draw, *, fewest=2, most=5):
    k, n = draw(st.integers(fewest, most)), draw(st.integers(3, 8))
    return draw(hnp.arrays(np.float64, (k, n), elements=st.integers(0, 20) | st.floats(0, 1e4)))


def axes_of(counts, rows=None, offsets=None):
    rows = np.arange(len(counts)) if rows is None else np.array(rows)
    offsets = np.array([0, len(rows)]) if offsets is None else np.array(offsets)
    n = counts.shape[1]
    scores, loadings, scales = np.empty((len(offsets) - 1, n)), np.empty(len(rows)), np.empty(len(offsets) - 1)
    basis = np.full((1, n), 1 / np.sqrt(n))
    composition_axes(np.ascontiguousarray(counts), rows, offsets, basis, 0, len(offsets) - 1, scores, loadings, scales)
    return scores, loadings, scales


def separated(counts):
    """Whether the gene's composition varies and its first axis stands clear of the second."""
    clr = np.log(counts + 0.5) - np.log(counts + 0.5).mean(axis=0)
    values = np.linalg.svd(clr - clr.mean(axis=1, keepdims=True), compute_uv=False) ** 2
    return values[0] > 1e-6 and values[1] < SEPARATED * values[0]


def assert_same_up_to_sign(found, expected):
    sign = 1 if np.sum(found * expected) >= 0 else -1
    assert_allclose(sign * found, expected, rtol=0, atol=CLOSE)


@given(genes())
def test_composition_axes__are_unit_contrasts_with_standardised_scores(counts):
    scores, loadings, scales = axes_of(counts)
    assert scales[0] >= 0
    if scales[0] > 1e-6:
        assert_allclose([loadings @ loadings, loadings.sum()], [1, 0], rtol=0, atol=CLOSE)
        assert_allclose([scores.mean(), scores.std(ddof=1)], [0, 1], rtol=0, atol=CLOSE)
        assert loadings.max() >= -loadings.min() - 1e-10


@given(genes(), st.randoms(use_true_random=False))
def test_composition_axes__follow_the_order_of_samples(counts, random):
    assume(separated(counts))
    order = list(range(counts.shape[1]))
    random.shuffle(order)
    scores, loadings, scales = axes_of(counts)
    permuted_scores, permuted_loadings, permuted_scales = axes_of(counts[:, order])
    assert_allclose(permuted_scales, scales, rtol=CLOSE)
    assert_same_up_to_sign(np.append(permuted_scores, permuted_loadings), np.append(scores[:, order], loadings))


@given(genes(), st.randoms(use_true_random=False))
def test_composition_axes__follow_the_order_of_transcripts(counts, random):
    assume(separated(counts))
    order = list(range(len(counts)))
    random.shuffle(order)
    scores, loadings, scales = axes_of(counts)
    permuted_scores, permuted_loadings, permuted_scales = axes_of(counts, rows=order)
    assert_allclose(permuted_scales, scales, rtol=CLOSE)
    assert_same_up_to_sign(np.append(permuted_scores, permuted_loadings), np.append(scores, loadings[order]))


@given(genes(fewest=4, most=7), st.integers(2, 5))
def test_composition_axes__of_a_gene_are_the_same_bytes_wherever_it_stands(counts, first_size):
    k = len(counts)
    size = min(first_size, k - 2)
    forward = axes_of(counts, rows=range(k), offsets=[0, size, k])
    backward = axes_of(counts, rows=[*range(size, k), *range(size)], offsets=[0, k - size, k])
    assert_array_equal(backward[0], forward[0][::-1])
    assert_array_equal(backward[1], np.roll(forward[1], k - size))
    assert_array_equal(backward[2], forward[2][::-1])


@given(genes(), st.data())
def test_composition_axes__do_not_see_how_deep_a_sample_was_sequenced(counts, data):
    # the pseudocount is part of what is scaled: usage is a ratio of counts + ½.
    assume(separated(counts))
    depth = np.array(data.draw(st.lists(FACTORS, min_size=counts.shape[1], max_size=counts.shape[1])))
    scores, loadings, scales = axes_of(counts)
    deeper_scores, deeper_loadings, deeper_scales = axes_of((counts + 0.5) * depth - 0.5)
    assert_allclose(deeper_scales, scales, rtol=CLOSE)
    assert_same_up_to_sign(np.append(deeper_scores, deeper_loadings), np.append(scores, loadings))


@given(genes(most=2))
def test_composition_axes__of_two_transcripts_change_sign_when_they_trade_places(counts):
    scores, loadings, scales = axes_of(counts)
    swapped_scores, swapped_loadings, swapped_scales = axes_of(counts, rows=[1, 0])
    assert_array_equal(swapped_scores, -scores)
    assert_array_equal(swapped_loadings, loadings)
    assert_array_equal(swapped_scales, scales)

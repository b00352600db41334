from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from isograph.network.pairs import second_order_similarities

EXACT = 1e-13
SIZE = 8
EVERY_PAIR = [(a, b) for a in range(SIZE) for b in range(a + 1, SIZE)]


@st.composite
def weighted_pairs(draw):
    """Distinct pairs of 8 features, (source, target) with source < target, and a strength for each."""
    pairs = draw(st.lists(st.sampled_from(EVERY_PAIR), min_size=1, unique=True))
    strengths = draw(st.lists(st.floats(1e-3, 1), min_size=len(pairs), max_size=len(pairs)))
    return np.array(pairs), np.array(strengths)


def similarities(pairs, strengths):
    return second_order_similarities(pairs[:, 0], pairs[:, 1], strengths, SIZE, threads=1)


@given(weighted_pairs())
def test_second_order_similarity__lies_between_0_and_1(weighted):
    found = similarities(*weighted)
    assert ((found > 0) & (found <= 1)).all()


@given(weighted_pairs(), st.integers(-20, 0))
def test_second_order_similarity__does_not_see_the_scale_of_all_strengths(weighted, power):
    pairs, strengths = weighted
    assert_array_equal(similarities(pairs, strengths * 2.0**power), similarities(pairs, strengths))


@given(weighted_pairs(), st.permutations(range(SIZE)))
def test_second_order_similarity__does_not_see_the_numbers_of_features(weighted, numbers):
    pairs, strengths = weighted
    renumbered = np.sort(np.array(numbers)[pairs], axis=1)
    assert_allclose(similarities(renumbered, strengths), similarities(pairs, strengths), rtol=0, atol=EXACT)


@given(weighted_pairs(), st.randoms(use_true_random=False))
def test_second_order_similarity__follows_the_order_of_pairs(weighted, random):
    pairs, strengths = weighted
    order = list(range(len(pairs)))
    random.shuffle(order)
    assert_array_equal(similarities(pairs[order], strengths[order]), similarities(pairs, strengths)[order])


@given(weighted_pairs())
def test_second_order_similarity__of_a_group_does_not_see_other_groups(weighted):
    pairs, strengths = weighted
    both = np.concatenate([pairs, pairs + SIZE])
    found = second_order_similarities(both[:, 0], both[:, 1], np.tile(strengths, 2), 2 * SIZE, threads=1)
    assert_array_equal(found, np.tile(similarities(pairs, strengths), 2))

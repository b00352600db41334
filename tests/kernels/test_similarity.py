from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import similarity as reference

from isograph.kernels.similarity import second_order_similarity

EXACT = 1e-14
UNTOUCHED = -7.5


def compressed(pairs, strengths, n_features):
    """Both directions of the pairs, row by row with ascending columns: indptr, indices, strengths, pair numbers."""
    entries = sorted(
        entry
        for number, ((a, b), strength) in enumerate(zip(pairs, strengths, strict=True))
        for entry in ((a, b, strength, number), (b, a, strength, number))
    )
    indptr = np.array([sum(row < feature for row, *_ in entries) for feature in range(n_features + 1)])
    columns = [np.array([entry[field] for entry in entries]) for field in (1, 2, 3)]
    return (indptr, columns[0].astype(np.int64), columns[1].astype(np.float64), columns[2].astype(np.int64))


def similarities(pairs, strengths, n_features):
    out = np.full(len(pairs), UNTOUCHED)
    second_order_similarity(*compressed(pairs, strengths, n_features), 0, n_features, out)
    return out


def random_pairs(p, share, seed):
    rng = np.random.default_rng(seed)
    everything = np.column_stack(np.triu_indices(p, 1))
    pairs = everything[rng.random(len(everything)) < share]
    return pairs.tolist(), rng.uniform(0.05, 1, size=len(pairs))


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("p", [2, 3, 7, 40])
def test_second_order_similarity__equals_its_twin(p, share):
    pairs, strengths = random_pairs(p, share, seed=p)
    if not pairs:
        pairs, strengths = [[0, 1]], np.array([0.3])
    source, target = np.array(pairs).T
    expected = reference.second_order_similarity(source, target, strengths, p)
    assert_allclose(similarities(pairs, strengths, p), expected, rtol=0, atol=EXACT)


def test_second_order_similarity__equals_the_cosines_of_a_chain_by_hand():
    # rows: (.8, .8, 0), (.8, .8, .6), (0, .6, .6)
    found = similarities([(0, 1), (1, 2)], [0.8, 0.6], 3)
    assert_allclose(found, [(1.28 / 1.64) ** 0.5, 0.84 / (1.64 * 0.72) ** 0.5], rtol=1e-15)


@pytest.mark.parametrize(
    ("pairs", "strengths"),
    [
        ([(0, 1)], [0.3]),
        ([(0, 1), (2, 4)], [0.3, 0.9]),
        ([(0, 1), (0, 2), (1, 2)], [0.7, 0.7, 0.7]),
    ],
)
def test_second_order_similarity__is_1_where_profiles_are_alike(pairs, strengths):
    assert_allclose(similarities(pairs, strengths, 5), 1.0, rtol=0, atol=2e-16)


def test_second_order_similarity__of_a_bridge_is_below_that_inside_its_groups():
    inside = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    found = similarities([*inside, (2, 3)], [0.9] * 6 + [0.6], 6)
    assert found[:6].min() > 0.85
    assert found[6] < 0.7


def test_second_order_similarity__does_not_depend_on_the_numbers_of_the_features():
    pairs, strengths = random_pairs(12, 0.4, seed=3)
    renumbered = np.random.default_rng(3).permutation(12)
    moved = [sorted(renumbered[pair].tolist()) for pair in pairs]
    assert_allclose(similarities(moved, strengths, 12), similarities(pairs, strengths, 12), rtol=0, atol=EXACT)


@pytest.mark.parametrize("cuts", [(0, 9), (0, 1, 5, 9), tuple(range(10))])
def test_second_order_similarity__writes_the_pairs_whose_lower_feature_is_in_the_range(cuts):
    pairs, strengths = random_pairs(9, 0.6, seed=8)
    whole = similarities(pairs, strengths, 9)
    lower = np.array([a for a, _ in pairs])
    joined = np.full(len(pairs), UNTOUCHED)
    for start, stop in pairwise(cuts):
        part = np.full(len(pairs), UNTOUCHED)
        second_order_similarity(*compressed(pairs, strengths, 9), start, stop, part)
        owned = (lower >= start) & (lower < stop)
        assert_array_equal(part[~owned], UNTOUCHED)
        joined[owned] = part[owned]
    assert joined.tobytes() == whole.tobytes()

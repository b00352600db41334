from __future__ import annotations

import numpy as np
import pytest

from isograph.benchmarking.stability import (
    Division,
    agreement,
    best_jaccard,
    co_assignment,
    edge_frequencies,
    most_reproducible,
    sample_halves,
)

NO_EDGES = np.empty(0, dtype=np.int64)


def division(*module_of: int) -> Division:
    return Division(np.array(module_of), NO_EDGES)


@pytest.mark.parametrize(("n_samples", "half"), [(10, 5), (11, 5), (2, 1)])
def test_sample_halves__share_no_sample(n_samples, half):
    for one, other in sample_halves(n_samples, 4, seed=7):
        assert len(one) == len(other) == half
        both = [*one.tolist(), *other.tolist()]
        assert len(set(both)) == 2 * half
        assert set(both) <= set(range(n_samples))
        assert one.tolist() == sorted(one.tolist())


def test_sample_halves__depend_on_seed_and_split_alone():
    first, second, third = sample_halves(30, 3, seed=1)
    again = sample_halves(30, 2, seed=1)
    np.testing.assert_array_equal(again[0], first)
    np.testing.assert_array_equal(again[1], second)
    assert first[0].tolist() != second[0].tolist() != third[0].tolist()
    assert sample_halves(30, 1, seed=2)[0][0].tolist() != first[0].tolist()


def test_agreement__is_over_the_genes_of_both_and_of_either():
    # both: genes 0 to 3, alike; either: gene 4 is with 2 and 3 in one half and alone in the other
    alike = (division(0, 0, 1, 1, 1, -1), division(5, 5, 2, 2, -1, -1))
    measured = agreement([alike])
    assert measured.ari.tolist() == [1.0]
    assert measured.nmi.tolist() == [1.0]
    # pairs of 5 genes: 4 and 2, 2 of both, of 10: (2 - 0.8) / (3 - 0.8)
    assert measured.ari_of_all.tolist() == pytest.approx([1.2 / 2.2])
    assert measured.share_in_both.tolist() == pytest.approx([4 / 6])
    assert measured.n_modules.tolist() == [2.0]


def test_agreement__without_modules_is_none_of_its_own():
    measured = agreement([(division(-1, -1, -1), division(-1, -1, -1)), (division(0, 0, -1), division(-1, -1, -1))])
    assert np.isnan(measured.ari).all()
    assert np.isnan(measured.nmi).all()
    assert measured.ari_of_all.tolist() == [0.0, 0.0]
    assert measured.share_in_both.tolist() == [0.0, 0.0]
    assert measured.n_modules.tolist() == [0.0, 0.5]


def test_edge_frequencies__is_the_share_of_divisions_with_the_edge():
    found = [Division(NO_EDGES, np.array(edges, dtype=np.int64)) for edges in ([1, 5], [5, 9], [5], [])]
    assert edge_frequencies(np.array([1, 5, 7]), found).tolist() == [0.25, 0.75, 0.0]
    assert edge_frequencies(NO_EDGES, found).tolist() == []


def test_co_assignment__is_the_share_of_pairs_that_stay_together():
    reference = np.array([0, 0, 0, 0, 1, 1, -1])
    whole = division(3, 3, 3, 3, 3, 3, 3)
    # 0 keeps 1 of 6 pairs and 1 of 6 pairs, 1 loses its pair
    halved = division(0, 0, 1, 1, 2, -1, 2)
    assert co_assignment(reference, [whole]).tolist() == [1.0, 1.0]
    assert co_assignment(reference, [halved]).tolist() == pytest.approx([2 / 6, 0.0])
    assert co_assignment(reference, [whole, halved]).tolist() == pytest.approx([4 / 6, 0.5])


def test_best_jaccard__is_the_mean_over_divisions():
    reference = np.array([0, 0, 0, 0, 1, 1, -1])
    whole = division(3, 3, 3, 3, 3, 3, 3)
    halved = division(0, 0, 1, 1, 2, -1, 2)
    assert best_jaccard(reference, [whole]).tolist() == pytest.approx([4 / 7, 2 / 7])
    assert best_jaccard(reference, [halved]).tolist() == pytest.approx([2 / 4, 1 / 3])
    assert best_jaccard(reference, [whole, halved]).tolist() == pytest.approx(
        [(4 / 7 + 1 / 2) / 2, (2 / 7 + 1 / 3) / 2]
    )


def test_module_stability__of_nothing_found_is_zero():
    reference = np.array([0, 0, 1, 1])
    assert co_assignment(reference, [division(-1, -1, -1, -1)]).tolist() == [0.0, 0.0]
    assert best_jaccard(reference, [division(-1, -1, -1, -1)]).tolist() == [0.0, 0.0]
    assert co_assignment(np.array([-1, -1]), [division(0, 0)]).tolist() == []
    assert best_jaccard(np.array([-1, -1]), [division(0, 0)]).tolist() == []


@pytest.mark.parametrize(
    ("gains", "expected"),
    [
        ([0.10, 0.10, 0.11, 0.09], 0.01),
        ([0.30, -0.25, 0.30, -0.25], 0.1),
        ([-0.10, -0.10, -0.11, -0.09], 0.1),
        ([0.0, 0.0, 0.0, 0.0], 0.1),
        ([0.2], 0.1),
    ],
)
def test_most_reproducible__leaves_the_default_for_more_than_its_error(gains, expected):
    default = np.full(len(gains), 0.5)
    scores = {0.01: default + np.array(gains), 0.1: default, 1.0: default - 0.4}
    assert most_reproducible(scores, 0.1) == expected

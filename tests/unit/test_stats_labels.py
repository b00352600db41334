from __future__ import annotations

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isograph.stats import adjusted_rand, label_numbers, labelling_agreement, normalised_information

# Sums in another order.
ROUNDING = 1e-12

LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=14)


def slow_nmi(first: list[int], second: list[int]) -> float:
    """Mutual information over the mean entropy, cell by cell."""
    n = len(first)
    rows, columns, cells = Counter(first), Counter(second), Counter(zip(first, second, strict=True))
    information = sum(
        cells[row, column] / n * math.log(cells[row, column] * n / (rows[row] * columns[column]))
        for row, column in product(rows, columns)
        if cells[row, column]
    )
    entropy = sum(-count / n * math.log(count / n) for count in (*rows.values(), *columns.values()))
    return 2 * information / entropy if entropy else 1.0


@given(LABELS)
def test_normalised_information__equals_its_slow_twin(pairs):
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    found = normalised_information(np.array(first), np.array(second))
    assert found == pytest.approx(slow_nmi(first, second), abs=ROUNDING)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([1, 1, 0, 0], 1.0),
        ([1, 2, 1, 2], 0.0),
        # information log 2, entropies log 2 and log 4
        ([1, 2, 3, 4], 2 / 3),
        ([1, 1, 1, 1], 0.0),
    ],
)
def test_normalised_information__of_two_and_two(second, expected):
    assert normalised_information(np.array([0, 0, 1, 1]), np.array(second)) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize(("first", "second"), [([0, 0], [1, 1]), ([0, 1], [1, 0]), ([0], [3])])
def test_labellings__that_neither_or_both_divide_agree(first, second):
    assert adjusted_rand(np.array(first), np.array(second)) == 1.0
    assert normalised_information(np.array(first), np.array(second)) == pytest.approx(1.0)


def test_label_numbers__are_in_the_order_of_first_occurrence():
    numbers = label_numbers({"a": "M2", "b": "M1", "d": "M2"}, ["b", "a", "c", "d"])
    assert numbers.tolist() == [0, 1, -1, 1]
    assert label_numbers({}, []).tolist() == []


def test_labelling_agreement__is_over_the_things_of_both_and_of_either():
    # both: things 0 to 3, alike; either: thing 4 is with 2 and 3 in one labelling and alone in the other
    found = labelling_agreement(np.array([0, 0, 1, 1, 1, -1]), np.array([5, 5, 2, 2, -1, -1]))
    # pairs of 5 things: 4 and 2, 2 of both, of 10: (2 - 0.8) / (3 - 0.8)
    assert found == pytest.approx((1.0, 1.0, 1.2 / 2.2))


def test_labelling_agreement__does_not_take_things_without_a_label_for_a_group():
    # none of the five is with another one in the second labelling
    ari, _, ari_of_all = labelling_agreement(np.array([0, 0, 0, 0, 7]), np.array([-1, -1, -1, -1, 7]))
    assert (ari, ari_of_all) == (1.0, 0.0)


def test_labelling_agreement__without_a_label_is_nan():
    none = np.array([-1, -1, -1])
    assert np.isnan(labelling_agreement(none, none)).all()
    ari, nmi, ari_of_all = labelling_agreement(np.array([0, 0, -1]), none)
    assert np.isnan([ari, nmi]).all()
    assert ari_of_all == 0.0

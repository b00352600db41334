from __future__ import annotations

import pytest

from isograph.network.wgcna.r_random import RRandom


def test_random__is_that_of_r():
    # NOTE: set.seed(42); runif(3) and set.seed(1); runif(2) in R, to the digits it prints.
    drawn = RRandom(42)
    assert [round(drawn.uniform(), 7) for _ in range(3)] == [0.9148060, 0.9370754, 0.2861395]
    drawn = RRandom(1)
    assert [round(drawn.uniform(), 7) for _ in range(2)] == [0.2655087, 0.3721239]


@pytest.mark.parametrize(
    ("seed", "n", "expected"),
    [(42, 10, [1, 5, 10, 8, 2, 4, 6, 9, 7, 3]), (1, 5, [1, 4, 3, 5, 2]), (123, 10, [3, 10, 2, 8, 6, 9, 1, 7, 5, 4])],
)
def test_sample__is_that_of_r(seed, n, expected):
    assert (RRandom(seed).sample(n) + 1).tolist() == expected


def test_sample__of_a_few_begins_like_that_of_all():
    assert RRandom(7).sample(1000, 5).tolist() == RRandom(7).sample(1000)[:5].tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 65_536, 65_537, 2**20])
def test_below__is_in_range(n):
    random = RRandom(3)
    drawn = [random.below(n) for _ in range(200)]
    assert min(drawn) >= 0
    assert max(drawn) < n
    assert len(set(drawn)) > min(n, 100) // 2

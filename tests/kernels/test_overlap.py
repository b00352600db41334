from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import overlap as reference

from isograph.kernels.overlap import fill_square, nearest_partners, overlap_tile, power_sums, signed_power

# NOTE: sums of some tens of products of order 1.
EXACT = 1e-13


def signed_adjacency(p, seed):
    a = np.random.default_rng(seed).uniform(-1, 1, size=(p, p)) ** 3
    a = np.triu(a, 1) + np.triu(a, 1).T
    np.fill_diagonal(a, 1.0)
    return a


def overlap(a, *, mean=False, second=False, absolute=False, tile=4):
    """1 − overlap of all pairs, in tiles of so many rows and columns."""
    p = len(a)
    out = np.full(p * (p - 1) // 2, np.nan)
    sums = np.abs(a).sum(axis=1)
    for row in range(0, p, tile):
        for column in range(row, p, tile):
            shared = np.ascontiguousarray(a[row : row + tile] @ a[:, column : column + tile])
            overlap_tile(shared, a, sums, row, column, mean, second, absolute, out)
    return out


@pytest.mark.parametrize(
    ("value", "power", "expected"),
    [(0.5, 3.0, 0.125), (-0.5, 3.0, -0.125), (-0.5, 2.0, -0.25), (0.25, 1.5, 0.125), (-1.0, 30.0, -1.0), (0, 6.0, 0)],
)
def test_signed_power__is_found_by_hand(value, power, expected):
    values = np.array([[value]])
    signed_power(values, power)
    assert values[0, 0] == expected


@pytest.mark.parametrize("power", [1.0, 2.0, 6.0, 12.0, 30.0, 64.0, 65.0, 4.5])
def test_signed_power__equals_its_twin(power):
    values = np.random.default_rng(1).uniform(-1, 1, size=(5, 7))
    expected = reference.signed_power(values, power)
    signed_power(values, power)
    assert_allclose(values, expected, rtol=1e-13)


def test_signed_power__of_a_missing_value_is_missing():
    values = np.array([[np.nan, 0.5]])
    signed_power(values, 2.0)
    assert_array_equal(values, [[np.nan, 0.25]])


@pytest.mark.parametrize("powers", [[1.0, 2, 3, 4], [1.0, 2, 4, 6, 20], [2.5, 3.5, 9]])
def test_power_sums__equal_their_twin_whatever_the_tiles(powers):
    s = np.abs(signed_adjacency(9, seed=2))
    s[3, :] = s[:, 3] = np.nan
    s[0, 5] = s[5, 0] = np.nan
    out = np.zeros((9, len(powers)))
    for row in range(0, 9, 4):
        for column in range(0, 9, 4):
            tile = np.ascontiguousarray(s[row : row + 4, column : column + 4])
            power_sums(tile, row, column, np.array(powers), out)
    assert_allclose(out, reference.power_sums(s, powers), rtol=1e-13)
    assert_array_equal(out[3], 0)


def test_overlap_tile__is_found_by_hand():
    # NOTE: a chain 1 – 2 – 3 with adjacency 1: of neighbours (0 + 1)/(1 + 1 − 1), of the ends 1/(1 + 1 − 0).
    chain = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    assert_array_equal(overlap(chain), [0.0, 0.5, 0.0])
    assert_array_equal(overlap(np.eye(3)), [1.0, 1.0, 1.0])
    assert_array_equal(overlap(np.ones((3, 3))), [0.0, 0.0, 0.0])


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("second", [True, False])
@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("tile", [3, 5, 11])
def test_overlap_tile__equals_its_twin(mean, second, absolute, tile):
    a = signed_adjacency(11, seed=3)
    found = overlap(a, mean=mean, second=second, absolute=absolute, tile=tile)
    assert_allclose(found, reference.overlap_tile(a, mean, second, absolute), rtol=0, atol=EXACT)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_fill_square__equals_its_twin(n):
    condensed = np.random.default_rng(n).random(n * (n - 1) // 2)
    out = np.full((n, n), np.nan)
    fill_square(condensed, 0, n // 2, out)
    fill_square(condensed, n // 2, n, out)
    assert_array_equal(out, reference.fill_square(condensed, n))


@pytest.mark.parametrize("k", [1, 3, 20])
def test_nearest_partners__equal_their_twin_with_ties(k):
    n = 12
    condensed = np.random.default_rng(k).integers(0, 5, size=n * (n - 1) // 2) / 4
    gene_of = np.arange(n) // 2
    partners = np.full((n, k), -7, dtype=np.int64)
    nearest_partners(condensed, gene_of, 0, n, partners)
    assert_array_equal(partners, reference.nearest_partners(reference.fill_square(condensed, n), gene_of, k))


def test_nearest_partners__of_one_gene_are_none():
    partners = np.zeros((2, 1), dtype=np.int64)
    nearest_partners(np.array([0.1]), np.zeros(2, dtype=np.int64), 0, 2, partners)
    assert_array_equal(partners, [[-1], [-1]])

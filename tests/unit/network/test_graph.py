from __future__ import annotations

import numpy as np
import pytest

from isograph.network.communities import (
    giant_component_fraction,
    inside_shares,
    leiden_communities,
    second_order_similarities,
)


def edges(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)


def clique(nodes: list[int]) -> list[tuple[int, int]]:
    return [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]


NONE = np.empty(0, dtype=np.int64)


def test_second_order_similarities__by_hand():
    # rows with the own maximum on the diagonal: 0: (.8 .8 .6 0)  1: (.8 .8 0 0)  2: (.6 0 .6 .3)  3: (0 0 .3 .3)
    source, target = edges((0, 1), (0, 2), (2, 3))
    found = second_order_similarities(source, target, np.array([0.8, 0.6, 0.3]), 4, threads=1)
    expected = [
        1.28 / np.sqrt(1.64 * 1.28),
        (0.48 + 0.36) / np.sqrt(1.64 * 0.81),
        (0.18 + 0.09) / np.sqrt(0.81 * 0.18),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_second_order_similarities__of_a_clique_are_1():
    source, target = edges(*clique([0, 1, 2, 3]))
    found = second_order_similarities(source, target, np.full(6, 0.7), 4, threads=1)
    np.testing.assert_allclose(found, 1.0, rtol=1e-14)


@pytest.mark.parametrize("threads", [2, 3])
def test_second_order_similarities__do_not_depend_on_the_number_of_threads(threads):
    rng = np.random.default_rng(0)
    codes = np.unique(rng.integers(0, 2000 * 2000, 8000))
    source, target = codes // 2000, codes % 2000
    kept = source < target
    source, target = source[kept], target[kept]
    strength = rng.uniform(0.3, 1.0, len(source))
    one = second_order_similarities(source, target, strength, 2000, threads=1)
    more = second_order_similarities(source, target, strength, 2000, threads=threads)
    np.testing.assert_array_equal(more, one)


def test_second_order_similarities__of_no_pairs_are_none():
    assert len(second_order_similarities(NONE, NONE, np.empty(0), 5, threads=2)) == 0


def test_leiden_communities__are_the_cliques():
    pairs = [*clique([0, 2, 4, 6]), *clique([1, 3, 5]), (4, 5)]
    source, target = edges(*sorted(pairs))
    found, _ = leiden_communities(source, target, np.ones(len(pairs)), 9, resolution=1.0, seed=0)
    assert found[[7, 8]].tolist() == [-1, -1]
    assert len(set(found[[0, 2, 4, 6]])) == 1
    assert len(set(found[[1, 3, 5]])) == 1
    assert found[0] != found[1]


def test_leiden_communities__of_no_edges_are_none():
    found, modularity = leiden_communities(NONE, NONE, np.empty(0), 3, resolution=1.0, seed=0)
    assert (found.tolist(), modularity) == ([-1, -1, -1], 0.0)


def test_leiden_communities__are_the_same_for_the_same_seed():
    rng = np.random.default_rng(2)
    codes = np.unique(rng.integers(0, 200 * 200, 3000))
    source, target = codes // 200, codes % 200
    kept = source < target
    weight = rng.uniform(0.1, 1.0, int(kept.sum()))
    found = [leiden_communities(source[kept], target[kept], weight, 200, resolution=1.0, seed=7) for _ in range(5)]
    assert all(np.array_equal(found[0][0], other) for other, _ in found[1:])
    assert len({modularity for _, modularity in found}) == 1


def test_leiden_communities__are_smaller_at_a_higher_resolution():
    source, target = edges(*clique([0, 1, 2, 3]))
    assert len(set(leiden_communities(source, target, np.ones(6), 4, resolution=1.0, seed=0)[0])) == 1
    assert len(set(leiden_communities(source, target, np.ones(6), 4, resolution=3.0, seed=0)[0])) == 4


@pytest.mark.parametrize("resolution", [0.6, 1.0, 1.5])
def test_leiden_communities__come_with_their_modularity(resolution):
    rng = np.random.default_rng(5)
    source, target = edges(*sorted([*clique(list(range(8))), *clique(list(range(8, 20))), (2, 11), (5, 17)]))
    weight = rng.uniform(0.2, 1.0, len(source))
    found, modularity = leiden_communities(source, target, weight, 20, resolution=resolution, seed=0)
    expected = 0.0
    for community in set(found.tolist()):
        inside = weight[(found[source] == community) & (found[target] == community)].sum()
        degree = weight[found[source] == community].sum() + weight[found[target] == community].sum()
        expected += inside / weight.sum() - resolution * (degree / (2 * weight.sum())) ** 2
    assert modularity == pytest.approx(expected, abs=1e-12)


def test_inside_shares__by_hand():
    # 0 and 1 are together, 2 and 3 are; 4 has an edge and is in no community, 5 has none.
    source, target = edges((0, 1), (0, 2), (2, 3), (3, 4))
    found = inside_shares(source, target, np.array([3.0, 1.0, 0.5, 0.5]), np.array([0, 0, 1, 1, 2, -1]))
    np.testing.assert_allclose(found, [0.75, 1.0, 1 / 3, 0.5, 0.0, 0.0], rtol=1e-14)


def test_inside_shares__equal_sums_over_edges():
    rng = np.random.default_rng(6)
    codes = np.unique(rng.integers(0, 40 * 40, 200))
    kept = codes // 40 < codes % 40
    source, target = codes[kept] // 40, codes[kept] % 40
    weight, community = rng.uniform(0.1, 1.0, len(source)), rng.integers(0, 4, 40)
    found = inside_shares(source, target, weight, community)
    for feature in range(40):
        own = total = 0.0
        for a, b, w in zip(source, target, weight, strict=True):
            if feature in (a, b):
                total += w
                own += w * (community[a] == community[b])
        assert found[feature] == pytest.approx(own / total if total else 0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("pairs", "share"),
    [
        ([], 0.0),
        ([(0, 5)], 1.0),
        ([(0, 1), (1, 2), (7, 9)], 0.6),
        ([(0, 1), (2, 3), (4, 5)], 1 / 3),
    ],
)
def test_giant_component_fraction__is_the_share_of_joined_features(pairs, share):
    assert giant_component_fraction(*edges(*pairs)) == pytest.approx(share)

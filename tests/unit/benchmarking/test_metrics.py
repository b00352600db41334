from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isograph.benchmarking.metrics import ari, background_rate, best_jaccard, recovery, role_recall

# Sums in another order.
ROUNDING = 1e-12

TWO_AND_TWO = {"a": "p", "b": "p", "c": "q", "d": "q"}


def slow_recovery(planted: dict[str, str], found: dict[str, str]) -> float:
    """Best Jaccard index of every planted module, by sets."""

    def sets(modules: dict[str, str]) -> list[set[str]]:
        return [{gene for gene in modules if modules[gene] == name} for name in sorted(set(modules.values()))]

    best = [max((len(p & f) / len(p | f) for f in sets(found)), default=0.0) for p in sets(planted)]
    return sum(best) / len(best)


def slow_ari(planted: dict[str, str], found: dict[str, str]) -> float:
    """Adjusted Rand index by looking at every pair; Hubert & Arabie 1985."""

    def together(modules: dict[str, str], pair: tuple[str, str]) -> bool:
        return pair[0] in modules and pair[1] in modules and modules[pair[0]] == modules[pair[1]]

    pairs = list(combinations(sorted(planted), 2))
    of_planted = {pair for pair in pairs if together(planted, pair)}
    of_found = {pair for pair in pairs if together(found, pair)}
    if of_planted == of_found and len(of_planted) in (0, len(pairs)):
        return 1.0
    chance = len(of_planted) * len(of_found) / len(pairs)
    most = (len(of_planted) + len(of_found)) / 2
    return (len(of_planted & of_found) - chance) / (most - chance)


def modules(names: str):
    genes = [f"{number:03d}" for number in range(14)]
    return st.dictionaries(st.sampled_from(genes), st.sampled_from(list(names)), min_size=1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (TWO_AND_TWO, 1.0),
        ({"a": "1", "b": "1", "c": "0", "d": "0"}, 1.0),
        ({}, 0.0),
        ({"x": "1", "y": "1"}, 0.0),
        # p: {a, b} of {a, b, x} is 2/3; q: {c, d} is not found
        ({"a": "1", "b": "1", "x": "1"}, 1 / 3),
        # both are half of the one module found
        ({"a": "1", "b": "1", "c": "1", "d": "1"}, 0.5),
        # p is split in single genes, 1/2 each; q is found
        ({"a": "1", "b": "2", "c": "3", "d": "3"}, 0.75),
    ],
)
def test_recovery__is_the_mean_best_jaccard_index(found, expected):
    assert recovery(TWO_AND_TWO, found) == pytest.approx(expected, abs=ROUNDING)


def test_best_jaccard__of_each_reference_module_is_zero_where_no_gene_is_shared():
    reference = np.array([0, 0, 0, 0, 1, 1, 2, -1])
    labels = np.array([3, 3, 5, -1, 5, 5, -1, 3])
    # 0 shares two of its four with the three of 3; 1 both of its two with the three of 5
    assert best_jaccard(reference, labels).tolist() == [2 / 5, 2 / 3, 0.0]
    assert best_jaccard(np.array([-1, -1]), np.array([0, 0])).tolist() == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": "1", "b": "1", "c": "0", "d": "0"}, 1.0),
        ({}, 0.0),
        # background in a module does not count
        ({**TWO_AND_TWO, "x": "p", "y": "q"}, 1.0),
        # pairs: 2 planted, 1 found and 1 of both, of 6: (1 - 2/6) / (3/2 - 2/6)
        ({"a": "1", "b": "1"}, 4 / 7),
        # 2 planted, 6 found, 2 of both: (2 - 2) / (4 - 2)
        ({"a": "1", "b": "1", "c": "1", "d": "1"}, 0.0),
        # 2 planted, 2 found, 0 of both: (0 - 2/3) / (2 - 2/3)
        ({"a": "1", "b": "2", "c": "1", "d": "2"}, -0.5),
    ],
)
def test_ari__counts_a_gene_in_no_module_as_a_cluster_of_its_own(found, expected):
    assert ari(TWO_AND_TWO, found) == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize(
    ("planted", "found", "expected"),
    [
        ({"a": "p", "b": "p"}, {"a": "1", "b": "1"}, 1.0),
        ({"a": "p", "b": "p"}, {}, 0.0),
        ({"a": "p", "b": "q"}, {}, 1.0),
        ({"a": "p"}, {}, 1.0),
        ({"a": "p", "b": "q"}, {"a": "1", "b": "1"}, 0.0),
    ],
)
def test_ari__of_partitions_without_or_with_all_pairs(planted, found, expected):
    assert ari(planted, found) == expected


def test_metrics__of_nothing_planted_are_unknown():
    assert recovery({}, {"a": "1"}) is None
    assert ari({}, {"a": "1"}) is None


@pytest.mark.parametrize(
    ("found", "genes", "expected"),
    [
        ({"a": "1", "x": "1"}, "abcdwxyz", 0.25),
        ({"a": "1"}, "abcdwxyz", 0.0),
        ({"w": "1", "x": "1"}, "abcdwx", 1.0),
        ({"a": "1"}, "abcd", None),
    ],
)
def test_background_rate__is_the_share_of_other_genes_in_a_module(found, genes, expected):
    assert background_rate(TWO_AND_TWO, found, list(genes)) == expected


def test_background_rate__of_noise_is_the_share_of_all_genes():
    assert background_rate({}, {"a": "1"}, ["a", "b", "c", "d"]) == 0.25


def test_role_recall__counts_a_gene_in_no_module_as_missed():
    planted = {"a": "coupled", "b": "coupled", "c": "coupled", "d": "coupled", "e": "switch_only", "x": "background"}
    found = {"a": "coupled", "b": "discordant", "c": "coupled", "e": "switch_only", "x": "coupled"}
    assert role_recall(planted, found) == {
        "switch_only": 1.0,
        "abundance_only": None,
        "coupled": 0.5,
        "discordant": None,
    }


@given(modules("pqr"), modules("12345"))
def test_metrics__equal_their_slow_twins(planted, found):
    assert recovery(planted, found) == pytest.approx(slow_recovery(planted, found), abs=ROUNDING)
    assert ari(planted, found) == pytest.approx(slow_ari(planted, found), abs=ROUNDING)


def test_metrics__do_not_depend_on_the_order_of_genes():
    rng = np.random.default_rng(3)
    genes = [f"{gene:03d}" for gene in range(200)]
    planted = {gene: str(home) for gene, home in zip(genes, rng.integers(0, 6, 200), strict=True)}
    found = {gene: str(home) for gene, home in zip(genes, rng.integers(0, 9, 200), strict=True) if home}
    backwards = {gene: found[gene] for gene in reversed(list(found))}
    shuffled = {gene: planted[gene] for gene in rng.permutation(genes).tolist()}
    for metric in (recovery, ari):
        assert metric(shuffled, backwards) == pytest.approx(metric(planted, found), abs=ROUNDING)
    assert abs(ari(planted, found)) < 0.02

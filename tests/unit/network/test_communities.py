from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network import communities as communities_module
from isograph.network.communities import (
    Division,
    best_division,
    division,
    division_of_lowest_bic,
    giant_component_fraction,
    inside_shares,
    lasting_modules,
    leiden_communities,
)
from isograph.network.pairs import SimilarPairs, StrongPairs, similar_pairs
from isograph.runtime.progress import Steps

NONE = np.empty(0, dtype=np.int64)
PLAIN = FactorConfig(similarity_cut=0.0, sharpness=1.0, resolution=1.0, min_inside=0.0)
CONFIG = FactorConfig()


def edges(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)


def complete(nodes: list[int]) -> list[tuple[int, int]]:
    return [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]


def test_leiden_communities__are_the_cliques():
    pairs = [*complete([0, 2, 4, 6]), *complete([1, 3, 5]), (4, 5)]
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
    source, target = edges(*complete([0, 1, 2, 3]))
    assert len(set(leiden_communities(source, target, np.ones(6), 4, resolution=1.0, seed=0)[0])) == 1
    assert len(set(leiden_communities(source, target, np.ones(6), 4, resolution=3.0, seed=0)[0])) == 4


@pytest.mark.parametrize("resolution", [0.6, 1.0, 1.5])
def test_leiden_communities__come_with_their_modularity(resolution):
    rng = np.random.default_rng(5)
    source, target = edges(*sorted([*complete(list(range(8))), *complete(list(range(8, 20))), (2, 11), (5, 17)]))
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


def graph(*edges: tuple[int, int, float]) -> SimilarPairs:
    source, target = (np.array([edge[end] for edge in edges], dtype=np.int64) for end in (0, 1))
    similarity = np.array([edge[2] for edge in edges])
    pairs = StrongPairs(source, target, np.ones(len(edges)), 0.1, len(edges), len(edges), 0.0)
    return SimilarPairs(pairs, similarity)


def clique(first: int, stop: int, similarity: float) -> list[tuple[int, int, float]]:
    return [(a, b, similarity) for a in range(first, stop) for b in range(a + 1, stop)]


def between_two() -> SimilarPairs:
    """Two groups of five, and feature 10 with two edges to the one and two weaker ones to the other."""
    links = [(0, 10, 0.5), (1, 10, 0.5), (5, 10, 0.45), (6, 10, 0.45)]
    return graph(*clique(0, 5, 0.9), *clique(5, 10, 0.9), *links)


def divided(config: FactorConfig, cut: float = 0.0) -> list[int]:
    return division(between_two(), np.arange(12), config, cut, seed=0).community_of.tolist()


def test_division__is_that_of_the_graph_above_the_cut():
    together = divided(PLAIN)
    assert together[10] == together[0]
    assert divided(PLAIN, cut=0.48)[10] == together[0]
    assert divided(PLAIN, cut=0.6)[10:] == [-1, -1]
    assert divided(PLAIN, cut=0.95) == [-1] * 12


@pytest.mark.parametrize(
    ("min_inside", "sharpness", "member"),
    [(0.52, 1.0, True), (0.53, 1.0, False), (0.53, 2.0, True), (0.56, 2.0, False)],
)
def test_division__leaves_out_what_lies_between_modules(min_inside, sharpness, member):
    # Inside leads 1.0 of 1.9 at sharpness 1 (0.526), 0.5 of 0.905 at sharpness 2 (0.552).
    found = divided(replace(PLAIN, min_inside=min_inside, sharpness=sharpness))
    assert (found[10] >= 0) is member
    assert -1 not in found[:10]


def test_division__counts_genes_not_features():
    similar = graph(*clique(0, 4, 0.9), *clique(4, 8, 0.9))
    genes = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    found = division(similar, genes, PLAIN, 0.0, seed=0)
    assert (found.n_modules, found.community_of.tolist()) == (1, [-1] * 4 + [0] * 4)


@pytest.mark.parametrize(("cut", "kept"), [(0.0, 24), (0.48, 22), (0.6, 20)])
def test_best_division__keeps_the_pairs_above_the_cut_set(cut, kept):
    config = replace(PLAIN, similarity_cut=cut)
    found = best_division(between_two(), np.arange(11), config, seed=0, threads=1, progress=lambda *_: None)
    assert (found.cut, int(found.is_edge.sum())) == (cut, kept)


@pytest.mark.parametrize(("resolution", "n_modules"), [(1.0, 1), (3.0, 0)])
def test_division__is_finer_at_a_higher_resolution(resolution, n_modules):
    config = replace(PLAIN, resolution=resolution)
    assert division(graph(*clique(0, 4, 0.9)), np.arange(4), config, 0.0, seed=0).n_modules == n_modules


@pytest.fixture
def reached(monkeypatch):
    """Let the run of each seed reach the modularity given; returns what is given and the seeds tried."""
    given: dict[int, float] = {}
    tried: list[int] = []
    run = communities_module.leiden_communities

    def labelled(*arguments, seed, **options):
        tried.append(seed)
        return run(*arguments, seed=seed, **options)[0], given[seed]

    monkeypatch.setattr(communities_module, "leiden_communities", labelled)
    return given, tried


@pytest.mark.parametrize(
    ("modularities", "highest", "n_runs"),
    [
        # The second batch raises it, the third is the last of nine.
        ([0.3, 0.1, 0.2, 0.5, 0.1, 0.4, 0.2, 0.5, 0.1], 0.5, 9),
        ([0.3, 0.1, 0.5, 0.4, 0.2, 0.5, 0.9, 0.9, 0.9], 0.5, 6),
        ([0.3, 0.3, 0.3, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], 0.3, 3),
    ],
)
def test_best_division__has_the_highest_modularity_of_its_runs(reached, modularities, highest, n_runs):
    given, tried = reached
    given |= dict(enumerate(modularities))
    found = best_division(between_two(), np.arange(11), PLAIN, seed=0, threads=1, progress=lambda *_: None)
    assert (found.modularity, tried) == (highest, list(range(n_runs)))


def test_best_division__runs_no_more_than_it_is_told(reached):
    given, tried = reached
    given |= {10: 0.3, 11: 0.4, 12: 0.5, 13: 0.6, 14: 0.7}
    config = replace(PLAIN, restarts=5)
    found = best_division(between_two(), np.arange(11), config, seed=2, threads=1, progress=lambda *_: None)
    assert (found.modularity, tried) == (0.7, [10, 11, 12, 13, 14])


def test_division_of_lowest_bic__has_the_evidence_for_one_factor_per_module(two_signals):
    similar = similar_pairs(two_signals, CONFIG, threads=1, steps=Steps())
    found, bic = division_of_lowest_bic(two_signals, similar, CONFIG, CONFIG.search_cuts, seed=0, threads=1)
    n = two_signals.z.shape[1]
    log_residuals = 0.0
    for module in (0, 1):
        rows = two_signals.z[found.community_of == module]
        eigengene = np.linalg.svd(rows, full_matrices=False)[2][0]
        r = rows @ eigengene / np.linalg.norm(rows, axis=1)
        log_residuals += n * np.log(1.0 - r**2).sum()
    assert found.n_modules == 2
    assert bic == pytest.approx(log_residuals + 2 * n * np.log(len(similar.paired)), abs=1e-5)


def test_division_of_lowest_bic__is_the_best_of_its_cuts(two_signals):
    similar = similar_pairs(two_signals, CONFIG, threads=1, steps=Steps())
    cuts = (0.2, 0.5, 0.999)
    alone = [division_of_lowest_bic(two_signals, similar, CONFIG, (cut,), seed=0, threads=1)[1] for cut in cuts]
    assert len(set(alone)) > 1
    assert division_of_lowest_bic(two_signals, similar, CONFIG, cuts, seed=0, threads=2)[1] == min(alone)


def test_division_of_lowest_bic__stands_for_cuts_with_the_same_edges_at_the_lowest(two_signals):
    similar = similar_pairs(two_signals, CONFIG, threads=1, steps=Steps())
    lowest = float(similar.similarity.min())
    found, _ = division_of_lowest_bic(two_signals, similar, CONFIG, (lowest, 0.0, lowest / 2), seed=0, threads=1)
    assert (found.cut, found.is_edge.all()) == (0.0, True)


def test_lasting_modules__are_those_that_lower_the_criterion(make_channels):
    rng = np.random.default_rng(7)
    signal, weak = rng.normal(size=(2, 60))
    features = {f"a{i}::abundance": 2.0 * signal + rng.normal(size=60) for i in range(8)}
    features |= {f"w{i}::abundance": 0.7 * weak + rng.normal(size=60) for i in range(3)}
    features |= {f"z{i}::abundance": 3.0 * rng.normal(size=60) for i in range(2)}
    channels = make_channels(features)
    community_of = np.array([{"w": 0, "z": 1, "a": 2}[gene[0]] for gene in channels.gene_ids])
    found = Division(0.2, np.empty(0, dtype=np.bool_), community_of, 3, 0.5)
    lasting = lasting_modules(channels, found, 40, threads=1)
    assert lasting.n_modules == 1
    assert lasting.community_of.tolist() == [0 if gene.startswith("a") else -1 for gene in channels.gene_ids]


def test_lasting_modules__of_no_modules_are_none(two_signals):
    found = Division(0.2, np.empty(0, dtype=np.bool_), np.full(80, -1), 0, 0.0)
    assert lasting_modules(two_signals, found, 0, threads=1) is found

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network import communities as subject
from isograph.network.communities import SimilarPairs, best_division, division
from isograph.network.pairs import StrongPairs

PLAIN = FactorConfig(similarity_cut=0.0, sharpness=1.0, resolution=1.0, min_inside=0.0)


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
    assert (found.cut, int(found.kept.sum())) == (cut, kept)


@pytest.mark.parametrize(("resolution", "n_modules"), [(1.0, 1), (3.0, 0)])
def test_division__is_finer_at_a_higher_resolution(resolution, n_modules):
    config = replace(PLAIN, resolution=resolution)
    assert division(graph(*clique(0, 4, 0.9)), np.arange(4), config, 0.0, seed=0).n_modules == n_modules


@pytest.fixture
def reached(monkeypatch):
    """Let the run of each seed reach the modularity given; returns what is given and the seeds tried."""
    given: dict[int, float] = {}
    tried: list[int] = []
    run = subject.leiden_communities

    def labelled(*arguments, seed, **options):
        tried.append(seed)
        return run(*arguments, seed=seed, **options)[0], given[seed]

    monkeypatch.setattr(subject, "leiden_communities", labelled)
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

from __future__ import annotations

import numpy as np
import pytest

from isograph.config import FactorConfig, FitConfig
from isograph.network import communities as communities_module
from isograph.network.backends import infer_network
from isograph.runtime.progress import Steps


def infer(channels, *, threads: int = 1, **settings: object):
    config = FitConfig(settings=FactorConfig(**settings))
    return infer_network(channels, config, threads=threads, steps=Steps())


@pytest.fixture
def planted(make_channels):
    """Genes a (12), b (8) and c (2) share a signal each; 60 genes of noise, 50 samples."""
    rng = np.random.default_rng(4)
    signals = rng.normal(size=(3, 50))
    sizes = {"a": 12, "b": 8, "c": 2}
    features = {
        f"{letter}{i:02d}::abundance": 3.0 * signals[number] + rng.normal(size=50)
        for number, (letter, size) in enumerate(sizes.items())
        for i in range(size)
    }
    features |= {f"n{i:02d}::abundance": rng.normal(size=50) for i in range(60)}
    return make_channels(features)


def communities(channels, network) -> set[frozenset[str]]:
    members: dict[int, set[str]] = {}
    for gene, community in zip(channels.gene_ids, network.community_of.tolist(), strict=True):
        if community >= 0:
            members.setdefault(community, set()).add(gene)
    return {frozenset(genes) for genes in members.values()}


def test_factor_network__finds_what_was_planted(planted):
    network = infer(planted)
    genes = planted.gene_ids
    assert communities(planted, network) == {
        frozenset(gene for gene in genes if gene.startswith(letter)) for letter in "ab"
    }
    assert sorted(set(network.community_of.tolist())) == [-1, 0, 1]


def test_factor_network__keeps_groups_as_small_as_it_is_told_to(planted):
    network = infer(planted, min_module_size=2)
    assert frozenset({"c00", "c01"}) in communities(planted, network)
    assert not communities(planted, infer(planted, min_module_size=13))


def test_factor_network__has_the_edges_of_the_chosen_cut(planted):
    network = infer(planted)
    chosen = network.calibration["similarity_cut"]
    assert (network.source < network.target).all()
    assert (network.similarity >= chosen).all()
    r = np.corrcoef(planted.z)[network.source, network.target]
    np.testing.assert_allclose(network.weight, r, atol=1e-12)
    assert np.abs(network.weight).min() >= network.calibration["correlation_cut"]


def test_factor_network__says_what_it_chose_and_why(planted):
    calibration = infer(planted).calibration
    assert calibration["n_factors"] == 2
    assert calibration["converged"] is True
    assert calibration["hidden_confounders_removed"] == 0
    assert calibration["pairs_tested"] == 82 * 81 // 2
    assert calibration["pairs_above_cut"] >= calibration["pairs_kept"] >= 66 + 28
    assert calibration["pairs_expected_by_chance"] <= 1e-4 * calibration["pairs_above_cut"]
    assert (calibration["similarity_cut"], calibration["similarity_cut_reason"]) == (0.2, "as set")
    assert 0 < calibration["modularity"] < 1


@pytest.mark.parametrize("seed", [0, 11])
def test_factor_network__draws_with_the_seed_it_is_given(planted, monkeypatch, seed):
    seeds: set[int] = set()
    leiden = communities_module.leiden_communities

    def recording(*arguments: object, **options: object) -> object:
        seeds.add(options["seed"])
        return leiden(*arguments, **options)

    monkeypatch.setattr(communities_module, "leiden_communities", recording)
    infer_network(planted, FitConfig(seed=seed), threads=1, steps=Steps())
    # One seed for every graph of the search, and three runs for the modules that reach the same.
    assert seeds == {seed, *(9 * seed + more for more in range(3))}


def test_factor_network__searches_at_the_cuts_it_is_given(planted):
    calibration = infer(planted, search_cuts=(0.4,)).calibration
    assert (calibration["search_similarity_cut"], calibration["search_modules"]) == (0.4, 2)
    assert calibration["similarity_cut"] == 0.2


def test_factor_network__of_noise_is_empty(make_channels):
    rng = np.random.default_rng(0)
    channels = make_channels({f"n{i:03d}::abundance": rng.normal(size=40) for i in range(200)})
    network = infer(channels)
    assert (len(network.source), set(network.community_of.tolist())) == (0, {-1})
    assert network.calibration["correlation_cut"] is None
    assert network.calibration["n_factors"] == 0
    assert network.calibration["giant_component_fraction"] == 0.0


@pytest.mark.parametrize("threads", [2, 4])
def test_factor_network__does_not_depend_on_the_number_of_threads(planted, threads):
    one, more = infer(planted), infer(planted, threads=threads)
    for name in ("source", "target", "weight", "similarity", "community_of"):
        np.testing.assert_array_equal(getattr(more, name), getattr(one, name))
    assert more.calibration == one.calibration

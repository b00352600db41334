from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network.communities import Division, division_of_lowest_bic
from isograph.network.confounder import ConfounderSearch, hidden_confounders
from isograph.network.pairs import SimilarPairs, similar_pairs
from isograph.runtime.progress import Steps

N = 80
MODULES = 6
SIZE = 15
BACKGROUND = 60
# One cut instead of nine, so that a search takes less time.
CONFIG = FactorConfig(search_cuts=(0.8,))


def simulated(make_channels, *, reach: float):
    """Six modules and unrelated genes; a hidden batch acts on a share ``reach`` of all of them."""
    rng = np.random.default_rng(3)
    batch = np.repeat([1.0, -1.0], N // 2)
    values = {}
    for module in range(MODULES):
        latent = rng.normal(size=N)
        for gene in range(SIZE):
            hit = rng.random() < reach
            values[f"M{module}G{gene:02d}::abundance"] = latent + 1.2 * hit * batch + 0.5 * rng.normal(size=N)
    for gene in range(BACKGROUND):
        hit = rng.random() < reach
        values[f"X{gene:03d}::abundance"] = rng.normal(size=N) + 1.2 * hit * batch
    return make_channels(values), batch / np.linalg.norm(batch)


@pytest.fixture(scope="module")
def with_batch(make_channels):
    """Features with a hidden batch, and the batch."""
    return simulated(make_channels, reach=0.6)


def divided(channels, config: FactorConfig) -> tuple[SimilarPairs, Division]:
    similar = similar_pairs(channels, config, threads=1, steps=Steps())
    return similar, division_of_lowest_bic(channels, similar, config, config.search_cuts, seed=0, threads=1)[0]


def searched(channels, config: FactorConfig = CONFIG, threads: int = 1) -> ConfounderSearch:
    similar, division = divided(channels, config)
    return hidden_confounders(channels, similar, division, config, seed=0, threads=threads, progress=lambda *_: None)


@pytest.fixture(scope="module")
def batch_search(with_batch) -> ConfounderSearch:
    return searched(with_batch[0])


def test_hidden_confounders__a_batch_is_found_and_projected_out(with_batch, batch_search):
    channels, batch = with_batch
    assert [confounder.removed for confounder in batch_search.confounders] == [True]
    assert abs(float(batch_search.confounders[0].score @ batch)) > 0.97
    assert batch_search.confounders[0].n_modules == MODULES
    assert batch_search.confounders[0].bic_change < 0
    assert batch_search.reason == "the criterion falls with 1 factor and with no further one"
    _, before = divided(channels, CONFIG)
    _, after = divided(replace(channels, z=batch_search.z), CONFIG)
    background = np.array([channels.gene_ids[gene].startswith("X") for gene in channels.gene_of])
    assert (before.community_of[background] >= 0).sum() > BACKGROUND // 3
    assert (after.community_of[background] >= 0).sum() == 0
    modules = [set(after.community_of[~background][m * SIZE : (m + 1) * SIZE]) for m in range(MODULES)]
    assert sorted(modules, key=min) == [{m} for m in range(MODULES)]


def test_hidden_confounders__what_is_left_is_standardised_and_free_of_it(with_batch, batch_search):
    channels, batch = with_batch
    z = batch_search.z
    assert np.abs(z.mean(axis=1)).max() < 1e-12
    assert z.std(axis=1, ddof=1) == pytest.approx(np.ones(len(z)))
    assert np.abs(z @ batch / np.sqrt(N - 1)).mean() < 0.1 < np.abs(channels.z @ batch / np.sqrt(N - 1)).mean()


def test_hidden_confounders__do_not_depend_on_the_number_of_threads(with_batch, batch_search):
    threaded = searched(with_batch[0], threads=2)
    assert threaded.z.tobytes() == batch_search.z.tobytes()
    assert threaded.confounders[0].bic_change == batch_search.confounders[0].bic_change


def test_hidden_confounders__without_one_nothing_is_searched(make_channels):
    channels, _ = simulated(make_channels, reach=0.0)
    search = searched(channels)
    assert search.reason == "not searched: the modules leave nothing to explain"
    assert search.confounders == ()
    assert search.z is channels.z


def test_hidden_confounders__programmes_that_overlap_are_left_alone(make_channels):
    rng = np.random.default_rng(5)
    latents = rng.normal(size=(20, N))
    weights = rng.normal(size=(400, 20)) * (rng.random(size=(400, 20)) < 0.3)
    values = weights @ latents + 0.7 * rng.normal(size=(400, N))
    channels = make_channels({f"G{row:03d}::abundance": values[row] for row in range(400)})
    search = searched(channels)
    assert search.n_removed == 0
    assert search.z is channels.z
    assert "programmes overlap, and none can be told from a confounder" in search.reason


def test_hidden_confounders__those_to_be_kept_are_left_in_and_those_not_found_are_named(with_batch, caplog):
    channels, _ = with_batch
    search = searched(channels, replace(CONFIG, keep_factors=(1, 7)))
    assert [confounder.removed for confounder in search.confounders] == [False]
    assert search.reason == "the criterion falls with 1 factor and with no further one"
    assert search.z is channels.z
    assert "keep_factors names 'H7', but 1 hidden confounders were found" in caplog.text


def test_hidden_confounders__of_those_asked_for_all_that_are_found_are_removed(with_batch):
    search = searched(with_batch[0], replace(CONFIG, remove_factors=2))
    assert [confounder.removed for confounder in search.confounders] == [True]
    assert search.reason == "1 of the 2 factors asked for were found"


def test_hidden_confounders__none_are_searched_where_none_may_be_removed(with_batch, caplog):
    channels, _ = with_batch
    search = searched(channels, replace(CONFIG, remove_factors=0, keep_factors=(1,)))
    assert (search.confounders, search.z is channels.z) == ((), True)
    assert search.reason == "not searched: remove_factors is 0"
    assert "keep_factors has nothing to keep: hidden confounders were not searched" in caplog.text


def test_hidden_confounders__values_missing_are_not_searched(with_batch):
    channels, _ = with_batch
    missing = np.zeros(channels.z.shape, dtype=bool)
    assert searched(replace(channels, missing=missing)).reason == "not searched: values are missing"

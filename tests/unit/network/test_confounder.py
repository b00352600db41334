from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network.communities import Partition, best_partition, similar_pairs
from isograph.network.confounder import Search, hidden_confounders
from isograph.runtime.progress import Steps

N = 80
MODULES = 6
SIZE = 15
BACKGROUND = 60


def simulated(make_channels, *, reach: float, seed: int = 3):
    """Six modules and unrelated genes; a hidden batch acts on a share ``reach`` of all of them."""
    rng = np.random.default_rng(seed)
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


def partitioned(channels, config: FactorConfig, threads: int = 1) -> Partition:
    similar = similar_pairs(channels, config, threads=threads, steps=Steps())
    return best_partition(channels, similar, config, config.search_cuts, seed=0, threads=threads)


def searched(channels, config: FactorConfig | None = None, threads: int = 1) -> Search:
    config = config or FactorConfig()
    found = partitioned(channels, config, threads)
    return hidden_confounders(channels, found, config, seed=0, threads=threads, progress=lambda *_: None)


def test_hidden_confounders__a_batch_is_found_and_projected_out(make_channels):
    channels, batch = simulated(make_channels, reach=0.6)
    search = searched(channels)
    assert [confounder.removed for confounder in search.confounders] == [True]
    assert abs(float(search.confounders[0].score @ batch)) > 0.97
    assert search.confounders[0].n_modules == MODULES
    assert search.reason == "the criterion falls with 1 factor and with no further one"
    before = partitioned(channels, FactorConfig())
    after = partitioned(replace(channels, z=search.z), FactorConfig())
    background = np.array([channels.gene_ids[gene].startswith("X") for gene in channels.gene_of])
    assert (before.community_of[background] >= 0).sum() > BACKGROUND // 3
    assert (after.community_of[background] >= 0).sum() == 0
    modules = [set(after.community_of[~background][m * SIZE : (m + 1) * SIZE]) for m in range(MODULES)]
    assert sorted(modules, key=min) == [{m} for m in range(MODULES)]


def test_hidden_confounders__what_is_left_is_standardised_and_free_of_it(make_channels):
    channels, batch = simulated(make_channels, reach=0.6)
    search = searched(channels)
    assert np.abs(search.z.mean(axis=1)).max() < 1e-12
    assert search.z.std(axis=1, ddof=1) == pytest.approx(np.ones(len(search.z)))
    assert np.abs(search.z @ batch / np.sqrt(N - 1)).mean() < 0.1 < np.abs(channels.z @ batch / np.sqrt(N - 1)).mean()


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


@pytest.mark.parametrize(
    ("config", "removed", "reason"),
    [
        (FactorConfig(remove_factors=0), [], "not searched: remove_factors is 0"),
        (FactorConfig(keep_factors=(1,)), [False], "the criterion falls with 1 factor and with no further one"),
        (FactorConfig(remove_factors=1), [True], "1 of the 1 factors asked for were found"),
    ],
)
def test_hidden_confounders__the_user_has_the_last_word(make_channels, config, removed, reason):
    channels, _ = simulated(make_channels, reach=0.6)
    search = searched(channels, config)
    assert [confounder.removed for confounder in search.confounders] == removed
    assert search.reason == reason
    assert (search.z is channels.z) == (True not in removed)


def test_hidden_confounders__values_missing_are_not_searched(make_channels):
    channels, _ = simulated(make_channels, reach=0.6)
    missing = np.zeros(channels.z.shape, dtype=bool)
    assert searched(replace(channels, missing=missing)).reason == "not searched: values are missing"


def test_hidden_confounders__do_not_depend_on_the_number_of_threads(make_channels):
    channels, _ = simulated(make_channels, reach=0.6)
    one, two = searched(channels, threads=1), searched(channels, threads=2)
    assert one.z.tobytes() == two.z.tobytes()
    assert one.confounders[0].bic_change == two.confounders[0].bic_change


def test_hidden_confounders__says_when_what_is_to_be_kept_was_not_found(make_channels, caplog):
    channels, _ = simulated(make_channels, reach=0.6)
    searched(channels, FactorConfig(keep_factors=(1, 7)))
    assert "keep_factors names 'H7', but 1 hidden confounders were found" in caplog.text

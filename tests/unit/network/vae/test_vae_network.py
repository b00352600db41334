from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from isograph.config import FitConfig, VaeConfig
from isograph.errors import ConvergenceError, UsageError
from isograph.network.backends import infer_network, network_memory
from isograph.network.vae import CHECKPOINT, model_of
from isograph.network.vae.calibration import reconstruction_fidelity
from isograph.runtime.progress import Steps


def infer(channels, *, threads: int = 1, seed: int = 0, **settings: object):
    config = FitConfig(backend="vae", seed=seed, settings=VaeConfig(**{"epochs": 60, "patience": 20, **settings}))
    return infer_network(channels, config, threads=threads, steps=Steps())


def communities(channels, network) -> set[frozenset[str]]:
    members: dict[int, set[str]] = {}
    for gene, community in zip(np.array(channels.gene_ids)[channels.gene_of], network.community_of, strict=True):
        if community >= 0:
            members.setdefault(int(community), set()).add(str(gene))
    return {frozenset(genes) for genes in members.values()}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_vae_network__finds_what_was_planted(planted, seed):
    found = communities(planted, infer(planted, seed=seed))
    assert found == {frozenset(gene for gene in planted.gene_ids if gene[0] == letter) for letter in "ab"}


def test_vae_network__of_noise_is_empty(noise):
    network = infer(noise)
    assert (len(network.source), int(network.community_of.max())) == (0, -1)
    assert network.calibration["pairs_kept"] == 0
    assert CHECKPOINT in network.files


def test_vae_network__has_edges_weighted_by_the_features_own_correlation(planted):
    network = infer(planted)
    r = np.corrcoef(planted.z)[network.source, network.target]
    np.testing.assert_allclose(network.weight, r, atol=1e-12)
    assert (network.source < network.target).all()


def test_vae_network__keeps_a_model_that_gives_what_it_says(planted):
    network = infer(planted)
    model = model_of(network.files[CHECKPOINT], name="x")
    said = network.calibration
    assert model.feature_ids == planted.feature_ids
    assert model.feature_types == planted.feature_types
    assert (model.sizes.latent_size, model.sizes.rank) == (said["latent_size"], said["rank"])
    rest = planted.z - model.decode(model.encode(planted.z))
    assert said["reconstruction_rmse"] == pytest.approx(np.sqrt(np.square(rest).mean()), abs=1e-9)
    assert said["collapsed_dimensions"] == [i for i, active in enumerate(model.active) if not active]
    assert said["elbo"]["loss"] == pytest.approx(said["elbo"]["reconstruction"] + sum(said["kl_per_dimension"]))
    assert said["best_epoch"] <= said["epochs_run"] <= 60


@pytest.mark.parametrize("threads", [2, 3])
def test_vae_network__does_not_depend_on_the_number_of_threads(planted, threads):
    one, other = infer(planted), infer(planted, threads=threads)
    assert one.files == other.files
    assert one.calibration == other.calibration
    np.testing.assert_array_equal(one.similarity, other.similarity)
    np.testing.assert_array_equal(one.community_of, other.community_of)


def test_vae_network__follows_its_seed(planted):
    assert infer(planted, seed=1).files == infer(planted, seed=1).files
    assert infer(planted, seed=1).files != infer(planted, seed=2).files


def test_vae_network__is_the_same_for_features_turned_around(planted):
    turned = planted.z.copy()
    turned[::3] *= -1
    one, other = infer(planted), infer(replace(planted, z=turned))
    assert communities(planted, one) == communities(planted, other)


def test_vae_network__tries_the_latent_sizes_it_is_given(planted):
    said = infer(planted, latent_sizes=(1, 2), epochs=5).calibration
    assert [tried["latent_size"] for tried in said["latent_sizes_tried"]] == [1, 2]
    assert said["latent_size"] == 2
    assert said["latent_size_reason"] == "lowest loss of the samples held out among the sizes given"


def test_vae_network__sees_the_directions_it_is_told_to(planted):
    said = infer(planted, directions=7, latent_sizes=(3,), epochs=5).calibration
    assert (said["rank"], said["latent_size"], said["latent_size_reason"]) == (7, 3, "given")
    assert said["row_space_dimensions"] == 59


def test_vae_network__refuses_more_directions_than_there_are(planted):
    with pytest.raises(UsageError) as raised:
        infer(planted, directions=59)
    assert str(raised.value) == "directions is 59, but the data has 58. Give fewer, or auto."


def test_vae_network__that_collapsed_where_there_is_something_says_what_to_do(planted):
    with pytest.raises(ConvergenceError) as raised:
        infer(planted, beta=200.0, epochs=5)
    message = str(raised.value)
    assert message.startswith("the model holds nothing of the ")
    assert "2 of its 2 latent dimensions collapsed to the prior." in message
    assert message.endswith(
        "Give it more freedom (settings={'beta': 0.5}, settings={'directions': N}), or use backend='factor', which "
        "needs no model."
    )


def test_vae_network__of_too_few_samples_says_so(make_channels):
    rng = np.random.default_rng(0)
    with pytest.raises(ConvergenceError, match="4 samples are too few to train a model on, expected 5 or more"):
        infer(make_channels({f"g{i}::abundance": rng.normal(size=4) for i in range(9)}))


def test_vae_network__of_no_feature_is_empty_and_keeps_no_model(planted):
    nothing = replace(
        planted,
        z=np.zeros((0, 60)),
        gene_of=np.zeros(0, dtype=np.int64),
        is_switch=np.zeros(0, dtype=bool),
        gene_ids=[],
    )
    network = infer(nothing)
    assert (len(network.source), dict(network.files)) == (0, {})


def test_vae_network__leaves_out_what_only_missing_samples_share(planted):
    missing = np.zeros(planted.z.shape, dtype=bool)
    missing[:, :3] = True
    network = infer(replace(planted, z=np.where(missing, 0.0, planted.z), missing=missing))
    assert communities(planted, network) == communities(planted, infer(planted))


def test_vae_network__without_a_gpu_refuses_one(planted, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="device is cuda, but torch"):
        infer(planted, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_vae_network__on_a_gpu_finds_the_same(planted):
    np.testing.assert_array_equal(infer(planted, device="cuda").community_of, infer(planted).community_of)


def test_vae_memory__grows_with_features_and_neighbours():
    few = FitConfig(backend="vae", settings=VaeConfig(neighbours=10))
    many = FitConfig(backend="vae", settings=VaeConfig(neighbours=60))
    assert network_memory(20_000, many, threads=1) - network_memory(20_000, few, threads=1) == 20_000 * 50 * 228
    assert network_memory(20_000, many, threads=1) > network_memory(10_000, many, threads=1) > 300_000_000


def test_reconstruction_fidelity__is_the_correlation_with_the_reconstruction(planted):
    rng = np.random.default_rng(1)
    basis, decoded = rng.normal(size=(len(planted.z), 3)), rng.normal(size=(60, 3))
    found = reconstruction_fidelity(planted, basis, decoded, threads=2)
    x = basis @ decoded.T
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(planted.z, x, strict=True)]
    np.testing.assert_allclose(found.r, expected, atol=1e-12)
    assert found.rmse == pytest.approx(np.sqrt(np.square(planted.z - x).mean()))
    assert (found.pvalue[found.r <= 0] == 1.0).all()


def test_reconstruction_fidelity__of_noise_has_p_values_no_smaller_than_chance(make_channels):
    rng = np.random.default_rng(2)
    channels = make_channels({f"n{i:04d}::abundance": rng.normal(size=50) for i in range(3000)})
    decoded = rng.normal(size=(50, 4))
    decoded -= decoded.mean(axis=0)
    # The best reconstruction there can be: every feature regressed on the four coordinates.
    basis = np.linalg.lstsq(decoded, channels.z.T, rcond=None)[0].T
    pvalue = reconstruction_fidelity(channels, basis, decoded, threads=1).pvalue
    assert np.quantile(pvalue, [0.05, 0.5, 0.95]) == pytest.approx([0.05, 0.5, 0.95], abs=0.02)

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose

from isograph.explanation import gradient
from isograph.explanation.encoded import Encoded, latent_direction
from isograph.explanation.feature import Features, associations
from isograph.explanation.gradient import ig_attribution_table, integrated_gradients
from isograph.explanation.response import decoder_response, vae_driver_table
from isograph.network.vae.model import Decoder, Encoder, Sizes, VaeModel
from isograph.schemas.explanation import IG_ATTRIBUTIONS, VAE_DRIVERS

P, N, RANK, LATENT = 12, 40, 4, 2
SIZES = Sizes(n_features=P, rank=RANK, latent_size=LATENT, hidden_sizes=(5,))


def model(*, bent: float) -> VaeModel:
    """A model with random weights; ``bent`` scales what is not linear."""
    torch.manual_seed(3)
    encoder, decoder = Encoder(SIZES), Decoder(SIZES)
    with torch.no_grad():
        encoder.bend.weight *= bent
        decoder.bend.weight *= bent
    basis = torch.linalg.qr(torch.randn(P, RANK, dtype=torch.float64))[0]
    return VaeModel(
        feature_ids=[f"g{i}::abundance" for i in range(P)],
        feature_types=["abundance"] * P,
        sizes=SIZES,
        basis=basis,
        scale=1.5,
        noise_variance=1.0,
        active=(True,) * LATENT,
        encoder=encoder.requires_grad_(requires_grad=False),
        decoder=decoder.requires_grad_(requires_grad=False),
    )


def encoded(*, bent: float) -> Encoded:
    made = model(bent=bent)
    x = np.random.default_rng(4).normal(size=(P, N))
    rows = pl.DataFrame(
        {
            "feature_id": made.feature_ids,
            "gene_id": [f"g{i}" for i in range(P)],
            "feature_type": made.feature_types,
        }
    )
    return Encoded(made, Features(rows, x), x, made.encode(x))


def test_latent_direction__finds_a_module_that_lies_between_dimensions():
    z = np.random.default_rng(1).normal(size=(3, 2000))
    eigengene = (z[0] - z[1]) / 50 + 7.0
    found = latent_direction(z, eigengene, np.array([True, True, True]))
    assert_allclose(found.weights, np.array([1.0, -1.0, 0.0]) / np.std(z[0] - z[1]), atol=0.02)
    assert found.direction_r > 0.9999
    assert abs(found.latent_r) == pytest.approx(0.5**0.5, abs=0.05)
    assert_allclose(found.step @ found.weights, 1.0)


def test_latent_direction__leaves_out_what_was_collapsed_and_samples_without_a_value():
    z = np.random.default_rng(1).normal(size=(2, 30))
    eigengene = z[0] + z[1]
    eigengene[3] = np.nan
    found = latent_direction(z, eigengene, np.array([False, True]))
    assert found.weights[0] == 0.0
    assert found.latent_dim == 1
    assert np.flatnonzero(~found.samples).tolist() == [3]


@pytest.mark.parametrize("eigengene", [np.full(30, 2.0), np.full(30, np.nan)])
def test_latent_direction__is_none_of_an_eigengene_that_does_not_vary(eigengene):
    found = latent_direction(np.random.default_rng(1).normal(size=(2, 30)), eigengene, np.array([True, True]))
    assert not found.exists
    assert found.latent_dim == -1


def test_decoder_response__of_a_linear_decoder_is_its_matrix_times_the_step():
    made = encoded(bent=0.0)
    direction = latent_direction(made.z, made.z[0], np.array([True, True]))
    response, _ = decoder_response(made.model, made.z, direction, np.ones(P))
    matrix = made.model.scale * made.model.basis.numpy() @ made.model.decoder.linear.weight.numpy()
    assert_allclose(response, matrix @ direction.step, rtol=1e-12)


def test_decoder_response__equals_central_differences():
    made = encoded(bent=3.0)
    direction = latent_direction(made.z, made.z[0] - 2 * made.z[1], np.array([True, True]))
    response, agreement = decoder_response(made.model, made.z, direction, np.ones(P))
    h = 1e-5
    ahead, behind = (made.model.decode(made.z + sign * h * direction.step[:, None]) for sign in (1, -1))
    assert_allclose(response, ((ahead - behind) / (2 * h)).mean(axis=1), rtol=1e-7)
    assert_allclose(agreement, (ahead > behind).mean(axis=1))


def test_vae_driver_table__ranks_percentiles_among_the_genes_of_the_module():
    made = encoded(bent=0.5)
    eigengene = made.z[0]
    association = associations(made.features, eigengene[None, :], lost_dof=0, threads=1)
    members = pl.Series(["g1", "g2", "g5", "g7"])
    direction = made.direction(eigengene)
    table = VAE_DRIVERS.checked(
        vae_driver_table(made, direction, association, members, module=0).collect(engine="in-memory")
    )
    inside = table.filter("in_module")
    assert inside.get_column("percentile").to_list() == [100.0, 75.0, 50.0, 25.0]
    assert table.get_column("decoded_response").abs().is_sorted(descending=True)
    sure = table.filter("high_confidence")
    assert set(sure.get_column("gene_id")) <= set(inside.get_column("gene_id")[:2])
    assert (sure.get_column("qvalue") < 0.05).all()


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_integrated_gradients__add_up_to_the_change_they_explain(baseline):
    made = encoded(bent=3.0)
    direction = made.direction(made.z[0])
    found = integrated_gradients(made, direction, baseline=baseline, n_steps=32)
    start = np.zeros((P, N)) if baseline == "zero" else np.repeat(made.x.mean(axis=1, keepdims=True), N, axis=1)
    change = direction.weights @ (made.z - made.model.encode(start))
    assert found.delta <= 0.01
    assert_allclose(found.mean.sum(), change.mean(), rtol=0.01)
    assert_allclose(found.toward.sum(), np.abs(change).mean(), rtol=0.01)


def test_integrated_gradients__of_a_linear_encoder_are_weights_times_inputs():
    made = encoded(bent=0.0)
    direction = made.direction(made.z[0])
    found = integrated_gradients(made, direction, baseline="zero", n_steps=2)
    matrix = made.model.encoder.linear.weight.numpy() @ made.model.basis.numpy().T / made.model.scale
    expected = (direction.weights @ matrix)[:, None] * made.x
    assert_allclose(found.mean_abs, np.abs(expected).mean(axis=1), rtol=1e-9)
    assert found.n_steps == 2


def test_integrated_gradients__takes_more_steps_until_they_add_up(monkeypatch):
    made = encoded(bent=200.0)
    monkeypatch.setattr(gradient, "MAX_DELTA", 1e-6)
    found = integrated_gradients(made, made.direction(made.z[0]), baseline="zero", n_steps=2)
    assert found.n_steps > 2
    assert found.delta <= 1e-6


def test_integrated_gradients__do_not_depend_on_how_many_values_are_held_at_once(monkeypatch):
    made = encoded(bent=3.0)
    direction = made.direction(made.z[0])
    whole = integrated_gradients(made, direction, baseline="zero", n_steps=16)
    monkeypatch.setattr(gradient, "VALUES_AT_ONCE", P * 8)
    parts = integrated_gradients(made, direction, baseline="zero", n_steps=16)
    assert_allclose(parts.mean_abs, whole.mean_abs, rtol=1e-12)


def test_attribution_tables__of_a_module_without_direction_hold_nan():
    made = encoded(bent=0.5)
    direction = made.direction(np.full(N, 1.0))
    association = associations(made.features, np.full((1, N), 1.0), lost_dof=0, threads=1)
    members = pl.Series(["g1"])
    drivers = vae_driver_table(made, direction, association, members, module=0).collect(engine="in-memory")
    gradients = ig_attribution_table(None, direction, made.features, members).collect(engine="in-memory")
    assert VAE_DRIVERS.checked(drivers).get_column("decoded_response").is_nan().all()
    assert drivers.get_column("percentile").is_nan().all()
    assert not drivers.get_column("high_confidence").any()
    assert IG_ATTRIBUTIONS.checked(gradients).get_column("mean_abs_ig").is_nan().all()

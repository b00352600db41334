from __future__ import annotations

import numpy as np
import polars as pl
from numpy.testing import assert_allclose

from isograph.explanation.encoded import latent_direction
from isograph.explanation.feature import associations
from isograph.explanation.response import decoder_response, vae_driver_table
from isograph.schemas.explanation import VAE_DRIVERS

BOTH_DIMENSIONS = np.array([True, True])


def driver_table(samples, eigengene: np.ndarray, members: list[str]) -> pl.DataFrame:
    association = associations(samples.features, eigengene[None, :], lost_dof=0, threads=1)
    direction = samples.direction(eigengene)
    table = vae_driver_table(samples, direction, association, pl.Series(members), module=0)
    return VAE_DRIVERS.checked(table.collect(engine="in-memory"))


def test_decoder_response__of_a_linear_decoder_is_its_matrix_times_the_step(encoded):
    samples = encoded(bent=0.0)
    model = samples.model
    direction = latent_direction(samples.z, samples.z[0], BOTH_DIMENSIONS)
    response, _ = decoder_response(model, samples.z, direction, np.ones(len(samples.x)))
    matrix = model.scale * model.basis.numpy() @ model.decoder.linear.weight.numpy()
    assert_allclose(response, matrix @ direction.step, rtol=1e-12)


def test_decoder_response__equals_central_differences(encoded):
    samples = encoded(bent=3.0)
    direction = latent_direction(samples.z, samples.z[0] - 2 * samples.z[1], BOTH_DIMENSIONS)
    response, agreement = decoder_response(samples.model, samples.z, direction, np.ones(len(samples.x)))
    h = 1e-5
    ahead, behind = (samples.model.decode(samples.z + sign * h * direction.step[:, None]) for sign in (1, -1))
    assert_allclose(response, ((ahead - behind) / (2 * h)).mean(axis=1), rtol=1e-7)
    assert_allclose(agreement, (ahead > behind).mean(axis=1))


def test_vae_driver_table__ranks_percentiles_among_the_genes_of_the_module(encoded):
    samples = encoded(bent=0.5)
    table = driver_table(samples, samples.z[0], ["g1", "g2", "g5", "g7"])
    inside = table.filter("in_module")
    assert inside.get_column("percentile").to_list() == [100.0, 75.0, 50.0, 25.0]
    assert table.get_column("decoded_response").abs().is_sorted(descending=True)
    sure = table.filter("high_confidence")
    assert set(sure.get_column("gene_id")) <= set(inside.get_column("gene_id")[:2])
    assert (sure.get_column("qvalue") < 0.05).all()


def test_vae_driver_table__of_a_module_without_direction_holds_nan(encoded):
    samples = encoded(bent=0.5)
    table = driver_table(samples, np.full(samples.x.shape[1], 1.0), ["g1"])
    assert table.get_column("decoded_response").is_nan().all()
    assert table.get_column("percentile").is_nan().all()
    assert not table.get_column("high_confidence").any()

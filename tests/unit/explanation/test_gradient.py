from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from isograph.explanation import gradient
from isograph.explanation.gradient import ig_attribution_table, integrated_gradients
from isograph.schemas.explanation import IG_ATTRIBUTIONS


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_integrated_gradients__add_up_to_the_change_they_explain(encoded, baseline):
    samples = encoded(bent=3.0)
    direction = samples.direction(samples.z[0])
    integrated = integrated_gradients(samples, direction, baseline=baseline, n_steps=32)
    mean = samples.x.mean(axis=1, keepdims=True)
    start = np.zeros_like(samples.x) if baseline == "zero" else np.repeat(mean, samples.x.shape[1], axis=1)
    change = direction.weights @ (samples.z - samples.model.encode(start))
    assert integrated.delta <= 0.01
    assert_allclose(integrated.mean.sum(), change.mean(), rtol=0.01)
    assert_allclose(integrated.toward.sum(), np.abs(change).mean(), rtol=0.01)


def test_integrated_gradients__of_a_linear_encoder_are_weights_times_inputs(encoded):
    samples = encoded(bent=0.0)
    direction = samples.direction(samples.z[0])
    integrated = integrated_gradients(samples, direction, baseline="zero", n_steps=2)
    matrix = samples.model.encoder.linear.weight.numpy() @ samples.model.basis.numpy().T / samples.model.scale
    expected = (direction.weights @ matrix)[:, None] * samples.x
    assert_allclose(integrated.mean_abs, np.abs(expected).mean(axis=1), rtol=1e-9)
    assert integrated.n_steps == 2


def test_integrated_gradients__take_more_steps_until_they_add_up(encoded, monkeypatch):
    samples = encoded(bent=200.0)
    monkeypatch.setattr(gradient, "MAX_DELTA", 1e-6)
    integrated = integrated_gradients(samples, samples.direction(samples.z[0]), baseline="zero", n_steps=2)
    assert integrated.n_steps > 2
    assert integrated.delta <= 1e-6


def test_integrated_gradients__say_when_they_do_not_add_up(encoded, monkeypatch, caplog):
    samples = encoded(bent=200.0)
    monkeypatch.setattr(gradient, "MAX_DELTA", 0.0)
    monkeypatch.setattr(gradient, "MAX_STEPS", 8)
    integrated = integrated_gradients(samples, samples.direction(samples.z[0]), baseline="zero", n_steps=2)
    assert integrated.n_steps == 8
    assert caplog.messages == [f"integrated gradients miss {integrated.delta:.2g} of what they explain after 8 steps"]


def test_integrated_gradients__do_not_depend_on_how_many_values_are_held_at_once(encoded, monkeypatch):
    samples = encoded(bent=3.0)
    direction = samples.direction(samples.z[0])
    whole = integrated_gradients(samples, direction, baseline="zero", n_steps=16)
    monkeypatch.setattr(gradient, "VALUES_AT_ONCE", len(samples.x) * 8)
    parts = integrated_gradients(samples, direction, baseline="zero", n_steps=16)
    assert_allclose(parts.mean_abs, whole.mean_abs, rtol=1e-12)


def test_ig_attribution_table__of_a_module_without_direction_holds_nan(encoded):
    samples = encoded(bent=0.5)
    direction = samples.direction(np.full(samples.x.shape[1], 1.0))
    rows = ig_attribution_table(None, direction, samples.features, pl.Series(["g1"])).collect(engine="in-memory")
    table = IG_ATTRIBUTIONS.checked(rows)
    assert table.get_column("mean_abs_ig").is_nan().all()
    assert table.get_column("n_steps").unique().to_list() == [0]

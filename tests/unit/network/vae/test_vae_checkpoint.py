from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import torch

from isograph.errors import InputError
from isograph.network.vae import checkpoint_bytes, model_of


def saved(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def content_of(model) -> dict:
    return torch.load(io.BytesIO(checkpoint_bytes(model)), weights_only=True)


def problems(data: bytes) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        model_of(data, name="vae_checkpoint.pt")
    assert raised.value.subject == "vae_checkpoint.pt"
    return raised.value.violations


def test_checkpoint__gives_the_same_outputs_and_bytes_when_read_back(model):
    data = checkpoint_bytes(model)
    again = model_of(data, name="x")
    x = np.random.default_rng(0).normal(size=(30, 8))
    np.testing.assert_array_equal(again.encode(x), model.encode(x))
    np.testing.assert_array_equal(again.decode(again.encode(x)), model.decode(model.encode(x)))
    assert checkpoint_bytes(again) == data
    assert (again.feature_ids, again.active, again.sizes) == (model.feature_ids, model.active, model.sizes)


def test_model__composes_the_row_space_with_its_basis(model):
    x = np.random.default_rng(1).normal(size=(30, 4))
    with torch.no_grad():
        coordinates = torch.from_numpy((model.basis.numpy().T @ x / model.scale).T)
        latent = model.encoder(coordinates)[0]
        latent[:, 2] = 0.0
        decoded = model.scale * model.decoder(latent) @ model.basis.T
    np.testing.assert_allclose(model.encode(x), latent.numpy().T, atol=1e-12)
    np.testing.assert_allclose(model.decode(latent.numpy().T), decoded.numpy().T, atol=1e-12)


def test_model__takes_a_missing_value_for_the_features_mean(model):
    x = np.random.default_rng(2).normal(size=(30, 4))
    absent, zero = x.copy(), x.copy()
    absent[5, 1], zero[5, 1] = np.nan, 0.0
    np.testing.assert_array_equal(model.encode(absent), model.encode(zero))


def test_feature_encoder__is_differentiable_in_the_features(model):
    x = torch.zeros((1, 30), dtype=torch.float64, requires_grad=True)
    model.feature_encoder(x)[0, 0].backward()
    step = 1e-6 * np.eye(30)
    differences = (model.encode(step) - model.encode(-step))[0] / 2e-6
    np.testing.assert_allclose(x.grad[0].numpy(), differences, atol=1e-8)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a checkpoint at all"])
def test_checkpoint__of_other_bytes_is_refused(data):
    assert problems(data) == ("is no checkpoint, or a truncated one. Make the fit again.",)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_checkpoint__that_is_truncated_is_refused(model, share):
    data = checkpoint_bytes(model)
    assert problems(data[: int(share * len(data))]) == ("is no checkpoint, or a truncated one. Make the fit again.",)


@pytest.mark.parametrize("content", [[1, 2], {"weights": torch.zeros(2)}, torch.zeros(3)])
def test_checkpoint__of_someone_else_is_refused(content):
    (problem,) = problems(saved(content))
    assert problem == "is not a checkpoint that isograph wrote ('isograph vae 1'). Make the fit again."


def test_checkpoint__that_holds_code_is_refused(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    assert problems(saved({"format": Harmful()})) == ("is no checkpoint, or a truncated one. Make the fit again.",)
    assert not (tmp_path / "harm").exists()


def test_checkpoint__names_every_field_that_is_wrong(model):
    content = content_of(model)
    del content["active"]
    content["extra"] = 1
    content["scale"] = -2.0
    content["feature_ids"] = "g01"
    assert problems(saved(content)) == (
        "has no 'active'.",
        "has 'extra', which is no part of a checkpoint.",
        "'feature_ids' is a str, expected a list.",
        "'scale' is -2.0, expected a number above 0.",
    )


def test_checkpoint__names_every_tensor_that_is_wrong(model):
    content = content_of(model)
    content["basis"][2, 3] = torch.nan
    content["encoder"]["linear.bias"][:2] = torch.inf
    content["encoder"]["bend.weight"] = torch.zeros((3, 5), dtype=torch.float64)
    del content["decoder"]["linear.weight"]
    content["decoder"]["more"] = torch.zeros(1)
    content["feature_ids"].pop()
    assert problems(saved(content)) == (
        "'basis' holds 1 values that are not finite.",
        "'encoder.linear.bias' holds 2 values that are not finite.",
        "'encoder.bend.weight' is (3, 5) torch.float64, expected (3, 4) torch.float64.",
        "has no tensor 'decoder.linear.weight'.",
        "has 'decoder.more', which is no part of a checkpoint.",
        "'feature_ids' has 29 entries, expected 30.",
    )


@pytest.mark.parametrize("sizes", [{}, {"n_features": 30}, {"rank": 0}, {"rank": "5"}, {"hidden_sizes": 7}])
def test_checkpoint__with_impossible_sizes_is_refused(model, sizes):
    content = content_of(model)
    content["sizes"] = {**content["sizes"], **sizes} if sizes.keys() != {"n_features"} else sizes
    content["sizes"].update({} if sizes else {"depth": 3})
    (problem,) = problems(saved(content))
    assert problem.startswith("'sizes' is {")
    assert problem.endswith("expected n_features, rank, latent_size and hidden_sizes.")


def test_checkpoint__names_no_file_in_its_bytes(model):
    names = zipfile.ZipFile(io.BytesIO(checkpoint_bytes(model))).namelist()
    assert {name.partition("/")[0] for name in names} == {"archive"}

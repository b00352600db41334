"""``vae_checkpoint.pt``: a trained model as bytes and back, everything in it checked."""

from __future__ import annotations

import io

# NOTE: imported for the class of its error alone; only torch unpickles, with ``weights_only``.
import pickle  # noqa: TID251
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import torch

from isograph.errors import InputError, UsageError, option, shown
from isograph.network.vae.model import Decoder, Encoder, Sizes, VaeModel
from isograph.store.artifact import read_manifest, verify
from isograph.store.files import read_json_object

CHECKPOINT = "vae_checkpoint.pt"
FORMAT = "isograph vae 1"
NEEDED_OF_FIT = (CHECKPOINT, "fit_config.json", "calibration.json", "feature_scores.parquet")
_FIELDS: dict[str, type] = {
    "format": str,
    "feature_ids": list,
    "feature_types": list,
    "sizes": dict,
    "scale": float,
    "noise_variance": float,
    "active": list,
    "basis": torch.Tensor,
    "encoder": dict,
    "decoder": dict,
}
_REMEDY = "Make the fit again."


def checkpoint_bytes(model: VaeModel) -> bytes:
    """Return the file's content; the same model gives the same bytes.

    It loads with ``torch.load(…, weights_only=True)``: a mapping of tensors, texts and numbers.
    """
    sizes = model.sizes
    content = {
        "format": FORMAT,
        "feature_ids": list(model.feature_ids),
        "feature_types": list(model.feature_types),
        "sizes": {
            "n_features": sizes.n_features,
            "rank": sizes.rank,
            "latent_size": sizes.latent_size,
            "hidden_sizes": list(sizes.hidden_sizes),
        },
        "scale": model.scale,
        "noise_variance": model.noise_variance,
        "active": list(model.active),
        "basis": model.basis.to(torch.float32),
        "encoder": dict(model.encoder.state_dict()),
        "decoder": dict(model.decoder.state_dict()),
    }
    # NOTE: saved to memory, as the name of a file saved to would be part of its bytes.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def load_checkpoint(fit: str | Path) -> VaeModel:
    """Return the model of a fit.

    Everything is checked before it is used: that the files are as the fit wrote them, that the model is whole, finite
    and of the sizes that ``fit_config.json`` and ``calibration.json`` say, and that its features are those of
    ``feature_scores``.

    Raises
    ------
    UsageError
        The fit was made by a backend that keeps no model.
    InputError
        The directory is no fit, is incomplete or was changed, or the checkpoint is not that of the fit; all that is
        wrong with it is listed.
    """
    path = Path(fit)
    manifest = read_manifest(path)
    if manifest.get("artifact") != "fit":
        raise InputError(str(path), "is not a fit, expected a directory that isograph fit wrote.")
    verify(path, manifest, needed=("fit_config.json",))
    config = read_json_object(path / "fit_config.json", absent="no fit_config.json.")
    if config["backend"] != "vae":
        raise UsageError(
            f"{path} was made with backend '{shown(config['backend'])}', which keeps no model. "
            f"Make the fit with {option('backend', 'vae')}."
        )
    verify(path, manifest, needed=NEEDED_OF_FIT)
    model = model_of((path / CHECKPOINT).read_bytes(), name=str(path / CHECKPOINT))
    if problems := _differences(model, path, config["settings"]):
        raise InputError(str(path / CHECKPOINT), problems)
    return model


def model_of(data: bytes, *, name: str) -> VaeModel:
    """Return the model that the bytes of a checkpoint hold.

    Raises
    ------
    InputError
        They are no checkpoint of isograph, or a damaged one; the message begins with ``name``.
    """
    content = _checkpoint_content(data, name)
    sizes = Sizes(**{**content["sizes"], "hidden_sizes": tuple(content["sizes"]["hidden_sizes"])})
    with torch.random.fork_rng(devices=[]):
        encoder, decoder = Encoder(sizes), Decoder(sizes)
    basis = torch.empty((sizes.n_features, sizes.rank), dtype=torch.float32, device="meta")
    problems = [
        *_tensor_problems("basis", {"": content["basis"]}, {"": basis}),
        *_tensor_problems("encoder", content["encoder"], encoder.state_dict()),
        *_tensor_problems("decoder", content["decoder"], decoder.state_dict()),
    ]
    lists = (
        ("feature_ids", str, sizes.n_features),
        ("feature_types", str, sizes.n_features),
        ("active", bool, sizes.latent_size),
    )
    for field, kind, length in lists:
        if len(content[field]) != length:
            problems.append(f"'{field}' has {len(content[field])} entries, expected {length}.")
        elif not all(type(entry) is kind for entry in content[field]):
            problems.append(f"'{field}' has entries that are no {kind.__name__}.")
    if problems:
        raise InputError(name, problems)
    encoder.load_state_dict(content["encoder"], strict=True)
    decoder.load_state_dict(content["decoder"], strict=True)
    return VaeModel(
        feature_ids=content["feature_ids"],
        feature_types=content["feature_types"],
        sizes=sizes,
        basis=content["basis"].to(torch.float64),
        scale=content["scale"],
        noise_variance=content["noise_variance"],
        active=tuple(content["active"]),
        encoder=encoder.requires_grad_(requires_grad=False),
        decoder=decoder.requires_grad_(requires_grad=False),
    )


def _checkpoint_content(data: bytes, name: str) -> dict[str, Any]:
    """Return the fields of a checkpoint if it has all of them, each of its type, and numbers in their range."""
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError, LookupError, ValueError, TypeError):
        raise InputError(name, f"is no checkpoint, or a truncated one. {_REMEDY}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(name, f"is not a checkpoint that isograph wrote ('{FORMAT}'). {_REMEDY}")
    problems = [f"has no '{field}'." for field in _FIELDS if field not in content]
    problems += [
        f"has '{shown(field)}', which is no part of a checkpoint." for field in content if field not in _FIELDS
    ]
    problems += [
        f"'{field}' is a {type(content[field]).__name__}, expected a {kind.__name__}."
        for field, kind in _FIELDS.items()
        if field in content and not isinstance(content[field], kind)
    ]
    sizes = content.get("sizes")
    if isinstance(sizes, dict):
        hidden = sizes.get("hidden_sizes")
        widths = [sizes.get(size) for size in ("n_features", "rank", "latent_size")]
        widths += hidden if isinstance(hidden, list) and hidden else [None]
        is_whole = all(type(width) is int and 1 <= width < 2**31 for width in widths)
        if not is_whole or len(sizes) != 4:
            problems.append(f"'sizes' is {shown(sizes)}, expected n_features, rank, latent_size and hidden_sizes.")
    for field in ("scale", "noise_variance"):
        value = content.get(field)
        if isinstance(value, float) and not 0 < value < float("inf"):
            problems.append(f"'{field}' is {value}, expected a number above 0.")
    if problems:
        raise InputError(name, problems)
    return content


def _tensor_problems(part: str, tensors: Mapping[str, Any], expected: Mapping[str, torch.Tensor]) -> list[str]:
    """Return what is wrong with the names, shapes, types and values of the tensors of one part of the model."""
    problems = []
    for name, like in expected.items():
        shape, dtype = tuple(like.shape), like.dtype
        label = f"{part}.{name}" if name else part
        tensor = tensors.get(name)
        if not isinstance(tensor, torch.Tensor):
            problems.append(f"has no tensor '{label}'.")
        elif tuple(tensor.shape) != shape or tensor.dtype != dtype or tensor.layout != torch.strided:
            problems.append(f"'{label}' is {tuple(tensor.shape)} {tensor.dtype}, expected {shape} {dtype}.")
        elif n_bad := int((~torch.isfinite(tensor)).sum()):
            problems.append(f"'{label}' holds {n_bad} values that are not finite.")
    extra = [shown(name) for name in tensors if name not in expected]
    return problems + [f"has '{part}.{name}', which is no part of a checkpoint." for name in extra]


def _differences(model: VaeModel, path: Path, settings: Mapping[str, Any]) -> list[str]:
    """Return where the model is not what the other files of the fit say."""
    calibration = read_json_object(path / "calibration.json", absent="no calibration.json.")
    expected_sizes = (
        ("hidden sizes", list(model.sizes.hidden_sizes), settings["hidden_sizes"], "fit_config.json"),
        ("latent size", model.sizes.latent_size, calibration["latent_size"], "calibration.json"),
        ("rank", model.sizes.rank, calibration["rank"], "calibration.json"),
    )
    problems = [
        f"has {name} {size}, {file} says {expected}. {_REMEDY}"
        for name, size, expected, file in expected_sizes
        if size != expected
    ]
    features = (
        pl.scan_parquet(path / "feature_scores.parquet", glob=False, hive_partitioning=False)
        .select("feature_id", "feature_type")
        .collect(engine="in-memory")
    )
    ids, types = features["feature_id"].to_list(), features["feature_type"].to_list()
    if ids != model.feature_ids or types != model.feature_types:
        problems.append(
            f"has {len(model.feature_ids)} features that are not the {features.height} of feature_scores.parquet, in "
            f"its order. {_REMEDY}"
        )
    return problems

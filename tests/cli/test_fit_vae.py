from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest
import torch

import isograph as ig
from isograph.errors import InputError, UsageError
from isograph.network.vae import checkpoint_bytes, load_checkpoint, model_of
from isograph.runtime import extras

QUICK = ("--backend", "vae", "--set", "epochs=5")


@pytest.fixture(scope="session")
def bundle(earlier_bundles) -> Path:
    return earlier_bundles / "toy_multiplex_v1"


@pytest.fixture
def fitted(isograph, bundle, tmp_path) -> Path:
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", *QUICK)
    assert ended.code == 0, ended.err
    return tmp_path / "fit"


def rewritten(fit: Path, name: str, data: bytes) -> None:
    """Change a file of a fit and let its manifest agree."""
    import hashlib

    (fit / name).write_bytes(data)
    manifest = orjson.loads((fit / "manifest.json").read_bytes())
    manifest["files"][name].update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    (fit / "manifest.json").write_bytes(orjson.dumps(manifest))


def test_fit_vae__says_what_to_install_where_torch_is_not(isograph, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", *QUICK)
    assert ended.code == 2
    assert "the vae backend needs the extra 'vae': pip install 'isograph-multiplex[vae]'" in ended.err
    assert not (tmp_path / "fit").exists()


def test_fit_vae__keeps_a_model_that_loads_without_code(fitted):
    content = torch.load(fitted / "vae_checkpoint.pt", weights_only=True)
    model = load_checkpoint(fitted)
    assert content["feature_ids"] == model.feature_ids
    assert checkpoint_bytes(model) == (fitted / "vae_checkpoint.pt").read_bytes()
    assert orjson.loads((fitted / "manifest.json").read_bytes())["files"].keys() >= {"vae_checkpoint.pt"}


def test_fit_vae__finds_the_modules_of_factor_or_parts_of_them(fitted, earlier_fit):
    parts, whole = (
        dict(ig.open(path).modules.select("gene_id", "module_id").collect(engine="in-memory").iter_rows())
        for path in (fitted, earlier_fit)
    )
    assert parts.keys() == whole.keys()
    pairs = {(part, whole[gene]) for gene, part in parts.items()}
    assert len(pairs) == len(set(parts.values())) <= 4


def test_fit_vae__records_its_settings_and_library(fitted):
    config = orjson.loads((fitted / "fit_config.json").read_bytes())
    assert (config["backend"], config["settings"]["device"], config["settings"]["epochs"]) == ("vae", "cpu", 5)
    assert config["libraries"]["torch"].startswith("2.")


def test_fit_vae__again_has_the_same_bytes(isograph, bundle, fitted, tmp_path):
    assert isograph("fit", bundle, "--output-dir", tmp_path / "again", "--threads", "1", *QUICK).code == 0
    for name in ("vae_checkpoint.pt", "modules.parquet", "edges.parquet", "eigengenes.parquet"):
        assert (fitted / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("--backend", "vae", "--set", "learning_rate=1e9"),
            5,
            "error: training diverged in epoch 1, before any epoch",
        ),
        (("--backend", "vae", "--set", "beta=5000", "--set", "epochs=2"), 5, "error: the model holds nothing of the"),
        (("--backend", "factor", "--device", "cpu"), 2, "error: there is no setting 'device'"),
        (("--backend", "vae", "--device", "tpu"), 2, "error: device is 'tpu', expected cpu or cuda"),
        (
            ("--backend", "vae", "--device", "cpu", "--set", "device=cuda"),
            2,
            "error: --device cpu and --set device=cuda contradict each other; give one.",
        ),
        (("--backend", "vae", "--set", "directions=500"), 2, "error: directions is 500, but the data has "),
    ],
)
def test_fit_vae__that_cannot_be_made_says_why_and_leaves_nothing(isograph, bundle, tmp_path, arguments, code, message):
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert not (tmp_path / "fit").exists()


def test_fit_vae__without_a_gpu_refuses_one(isograph, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    ended = isograph("fit", bundle, "--output-dir", tmp_path / "fit", "--backend", "vae", "--device", "cuda")
    assert ended.code == 2
    assert "error: device is cuda, but torch" in ended.err
    assert not (tmp_path / "fit").exists()


def test_load_checkpoint__of_a_fit_without_a_model_says_which_to_make(earlier_fit):
    with pytest.raises(UsageError) as raised:
        load_checkpoint(earlier_fit)
    assert str(raised.value) == (
        f"{earlier_fit} was made with backend 'factor', which keeps no model. Make the fit with backend='vae'."
    )


def test_load_checkpoint__of_a_changed_or_missing_file_is_refused(fitted):
    checkpoint = fitted / "vae_checkpoint.pt"
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[:-1])
    with pytest.raises(InputError, match=r"1 files changed since they were written: 'vae_checkpoint\.pt'"):
        load_checkpoint(fitted)
    checkpoint.unlink()
    with pytest.raises(InputError, match=r"1 files missing: 'vae_checkpoint\.pt'"):
        load_checkpoint(fitted)


def test_load_checkpoint__of_what_is_no_fit_is_refused(bundle, tmp_path):
    with pytest.raises(InputError, match="is not a fit"):
        load_checkpoint(bundle)
    with pytest.raises(InputError, match=r"no manifest\.json"):
        load_checkpoint(tmp_path)


def test_load_checkpoint__of_another_fit_names_what_differs(isograph, bundle, fitted, tmp_path):
    other = tmp_path / "other"
    sizes = ("--set", "hidden_sizes=8", "--set", "latent_sizes=3", "--set", "directions=4")
    assert isograph("fit", bundle, "--output-dir", other, *QUICK, *sizes).code == 0
    rewritten(fitted, "vae_checkpoint.pt", (other / "vae_checkpoint.pt").read_bytes())
    calibration = orjson.loads((fitted / "calibration.json").read_bytes())
    with pytest.raises(InputError) as raised:
        load_checkpoint(fitted)
    assert raised.value.violations == (
        "has hidden sizes [8], fit_config.json says [64]. Make the fit again.",
        f"has latent size 3, calibration.json says {calibration['latent_size']}. Make the fit again.",
        f"has rank 4, calibration.json says {calibration['rank']}. Make the fit again.",
    )


def test_load_checkpoint__with_other_features_is_refused(fitted, tmp_path):
    model = load_checkpoint(fitted)
    shutil.copytree(fitted, tmp_path / "copy")
    model.feature_ids.reverse()
    rewritten(tmp_path / "copy", "vae_checkpoint.pt", checkpoint_bytes(model))
    with pytest.raises(InputError) as raised:
        load_checkpoint(tmp_path / "copy")
    n = len(model.feature_ids)
    assert raised.value.violations == (
        f"has {n} features that are not the {n} of feature_scores.parquet, in its order. Make the fit again.",
    )
    assert model_of((fitted / "vae_checkpoint.pt").read_bytes(), name="x").feature_ids != model.feature_ids

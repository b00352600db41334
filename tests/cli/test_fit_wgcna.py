from __future__ import annotations

import numpy as np
import orjson
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.network.wgcna import WgcnaConfig, blockwise_modules
from isograph.runtime import resources


@pytest.fixture
def logs(tmp_path):
    """A bundle of log values with two modules of genes, a constant gene and one that is mostly missing."""
    rng = np.random.default_rng(0)
    home = np.repeat([0, 1, 2], [30, 22, 18])
    latents = np.vstack([rng.normal(size=(2, 36)), np.zeros(36)])
    values = latents[home] + 0.6 * rng.normal(size=(70, 36))
    values[5] = 2.0
    values[6, :18] = np.nan
    samples = pl.DataFrame({"sample_id": [f"s{number}" for number in range(36)], "age": rng.normal(size=36)})
    genes = pl.DataFrame({"gene_id": [f"g{number:02d}" for number in range(70)]})
    return write_bundle(Bundle("logs", samples, {"gene": genes}, {"gene_log": values}), tmp_path / "logs"), values


def test_fit__with_wgcna_writes_the_modules_of_r_with_their_colours(isograph, logs, tmp_path):
    path, values = logs
    out = tmp_path / "fit"
    ended = isograph("fit", path, "--backend", "wgcna", "--output-dir", out, "--set", "power=6")
    assert ended.code == 0
    assert ended.out == f"{out}\n"
    kept = np.delete(np.arange(70), [5])
    labels = blockwise_modules(values[kept], WgcnaConfig(power=6)).labels
    modules = dict(pl.read_parquet(out / "modules.parquet").select("gene_id", "module_id").iter_rows())
    assert modules == {
        f"g{gene:02d}": f"M{label - 1:03d}" for gene, label in zip(kept, labels, strict=True) if label > 0
    }
    summary = pl.read_parquet(out / "module_summary.parquet")
    assert summary.get_column("wgcna_color").to_list() == ["turquoise", "blue"]
    assert pl.read_parquet(out / "excluded_features.parquet").rows() == [
        ("g05", "abundance", "constant or too few values", None),
        ("g06", "abundance", "half of its values or more are missing", None),
    ]
    told = orjson.loads((out / "calibration.json").read_bytes())
    assert (told["power"], told["n_modules"], told["block_sizes"]) == (6.0, 2, [68])
    assert told["excluded_samples"] == []
    recorded = orjson.loads((out / "fit_config.json").read_bytes())
    assert recorded["settings"]["tom_type"] == "signed"
    assert pl.read_parquet(out / "edges.parquet").height == told["n_edges"] > 0


def test_fit__with_wgcna_says_when_no_power_is_good_enough(isograph, logs, tmp_path):
    settings = ("--set", "r_squared_cut=1.0", "--set", "network_type=signed_hybrid")
    ended = isograph("fit", logs[0], "--backend", "wgcna", "--output-dir", tmp_path / "fit", *settings)
    assert ended.code == 0
    assert "power 7: no power reaches scale-free R² 1 with a falling line: the published default" in ended.err


def test_fit__with_wgcna_that_finds_nothing_is_no_error(isograph, logs, tmp_path):
    settings = ("--set", "power=6", "--set", "min_module_size=60")
    ended = isograph("fit", logs[0], "--backend", "wgcna", "--output-dir", tmp_path / "fit", *settings)
    assert ended.code == 0
    assert "logs: 0 modules; 0 of 69 genes in a module" in ended.err


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (["power=31"], 2, "error: power is 31.0, expected 1 to 30"),
        (["detect_cut_height=-1"], 2, "error: detect_cut_height is -1.0, expected 0 to 10"),
        (["pam_stage=maybe"], 2, "error: pam_stage is 'maybe', expected true or false"),
        (["powr=6"], 2, "error: there is no setting 'powr'; did you mean 'power'?"),
    ],
)
def test_fit__with_wgcna_refuses_settings(isograph, logs, tmp_path, settings, code, message):
    given = [word for setting in settings for word in ("--set", setting)]
    ended = isograph("fit", logs[0], "--backend", "wgcna", "--output-dir", tmp_path / "fit", *given)
    assert ended.code == code
    assert message in ended.err
    assert not (tmp_path / "fit").exists()


def test_fit__with_wgcna_larger_than_memory_is_refused_before_it_is_made(isograph, logs, tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 200_000_000)
    monkeypatch.setattr("isograph.pipeline.preflight.resident_memory", lambda: 0)
    ended = isograph("fit", logs[0], "--backend", "wgcna", "--output-dir", tmp_path / "fit")
    assert ended.code == 4
    assert "a network of 70 features × 36 samples needs about" in ended.err
    assert ended.err.rstrip().endswith("Or divide it into blocks, as R does: --set max_block_size=5000.")
    assert not (tmp_path / "fit").exists()


def test_fit__with_wgcna_of_three_samples_is_refused(isograph, tmp_path):
    values = np.random.default_rng(0).normal(size=(10, 3))
    samples = pl.DataFrame({"sample_id": ["a", "b", "c"]})
    genes = pl.DataFrame({"gene_id": [f"g{number}" for number in range(10)]})
    path = write_bundle(Bundle("few", samples, {"gene": genes}, {"gene_log": values}), tmp_path / "few")
    ended = isograph("fit", path, "--backend", "wgcna", "--output-dir", tmp_path / "fit")
    assert ended.code == 3
    assert "expected at least 4 of each" in ended.err
    assert not (tmp_path / "fit").exists()

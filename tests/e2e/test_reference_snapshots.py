from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import polars as pl
import pytest

import isograph as ig
from isograph.schemas.role import ACTIVE_ROLES

ROOT = Path(__file__).resolve().parents[2]


def maker():
    spec = importlib.util.spec_from_file_location("make_snapshots", ROOT / "benchmarks" / "snapshots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory, fits_in_process) -> dict[str, Path]:
    """Snapshots of the toy fixtures as the code stands."""
    with fits_in_process():
        return maker().made_snapshots(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("name", ["toy_v1", "toy_multiplex_v1"])
def test_reference_snapshot__is_what_the_code_gives(made, name):
    comparison = ig.compare(ROOT / "fixtures" / "snapshots" / name, made[name])
    assert comparison.passed, f"{comparison.as_text()}\nIf this is meant, run make snapshots and commit what it shows."


@pytest.mark.parametrize(("name", "n_genes"), [("toy_v1", 24), ("toy_multiplex_v1", 40)])
def test_reference_snapshot__finds_what_was_planted(name, n_genes):
    snapshot = ig.load_snapshot(ROOT / "fixtures" / "snapshots" / name)
    metrics = snapshot.metrics
    assert (metrics["n_genes"], metrics["ari"], metrics["recovery"]) == (n_genes, 1.0, 1.0)
    assert {metrics["role_recall"][role] for role in ACTIVE_ROLES} <= {1.0, None}


def test_make_snapshots__replaces_only_what_differs_and_shows_it(made, tmp_path):
    reference = tmp_path / "toy_v1"
    snapshots = maker()
    assert snapshots.renewed("toy_v1", made["toy_v1"], reference) == "toy_v1: written\nnew"
    assert not (reference / "run.log").exists()
    assert snapshots.renewed("toy_v1", made["toy_v1"], reference) == "toy_v1: no differences, kept as it is"
    shutil.rmtree(reference)
    ig.save_snapshot(ig.load_snapshot(made["toy_multiplex_v1"]), reference)
    change = snapshots.renewed("toy_v1", made["toy_v1"], reference)
    assert change.startswith("toy_v1: written\nReference: ")
    assert "Differences (" in change
    assert ig.load_snapshot(reference).modules.select(pl.len()).collect(engine="in-memory").item() == 24

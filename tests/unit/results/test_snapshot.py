from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import orjson
import polars as pl
import pytest

import isograph as ig
from isograph.errors import InputError, UsageError
from isograph.results.snapshot import SNAPSHOT_FILES, Snapshot
from isograph.schemas import FIT_TABLES


def digests(path: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.iterdir()}


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory) -> Path:
    """A snapshot, which no test may change."""
    out = tmp_path_factory.mktemp("snapshots") / "toy"
    return ig.save_snapshot(fitted, out, metrics={"ari": 1.0}, run_config={"stage": "test"})


def test_snapshot__gives_the_tables_of_the_fit_back(saved, fitted):
    snapshot = ig.load_snapshot(saved)
    for table in FIT_TABLES:
        assert snapshot.scan(table).collect(engine="in-memory").equals(fitted.scan(table).collect(engine="in-memory"))
    assert (snapshot.metrics, snapshot.run_config) == ({"ari": 1.0}, {"stage": "test"})
    assert snapshot.relation("modules").count("gene_id").fetchall() == [(40,)]
    assert repr(snapshot).startswith(f"Snapshot('{saved}')\ntoy_multiplex_v1: 2 modules")


def test_snapshot__has_the_files_of_its_contract(saved):
    assert {file.name for file in saved.iterdir()} == {*SNAPSHOT_FILES, "manifest.json", "run.log"}


def test_snapshot__explains_itself(saved):
    manifest = orjson.loads((saved / "manifest.json").read_bytes())
    entry = manifest["files"]["module_summary.parquet"]
    assert (manifest["artifact"], manifest["schema_version"], entry["n_rows"]) == ("snapshot", 1, 2)
    assert (entry["key"], entry["row"]) == (["module_id"], "one module")
    assert entry["columns"][1] == {"name": "n_genes", "type": "Int64", "meaning": "genes in the module"}
    assert [column["name"] for column in entry["columns"]] == list(FIT_TABLES["module_summary"].schema)


def test_snapshot__of_another_run_of_the_same_has_the_same_bytes(saved, multiplex, tmp_path):
    again = ig.fit(multiplex, output_dir=tmp_path / "elsewhere" / "fit", seed=5, covariates="Sex", threads=1)
    other = ig.save_snapshot(again, tmp_path / "other", metrics={"ari": 1.0}, run_config={"stage": "test"})
    one, two = digests(saved), digests(other)
    assert {name for name in one if one[name] != two[name]} == {"run.log"}


def test_snapshot__of_a_snapshot_is_the_same(saved, tmp_path):
    snapshot = ig.load_snapshot(saved)
    copy = ig.save_snapshot(snapshot, tmp_path / "copy", metrics=snapshot.metrics, run_config=snapshot.run_config)
    assert digests(copy) == digests(saved)


def test_snapshot__holds_no_seconds_threads_or_place(saved):
    texts = [(saved / name).read_text() for name in ("calibration.json", "fit_config.json", "manifest.json")]
    assert [word for word in ('"seconds"', '"threads"', '"path"') if any(word in text for text in texts)] == []


def test_snapshot__by_default_records_the_configuration_of_the_fit(fitted, tmp_path):
    snapshot = ig.load_snapshot(ig.save_snapshot(fitted, tmp_path / "toy"))
    assert (snapshot.run_config["fit"]["seed"], snapshot.metrics) == (5, {})


def test_snapshot__guards_its_text_against_spreadsheets(small_bundle, tmp_path):
    names = [f"={letter}" for letter in "abcdefgh"]
    fitted = ig.fit(small_bundle(names), output_dir=tmp_path / "fit")
    out = ig.save_snapshot(fitted, tmp_path / "snapshot")
    hub = fitted.module_summary.collect(engine="in-memory").get_column("hub_gene")[0]
    summary = pl.read_csv(out / "module_summary.tsv", separator="\t")
    assert (hub[0], summary.get_column("hub_gene")[0]) == ("=", f"'{hub}")


def test_snapshot__is_not_replaced_unasked_nor_anything_else_ever(saved, fitted, tmp_path):
    out = ig.save_snapshot(fitted, tmp_path / "toy")
    with pytest.raises(UsageError, match="exists and is not empty"):
        ig.save_snapshot(fitted, out)
    assert ig.save_snapshot(fitted, out, overwrite=True) == out
    shutil.copytree(fitted.path, tmp_path / "fit")
    with pytest.raises(UsageError, match="is not a snapshot, so it is not replaced"):
        ig.save_snapshot(fitted, tmp_path / "fit", overwrite=True)


def test_load_snapshot__refuses_what_is_none(fitted, multiplex):
    for path, what in ((fitted.path, "is not a snapshot"), (multiplex, "is a bundle")):
        with pytest.raises(InputError, match=f"{what}, expected a directory that save_snapshot wrote"):
            ig.load_snapshot(path)


def test_load_snapshot__names_what_was_changed_or_lost(saved, tmp_path):
    out = tmp_path / "damaged"
    shutil.copytree(saved, out)
    (out / "metrics.json").write_bytes(b"{}")
    (out / "edges.parquet").unlink()
    with pytest.raises(InputError) as raised:
        ig.load_snapshot(out)
    assert [text.partition(":")[0] for text in raised.value.violations] == [
        "1 files missing", "1 files changed since they were written"
    ]  # fmt: skip


def test_load_snapshot__refuses_another_schema_version(saved, tmp_path):
    out = tmp_path / "later"
    shutil.copytree(saved, out)
    manifest = orjson.loads((out / "manifest.json").read_bytes())
    (out / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 2, "isograph_version": "9.0"}))
    with pytest.raises(InputError) as raised:
        Snapshot(out)
    (told,) = raised.value.violations
    assert told.startswith("is a snapshot of schema version 2, expected 1; isograph 9.0 wrote it.")

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.errors import InputError, UsageError

EARLIER = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5"


def bundle_of_three(**changes: object) -> Bundle:
    whole = Bundle(
        dataset_name="three",
        samples=pl.DataFrame({"sample_id": ["a", "b", "c"]}),
        feature_tables={"gene": pl.DataFrame({"gene_id": ["G1"]})},
        matrices={"gene_counts": np.array([[1.0, 2.0, 3.0]])},
    )
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize("name", ["toy_v1", "toy_multiplex_v1"])
def test_write_bundle__has_the_layout_of_the_earlier_program(tmp_path, name):
    written = write_bundle(read_bundle(EARLIER / name), tmp_path / name)
    assert sorted(path.name for path in written.iterdir()) == sorted(path.name for path in (EARLIER / name).iterdir())
    manifest = json.loads((written / "manifest.json").read_bytes())
    digests = {key for key in manifest["provenance"] if key.startswith("sha256:")}
    assert digests == {f"sha256:{path.name}" for path in written.iterdir() if path.name != "manifest.json"}
    for digest in digests:
        del manifest["provenance"][digest]
    assert manifest == json.loads((EARLIER / name / "manifest.json").read_bytes())
    for path in written.glob("*.npz"):
        with zipfile.ZipFile(path) as ours, zipfile.ZipFile(EARLIER / name / path.name) as theirs:
            assert ours.namelist() == theirs.namelist() == ["data.npy"]
            assert ours.read("data.npy") == theirs.read("data.npy")
    for path in written.glob("*.parquet"):
        assert pl.read_parquet_schema(path) == pl.read_parquet_schema(EARLIER / name / path.name)


def test_write_bundle__puts_extra_files_beside_the_manifest(tmp_path):
    out = write_bundle(bundle_of_three(), tmp_path / "out", extra_files={"import_report.json": b"{}"})
    assert (out / "import_report.json").read_bytes() == b"{}"
    assert "import_report.json" not in (out / "manifest.json").read_text()
    assert read_bundle(out).sample_ids == ["a", "b", "c"]


def test_write_bundle__forgets_digests_of_files_that_are_gone(tmp_path):
    first = read_bundle(write_bundle(bundle_of_three(provenance={"seed": "7"}), tmp_path / "first"))
    assert sorted(first.provenance) == [
        "seed", "sha256:gene_counts.npz", "sha256:genes.parquet", "sha256:samples.parquet",
    ]  # fmt: skip
    log = dataclasses.replace(first, matrices={"gene_log": np.zeros((1, 3))})
    second = read_bundle(write_bundle(log, tmp_path / "second"))
    assert sorted(second.provenance) == [
        "seed", "sha256:gene_log.npz", "sha256:genes.parquet", "sha256:samples.parquet",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset_name": "../up"},
        {"feature_tables": {"my kind": pl.DataFrame()}},
        {"matrices": {"a/../../b": np.zeros((1, 3))}},
        {"provenance": {"seed": 7}},
    ],
)
def test_write_bundle__writes_nothing_that_could_not_be_read(tmp_path, changes):
    with pytest.raises(InputError):
        write_bundle(bundle_of_three(**changes), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "extra", "named"),
    [
        ({"feature_tables": {"samples": pl.DataFrame()}}, {}, "samples.parquet"),
        ({"feature_tables": {"gene": pl.DataFrame(), "genes": pl.DataFrame()}}, {}, "genes.parquet"),
        ({}, {"manifest.json": b"{}"}, "manifest.json"),
        ({}, {"gene_counts.npz": b""}, "gene_counts.npz"),
    ],
)
def test_write_bundle__lets_no_file_replace_another(tmp_path, changes, extra, named):
    with pytest.raises(InputError) as caught:
        write_bundle(bundle_of_three(**changes), tmp_path / "out", extra_files=extra)
    assert str(caught.value) == (
        f"bundle: several parts would become the same file: '{named}'. Rename the kind or assay."
    )
    assert list(tmp_path.iterdir()) == []


def test_write_bundle__replaces_only_what_it_may(tmp_path):
    out = write_bundle(bundle_of_three(), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(UsageError, match=r"exists and is not empty\. Pass overwrite=True"):
        write_bundle(bundle_of_three(description="other"), out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    write_bundle(bundle_of_three(description="other"), out, overwrite=True)
    assert read_bundle(out).description == "other"

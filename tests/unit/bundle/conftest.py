from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.read import inspect_bundle

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5"


@dataclass
class EditableBundle:
    path: Path

    def manifest(self) -> dict:
        return json.loads((self.path / "manifest.json").read_bytes())

    def write_manifest(self, manifest: dict) -> None:
        (self.path / "manifest.json").write_text(json.dumps(manifest))

    def change_manifest(self, **values: object) -> None:
        self.write_manifest(self.manifest() | values)

    def table(self, filename: str) -> pl.DataFrame:
        return pl.read_parquet(self.path / filename)

    def write_table(self, filename: str, frame: pl.DataFrame) -> None:
        frame.write_parquet(self.path / filename)

    def matrix(self, assay: str) -> np.ndarray:
        with np.load(self.path / f"{assay}.npz", allow_pickle=False) as arrays:
            return arrays["data"]

    def write_matrix(self, assay: str, matrix: np.ndarray) -> None:
        np.savez_compressed(self.path / f"{assay}.npz", data=matrix)

    def add_matrix(self, assay: str, matrix: np.ndarray) -> None:
        self.write_matrix(assay, matrix)
        entry = {
            "assay_name": assay,
            "filename": f"{assay}.npz",
            "n_features": matrix.shape[0],
            "n_samples": matrix.shape[1],
            "encoding": "dense_npz",
        }
        self.change_manifest(matrices=[*self.manifest()["matrices"], entry])

    def add_table(self, kind: str, filename: str, frame: pl.DataFrame) -> None:
        self.write_table(filename, frame)
        entry = {"kind": kind, "filename": filename, "n_rows": frame.height}
        self.change_manifest(feature_tables=[*self.manifest()["feature_tables"], entry])

    def drop(self, *names: str) -> None:
        manifest = self.manifest()
        manifest["matrices"] = [entry for entry in manifest["matrices"] if entry["assay_name"] not in names]
        manifest["feature_tables"] = [entry for entry in manifest["feature_tables"] if entry["kind"] not in names]
        listed = {entry["filename"] for entry in manifest["feature_tables"]}
        manifest["truth_tables"] = [name for name in manifest["truth_tables"] if name in listed]
        self.write_manifest(manifest)

    def keep_samples(self, n: int) -> None:
        self.write_table("samples.parquet", self.table("samples.parquet").head(n))
        manifest = self.manifest()
        for entry in manifest["matrices"]:
            self.write_matrix(entry["assay_name"], self.matrix(entry["assay_name"])[:, :n])
            entry["n_samples"] = n
        self.write_manifest(manifest)

    def errors(self) -> list[str]:
        bundle, findings = inspect_bundle(self.path)
        errors = [str(finding) for finding in findings if finding.level == "error"]
        assert (bundle is None) == bool(errors)
        return errors

    def warnings(self) -> list[str]:
        return [str(finding) for finding in inspect_bundle(self.path)[1] if finding.level == "warning"]


@pytest.fixture
def toy(tmp_path: Path) -> EditableBundle:
    shutil.copytree(FIXTURES / "toy_v1", tmp_path / "toy_v1")
    return EditableBundle(tmp_path / "toy_v1")


@pytest.fixture
def multiplex(tmp_path: Path) -> EditableBundle:
    shutil.copytree(FIXTURES / "toy_multiplex_v1", tmp_path / "toy_multiplex_v1")
    return EditableBundle(tmp_path / "toy_multiplex_v1")

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import inspect_bundle
from isograph.bundle.write import write_bundle

STEPS = [pytest.param(101, id="some"), pytest.param(3, id="most", marks=pytest.mark.heavy)]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    bundle = Bundle(
        dataset_name="small",
        samples=pl.DataFrame({"sample_id": ["a", "b", "c"], "age": [1.0, 2.5, None], "sex": ["F", "M", "F"]}),
        feature_tables={
            "transcript": pl.DataFrame({"transcript_id": ["T1", "T2", "T3"], "gene_id": ["G1", "G1", "G2"]}),
            "gene": pl.DataFrame({"gene_id": ["G1", "G2"]}),
            "truth_switch": pl.DataFrame({"gene_id": ["G1"], "has_switch": [True]}),
        },
        matrices={"transcript_counts": np.arange(1.0, 10.0).reshape(3, 3)},
    )
    return write_bundle(bundle, tmp_path / "small")


def without_digests(path: Path) -> None:
    manifest = path / "manifest.json"
    kept = [line for line in manifest.read_text().splitlines() if "sha256:" not in line]
    manifest.write_text("\n".join(kept))


def damaged(data: bytes, step: int) -> list[bytes]:
    flipped = [
        data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]
        for position in range(0, len(data), step)
        for mask in (0x01, 0x55, 0xFF)
    ]
    return flipped + [data[:length] for length in range(0, len(data), step)]


@pytest.mark.parametrize("step", STEPS)
def test_bundle__with_digests_is_refused_after_any_change(small, step):
    for file in sorted(small.iterdir()):
        if file.name == "manifest.json":
            continue
        whole = file.read_bytes()
        for content in damaged(whole, step):
            file.write_bytes(content)
            bundle, findings = inspect_bundle(small)
            assert bundle is None
            assert f"{file.name}: changed since the bundle was written" in "\n".join(map(str, findings))
        file.write_bytes(whole)


@pytest.mark.parametrize("step", STEPS)
def test_bundle__without_digests_is_read_or_refused_but_never_breaks_the_reader(small, step):
    without_digests(small)
    assert inspect_bundle(small)[0] is not None
    n_refused = 0
    for file in sorted(small.iterdir()):
        whole = file.read_bytes()
        for content in damaged(whole, step):
            file.write_bytes(content)
            bundle, findings = inspect_bundle(small)
            errors = [finding for finding in findings if finding.level == "error"]
            assert (bundle is None) == bool(errors)
            assert all(str(finding).isprintable() for finding in findings)
            n_refused += bundle is None
        file.write_bytes(whole)
    assert n_refused > 0

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import isograph as ig

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5"


@pytest.fixture(scope="session")
def toy_fit(tmp_path_factory) -> Path:
    """A small fit, which no test may change."""
    return ig.fit(FIXTURES / "toy_v1", output_dir=tmp_path_factory.mktemp("fit") / "toy").path


@pytest.fixture
def artifacts(toy_fit, tmp_path) -> Path:
    """A directory of a bundle and two fits that a test may change."""
    root = tmp_path / "artifacts"
    shutil.copytree(FIXTURES / "toy_v1", root / "bundles" / "toy_v1")
    for name in ("a", "b"):
        shutil.copytree(toy_fit, root / "fits" / name)
    return root

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import isograph as package
from isograph.cli.app import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def isograph(monkeypatch, capsys) -> Callable[..., Ended]:
    """Run the command line in this process, as the console script does."""
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "POLARS_MAX_THREADS",
    ):
        monkeypatch.setenv(name, os.environ.get(name, "2"))

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["isograph", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def earlier_bundles() -> Path:
    """Bundles written by version 0.1.5."""
    return Path(__file__).resolve().parents[2] / "fixtures" / "bundles_0_1_5"


@pytest.fixture(scope="session")
def earlier_fit(earlier_bundles, tmp_path_factory) -> Path:
    """A fit of one of them, which no test may change."""
    return package.fit(earlier_bundles / "toy_multiplex_v1", output_dir=tmp_path_factory.mktemp("fits") / "toy").path

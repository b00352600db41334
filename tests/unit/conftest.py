from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.results.fit import Fit

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="session")
def multiplex() -> Path:
    """A bundle of 40 genes in two modules, written by version 0.1.5."""
    return FIXTURES / "bundles_0_1_5" / "toy_multiplex_v1"


@pytest.fixture(scope="session")
def fitted(multiplex, tmp_path_factory) -> Fit:
    """Its fit, which no test may change."""
    return ig.fit(multiplex, output_dir=tmp_path_factory.mktemp("fits") / "toy", seed=5, covariates="Sex")


@pytest.fixture
def small_bundle(tmp_path) -> Callable[..., Path]:
    """Write a bundle of eight genes that move together and 40 that do not, over 30 samples.

    ``names`` and ``symbols`` name the eight; other options are sample columns.
    """

    def write(names: list[str] | None = None, symbols: list[str | None] | None = None, **samples: list) -> Path:
        rng = np.random.default_rng(1)
        genes = [*(names or [f"g{i}" for i in range(8)]), *(f"other{i:02d}" for i in range(40))]
        ids = samples.pop("sample_ids", [f"S{i}" for i in range(30)])
        level = 6.0 + rng.normal(0.0, 0.4, (48, 30))
        level[:8] += rng.normal(size=30)
        table = {"gene_id": genes} | ({"gene_name": [*symbols, *[None] * 40]} if symbols else {})
        bundle = Bundle(
            "small",
            pl.DataFrame({"sample_id": ids, **samples}),
            {"gene": pl.DataFrame(table)},
            {"gene_counts": rng.poisson(np.exp(level)).astype(np.float64)},
        )
        return write_bundle(bundle, tmp_path / "small")

    return write

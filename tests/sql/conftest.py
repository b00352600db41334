from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from isograph.catalog.bundle_view import bundle_views

MULTIPLEX = Path(__file__).resolve().parents[2] / "fixtures" / "bundles_0_1_5" / "toy_multiplex_v1"


@pytest.fixture(scope="session")
def multiplex() -> Path:
    """A bundle with every table there is a view for."""
    return MULTIPLEX


@pytest.fixture
def database(multiplex: Path) -> duckdb.DuckDBPyConnection:
    with bundle_views(multiplex) as connection:
        yield connection

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.exporting.membership import Scores, fit_scores
from isograph.schemas import EDGES, EIGENGENES, FEATURE_SCORES, MODULE_GENE_ROLES, MODULES

EIGENGENE = {"M000": [0.5, 0.5, -0.5, -0.5], "M001": [0.5, -0.5, 0.5, -0.5]}
SAMPLES = ["S1", "S2", "S3", "S4"]


def _rows(contract, *rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=contract.schema, orient="row")


@pytest.fixture(scope="session")
def modules() -> pl.DataFrame:
    return _rows(
        MODULES,
        ("a", "M000", 1.0, "switch", "ALPHA"),
        ("b", "M000", -0.9, "abundance", None),
        ("c", "M000", 0.5, "abundance", "ALPHA"),
        ("d", "M001", 1.0, "abundance", "DELTA"),
        ("e", "M001", 0.8, "abundance", "<&\">'"),
    )


@pytest.fixture(scope="session")
def roles() -> pl.DataFrame:
    columns = ("gene_id", "module_role", "supported_role")
    rows = [
        ("a", "coupled", "switch_only"), ("b", "coupled", "coupled"), ("c", "inactive", "inactive"),
        ("d", "discordant", "discordant"), ("e", "abundance_only", "abundance_only"),
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema=list(columns), orient="row")
    missing = {name: dtype for name, dtype in MODULE_GENE_ROLES.schema.items() if name not in columns}
    return table.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in missing.items())


@pytest.fixture(scope="session")
def edges() -> pl.DataFrame:
    def edge(source: str, target: str, weight: float) -> tuple:
        return (source, target, weight, f"{source}::x", f"{target}::x", "switch", "abundance", 0.75)

    return _rows(
        EDGES, edge("a", "b", -0.9), edge("a", "c", 0.5), edge("b", "c", 0.7), edge("c", "d", 0.4), edge("d", "e", 0.8),
        edge("e", "f", 0.6),
    )  # fmt: skip


@pytest.fixture(scope="session")
def feature_scores() -> pl.DataFrame:
    """Features of a … f; ``a`` has both, its switch feature follows M000; ``f`` is in no module and has a gap."""
    z = {
        "a::abundance": [1.0, 0.0, 0.0, -1.0],
        "a::switch": EIGENGENE["M000"],
        "b::abundance": [-1.0, -1.0, 1.0, 1.0],
        "c::abundance": [1.0, 0.0, -1.0, 0.0],
        "d::abundance": EIGENGENE["M001"],
        "e::abundance": [2.0, -1.0, 0.0, -1.0],
        "f::switch": [float("nan"), 1.0, -1.0, 0.0],
    }
    table = pl.DataFrame([(name, name[0], name[3:], 2) for name in z], schema=FEATURE_SCORES.schema, orient="row")
    values = np.array(list(z.values()))
    return table.with_columns(pl.Series(sample, values[:, i]) for i, sample in enumerate(SAMPLES))


@pytest.fixture(scope="session")
def scores(feature_scores, eigengenes) -> Scores:
    return fit_scores(feature_scores, eigengenes)


@pytest.fixture(scope="session")
def eigengenes() -> pl.DataFrame:
    rows = [(m, s, v) for m, values in EIGENGENE.items() for s, v in zip(SAMPLES, values, strict=True)]
    return _rows(EIGENGENES, *rows)

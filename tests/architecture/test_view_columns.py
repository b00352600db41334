"""Every view holds every column of its table, in the order and of the type of the contract."""

from __future__ import annotations

import polars as pl
import pytest

from isograph.database.column_docs import column_comment
from isograph.database.statement import statement, statements
from isograph.schemas import FIT_TABLES
from isograph.schemas.explanation import EXPLAIN_TABLES

TYPES = {pl.String(): "VARCHAR", pl.Float64(): "DOUBLE", pl.Int64(): "BIGINT", pl.Boolean(): "BOOLEAN"}
KEYS_OF_RUNS = {
    **{name: {"run": "VARCHAR"} for name in FIT_TABLES},
    **{name: {"run": "VARCHAR", "module_id": "VARCHAR"} for name in EXPLAIN_TABLES},
}


@pytest.mark.parametrize("table", KEYS_OF_RUNS)
def test_views__hold_every_column_of_their_table(table):
    contract = {**FIT_TABLES, **EXPLAIN_TABLES}[table]
    expected = KEYS_OF_RUNS[table] | {name: TYPES[kind] for name, kind in contract.schema.items()}
    view = statement("artifact", table)
    assert list(view.columns.items()) == list(expected.items())
    assert view.more_columns == (contract.more is not None)
    if not view.more_columns:
        selected = view.body.removeprefix("SELECT\n").partition("\nFROM")[0]
        assert [line.strip() for line in selected.split(",")] == list(expected)


def test_views__say_what_each_column_means():
    for view in statements("artifact").values():
        for column in view.columns:
            comment = column_comment(view.name, column)
            assert comment.endswith(".")
            assert "Never null" in comment or "Null" in comment or "NaN" in comment

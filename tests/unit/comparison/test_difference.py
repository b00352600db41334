from __future__ import annotations

import polars as pl
import pytest

from isograph.comparison.difference import Difference, record_differences, table_differences
from isograph.schemas import Column, Table

CONTRACT = Table(
    name="things",
    row="one thing",
    columns=(
        Column("id", pl.String(), ""),
        Column("kme", pl.Float64(), ""),
        Column("pvalue", pl.Float64(), ""),
        Column("statistic", pl.Float64(), ""),
        Column("n", pl.Int64(), ""),
        Column("role", pl.String(), "", "none"),
    ),
    key=("id",),
    order="id",
    more=pl.Float64(),
)


def things(**columns: list) -> pl.DataFrame:
    standard = {"id": ["a", "b"], "kme": [0.5, -0.5], "pvalue": [1e-300, 0.5], "statistic": [1e6, 2.0], "n": [1, 2]}
    return pl.DataFrame({**standard, "role": ["x", None], "S1": [0.0, 1.0], "S2": [1.0, 2.0]} | columns)


def test_table_differences__of_the_same_are_none_in_any_order():
    assert table_differences(CONTRACT, things(), things().reverse()) == []


@pytest.mark.parametrize(
    ("column", "values", "rows", "largest"),
    [
        ("kme", [0.5 + 2e-8, -0.5], 1, 2e-8),
        ("pvalue", [1e-299, 0.5], 1, 9e-300),
        ("statistic", [1e6 + 2, 2.0], 1, 2.0),
        ("n", [1, 4], 1, 2.0),
        ("role", ["x", "y"], 1, None),
        ("kme", [float("nan"), -0.4], 2, 0.1),
        ("kme", [None, -0.5], 1, None),
    ],
)
def test_table_differences__count_rows_and_the_largest(column, values, rows, largest):
    (found,) = table_differences(CONTRACT, things(), things(**{column: values}))
    assert (found.file, found.table, found.column, found.rows) == ("things.parquet", "things", column, rows)
    assert found.max_abs_difference == (None if largest is None else pytest.approx(largest, rel=1e-6))


@pytest.mark.parametrize(
    ("column", "values"),
    [("kme", [0.5 + 5e-9, -0.5]), ("pvalue", [1.0000001e-300, 0.5]), ("statistic", [1e6 + 0.5, 2.0])],
)
def test_table_differences__allow_rounding_unless_told_to_want_equality(column, values):
    assert table_differences(CONTRACT, things(), things(**{column: values})) == []
    assert len(table_differences(CONTRACT, things(), things(**{column: values}), tolerance=0.0)) == 1


def test_table_differences__take_nan_null_and_infinity_for_themselves():
    same = things(kme=[float("nan"), None], statistic=[float("inf"), -float("inf")])
    assert table_differences(CONTRACT, same, same.clone()) == []


def test_table_differences__tell_infinity_from_a_number():
    (found,) = table_differences(CONTRACT, things(), things(statistic=[float("inf"), 2.0]))
    assert (found.rows, found.max_abs_difference) == (1, None)


def test_table_differences__name_rows_and_columns_of_one_side():
    found = table_differences(CONTRACT, things().drop("role"), things(id=["b", "c"]))
    assert found == [
        Difference("things.parquet", "things", "role", 2, only_in="candidate"),
        Difference("things.parquet", "things", None, 1, only_in="reference", examples=("a",)),
        Difference("things.parquet", "things", None, 1, only_in="candidate", examples=("c",)),
        Difference("things.parquet", "things", "kme", 1, 1.0, examples=("b",)),
        Difference("things.parquet", "things", "pvalue", 1, 0.5, examples=("b",)),
        Difference("things.parquet", "things", "statistic", 1, pytest.approx(999998.0), examples=("b",)),
        Difference("things.parquet", "things", "n", 1, 1.0, examples=("b",)),
        Difference("things.parquet", "things", "(sample columns)", 1, 1.0, examples=("b",)),
    ]


def test_table_differences__take_sample_columns_together():
    (found,) = table_differences(CONTRACT, things(), things(S1=[0.5, 1.0], S2=[1.0, 2.25]))
    assert (found.column, found.rows, found.max_abs_difference) == ("(sample columns)", 2, 0.5)


def test_table_differences__of_empty_tables_are_none():
    assert table_differences(CONTRACT, things().clear(), things().clear()) == []


def test_record_differences__name_the_way_to_the_value():
    one = {"a": {"b": [1, 2.0]}, "seconds": {"read": 1.0}, "threads": 2, "t": True, "gone": None}
    other = {"a": {"b": [1, 2.5]}, "seconds": {"read": 9.0}, "threads": 4, "t": 1, "new": "x"}
    found = record_differences("c.json", one, other)
    assert [(entry.column, entry.max_abs_difference, entry.only_in, entry.examples) for entry in found] == [
        ("a.b[1]", 0.5, None, ("2.0", "2.5")),
        ("gone", None, "reference", ("None",)),
        ("new", None, "candidate", ("x",)),
    ]


def test_record_differences__allow_rounding_of_floats_not_of_integers():
    assert record_differences("c.json", {"x": 1.0}, {"x": 1.0 + 1e-9}) == []
    assert len(record_differences("c.json", {"x": 10**9}, {"x": 10**9 + 1})) == 1

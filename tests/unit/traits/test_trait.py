from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from isograph.errors import InputError
from isograph.traits.trait import level_rows, read_traits

NAN = float("nan")


def samples(**columns: object) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    return pl.DataFrame({"sample_id": [f"S{i}" for i in range(n)], **columns})


def read(column: object, entry: str = "t"):
    (trait,) = read_traits(samples(t=column), [entry], []).traits
    return trait


def violations(frame: pl.DataFrame, *requested: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        read_traits(frame, requested, [])
    assert raised.value.subject == "traits"
    return raised.value.violations


@pytest.mark.parametrize(
    ("column", "values", "reading"),
    [
        ([1.5, None, NAN, 4.0, float("inf")], [1.5, NAN, NAN, 4.0, NAN], "number (2 values)"),
        ([3, 1, None], [3.0, 1.0, NAN], "number (2 values)"),
        ([date(1970, 1, 2), date(1970, 1, 11), None], [1.0, 10.0, NAN], "number (2 values)"),
    ],
    ids=["float", "integer", "date"],
)
def test_read_traits__reads_numbers_and_dates_as_numbers(column, values, reading):
    trait = read(column)
    np.testing.assert_array_equal(trait.values, values)
    assert trait.levels == ()
    assert trait.reading == reading


@pytest.mark.parametrize(
    ("column", "entry", "values", "levels", "reading"),
    [
        (
            ["b", "a", None, "b"],
            "t",
            [1.0, 0.0, NAN, 1.0],
            ("a", "b"),
            "2 levels (a 1, b 2), reference a",
        ),
        (
            ["b", "a", None, "b"],
            "t:ref=b",
            [0.0, 1.0, NAN, 0.0],
            ("b", "a"),
            "2 levels (b 2, a 1), reference b",
        ),
        (
            [True, False, True, None],
            "t",
            [1.0, 0.0, 1.0, NAN],
            ("false", "true"),
            "2 levels (false 1, true 2), reference false",
        ),
        (
            [True, False, True, None],
            "t:ref=true",
            [0.0, 1.0, 0.0, NAN],
            ("true", "false"),
            "2 levels (true 2, false 1), reference true",
        ),
        (
            ["z", "y", "x", "x", "z"],
            "t:ref=z",
            [0.0, 2.0, 1.0, 1.0, 0.0],
            ("z", "x", "y"),
            "3 levels (z 2, x 2, y 1), reference z",
        ),
        (
            ["01", "1", "01"],
            "t",
            [0.0, 1.0, 0.0],
            ("01", "1"),
            "2 levels (01 2, 1 1), reference 01",
        ),
    ],
)
def test_read_traits__reads_text_and_booleans_as_levels(column, entry, values, levels, reading):
    trait = read(column, entry)
    np.testing.assert_array_equal(trait.values, values)
    assert trait.levels == levels
    assert trait.reading == reading


def test_read_traits__takes_every_column_that_can_be_one():
    frame = samples(
        dx=["a", "b", "a"],
        flat=[1.0, 1.0, 1.0],
        empty=pl.Series([None] * 3, dtype=pl.Float64),
        label=["p", "q", "r"],
        batch=["u", "v", "u"],
        age=[1, 2, 3],
    )
    found = read_traits(frame, [], ["batch"])
    assert [trait.name for trait in found.traits] == ["dx", "age"]
    assert found.skipped == {
        "flat": "it has one value only",
        "empty": "every value is missing",
        "label": "every sample has its own value",
    }


def test_read_traits__passes_over_a_column_of_too_many_levels():
    labels = [f"l{i // 2}" for i in range(102)]
    found = read_traits(samples(few=[f"l{i // 3}" for i in range(102)], many=labels), [], [])
    assert [trait.name for trait in found.traits] == ["few"]
    assert found.skipped == {"many": "it has 51 levels, more than 50"}


def test_read_traits__keeps_the_order_that_was_asked_for():
    frame = samples(a=[1, 2, 3], b=[1, 2, 2], c=[3, 1, 2])
    assert [trait.name for trait in read_traits(frame, ["c", "a"], []).traits] == ["c", "a"]


@pytest.mark.parametrize(
    ("requested", "violation"),
    [
        ("Dx", "no trait column 'Dx'. Columns: dx, age, flat, empty, label."),
        ("sample_id", "no trait column 'sample_id'. Columns: dx, age, flat, empty, label."),
        ("flat", "'flat' cannot be a trait: it has one value only. Name another."),
        ("empty", "'empty' cannot be a trait: every value is missing. Name another."),
        ("label", "'label' cannot be a trait: every sample has its own value. Name another."),
        ("dx:ref=c", "'dx' has no level 'c': its levels are 'a', 'b'."),
        ("age:ref=1", "'age' has no level '1': it is a number and has no levels."),
        ("dx:spline", "'dx' is no number, so there is no spline of it. Name the column alone."),
        (
            "age:spline",
            (
                "'age' has 3 different values, and its spline needs 4 or more. Name the column alone, or read its "
                "values as levels: 'age:factor'."
            ),
        ),
        ("age:factor", "'age' cannot be a trait: every sample has its own value. Name another."),
        (
            "age:dx",
            (
                "no trait column 'age:dx'. Interactions are out of scope: put the combinations into a column of their "
                "own and name that, or fit the groups apart."
            ),
        ),
        (
            "age:poly",
            "no trait column 'age:poly'. Write COLUMN or COLUMN:ref=LEVEL or COLUMN:factor or COLUMN:spline.",
        ),
    ],
)
def test_read_traits__refuses_what_was_asked_for_and_cannot_be(requested, violation):
    frame = samples(
        dx=["a", "b", "a"],
        age=[1, 2, 3],
        flat=["x", "x", None],
        empty=pl.Series([None, NAN, None], dtype=pl.Float64),
        label=["p", "q", "r"],
    )
    assert violations(frame, requested) == (violation,)


def test_read_traits__lists_everything_wrong_at_once():
    frame = samples(dx=["a", "b", "a"], flat=[1, 1, 1])
    assert violations(frame, "dx", "nowhere", "flat", "dx:ref=b") == (
        "no trait column 'nowhere'. Columns: dx, flat.",
        "'flat' cannot be a trait: it has one value only. Name another.",
        "traits named more than once: 'dx'. Name each once.",
    )


def test_level_rows__are_the_samples_of_each_level():
    rows = level_rows(read(["b", "a", None, "b", "c"]))
    assert [level.tolist() for level in rows] == [[1], [0, 3], [4]]


def test_read_traits__reads_numbers_as_levels_in_their_order():
    frame = samples(batch=[10, 2, 10, 2, None, 10])
    (trait,) = read_traits(frame, ["batch:factor"], ()).traits
    assert trait.levels == ("2", "10")
    np.testing.assert_array_equal(trait.values, [1.0, 0.0, 1.0, 0.0, NAN, 1.0])
    assert trait.reading == "2 levels (2 2, 10 3), reference 2"


def test_read_traits__reads_a_number_as_a_spline():
    (trait,) = read_traits(samples(age=[1.0, 2.0, 4.0, 7.0, 9.0]), ["age:spline"], ()).traits
    assert (trait.name, trait.is_spline, trait.levels) == ("age", True, ())
    assert trait.reading == "number (5 values), natural cubic spline of 3 degrees of freedom"
    assert trait.columns(np.arange(5)).shape == (3, 5)


def test_read_traits__passes_over_covariates_and_individuals_by_default():
    frame = samples(dose=[1.0, 2.0, 3.0, 4.0], batch=[1, 2, 1, 2], line=["a", "a", "b", "b"])
    names = [trait.name for trait in read_traits(frame, (), ("batch:factor",), "line").traits]
    assert names == ["dose"]


def test_columns__are_those_of_the_levels_that_are_left():
    trait = read(["b", "a", None, "b", "c"])
    np.testing.assert_array_equal(trait.columns(np.array([0, 1, 3])), [[1.0, 0.0, 1.0]])
    np.testing.assert_array_equal(trait.columns(np.array([0, 1, 4])), [[0, 1, 0], [1, 0, 0], [0, 0, 1]])

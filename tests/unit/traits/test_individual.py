from __future__ import annotations

import polars as pl
import pytest

from isograph.errors import InputError
from isograph.traits.individual import read_individuals


def samples(**columns: list) -> pl.DataFrame:
    return pl.DataFrame({"sample_id": ["S1", "S2", "S3", "S4"], **columns})


@pytest.mark.parametrize("values", [["b", "a", "b", "c"], [2, 1, 2, 3], [2.0, 1.0, 2.0, 3.0]], ids=str)
def test_read_individuals__numbers_them(values):
    found = read_individuals(samples(person=values), "person")
    assert found.number_of.tolist() == [1, 0, 1, 2]
    assert found.reading == "3 individuals, 1 to 2 samples each"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None, "a", None], "missing in 2 of 4 samples: 'S2', 'S4'"),
        ([1.0, float("nan"), 1.0, 2.0], "missing in 1 of 4 samples: 'S2'"),
        (["a", "a", "a", "a"], "names one individual only"),
        (["a", "b", "c", "d"], "names another individual in every sample"),
    ],
    ids=["missing", "nan", "one", "all"],
)
def test_read_individuals__refuses_columns_that_group_nothing(values, message):
    with pytest.raises(InputError, match=message):
        read_individuals(samples(person=values), "person")


def test_read_individuals__names_the_columns_there_are():
    with pytest.raises(InputError, match=r"no column 'donor'\. Columns: line, sex"):
        read_individuals(samples(line=["a"] * 4, sex=["F"] * 4), "donor")

from __future__ import annotations

import polars as pl
import pytest

from isograph.bundle.findings import case_problems, id_problems, repeated_values, text_problems


@pytest.mark.parametrize(
    ("ids", "problems"),
    [
        (["a", "b"], []),
        ([], []),
        (["a", None, "", "b"], ["rows without a gene id: 2"]),
        (["b", "a", "b", "a", None], ["rows without a gene id: 1", "repeated gene ids: 2 ('b', 'a')"]),
    ],
)
def test_id_problems__are_of_missing_and_of_repeated_ids(ids, problems):
    assert id_problems(pl.Series(ids, dtype=pl.String), "gene id") == problems


def test_id_problems__name_rows_and_end_with_the_advice_when_asked():
    ids = pl.Series(["a", "a", *[None] * 6])
    assert id_problems(ids, "gene id", advice=". Keep one.", names_rows=True) == [
        "rows without a gene id: 6 (rows 3, 4, 5, 6, 7, …). Keep one.",
        "repeated gene ids: 1 ('a'). Keep one.",
    ]


def test_repeated_values__come_once_and_in_order():
    assert repeated_values(pl.Series(["c", "a", None, None, "a", "c", "b", "c"])).to_list() == ["c", "a"]


def test_text_problems__quote_what_they_count():
    assert text_problems(pl.Series(["a", "é" * 128])) == []
    assert text_problems(pl.Series(["a\x1b[2J", "é" * 129, "b" * 257])) == [
        "1 id holds control or text-direction characters: 'a\\x1b[2J'. Replace these characters.",
        f"2 ids hold more than 256 bytes: '{'é' * 40}…', '{'b' * 40}…'. Shorten them.",
    ]


def test_case_problems__put_what_is_alike_together():
    assert case_problems(pl.Series(["MT1", "X"])) == []
    (problem,) = case_problems(pl.Series(["MT1", "X", "mt1"]))
    assert problem == (
        "2 ids differ from another only in case or in Unicode composition: 'MT1', 'mt1'. "
        "They are kept apart here; other programs may take them for one."
    )

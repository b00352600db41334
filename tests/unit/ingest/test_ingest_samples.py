import polars as pl
import pytest

from isograph.ingest.samples import is_transposed, make_names, match_samples, unmatched_violations


@pytest.mark.parametrize(
    ("name", "expected"),
    # R 4: make.names(c("1A2", "D10-D", "a b", "_x", ".1", ".x", "ok_1", ""))
    [
        ("1A2", "X1A2"),
        ("D10-D", "D10.D"),
        ("a b", "a.b"),
        ("_x", "X_x"),
        (".1", "X.1"),
        (".x", ".x"),
        ("ok_1", "ok_1"),
        ("", "X"),
    ],
)
def test_make_names__as_r(name, expected):
    assert make_names(name) == expected


def test_match_samples__equal_and_renamed():
    match = match_samples(["1A2", "D10-D", "S3", "S4"], ["S3", "X1A2", "D10.D", "S5"])
    assert match.pairs == {"S3": "S3", "X1A2": "1A2", "D10.D": "D10-D"}
    assert match.renamed == {"X1A2": "1A2", "D10.D": "D10-D"}
    assert match.sheet_only == ("S4",)
    assert match.counts_only == ("S5",)
    assert list(match.pairs) == ["S3", "X1A2", "D10.D"]


def test_match_samples__two_candidates_are_not_chosen_between():
    match = match_samples(["D10-D", "D10 D"], ["D10.D"])
    assert match.pairs == {}
    assert match.counts_only == ("D10.D",)


def test_unmatched_violations__both_sides():
    match = match_samples(["A", "B", "C"], ["B", "X"])
    assert unmatched_violations(match, "s.csv", n_sheet=3, n_counts=2) == [
        "rows of s.csv without counts: 2 of 3 ('A', 'C')",
        (
            "quantified samples without a row in s.csv: 1 of 2 ('X'). "
            "Correct the ids, or pass drop_unmatched=True to leave these samples out."
        ),
    ]


@pytest.mark.parametrize(
    ("sheet", "counts", "remedy"),
    [
        (["a"], ["A"], "Some differ only in case: write them alike."),
        (["a"], ["b"], "No id is in both: pass sample_column if another column of the sheet names the samples."),
    ],
)
def test_unmatched_violations__remedy(sheet, counts, remedy):
    match = match_samples(sheet, counts)
    assert unmatched_violations(match, "s.csv", n_sheet=1, n_counts=1)[-1].endswith(f". {remedy}")


@pytest.mark.parametrize(
    ("features", "samples", "expected"),
    [(["A", "B"], ["t1"], True), (["t1", "t2"], ["A"], False), (["t1"], ["x"], False)],
)
def test_is_transposed__rows_named_like_samples(features, samples, expected):
    assert is_transposed(pl.Series(features), ["A", "B"], match_samples(["A", "B"], samples)) is expected

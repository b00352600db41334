from __future__ import annotations

import polars as pl
from polars.testing import assert_frame_equal

from isograph.structure.switch_pairs import PAIR_COLUMNS, derived_pairs, extreme_pairs

COLUMNS = ("module_id", "gene_id", "transcript_id", "weight")
TYPES = (pl.String, pl.String, pl.String, pl.Float64)


def pairs_of(*rows: tuple[str | None, str, str, float | None]) -> list[tuple[object, ...]]:
    weights = pl.LazyFrame(rows, schema=dict(zip(COLUMNS, TYPES, strict=True)), orient="row")
    found = extreme_pairs(weights).collect(engine="in-memory")
    assert tuple(found.columns) == PAIR_COLUMNS
    return found.rows()


def test_extreme_pairs__highest_against_lowest():
    assert pairs_of(("M0", "g", "a", 0.2), ("M0", "g", "b", -0.9), ("M0", "g", "c", 0.8), ("M0", "g", "d", -0.1)) == [
        ("g", "c", "b", "M0", 0.8, -0.9)
    ]


def test_extreme_pairs__ties_go_to_the_first_transcript():
    assert pairs_of(("M0", "g", "a", -1.0), ("M0", "g", "b", 1.0), ("M0", "g", "c", 1.0), ("M0", "g", "d", -1.0)) == [
        ("g", "b", "a", "M0", 1.0, -1.0)
    ]


def test_extreme_pairs__sorted_by_module_with_genes_in_none_last():
    found = pairs_of(
        (None, "a", "a1", 1.0), (None, "a", "a2", 0.0),
        ("M1", "c", "c1", 1.0), ("M1", "c", "c2", 0.0),
        ("M0", "d", "d1", 1.0), ("M0", "d", "d2", 0.0),
        ("M1", "b", "b1", 0.0), ("M1", "b", "b2", 1.0),
    )  # fmt: skip
    assert [row[:4] for row in found] == [
        ("d", "d1", "d2", "M0"),
        ("b", "b2", "b1", "M1"),
        ("c", "c1", "c2", "M1"),
        ("a", "a1", "a2", None),
    ]


def test_extreme_pairs__genes_without_two_different_weights_have_none():
    assert (
        pairs_of(
            ("M0", "one", "a", 0.5),
            ("M0", "equal", "b", 0.5),
            ("M0", "equal", "c", 0.5),
            ("M0", "unknown", "d", float("nan")),
            ("M0", "unknown", "e", None),
            ("M0", "unknown", "f", 0.1),
        )
        == []
    )


def test_derived_pairs__are_those_of_the_directory_that_was_opened(fitted):
    pairs, kind = derived_pairs(fitted)
    assert kind == "fit"
    assert_frame_equal(pairs, derived_pairs(fitted.path)[0])
    assert pairs.height > 0

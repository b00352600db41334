from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.errors import InputError
from isograph.explanation.user_tables import Annotation, read_annotation, read_features, read_module_scores
from isograph.schemas import GENE_NAME, Column, Table
from isograph.schemas.explanation import EXPLAIN_TABLES, GENE_DRIVER_TABLE, TRANSCRIPT_POLARITY_TABLE

SAMPLES = ["S0", "S1", "S2"]
IDS = {
    "gene_id": pl.Series(["g0", "g1"]),
    "feature_id": pl.Series(["g0::switch", "g1::abundance"]),
    "transcript_id": pl.Series(["t0", "t1"]),
}


@pytest.fixture
def table(tmp_path):
    """Write a table and return its path."""

    def write(text: str, name: str = "table.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def violations(read, *arguments) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        read(*arguments)
    return raised.value.violations


def test_read_features__takes_samples_in_the_order_of_the_fit(table):
    path = table("gene_id,S2,feature_id,S0,S1,other\ng0,3,f0,1,,x\ng1,NaN,f1,4,5,x\n")
    features = read_features(path, None, SAMPLES)
    assert features.rows.to_dict(as_series=False) == {
        "feature_id": ["f0", "f1"], "gene_id": ["g0", "g1"], "transcript_id": [None, None],
        "feature_type": ["given", "given"],
    }  # fmt: skip
    assert np.array_equal(features.values, [[1.0, np.nan, 3.0], [4.0, 5.0, np.nan]], equal_nan=True)


def test_read_features__takes_what_is_known_of_them_from_another_table(table):
    path = table("feature_id,S0,S1,S2,gene_id\nf0,1,2,3,wrong\n")
    meta = table("feature_id,gene_id,transcript_id,feature_type\nf0,g0,t0,splice\n", "meta.csv")
    assert read_features(path, meta, SAMPLES).rows.rows() == [("f0", "g0", "t0", "splice")]


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("gene_id,S0\ng,1\n", "no column 'feature_id'"),
        ("feature_id,S0\nf,1\nf,2\n", "1 feature_id more than once: 'f'"),
        ("feature_id,S0\nf,1\n", "2 of 3 samples of the fit have no column: 'S1', 'S2'. Add them."),
        ("feature_id,S0,S1,S2\nf,1,2,inf\n", "infinite values. Every value is a number or missing."),
        ("feature_id,S0,S1,S2\nf,1,2,x\n", "column 'S2': 1 of 1 values are not numbers: 'x'"),
        (
            "feature_id,S0,S1,S2\nf,1,2,3\n",
            "1 features without a gene_id: 'f'. Give one in the feature table or with feature_meta.",
        ),
    ],
)
def test_read_features__says_what_is_wrong(table, text, violation):
    assert violation in violations(read_features, table(text), None, SAMPLES)


def test_read_module_scores__fills_what_is_not_there_with_nan(table):
    path = table("sample_id,score,module_id\nS2,3,M1\nS0,1,M1\nS0,9,M0\nS1,,M1\n")
    scores = read_module_scores(path, ["M1"], SAMPLES)
    assert np.array_equal(scores, [[1.0, np.nan, 3.0]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module_id,value\nM0,1\n", ["no column 'sample_id'", "no column 'eigengene' or 'score'"]),
        (
            "module_id,sample_id,score\nM0,S0,1\nM0,S0,1\nM0,Z,x\n",
            [
                "column 'score': 1 of 3 values are not numbers: 'x'",
                "1 modules without a score: 'M1'",
                "1 rows of samples that the fit does not have: 'Z'",
                "2 rows that repeat a module and sample, as 'M0', 'S0'",
            ],
        ),
    ],
)
def test_read_module_scores__says_everything_that_is_wrong(table, text, expected):
    assert list(violations(read_module_scores, table(text), ["M0", "M1"], SAMPLES)) == expected


@pytest.mark.parametrize(("key", "known"), [("gene_id", "g1"), ("feature_id", "g0::switch"), ("transcript_id", "t1")])
def test_read_annotation__takes_the_first_key_that_the_table_has(table, key, known):
    annotation = read_annotation(table(f"label,{key}\na,{known}\na,{known}\nb,elsewhere\n"), IDS)
    assert (annotation.key, annotation.rows.rows()) == (key, [(known, "a"), ("elsewhere", "b")])


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("name,label\nx,1\n", "no column 'transcript_id', 'feature_id', 'gene_id'; found 'name', 'label'."),
        ("transcript_id,label\nENST1,1\n", "no transcript_id in common: it has 'ENST1', the modules have 't0', 't1'."),
        ("gene_id,label\ng0,1\ng0,2\n", "1 gene_id more than once: 'g0'. Give one row per gene_id."),
        ("gene_id\ng0\n", "no column beside the ids, so there is nothing to add. Give one row per gene_id."),
    ],
)
def test_read_annotation__says_what_is_wrong(table, text, violation):
    (message,) = violations(read_annotation, table(text), IDS)
    assert message.startswith(violation)


def test_annotation__is_added_to_the_tables_that_have_its_key():
    annotation = Annotation("transcript_id", pl.DataFrame({"transcript_id": ["b1"], "labels": ["cds:gained"]}))
    rows = pl.LazyFrame({"transcript_id": ["a1", "b1"], "r": [0.1, 0.2]})
    added = annotation.added_to(rows, TRANSCRIPT_POLARITY_TABLE).collect(engine="in-memory")
    assert added.to_dict(as_series=False) == {
        "transcript_id": ["a1", "b1"], "r": [0.1, 0.2], "labels": [None, "cds:gained"]
    }  # fmt: skip
    assert annotation.added_to(rows, GENE_DRIVER_TABLE) is rows


def test_annotation__with_symbols_puts_them_in_the_place_of_those_of_the_table():
    annotation = Annotation("gene_id", pl.DataFrame({"gene_id": ["a"], "note": ["x"], "gene_name": ["ALFA"]}))
    table = Table("some", "one gene", (Column("gene_id", pl.String(), "gene"), GENE_NAME), ("gene_id",), "none")
    rows = pl.LazyFrame({"gene_id": ["a", "b"], "gene_name": ["old", "BRAVO"]})
    added = annotation.added_to(rows, table).collect(engine="in-memory")
    assert added.rows() == [("a", "ALFA", "x"), ("b", "BRAVO", None)]
    annotation.refuse_clashes(EXPLAIN_TABLES.values(), "notes")


def test_annotation__is_refused_where_a_column_is_called_as_one_of_the_tables():
    clashing = Annotation("gene_id", pl.DataFrame({"gene_id": ["a"], "r": [1.0], "se": [1.0]}))
    with pytest.raises(InputError, match=r"^notes: 2 columns that the tables have already: 'r', 'se'\. Rename them\.$"):
        clashing.refuse_clashes(EXPLAIN_TABLES.values(), "notes")

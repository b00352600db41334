from __future__ import annotations

import polars as pl
import pytest

from isograph.errors import SchemaError
from isograph.schemas import FEATURE_SCORES, FIT_TABLES, Column, Table

PLACES = Table(
    name="places",
    row="one place",
    columns=(
        Column("city", pl.String(), "name"),
        Column("street", pl.String(), "name", null="unknown"),
        Column("metres", pl.Float64(), "height"),
    ),
    key=("city", "street"),
    order="city",
)


def frame(**changes: object) -> pl.DataFrame:
    columns = {"city": ["a", "b"], "street": ["x", None], "metres": [1.0, float("nan")]} | changes
    return pl.DataFrame({name: values for name, values in columns.items() if values is not None})


def test_checked__returns_a_frame_that_keeps_the_contract():
    good = frame()
    assert PLACES.checked(good) is good


def test_checked__takes_an_empty_frame_with_the_types():
    empty = pl.DataFrame(schema=PLACES.schema)
    assert PLACES.checked(empty) is empty


@pytest.mark.parametrize(
    ("broken", "violations"),
    [
        (frame(street=None, metres=None), ("2 columns missing: 'street', 'metres'",)),
        (frame(river=["r", "s"]), ("1 columns unexpected: 'river'",)),
        (frame(metres=[1, 2]), ("column 'metres' is Int64, expected Float64",)),
        (
            frame().select("street", "city", "metres"),
            ("columns are ['street', 'city', 'metres'], expected ['city', 'street', 'metres'] in this order",),
        ),
        (frame(metres=[1.0, None]), ("column 'metres' has 1 nulls, expected none",)),
        (frame(city=["a", "a"], street=["x", "x"]), ("key (city, street) has 1 repeated rows, expected none",)),
        (frame(city=[None, "b"]), ("column 'city' has 1 nulls, expected none",)),
        (
            frame(street=[1, 2], metres=None, river=[1, 2]),
            (
                "1 columns missing: 'metres'",
                "1 columns unexpected: 'river'",
                "column 'street' is Int64, expected String",
            ),
        ),
        (
            frame(city=["a", "a"], street=["x", "x"], metres=[None, 1.0]),
            (
                "column 'metres' has 1 nulls, expected none",
                "key (city, street) has 1 repeated rows, expected none",
            ),
        ),
    ],
)
def test_checked__lists_every_violation(broken, violations):
    with pytest.raises(SchemaError) as raised:
        PLACES.checked(broken)
    assert raised.value.violations == violations
    assert raised.value.subject == "table places"


@pytest.mark.parametrize("dtype", [pl.Float32, pl.String])
def test_checked__takes_further_columns_of_the_stated_type_only(dtype):
    scores = pl.DataFrame(
        {"feature_id": ["g::switch"], "gene_id": ["g"], "feature_type": ["switch"], "n_transcripts": [2], "S1": [0.5]}
    )
    assert FEATURE_SCORES.checked(scores) is scores
    with pytest.raises(SchemaError) as raised:
        FEATURE_SCORES.checked(scores.with_columns(pl.col("S1").cast(dtype)))
    assert raised.value.violations == ("1 columns unexpected: 'S1'",)


@pytest.mark.parametrize("table", FIT_TABLES.values(), ids=FIT_TABLES)
def test_table__says_what_everything_means(table):
    assert set(table.key) <= set(table.schema)
    assert not [column.name for column in table.columns if column.name in table.key and column.null]
    assert not [column.name for column in table.columns if not column.meaning]
    assert table.row
    assert table.order


# The columns that the contract fixes, in its words; more may stand beside them.
PROMISED = {
    "modules": "gene_id module_id kme feature_type",
    "edges": "source target weight source_feature_id target_feature_id source_feature_type target_feature_type",
    "traits": "module_id trait test effect statistic pvalue qvalue n level reference",
    "feature_scores": "feature_id gene_id feature_type n_transcripts",
    "module_gene_roles": (
        "module_id gene_id module_role switch_r abundance_r switch_abundance_r switch_active abundance_active"
    ),
    "eigengenes": "module_id sample_id eigengene",
    "module_summary": (
        "module_id n_genes n_switch_features n_abundance_features variance_explained hub_gene n_edges mean_abs_kme"
    ),
    "switch_loadings": "gene_id transcript_id loading",
}


@pytest.mark.parametrize(("name", "columns"), PROMISED.items())
def test_fit_table__has_the_promised_columns_first(name, columns):
    promised = columns.split()
    assert list(FIT_TABLES[name].schema)[: len(promised)] == promised


def test_fit_tables__keep_ids_as_text():
    ids = {
        (table.name, column.name): column.dtype
        for table in FIT_TABLES.values()
        for column in table.columns
        if column.name.endswith("_id") or column.name in ("source", "target", "hub_gene")
    }
    assert set(ids.values()) == {pl.String()}

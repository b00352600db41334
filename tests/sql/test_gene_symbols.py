"""Macros that take a gene take its symbol too, and say so where nothing is called as asked."""

from __future__ import annotations

import duckdb
import pytest

from isograph.database.connection import relation_frame
from isograph.errors import UsageError
from isograph.pipeline.sql import sql

MACROS = ("gene_story", "edges_of", "transcript_usage")


@pytest.mark.parametrize("macro", MACROS)
def test_macros__take_a_symbol_for_an_id(macro, views):
    by_id = relation_frame(views.sql(f"FROM {macro}('G0001')"))
    assert by_id.height
    assert set(by_id.get_column("gene_id")) == {"G0001"}
    assert relation_frame(views.sql(f"FROM {macro}('symbol of G0001')")).equals(by_id)


def test_gene_story__names_a_gene_in_every_run_that_knows_its_symbol(views):
    story = relation_frame(views.sql("SELECT run, gene_name FROM gene_story('G0001')"))
    assert story.rows() == [("other", None), ("run", "symbol of G0001")]


@pytest.mark.parametrize("macro", MACROS)
@pytest.mark.parametrize("gene", ["symbol of g0001", "none"])
def test_macros__say_that_no_gene_is_called_so(macro, gene, views):
    message = rf"no gene is called '{gene}' \(case counts\)$"
    with pytest.raises(duckdb.Error, match=message):
        views.sql(f"SELECT count(*) FROM {macro}('{gene}')").fetchall()


@pytest.mark.parametrize("macro", ["edges_of", "transcript_usage"])
def test_macros__say_that_the_run_has_no_such_gene(macro, views):
    assert relation_frame(views.sql(f"FROM {macro}('symbol of G0001', in_run := 'other')")).height
    with pytest.raises(duckdb.Error, match=r"'G0001' \(case counts\) in run elsewhere$"):
        views.sql(f"FROM {macro}('G0001', in_run := 'elsewhere')").fetchall()


def test_sql__says_it_as_an_error_of_usage(runs):
    with pytest.raises(UsageError) as raised:
        sql("FROM gene_story('tp53')", runs)
    assert str(raised.value) == ("the query cannot be answered: no gene is called 'tp53' (case counts)")


def test_gene_names__have_the_symbol_wherever_a_table_has_it(views):
    rows = relation_frame(
        views.sql("SELECT run, count(*) AS n, count(gene_name) AS named FROM gene_names GROUP BY run")
    )
    counts = {run: (n, named) for run, n, named in rows.rows()}
    assert counts["run"][0] == counts["run"][1]
    assert counts["other"][1] == 0

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import polars as pl
import pytest

from isograph.database.catalog import catalog_contents
from isograph.database.guard import question, questions
from isograph.database.session import Limits, answered
from isograph.database.tree import tree
from isograph.errors import ResourceError, UsageError


def ask(root: Path, sql: str, limits: Limits | None = None, **params: str) -> pl.DataFrame:
    asked = question(sql)
    return answered(catalog_contents(tree(root), asked.tables), asked, params, limits)


HOSTILE = [
    ("COPY (SELECT 1) TO 'evil.csv'", "expected a SELECT, got COPY. Nothing here can write."),
    ("WITH t AS (COPY (SELECT 1) TO 'evil.csv') FROM t", "expected a SELECT, got one with COPY in it."),
    ("WITH t AS (INSERT INTO modules VALUES (1) RETURNING *) FROM t", "expected a SELECT, got one with INSERT in it."),
    ("FROM (WITH t AS (DELETE FROM modules RETURNING *) FROM t)", "expected a SELECT, got one with DELETE in it."),
    ("WITH t AS (UPDATE modules SET kme = 0 RETURNING *) FROM t", "expected a SELECT, got one with UPDATE in it."),
    ("ATTACH 'x.duckdb'", "expected a SELECT, got ATTACH."),
    ("INSTALL httpfs", "expected a SELECT, got LOAD."),
    ("LOAD json", "expected a SELECT, got LOAD."),
    ("CREATE TABLE t AS SELECT 1", "expected a SELECT, got CREATE."),
    ("DROP VIEW modules", "expected a SELECT, got DROP."),
    ("SET threads = 4", "expected a SELECT, got SET."),
    ("PRAGMA version", "expected a SELECT, got PRAGMA."),
    ("CALL pragma_version()", "expected a SELECT, got CALL."),
    ("EXPLAIN ANALYZE SELECT 1", "expected a SELECT, got EXPLAIN."),
    ("PIVOT modules ON run", "expected a SELECT, got MULTI. A PIVOT needs its values listed: ON column IN (…)."),
    ("SELECT 1; DROP VIEW modules", "expected a SELECT, got DROP."),
    ("SELECT 1; SELECT 2", "expected one SELECT, got 2 statements."),
    ("", "expected one SELECT, got 0 statements."),
    ("SELECT 1 +", 'the query cannot be read: syntax error at or near "+"'),
    ("FROM '/etc/passwd'", "there is no view '/etc/passwd'."),
    ("FROM \"x.parquet\"", "there is no view 'x.parquet'."),
    ("FROM read_csv('/etc/passwd')", "'read_csv' is none of the macros."),
    ("FROM read_text('/etc/passwd')", "'read_text' is none of the macros."),
    ("SELECT (SELECT content FROM read_blob('/etc/passwd'))", "'read_blob' is none of the macros."),
    ("FROM glob('/*')", "'glob' is none of the macros."),
    ("FROM query('SELECT 1')", "'query' is none of the macros."),
    ("FROM query_table('modules')", "'query_table' is none of the macros."),
    ("FROM enable_logging(storage_path = 'x')", "'enable_logging' is none of the macros."),
    ("FROM duckdb_secrets()", "'duckdb_secrets' is none of the macros."),
    ("FROM files.modules", "there is no view 'files.modules'"),
    ("SELECT write_log('x')", "'write_log' may not be called here."),
    ("SELECT 'a" + "x" * 100_000 + "'", "the query has 100,010 characters, expected at most 100,000."),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message"), HOSTILE, ids=[sql[:50] for sql, _ in HOSTILE])
def test_question__refuses_everything_but_one_select_over_the_views(sql, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(message)):
        question(sql)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "views", "tables"),
    [
        ("FROM modules", {"modules"}, {"modules"}),
        ("SELECT * FROM Modules AS m JOIN edges USING (run)", {"modules", "edges"}, {"modules", "edges"}),
        ("WITH modules AS (SELECT 1 AS x) FROM modules", set(), set()),
        ("FROM module_genes('M000')", {"modules", "module_gene_roles"}, {"modules", "module_gene_roles"}),
        ("FROM role_counts", {"role_counts"}, {"module_gene_roles"}),
        ("FROM config", {"config"}, {"config_json"}),
        ("SELECT (SELECT count(*) FROM traits) FROM range(3)", {"traits"}, {"traits"}),
        ("FROM (PIVOT traits ON trait IN ('Age') USING any_value(effect))", {"traits"}, {"traits"}),
        ("DESCRIBE genes", {"genes"}, {"genes"}),
    ],
)
def test_question__knows_the_tables_it_needs(sql, views, tables):
    asked = question(sql)
    assert (set(asked.views), asked.tables) == (views, tables)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("FROM modulse", "there is no view 'modulse'; did you mean 'modules', 'module_genes', "),
        ("FROM module_gens('M000')", "'module_gens' is none of the macros; did you mean 'module_genes'?"),
    ],
)
def test_question__suggests_the_view_or_macro_that_was_meant(sql, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        question(sql)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "SELECT geneid FROM modules",
            "there is no column 'geneid'; did you mean 'gene_id'? modules has run, gene_id, ",
        ),
        ("SELECT m.gene FROM modules AS m", "there is no column 'gene'; did you mean 'gene_id', 'gene_name'? "),
        ("SELECT pval FROM traits", "there is no column 'pval'; did you mean 'pvalue'"),
        ("SELECT 1 FROM edges WHERE sorce = 'x'", "there is no column 'sorce'; did you mean 'source'? edges has run, "),
        ("FROM modules ORDER BY kmee", "there is no column 'kmee'; did you mean 'kme'? "),
    ],
)
def test_answer__suggests_the_column_that_was_meant(sql, message, artifacts):
    with pytest.raises(UsageError, match=re.escape(message)):
        ask(artifacts, sql)


def test_answer__says_what_else_is_wrong(artifacts):
    with pytest.raises(UsageError, match="the query cannot be answered: Scalar Function with name foo does not exist"):
        ask(artifacts, "SELECT foo(1)")
    with pytest.raises(UsageError, match="the query cannot be answered: Could not convert string 'a' to INT32"):
        ask(artifacts, "SELECT CAST(run AS INTEGER) FROM modules")


def test_answer__takes_parameters_as_values_and_never_as_sql(artifacts):
    hostile = "'; DROP VIEW modules; --"
    assert ask(artifacts, "SELECT $x AS x", x=hostile).rows() == [(hostile,)]
    with pytest.raises(UsageError, match="the query takes the parameters 'x', got no parameter"):
        ask(artifacts, "SELECT $x AS x")


def test_answer__ends_when_its_time_is_over(artifacts):
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"no answer after 0\.5 s\. Ask for less, or raise --timeout\."):
        ask(artifacts, "SELECT count(*) FROM range(10000000000) AS a, range(100000) AS b", Limits(seconds=0.5))
    assert time.monotonic() - started < 5


def test_answer__of_a_billion_rows_is_refused_before_it_is_read(artifacts):
    with pytest.raises(UsageError, match="the answer has more than 1,000,000 rows"):
        ask(artifacts, "FROM range(1000000000)")


def test_answer__that_needs_too_much_memory_is_refused(artifacts):
    wide = "SELECT list(i) FROM range(1000000000) AS t(i)"
    with pytest.raises(ResourceError, match="needs more than 64 MB of memory and 1 MB of disk"):
        ask(artifacts, wide, Limits(memory=64, spill=1))


def test_answer__changes_no_file(artifacts):
    def digests() -> dict[Path, str]:
        return {f: hashlib.sha256(f.read_bytes()).hexdigest() for f in artifacts.rglob("*") if f.is_file()}

    before = digests()
    assert ask(artifacts, "SELECT count(*) AS n FROM modules").rows() == [(48,)]
    assert digests() == before


def test_answer__keeps_types(artifacts):
    query = "SELECT sum(i) AS total, [1, 2] AS l, INTERVAL 1 DAY AS d, 1 AS a, 2 AS a FROM range(4) AS t(i)"
    found = ask(artifacts, query)
    assert found.rows() == [(6, [1, 2], "1 day", 1, 2)]
    assert found.columns == ["total", "l", "d", "a", "a_2"]
    assert found.schema["total"] == pl.Int64()


def test_questions__are_several_statements_in_turn():
    assert [one.tables for one in questions("FROM modules; FROM edges;")] == [{"modules"}, {"edges"}]

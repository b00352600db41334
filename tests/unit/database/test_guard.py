from __future__ import annotations

import re

import pytest

from isograph.database.guard import checked_queries
from isograph.errors import UsageError

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
def test_checked_queries__refuse_everything_but_one_select_over_the_views(sql, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(message)):
        checked_queries(sql)
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
def test_checked_queries__know_the_tables_they_need(sql, views, tables):
    (query,) = checked_queries(sql)
    assert (set(query.views), query.tables) == (views, tables)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("FROM modulse", "there is no view 'modulse'; did you mean 'modules', 'module_genes', "),
        ("FROM module_gens('M000')", "'module_gens' is none of the macros; did you mean 'module_genes'?"),
    ],
)
def test_checked_queries__suggest_the_view_or_macro_that_was_meant(sql, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        checked_queries(sql)


def test_checked_queries__are_several_statements_in_turn():
    assert [query.tables for query in checked_queries("FROM modules; FROM edges;")] == [{"modules"}, {"edges"}]

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import polars as pl
import pytest

from isograph.database.guard import checked_queries
from isograph.database.session import Limits, query_rows
from isograph.database.tree import tree
from isograph.database.verify import catalog_contents
from isograph.errors import ResourceError, UsageError, speaking_flags


def ask(root: Path, sql: str, limits: Limits | None = None, **params: str) -> pl.DataFrame:
    (query,) = checked_queries(sql)
    return query_rows(catalog_contents(tree(root), query.tables), query, params, limits or Limits())


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
def test_query_rows__suggests_the_column_that_was_meant(sql, message, artifacts):
    with pytest.raises(UsageError, match=re.escape(message)):
        ask(artifacts, sql)


def test_query_rows__says_what_else_is_wrong(artifacts):
    with pytest.raises(UsageError, match="the query cannot be answered: Scalar Function with name foo does not exist"):
        ask(artifacts, "SELECT foo(1)")
    with pytest.raises(UsageError, match="the query cannot be answered: Could not convert string 'a' to INT32"):
        ask(artifacts, "SELECT CAST(run AS INTEGER) FROM modules")


def test_query_rows__takes_parameters_as_values_and_never_as_sql(artifacts):
    hostile = "'; DROP VIEW modules; --"
    assert ask(artifacts, "SELECT $x AS x", x=hostile).rows() == [(hostile,)]
    with pytest.raises(UsageError, match=r"takes the parameters 'x', got no parameter\. Give each with params\."):
        ask(artifacts, "SELECT $x AS x")
    with speaking_flags(), pytest.raises(UsageError, match=r"Give each with --param NAME=VALUE\."):
        ask(artifacts, "SELECT $x AS x")


def test_query_rows__ends_when_its_time_is_over(artifacts):
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"no answer after 0\.5 s\. Ask for less, or raise timeout\."):
        ask(artifacts, "SELECT count(*) FROM range(10000000000) AS a, range(100000) AS b", Limits(seconds=0.5))
    assert time.monotonic() - started < 5


def test_query_rows__of_a_billion_rows_is_refused_before_it_is_read(artifacts):
    with pytest.raises(UsageError, match="the answer has more than 1,000,000 rows"):
        ask(artifacts, "FROM range(1000000000)")


def test_query_rows__that_needs_too_much_memory_is_refused(artifacts):
    wide = "SELECT list(i) FROM range(1000000000) AS t(i)"
    with pytest.raises(ResourceError, match="needs more than 64 MB of memory and 1 MB of disk"):
        ask(artifacts, wide, Limits(memory=64, spill=1))


def test_query_rows__changes_no_file(artifacts):
    def digests() -> dict[Path, str]:
        return {f: hashlib.sha256(f.read_bytes()).hexdigest() for f in artifacts.rglob("*") if f.is_file()}

    before = digests()
    assert ask(artifacts, "SELECT count(*) AS n FROM modules").rows() == [(48,)]
    assert digests() == before


def test_query_rows__keeps_types(artifacts):
    query = "SELECT sum(i) AS total, [1, 2] AS l, INTERVAL 1 DAY AS d, 1 AS a, 2 AS a FROM range(4) AS t(i)"
    found = ask(artifacts, query)
    assert found.rows() == [(6, [1, 2], "1 day", 1, 2)]
    assert found.columns == ["total", "l", "d", "a", "a_2"]
    assert found.schema["total"] == pl.Int64()

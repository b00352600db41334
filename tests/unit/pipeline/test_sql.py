from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from isograph.errors import InputError, UsageError
from isograph.pipeline.sql import sql


@pytest.fixture(scope="module")
def artifacts(fitted, multiplex, tmp_path_factory) -> Path:
    """A directory of a bundle and its fit."""
    root = tmp_path_factory.mktemp("runs") / "artifacts"
    shutil.copytree(multiplex, root / "bundles" / "toy")
    shutil.copytree(fitted.path, root / "fits" / "toy")
    return root


def test_sql__returns_the_answer(artifacts, fitted):
    found = sql("SELECT gene_id, kme FROM modules WHERE module_id = $module", artifacts, params={"module": "M000"})
    modules = fitted.modules.collect()
    expected = modules.filter(modules["module_id"] == "M000").select("gene_id", "kme")
    assert found.sort("gene_id").equals(expected.sort("gene_id"))


def test_sql__asks_of_bundles_elsewhere(multiplex):
    assert sql("SELECT count(*) AS n FROM genes", bundles=[str(multiplex)]).rows() == [(40,)]


def test_sql__takes_parameters_of_every_type(artifacts):
    assert sql("SELECT $n + 1 AS n, $x AS x", artifacts, params={"n": 2, "x": None}).rows() == [(3, None)]


def test_sql__asks_of_artifacts_by_default(artifacts, monkeypatch):
    monkeypatch.chdir(artifacts.parent)
    assert sql("SELECT kind FROM runs ORDER BY kind").rows() == [("bundle",), ("fit",)]


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("SELECT 1; SELECT 2", {}, r"expected one SELECT, got 2 statements\. Ask them one at a time\."),
        ("", {}, r"the query is empty\."),
        ("SELECT 1", {"params": {"x": 1}}, r"no statement takes a parameter 'x'\. Write it as \$x\."),
        ("FROM genes", {"max_rows": 3}, r"more than 3 rows\. Add a LIMIT or a condition, or raise max_rows\."),
        ("FROM gnes", {}, r"there is no view 'gnes'; did you mean 'genes'"),
    ],
)
def test_sql__refuses(artifacts, query, options, message):
    with pytest.raises(UsageError, match=message):
        sql(query, artifacts, **options)


def test_sql__of_nothing_says_so(tmp_path):
    with pytest.raises(InputError, match=r"in it\. Name a directory that holds some with artifacts\."):
        sql("FROM runs", tmp_path)

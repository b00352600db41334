from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

import isograph as ig
from isograph.database.script import view_names
from isograph.errors import InputError, UsageError
from isograph.results.bundle import OpenedBundle
from isograph.results.fit import Fit
from isograph.results.open import OpenedTree


@pytest.fixture
def runs(fitted, multiplex, tmp_path) -> Path:
    """A bundle and two copies of its fit, that a test may change."""
    root = tmp_path / "runs"
    shutil.copytree(multiplex, root / "bundles" / "toy")
    for name in ("first", "<b>second"):
        shutil.copytree(fitted.path, root / "fits" / name)
    return root


def test_open__of_a_directory_of_runs_is_a_tree(runs):
    tree = ig.open(runs)
    assert isinstance(tree, OpenedTree)
    assert isinstance(tree["first"], Fit)
    assert isinstance(tree["toy"], OpenedBundle)
    assert isinstance(ig.open(runs / "fits" / "first"), Fit)


def test_tree__has_every_table_as_a_lazy_frame_and_a_relation(runs):
    tree = ig.open(runs)
    assert tree.tables == view_names()
    for table in tree.tables:
        lazy = getattr(tree, table)
        rows = lazy.collect(engine="in-memory")
        assert isinstance(lazy, pl.LazyFrame)
        assert rows.columns == tree.relation(table).columns
        assert tree.relation(table).aggregate("count(*)").fetchall() == [(rows.height,)]
        assert table in dir(tree)
        assert rows.columns[0] == ("path" if table == "problems" else "run")


def test_tree__tables_are_those_of_its_runs(runs, fitted):
    modules = fitted.modules.collect(engine="in-memory")
    found = ig.open(runs).modules.filter(pl.col("run") == "first").select(modules.columns).collect(engine="in-memory")
    assert found.sort("gene_id").equals(modules.sort("gene_id"))
    assert ig.open(runs).modules.head(3).collect(engine="in-memory").height == 3


def test_tree__can_be_asked(runs):
    asked = ig.open(runs).sql("SELECT run, count(*) FROM module_genes('M000') GROUP BY run ORDER BY run")
    assert asked.fetchall() == [("<b>second", 20), ("first", 20)]


def test_tree__shows_itself_as_text_and_html(runs):
    (runs / "fits" / "first" / "manifest.json").unlink()
    tree = ig.open(runs)
    assert repr(tree).splitlines() == [
        f"OpenedTree({str(runs)!r})",
        "  kind    run        data set",
        "  bundle  toy        toy_multiplex_v1",
        "  fit     <b>second  toy_multiplex_v1, factor",
        "",
        "left out fits/first: no manifest.json: a run that did not finish, or not one that isograph made.",
    ]
    html = tree._repr_html_()
    assert "<td>&lt;b&gt;second</td>" in html
    assert "<b>second" not in html
    assert "<p>left out fits/first: no manifest.json" in html


def test_tree__says_what_is_wrong_with_the_run_asked_for(runs):
    (runs / "fits" / "first" / "manifest.json").unlink()
    tree = ig.open(runs)
    with pytest.raises(InputError, match=r"fits/first: no manifest\.json: a run that did not finish"):
        tree["first"]
    with pytest.raises(UsageError, match="there is no run 'secnd'; did you mean '<b>second'"):
        tree["secnd"]
    with pytest.raises(UsageError, match="a tree has no table 'modulse'; did you mean 'modules'"):
        tree.relation("modulse")
    with pytest.raises(AttributeError, match="no attribute 'modulse'"):
        _ = tree.modulse


def test_open__of_a_directory_without_any_run_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no bundle, fit, explanation or report in it"):
        ig.open(tmp_path)

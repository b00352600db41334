from __future__ import annotations

import shutil

import duckdb
import pytest

from isograph.errors import InputError, UsageError
from isograph.pipeline.catalog import catalog


@pytest.fixture
def artifacts(fitted, tmp_path):
    """A directory of a fit, and of one that is not whole."""
    root = tmp_path / "artifacts"
    for name in ("whole", "half"):
        shutil.copytree(fitted.path, root / name)
    (root / "half" / "manifest.json").unlink()
    return root


def test_catalog__says_what_it_holds_and_where_it_is(artifacts):
    written = catalog(str(artifacts))
    assert (written.path, written.script) == (artifacts / "catalog.duckdb", artifacts / "catalog.sql")
    assert (written.n_runs, written.n_problems) == ({"fit": 1}, 1)
    assert repr(written).splitlines() == [
        f"Catalog('{artifacts}/catalog.duckdb')",
        "1 fit; 1 left out, FROM problems says why",
        f"script: {artifacts}/catalog.sql",
    ]
    with duckdb.connect(str(written.path), read_only=True) as database:
        assert database.sql("SELECT run FROM runs").fetchall() == [("whole",)]


def test_catalog__goes_where_it_is_told(artifacts, tmp_path):
    written = catalog(artifacts, output=tmp_path / "deep" / "c.duckdb")
    assert sorted(file.name for file in (tmp_path / "deep").iterdir()) == ["c.duckdb", "c.sql"]
    assert written.path == tmp_path / "deep" / "c.duckdb"


def test_catalog__replaces_nothing_but_a_catalog(artifacts, tmp_path):
    (tmp_path / "mine.duckdb").write_bytes(b"x")
    for name, message in (("mine.duckdb", "is not a catalog, so it is not replaced"), ("c.sql", r"Name it \.duckdb")):
        with pytest.raises(UsageError, match=message):
            catalog(artifacts, output=tmp_path / name)
    assert (tmp_path / "mine.duckdb").read_bytes() == b"x"


def test_catalog__of_nothing_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no bundle, fit, explanation or report in it"):
        catalog(tmp_path)

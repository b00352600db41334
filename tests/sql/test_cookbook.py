from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from sql.conftest import BUNDLES, REPORTS, explained

import isograph as ig
from isograph.pipeline.catalog import catalog
from isograph.pipeline.sql import sql

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cookbook.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"## ([^\n]+\?)\n\n```sql\n(.*?)```", PAGE, flags=re.DOTALL))
ROWS = {
    "Which runs are there, and what are they of?": 7,
    "What are the modules of a fit, and which genes stand for them?": 2,
    "Which genes are in a module, the most central first?": 10,
    "What does the whole picture of modules and traits look like?": 4,
    "What is known of one gene, over all runs?": 2,
    "How does a module's eigengene run over the samples?": 128,
    "What drives a module, where it was explained?": 5,
}


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("cookbook") / "artifacts"
    shutil.copytree(BUNDLES / "toy_multiplex_v1", root / "bundles" / "toy_multiplex_v1")
    bundle = root / "bundles" / "toy_multiplex_v1"
    fit = ig.fit(bundle, output_dir=root / "fits" / "multiplex")
    ig.fit(bundle, output_dir=root / "fits" / "multiplex_dx", covariates="Dx", seed=1)
    explained(fit, root / "explain" / "multiplex")
    (root / "reports").mkdir()
    for report in REPORTS.glob("multiplex_v1-factor-*.json"):
        shutil.copy(report, root / "reports")
    catalog(root, counts=True)
    return root


def test_cookbook__has_a_dozen_questions_and_more():
    assert len(RECIPES) >= 12
    assert set(ROWS) <= set(RECIPES)
    assert PAGE.count("```sql") == len(RECIPES)


@pytest.mark.parametrize("question", RECIPES)
def test_cookbook__is_answered_the_same_by_the_command_and_the_catalog(question, artifacts):
    rows = sql(RECIPES[question], artifacts)
    assert rows.height > 0
    assert rows.height == ROWS.get(question, rows.height)
    with duckdb.connect(str(artifacts / "catalog.duckdb"), read_only=True) as database:
        found = database.sql(RECIPES[question])
        assert found.columns == rows.columns
        assert len(found.fetchall()) == rows.height


def test_cookbook__finds_the_fits_to_agree(artifacts):
    rows = sql(RECIPES["Do two runs find the same modules?"], artifacts)
    best = rows.row(0, named=True)
    assert best["jaccard"] > 0.8
    assert best["log10_pvalue"] < -8


def test_cookbook__reads_the_settings_that_differ(artifacts):
    rows = sql(RECIPES["In which settings do two fits differ?"], artifacts)
    assert ("seed", "0", "1") in rows.rows()

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.database.bundle_view import MATRIX_OF, bundle_views, register_matrix
from isograph.database.catalog import make_views, with_counts
from isograph.database.connection import connection
from isograph.database.tree import tree
from isograph.database.verify import catalog_contents
from isograph.schemas.explanation import EXPLAIN_TABLES

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = ROOT / "fixtures" / "bundles_0_1_5"
REPORTS = ROOT / "artifacts" / "reports"


@pytest.fixture(scope="session")
def multiplex(tmp_path_factory) -> Path:
    """A bundle with every table there is a view for; half of its transcripts name their gene."""
    bundle = read_bundle(BUNDLES / "toy_multiplex_v1")
    row = pl.int_range(pl.len())
    names = pl.when(row % 2 == 1).then(pl.format("name of {}", "transcript_id"))
    tables = bundle.feature_tables | {"transcript": bundle.transcripts.with_columns(gene_name=names)}
    return write_bundle(replace(bundle, feature_tables=tables), tmp_path_factory.mktemp("named") / "toy")


@pytest.fixture
def database(multiplex: Path) -> duckdb.DuckDBPyConnection:
    with bundle_views(read_bundle(multiplex)) as connection:
        yield connection


def explained(fit, out: Path) -> None:
    """Write an explanation by hand: every table for every module of the fit, as the contract names their columns."""
    rng = np.random.default_rng(4)
    for module in fit.module_summary.collect(engine="in-memory").get_column("module_id"):
        features = fit.feature_scores.collect(engine="in-memory")
        r = pl.Series("r", rng.uniform(-1, 1, features.height))
        n = features.height
        ids = features.select("gene_id", "feature_id", "feature_type")
        tests = {"pvalue": np.full(n, 0.01), "qvalue": np.full(n, 0.02), "missingness": np.zeros(n)}
        loadings = fit.switch_loadings.collect(engine="in-memory").select("transcript_id", "gene_id")
        latent = {"latent_dim": np.zeros(n, dtype=np.int64), "latent_eigengene_r": np.full(n, 0.9)}
        tables = {
            "gene_driver_table": ids.with_columns(r, **tests, n_complete=64).sort(pl.col("r").abs(), descending=True),
            "transcript_polarity_table": loadings.with_columns(
                feature_id=pl.col("gene_id") + "::switch", r=0.5, pvalue=0.01, qvalue=0.02, n_complete=64,
                missingness=0.0, switch_strength=1.0,
            ),
            "high_vs_low_table": ids.drop("feature_type").with_columns(
                *(pl.lit(0.5).alias(name) for name in ("mean_high", "mean_low", "delta", "se", "statistic", "df")),
                n_high=16, n_low=16, **tests,
            ),
            "vae_drivers": ids.with_columns(
                decoded_response=r, percentile=50.0, sign_agreement=1.0, qvalue=0.02, high_confidence=True, **latent
            ),
            "ig_attributions": ids.with_columns(mean_ig=r, mean_abs_ig=r.abs(), convergence_delta=0.0, **latent),
        }  # fmt: skip
        (out / module).mkdir(parents=True)
        for name, frame in tables.items():
            contract = EXPLAIN_TABLES[name].schema
            missing = [pl.lit(None, contract[column]).alias(column) for column in contract if column not in frame]
            frame.with_columns(missing).write_parquet(out / module / f"{name}.parquet")
        (out / module / "module_explanation_manifest.json").write_text("{}")
    manifest = {
        "isograph_version": ig.__version__,
        "fit": {"path": "../../fits/run"},
        "options": {"top": 5},
        "files": {"x": {"bytes": 1}},
    }
    (out / "module_explanation_manifest.json").write_text(json.dumps(manifest))


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Path:
    """Two bundles, their fits, an explanation of one and reports; no test may change them."""
    root = tmp_path_factory.mktemp("runs")
    for name, source in (("run", "toy_multiplex_v1"), ("other", "toy_v1")):
        bundle = read_bundle(BUNDLES / source)
        genes = bundle.genes.with_columns(gene_name="symbol of " + pl.col("gene_id"))
        tables = bundle.feature_tables | ({"gene": genes} if name == "run" else {})
        write_bundle(replace(bundle, feature_tables=tables), root / "bundles" / name)
        fit = ig.fit(root / "bundles" / name, output_dir=root / "fits" / name, seed=3)
        if name == "run":
            explained(fit, root / "explain" / name)
    (root / "reports").mkdir()
    for report in REPORTS.glob("multiplex_v1-factor-*.json"):
        shutil.copy(report, root / "reports")
    return root


@pytest.fixture(scope="session")
def views(runs: Path) -> duckdb.DuckDBPyConnection:
    """A connection with every view and macro over them, and the matrices of one bundle."""
    contents = catalog_contents(tree(runs))
    bundle = read_bundle(runs / "bundles" / "run")
    with connection() as database:
        for assay, name in MATRIX_OF.items():
            register_matrix(database, name, bundle.matrices[assay])
        make_views(database, with_counts(database, contents))
        yield database

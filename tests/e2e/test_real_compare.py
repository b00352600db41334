from __future__ import annotations

import polars as pl
import pytest

import isograph as ig
from isograph.config import ImportConfig
from isograph.pipeline.export import export
from isograph.pipeline.import_ import import_bundle

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def liver(real_data, tmp_path_factory):
    """A fit of the female mice of the WGCNA tutorial, and the modules of R."""
    folder, place = real_data / "mouse_liver_wgcna", tmp_path_factory.mktemp("liver")
    samples = pl.read_parquet(folder / "samples.parquet").filter(pl.col("sex") == "female").drop("sex")
    samples.write_parquet(place / "samples.parquet")
    genes = pl.read_parquet(folder / "counts.parquet")
    genes.select(genes.columns[0], *samples.get_column("sample_id")).write_parquet(place / "counts.parquet")
    config = ImportConfig(samples=place / "samples.parquet", scale="log")
    import_bundle(place / "counts.parquet", place / "bundle", config)
    return ig.fit(place / "bundle", output_dir=place / "fit"), folder / "female_wgcna_modules.parquet"


def test_real_compare__of_a_fit_with_the_modules_of_r(liver):
    fit, modules = liver
    agreement = ig.compare(modules, fit).as_dict()["agreement"]
    assert (agreement["n_modules_reference"], agreement["n_genes_reference"]) == (18, 3501)
    assert agreement["n_genes_known_to_both"] == 3600
    assert agreement["ari"] > 0.5
    turquoise = [row for row in agreement["matches"] if row["reference"] == "turquoise"]
    assert turquoise[0]["pvalue"] < 1e-100


def test_real_export__gives_the_gene_significance_of_the_tutorial(liver, tmp_path):
    fit, _ = liver
    export(fit.path, "wgcna", output_path=tmp_path / "out")
    genes = pl.read_csv(tmp_path / "out" / "geneInfo.csv", null_values="NA", infer_schema_length=None)
    assert genes.height == 3600
    assert set(genes.filter(pl.col("module_id").is_null()).get_column("moduleColor")) <= {"grey"}
    assert genes.get_column("GS.weight_g").abs().max() > 0.5

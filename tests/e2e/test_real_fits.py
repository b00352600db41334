from __future__ import annotations

import polars as pl
import pytest

import isograph as ig
from isograph.benchmarking.metrics import ari
from isograph.benchmarking.stability import StabilityRequest, stability_report
from isograph.config import ImportConfig
from isograph.pipeline.import_ import import_bundle

pytestmark = pytest.mark.real


def frame(fitted, table: str) -> pl.DataFrame:
    return getattr(fitted, table).collect(engine="in-memory")


def fitted_from(folder, tmp_path, *, settings: dict | None = None, **options):
    tables = {name: folder / f"{name}.parquet" for name in ("samples", "tx2gene")}
    given = {name: path for name, path in tables.items() if path.is_file()}
    import_bundle(folder / "counts.parquet", tmp_path / "bundle", ImportConfig(**given, **(settings or {})))
    return ig.fit(tmp_path / "bundle", output_dir=tmp_path / "fit", **options)


@pytest.mark.parametrize("name", ["toy_v1", "noisy_v1", "toy_multiplex_v1", "large_multiplex_v1"])
def test_real_fit__finds_the_modules_planted_by_the_earlier_version(tmp_path, real_data, agreement, name):
    path = real_data / "bundles_0_1_5" / name
    fitted = ig.fit(path, output_dir=tmp_path / "fit")
    truth = pl.read_parquet(path / "truth_modules.parquet").filter(pl.col("module_id") >= 0)
    modules = frame(fitted, "modules")
    assert agreement(truth, modules) == 1.0
    background = modules.join(truth, on="gene_id", how="anti", maintain_order="left")
    assert background.height <= 0.01 * (fitted.calibration["n_unassigned_genes"] + modules.height)


def test_real_fit__puts_the_y_genes_in_one_module_that_follows_sex(tmp_path, real_data):
    folder = real_data / "hapmap_lcl_genes"
    fitted = fitted_from(folder, tmp_path, covariates="study", traits="sex")
    y_genes = pl.read_parquet(folder / "genes.parquet").filter("ms_y").select("gene_id")
    expressed = frame(fitted, "feature_scores").join(y_genes, on="gene_id", how="semi", maintain_order="left")
    modules = frame(fitted, "modules")
    homes = modules.join(y_genes, on="gene_id", how="semi", maintain_order="left")
    assert homes.height == expressed.height == 6
    (module,) = homes.get_column("module_id").unique()
    assert modules.filter(module_id=module).height <= 30
    (test,) = frame(fitted, "traits").filter(module_id=module).to_dicts()
    assert (test["test"], test["level"], test["reference"], test["n"]) == ("linear_model_hc3", "male", "female", 170)
    assert test["qvalue"] < 1e-10
    assert test["effect"] > 0
    sexes = pl.read_parquet(folder / "samples.parquet").select("sample_id", male=pl.col("sex") == "male")
    eigengene = frame(fitted, "eigengenes").filter(module_id=module).join(sexes, on="sample_id", maintain_order="left")
    assert abs(eigengene.select(pl.corr("eigengene", pl.col("male").cast(float))).item()) >= 0.9
    # Broad programmes of a thousand genes stay whole beside them.
    assert frame(fitted, "module_summary").get_column("n_genes").max() >= 1_000
    others = frame(fitted, "traits").filter(pl.col("module_id") != module)
    assert others.get_column("pvalue").min() > 1e-10


def test_real_fit__follows_the_stimulus_of_macrophages(tmp_path, real_data):
    fitted = fitted_from(real_data / "macrophage_salmon", tmp_path, covariates="line_id", traits="condition_name")
    homes = dict(frame(fitted, "modules").select("gene_name", "module_id").iter_rows())
    strongest = frame(fitted, "traits").sort("pvalue").row(0, named=True)
    assert (strongest["test"], strongest["numerator_dof"]) == ("linear_model_hc3", 3)
    assert strongest["qvalue"] < 1e-6
    assert {name: name in homes for name in ("GBP1", "IL1B", "CXCL10")} == dict.fromkeys(
        ("GBP1", "IL1B", "CXCL10"), True
    )


def test_real_fit__takes_the_samples_of_a_line_as_dependent(tmp_path, real_data):
    fitted = fitted_from(real_data / "macrophage_salmon", tmp_path, individual="line_id")
    traits = frame(fitted, "traits")
    within = traits.filter(trait="condition_name").sort("pvalue").row(0, named=True)
    # Six lines in four conditions: 24 − 6 lines − 3.
    assert (within["test"], within["n"], within["n_individuals"]) == ("mixed_model", 24, 6)
    assert (within["numerator_dof"], within["dof"]) == (3, pytest.approx(15.0))
    assert within["qvalue"] < 1e-6
    # What differs between lines only has as many values as there are lines, and no line is worth four.
    between = traits.filter(trait="passage_diff")
    assert between.get_column("dof").to_list() == pytest.approx([4.0] * between.height)
    assert between.get_column("qvalue").min() > 0.05
    # What names a line in other words is tested once, and not at all where a level is a single line.
    (aliases,) = traits.filter(trait="macrophage_harvest").get_column("aliases").unique()
    assert {"donor", "genotype_id"} <= set(aliases.split("|"))
    assert traits.filter(trait="macrophage_harvest").get_column("pvalue").is_nan().all()


def test_real_fit__of_lymphoblastoid_lines_does_not_follow_sex(tmp_path, real_data):
    fitted = fitted_from(real_data / "geuvadis_ceu_chr19", tmp_path, covariates="performer", traits="sex")
    assert frame(fitted, "module_summary").height >= 2
    assert frame(fitted, "traits").get_column("qvalue").min() > 0.05


@pytest.fixture
def female_livers(tmp_path, real_data):
    """Return the bundle of the 134 female mice."""
    folder = real_data / "mouse_liver_wgcna"
    samples = pl.read_parquet(folder / "samples.parquet").filter(sex="female")
    samples.write_parquet(tmp_path / "samples.parquet")
    counts = pl.read_parquet(folder / "counts.parquet").select(pl.first(), *samples.get_column("sample_id"))
    counts.write_parquet(tmp_path / "counts.parquet")
    config = ImportConfig(samples=tmp_path / "samples.parquet", scale="log")
    import_bundle(tmp_path / "counts.parquet", tmp_path / "livers", config)
    return tmp_path / "livers"


def test_real_fit__halves_of_livers_agree(tmp_path, female_livers):
    request = StabilityRequest(
        fit=ig.fit,
        bundle=female_livers,
        directory=tmp_path,
        backend="factor",
        seed=0,
        covariates=(),
        n_splits=5,
        values=(),
    )
    agreement = stability_report(request, workers=2)["agreement_of_halves"]
    assert agreement["ari"] > 0.68
    assert agreement["nmi"] > 0.74
    assert agreement["share_in_both"] > 0.85


def test_real_fit__agrees_with_wgcna_on_livers(tmp_path, real_data, female_livers):
    labels = pl.read_parquet(real_data / "mouse_liver_wgcna" / "female_wgcna_modules.parquet")
    modules = frame(ig.fit(female_livers, output_dir=tmp_path / "fit"), "modules")
    found = dict(modules.select("gene_id", "module_id").rows())
    given = labels.filter(pl.col("label") > 0).select("probe_id", pl.col("label").cast(str)).rows()
    known = {gene: label for gene, label in given if gene in found}
    assert len(known) > 3_200
    assert ari(known, found) > 0.54


def test_real_fit__of_log_ratios_takes_gaps(tmp_path, real_data):
    fitted = fitted_from(real_data / "mouse_liver_wgcna", tmp_path, settings={"scale": "log"}, covariates="sex")
    scores = frame(fitted, "feature_scores")
    gaps = scores.select(pl.exclude(pl.String, pl.Int64)).select(pl.all().is_nan().sum()).sum_horizontal().item()
    assert scores.height == 3_600
    assert gaps == pytest.approx(0.005 * 3_600 * 258, rel=0.2)
    assert frame(fitted, "modules").height > 1_800
    weight = frame(fitted, "traits").filter(trait="weight_g")
    assert weight.get_column("qvalue").min() < 1e-6

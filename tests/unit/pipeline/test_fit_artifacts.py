from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.config import BACKENDS, FitConfig
from isograph.errors import ConfigError, InputError, ResourceError, UsageError
from isograph.runtime import resources
from isograph.schemas import FIT_TABLES

TABLES = [
    "modules",
    "edges",
    "traits",
    "feature_scores",
    "module_gene_roles",
    "eigengenes",
    "module_summary",
    "switch_loadings",
    "excluded_features",
    "feature_quality",
    "hidden_factors",
]
JSON = ["fit_config.json", "calibration.json"]


def frame(fitted, table: str) -> pl.DataFrame:
    return getattr(fitted, table).collect(engine="in-memory")


def test_fit__writes_every_promised_file_and_nothing_else(fitted):
    expected = [*(f"{table}.parquet" for table in TABLES), *JSON, "run.log", "manifest.json"]
    assert sorted(file.name for file in fitted.path.iterdir()) == sorted(expected)
    assert list(FIT_TABLES) == TABLES


def test_fit__lists_every_file_with_its_digest(fitted):
    manifest = json.loads((fitted.path / "manifest.json").read_text())
    files = {file.name: file.read_bytes() for file in fitted.path.iterdir() if file.name != "manifest.json"}
    assert manifest["artifact"] == "fit"
    assert manifest["isograph_version"] == ig.__version__
    assert {name: facts["sha256"] for name, facts in manifest["files"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    rows = {name: facts["n_rows"] for name, facts in manifest["files"].items() if "n_rows" in facts}
    assert rows == {f"{table}.parquet": frame(fitted, table).height for table in TABLES}


@pytest.mark.parametrize("table", TABLES)
def test_fit__keeps_the_contract_of_every_table(fitted, table):
    height = FIT_TABLES[table].checked(frame(fitted, table)).height
    assert (height > 0) == (table != "hidden_factors")


# The orders that the contracts state in words.
@pytest.mark.parametrize(
    ("table", "order"),
    [
        ("modules", [pl.col("module_id"), -pl.col("kme").abs(), pl.col("gene_id")]),
        ("edges", [pl.col("source"), pl.col("target")]),
        ("feature_scores", [pl.col("gene_id"), pl.col("feature_type")]),
        ("module_gene_roles", [pl.col("module_id"), pl.col("gene_id")]),
        ("module_summary", [pl.col("module_id")]),
        ("excluded_features", [pl.col("gene_id"), pl.col("feature_type")]),
    ],
)
def test_fit__orders_the_rows_of_every_table(fitted, table, order):
    found = frame(fitted, table)
    assert found.equals(found.sort(order, maintain_order=True))


def test_fit__tables_agree_with_each_other(fitted):
    modules, roles, summary = (frame(fitted, table) for table in ("modules", "module_gene_roles", "module_summary"))
    homes = dict(modules.select("gene_id", "module_id").iter_rows())
    assert dict(roles.select("gene_id", "module_id").iter_rows()) == homes
    assert sum(summary.get_column("n_genes")) == len(homes)
    assert summary.get_column("n_genes").to_list() == sorted(summary.get_column("n_genes"), reverse=True)
    edges = frame(fitted, "edges")
    assert (edges.get_column("source") < edges.get_column("target")).all()
    inner = sum(homes.get(a) == homes.get(b) is not None for a, b in edges.select("source", "target").iter_rows())
    assert sum(summary.get_column("n_edges")) == inner


def test_fit__kme_is_the_correlation_of_the_best_feature(fitted):
    scores = {row[0]: np.array(row[4:]) for row in frame(fitted, "feature_scores").iter_rows()}
    eigengenes = {
        module: rows.get_column("eigengene").to_numpy()
        for (module,), rows in frame(fitted, "eigengenes").group_by("module_id", maintain_order=True)
    }
    for gene, module, kme, feature_type, _ in frame(fitted, "modules").iter_rows():
        r = np.corrcoef(scores[f"{gene}::{feature_type}"], eigengenes[module])[0, 1]
        assert kme == pytest.approx(r, abs=1e-12)
        other = scores.get(f"{gene}::{'switch' if feature_type == 'abundance' else 'abundance'}")
        if other is not None:
            assert abs(np.corrcoef(other, eigengenes[module])[0, 1]) <= abs(kme) + 1e-12


def test_fit__scores_hold_nothing_of_the_covariate(fitted, multiplex):
    sex = pl.read_parquet(multiplex / "samples.parquet").get_column("Sex")
    scores = frame(fitted, "feature_scores").select(pl.exclude(FIT_TABLES["feature_scores"].schema)).to_numpy()
    assert np.abs(scores[:, (sex == "M").to_numpy()].mean(axis=1)).max() < 1e-10


def test_fit__has_the_eigengenes_in_the_order_of_samples(fitted, multiplex):
    samples = pl.read_parquet(multiplex / "samples.parquet").get_column("sample_id").to_list()
    eigengenes = frame(fitted, "eigengenes")
    for _, rows in eigengenes.group_by("module_id", maintain_order=True):
        assert rows.get_column("sample_id").to_list() == samples
        values = rows.get_column("eigengene").to_numpy()
        assert values.mean() == pytest.approx(0.0, abs=1e-12)
        assert values @ values == pytest.approx(1.0)
    assert frame(fitted, "feature_scores").columns[4:] == samples


def test_fit__switch_scores_rise_with_the_share_of_the_major_isoform(fitted, multiplex):
    usage = ig.open(multiplex).transcript_counts.with_columns(
        usage=pl.col("count") / pl.col("count").sum().over("gene_id", "sample_id")
    )
    mean_usage = usage.group_by("transcript_id").agg(pl.col("usage").mean()).collect(engine="in-memory")
    loadings = frame(fitted, "switch_loadings").join(mean_usage, on="transcript_id", validate="1:1")
    n_clear = 0
    for _, rows in loadings.group_by("gene_id", maintain_order=True):
        loading = rows.get_column("loading").to_numpy()
        assert loading @ loading == pytest.approx(1.0)
        used = rows.filter(pl.col("loading").abs() >= 0.5 * np.abs(loading).max()).sort("usage", descending=True)
        if used.height == 1 or used["usage"][0] - used["usage"][1] > 0.11:
            n_clear += 1
            assert used["loading"][0] > 0
    assert n_clear >= 10


def test_fit__records_what_makes_it_again(fitted, multiplex, tmp_path):
    record = fitted.config
    assert record["isograph_version"] == ig.__version__
    assert set(record["libraries"]) == {"numpy", "scipy", "numba", "polars", "duckdb", "graspologic-native"}
    assert record["bundle"]["dataset_name"] == "toy_multiplex_v1"
    assert (fitted.path / record["bundle"]["path"]).resolve() == multiplex.resolve()
    assert record["bundle"]["sha256"] == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in multiplex.iterdir()
    }
    settings = {key: tuple(v) if isinstance(v, list) else v for key, v in record["settings"].items()}
    options = {
        "backend": record["backend"],
        "seed": record["seed"],
        "covariates": tuple(record["covariates"]),
        "traits": tuple(record["traits"]),
        "settings": BACKENDS[record["backend"]](**settings),
    }
    assert FitConfig(**options) == FitConfig(seed=5, covariates=("Sex",), settings=BACKENDS["factor"]())
    again = ig.fit(multiplex, output_dir=tmp_path / "again", **options)
    for table in TABLES:
        name = f"{table}.parquet"
        assert (again.path / name).read_bytes() == (fitted.path / name).read_bytes()


def test_fit__calibration_says_what_every_backend_says(fitted):
    calibration = fitted.calibration
    assert calibration["n_modules"] == frame(fitted, "module_summary").height
    assert calibration["n_edges"] == frame(fitted, "edges").height
    assert calibration["n_features"] == frame(fitted, "feature_scores").height == 72
    assert calibration["n_unassigned_genes"] == 40 - frame(fitted, "modules").height
    assert 0.0 < calibration["giant_component_fraction"] <= 1.0
    assert calibration["converged"] is True
    assert all(seconds >= 0 for seconds in calibration["seconds"].values())


def test_fit__writes_its_log(fitted):
    log = (fitted.path / "run.log").read_text()
    for line in (
        "covariate Sex: 2 levels",
        "trait Age: number (64 values)",
        "40 abundance and 32 switch features of 40 genes",
        "2 genes without a switch feature: single isoform",
    ):
        assert f": {line}\n" in log


def test_fit__returns_itself_opened(small_bundle, tmp_path):
    fitted = ig.fit(str(small_bundle()), output_dir=str(tmp_path / "fit"))
    assert fitted.path == tmp_path / "fit"
    assert frame(fitted, "modules").height == 8


def test_fit__takes_an_opened_bundle(small_bundle, tmp_path):
    bundle = ig.open(small_bundle())
    assert frame(ig.fit(bundle, output_dir=tmp_path / "fit"), "modules").height == 8


@pytest.mark.parametrize("traits", ["dx", ["dx"], ("dx",)])
def test_fit__takes_a_name_or_any_sequence_of_names(small_bundle, tmp_path, traits):
    path = small_bundle(dx=["a", "b"] * 15, age=list(range(30)))
    fitted = ig.fit(path, output_dir=tmp_path / "fit", traits=traits, covariates=iter(["age"]))
    assert frame(fitted, "traits").get_column("trait").to_list() == ["dx"]
    assert fitted.config["covariates"] == ["age"]


def test_fit__keeps_ids_as_they_are(small_bundle, tmp_path):
    names = ["001", "1", "1e5", "NA", "null", "-x", "=1+1", "é"]
    sample_ids = [f"{i:03d}" for i in range(30)]
    fitted = ig.fit(small_bundle(names, sample_ids=sample_ids), output_dir=tmp_path / "fit")
    assert sorted(frame(fitted, "modules").get_column("gene_id")) == sorted(names)
    assert frame(fitted, "eigengenes").get_column("sample_id").to_list() == sample_ids
    assert frame(fitted, "feature_scores").columns[4:] == sample_ids


def test_fit__knows_the_names_of_genes(small_bundle, tmp_path):
    symbols = ["A", None, "C", "D", "E", "F", "G", "H"]
    fitted = ig.fit(small_bundle(symbols=symbols), output_dir=tmp_path / "fit")
    names = dict(frame(fitted, "modules").select("gene_id", "gene_name").iter_rows())
    assert names == {f"g{i}": symbol for i, symbol in enumerate(symbols)}
    for table in ("module_gene_roles", "switch_loadings", "excluded_features"):
        assert frame(fitted, table).columns[-1] == "gene_name"
    roles = frame(fitted, "module_gene_roles").select("gene_id", "gene_name")
    assert dict(roles.iter_rows()) == names


def test_fit__refuses_samples_that_its_tables_could_not_name(small_bundle, tmp_path):
    sample_ids = ["gene_id", "feature_type", *(f"S{i}" for i in range(28))]
    with pytest.raises(InputError) as raised:
        ig.fit(small_bundle(sample_ids=sample_ids), output_dir=tmp_path / "fit")
    assert raised.value.violations == (
        "samples named like a column of feature_scores: 'gene_id', 'feature_type'. Rename them.",
    )
    assert not (tmp_path / "fit").exists()


def test_fit__says_what_was_left_out_as_a_trait(small_bundle, tmp_path):
    path = small_bundle(label=[f"person {i}" for i in range(30)], flat=[1] * 30)
    fitted = ig.fit(path, output_dir=tmp_path / "fit")
    assert fitted.config["columns_without_test"] == {
        "label": "every sample has its own value",
        "flat": "it has one value only",
    }
    assert frame(fitted, "traits").height == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"backend": "none"}, ConfigError),
        ({"seed": -1}, ConfigError),
        ({"threads": 0}, ConfigError),
        ({"covariates": ["nowhere"]}, InputError),
        ({"traits": "nowhere"}, InputError),
    ],
)
def test_fit__writes_nothing_when_it_cannot_be_made(small_bundle, tmp_path, options, error):
    path = small_bundle()
    with pytest.raises(error):
        ig.fit(path, output_dir=tmp_path / "fit", **options)
    assert [entry.name for entry in tmp_path.iterdir()] == ["small"]


def test_fit__refuses_what_does_not_fit_in_memory(small_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 1_000_000)
    monkeypatch.setattr("isograph.pipeline.preflight.resident_memory", lambda: 0)
    with pytest.raises(ResourceError, match="a network of 48 features × 30 samples needs about"):
        ig.fit(small_bundle(), output_dir=tmp_path / "fit")
    assert not (tmp_path / "fit").exists()


def test_fit__inside_its_bundle_leaves_the_bundle_whole(small_bundle):
    path = small_bundle()
    fitted = ig.fit(path, output_dir=path / "fit")
    assert sorted(fitted.config["bundle"]["sha256"]) == [
        "gene_counts.npz",
        "genes.parquet",
        "manifest.json",
        "samples.parquet",
    ]
    assert ig.open(path).bundle.dataset_name == "small"


def test_fit__is_not_made_in_place_of_its_bundle(small_bundle):
    path = small_bundle()
    with pytest.raises(UsageError, match="is the bundle or holds it, so it is not replaced"):
        ig.fit(path, output_dir=path, overwrite=True)

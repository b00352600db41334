from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import orjson
import polars as pl
import pytest

import isograph as package
from isograph.bundle.write import write_bundle
from isograph.runtime import extras
from isograph.store.artifact import read_manifest, verify

ALL = ("cytoscape", "graphml", "gmt", "rnk", "wgcna", "anndata")


@pytest.fixture
def bundle(earlier_bundles) -> Path:
    return earlier_bundles / "toy_multiplex_v1"


def files(path: Path) -> set[str]:
    return {file.name for file in path.iterdir()}


def test_export__of_a_bundle_is_a_json_summary(isograph, bundle):
    ended = isograph("export", bundle)
    summary = orjson.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert list(summary) == sorted(summary)
    columns = summary.pop("sample_columns")
    tables = summary.pop("tables")
    assert summary == {
        "dataset_name": "toy_multiplex_v1",
        "suite_name": "multiplex_v1",
        "n_samples": 64,
        "n_genes": 40,
        "n_transcripts": 108,
        "n_single_isoform_genes": 2,
        "n_multi_isoform_genes": 38,
        "assays": ["gene_counts", "transcript_counts", "psi"],
        "assay_shapes": {"gene_counts": [40, 64], "transcript_counts": [108, 64], "psi": [40, 64]},
        "truth_tables": ["truth_module", "truth_switch", "truth_abundance", "truth_channel_role"],
    }
    assert columns[0] == {"name": "Dx", "type": "String", "n_missing": 0}
    assert tables["transcript"] == 108


def test_export__writes_the_summary_where_it_is_told(isograph, bundle, tmp_path):
    out = tmp_path / "new" / "summary.json"
    ended = isograph("export", "--dataset-path", bundle, "--format", "summary", "--output-path", out)
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert orjson.loads(out.read_bytes())["n_genes"] == 40


def test_export__of_a_fit_writes_every_format_into_one_directory(isograph, earlier_fit, tmp_path):
    out = tmp_path / "out"
    ended = isograph(
        "export", earlier_fit, *(part for name in ALL for part in ("--format", name)), "--output-path", out
    )
    assert (ended.code, ended.out) == (0, f"{out}\n")
    assert files(out) == {
        "cytoscape_edges.tsv", "cytoscape_nodes.tsv", "network.graphml", "modules.gmt", "background.txt", "M000.rnk",
        "M001.rnk", "geneInfo.csv", "MEs.csv", "fit.h5ad", "manifest.json",
    }  # fmt: skip
    verify(out, read_manifest(out))


def test_export__goes_by_default_beside_the_other_artifacts(isograph, earlier_fit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isograph("export", earlier_fit, "--format", "gmt").out == "artifacts/exports/toy\n"


def test_export__agrees_with_the_tables_of_the_fit(isograph, earlier_fit, tmp_path):
    isograph("export", earlier_fit, "--format", "wgcna", "--format", "cytoscape", "--output-path", tmp_path / "out")
    fit = package.open(earlier_fit)
    modules = fit.modules.collect(engine="in-memory")
    genes = pl.read_csv(tmp_path / "out" / "geneInfo.csv", null_values="NA")
    own = {"M000": "kMEturquoise", "M001": "kMEblue"}
    kme = {row["gene_id"]: row[own[row["module_id"]]] for row in genes.to_dicts() if row["module_id"]}
    assert kme == pytest.approx(dict(modules.select("gene_id", "kme").iter_rows()), abs=1e-12)
    edges = pl.read_csv(tmp_path / "out" / "cytoscape_edges.tsv", separator="\t", null_values="NA")
    assert edges.height == fit.calibration["n_edges"] == 380
    assert edges.get_column("weight").to_list() == fit.edges.collect(engine="in-memory")["weight"].abs().to_list()


def test_export__tells_how_many_edges_it_took(isograph, earlier_fit, tmp_path):
    arguments = ("export", earlier_fit, "--format", "graphml", "--output-path", tmp_path / "net.graphml")
    ended = isograph(*arguments, "--top-edges", 5)
    assert ended.err == "10 of 380 edges taken. --top-edges 0 takes all.\n"
    assert (tmp_path / "net.graphml").read_bytes().count(b"<edge ") == 10
    assert isograph(*arguments, "--overwrite", "--top-edges", 0).err == ""


def test_export__takes_the_modules_asked_for(isograph, earlier_fit, tmp_path):
    out = tmp_path / "out"
    isograph("export", earlier_fit, "--format", "gmt", "--format", "rnk", "--module", "M001", "--output-path", out)
    assert files(out) == {"modules.gmt", "background.txt", "M001.rnk", "manifest.json"}
    assert (out / "modules.gmt").read_text().startswith("M001\t20 genes")


def test_export__of_a_snapshot_is_that_of_the_fit(isograph, earlier_fit, tmp_path):
    snapshot = package.save_snapshot(package.open(earlier_fit), tmp_path / "snapshot")
    for name, path in (("one", earlier_fit), ("other", snapshot)):
        assert isograph("export", path, "--format", "cytoscape", "--output-path", tmp_path / name).code == 0
    for name in ("cytoscape_edges.tsv", "cytoscape_nodes.tsv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.fixture
def hostile_fit(bundle, tmp_path) -> Path:
    """A fit whose genes are named as a spreadsheet would run or rewrite them."""
    loaded = package.open(bundle).bundle
    names = {"G0000": "=1+1", "G0001": "SEPT2", "G0002": "@x", "G0003": "001"}
    tables = {
        kind: table.with_columns(pl.col("gene_id").replace(names)) if "gene_id" in table.columns else table
        for kind, table in loaded.feature_tables.items()
        if not kind.startswith("truth")
    }
    write_bundle(replace(loaded, feature_tables=tables), tmp_path / "bundle")
    return package.fit(tmp_path / "bundle", output_dir=tmp_path / "fit").path


def test_export__guards_texts_for_spreadsheets_and_says_so(isograph, hostile_fit, tmp_path):
    ended = isograph("export", hostile_fit, "--format", "wgcna", "--output-path", tmp_path / "out")
    assert ended.code == 0
    assert ended.err.startswith("4 texts begin with ' so that no spreadsheet runs or rewrites them: ")
    genes = pl.read_csv(tmp_path / "out" / "geneInfo.csv", infer_schema=False).get_column("gene_id").to_list()
    assert {"'=1+1", "'SEPT2", "'@x", "'001"} < set(genes)
    raw = isograph("export", hostile_fit, "--format", "wgcna", "--raw", "--output-path", tmp_path / "raw")
    assert raw.err == ""
    genes = pl.read_csv(tmp_path / "raw" / "geneInfo.csv", infer_schema=False).get_column("gene_id").to_list()
    assert {"=1+1", "SEPT2", "@x", "001"} < set(genes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "is a fit: name what to export it to with --format: cytoscape, graphml, gmt, rnk, wgcna, anndata."),
        (("--format", "summary"), "is a fit: name what to export it to with --format"),
        (("--format", "excel"), "no format 'excel', there are summary, cytoscape, graphml, gmt, rnk, wgcna, anndata"),
        (("--format", "gmt", "--top-edges", 5), "--top-edges is for the formats cytoscape, graphml"),
        (("--format", "graphml", "--symbols"), "--symbols is for the formats gmt, rnk"),
        (("--format", "gmt", "--bundle", "b"), "--bundle is for the formats wgcna, anndata"),
        (("--format", "gmt", "--module", "M009"), ": 1 modules not in the fit: 'M009'. The fit has M000 to M001."),
    ],
)
def test_export__says_what_cannot_be_asked_of_a_fit(isograph, earlier_fit, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    ended = isograph("export", earlier_fit, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert files(tmp_path) == set()


def test_export__says_what_cannot_be_asked_of_a_bundle(isograph, bundle, tmp_path):
    ended = isograph("export", bundle, "--format", "gmt", "--output-path", tmp_path / "out")
    assert ended.code == 2
    assert "is a bundle: it is exported as summary only. Give a fit for other formats." in ended.err


def test_export__needs_one_path(isograph, bundle):
    message = "error: BUNDLE|FIT is {}: give it as an argument, or with --dataset-path or --artifact-dir.\n"
    assert isograph("export").err == message.format("missing")
    assert isograph("export", bundle, "--dataset-path", bundle).err == message.format("given twice")


@pytest.mark.parametrize("name", ["out", "out.graphml"])
def test_export__replaces_nothing_unasked(isograph, earlier_fit, tmp_path, name):
    arguments = ("export", earlier_fit, "--format", "graphml", "--output-path", tmp_path / name)
    assert isograph(*arguments).code == 0
    ended = isograph(*arguments)
    assert (ended.code, "Pass --overwrite to replace it" in ended.err) == (2, True)
    assert isograph(*arguments, "--overwrite").code == 0


def test_export__never_replaces_something_else(isograph, earlier_fit, tmp_path):
    shutil.copytree(earlier_fit, tmp_path / "fit")
    before = files(tmp_path / "fit")
    ended = isograph("export", earlier_fit, "--format", "gmt", "--output-path", tmp_path / "fit", "--overwrite")
    assert (ended.code, "is not a fit export, so it is not replaced" in ended.err) == (2, True)
    assert files(tmp_path / "fit") == before


def test_export__asks_for_a_bundle_that_is_gone(isograph, earlier_fit, bundle, earlier_bundles, tmp_path):
    shutil.copytree(earlier_fit, tmp_path / "further" / "moved")
    arguments = ("export", tmp_path / "further" / "moved", "--format", "wgcna", "--output-path", tmp_path / "out")
    ended = isograph(*arguments)
    assert ended.code == 3
    assert "its bundle 'toy_multiplex_v1' is not at " in ended.err
    assert ended.err.endswith("Say where it is with --bundle.\n")
    assert "files are not those that were fitted" in isograph(*arguments, "--bundle", earlier_bundles / "toy_v1").err
    assert not (tmp_path / "out").exists()
    assert isograph(*arguments, "--bundle", bundle).code == 0


def test_export__says_at_once_that_anndata_is_not_installed(isograph, earlier_fit, tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    ended = isograph("export", earlier_fit, "--format", "anndata", "--output-path", tmp_path / "out")
    assert ended.code == 2
    assert "pip install 'isograph-multiplex[anndata]'" in ended.err
    assert not (tmp_path / "out").exists()

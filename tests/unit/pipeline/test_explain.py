from __future__ import annotations

import hashlib
import inspect
import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

import isograph as ig
from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.config import ExplainConfig
from isograph.errors import ConfigError, InputError, MissingExtraError, UsageError
from isograph.pipeline import explain as pipeline
from isograph.results.explanation import Explanation
from isograph.runtime import extras
from isograph.schemas.explanation import EXPLAIN_TABLES
from isograph.store.explanation import explanation_part

MANIFEST = "module_explanation_manifest.json"
TABLES = ["gene_driver_table", "transcript_polarity_table", "high_vs_low_table"]


@pytest.fixture(scope="module")
def explained(fitted, tmp_path_factory) -> Explanation:
    return ig.explain(fitted, output_dir=tmp_path_factory.mktemp("explained") / "toy")


@pytest.fixture(scope="module")
def vae_fit(multiplex, tmp_path_factory) -> Path:
    # NOTE: with the switch score of 0.2.0 the model finds the two planted modules whole, which attributions can be
    # compared with.
    settings = {"switch_score": "clr"}
    return ig.fit(multiplex, output_dir=tmp_path_factory.mktemp("vae") / "toy", backend="vae", settings=settings).path


def digests(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def eager(frame: pl.LazyFrame) -> pl.DataFrame:
    return frame.collect(engine="in-memory")


def test_explain__writes_three_tables_a_module_that_keep_their_contracts(explained, fitted):
    assert explained.module_ids == ("M000", "M001")
    assert list(explained.tables) == TABLES
    for module_id in explained.module_ids:
        for table in TABLES:
            EXPLAIN_TABLES[table].checked(pl.read_parquet(explained.path / module_id / f"{table}.parquet"))
    assert eager(explained.gene_driver_table).group_by("module_id", maintain_order=True).len().to_dicts() == [
        {"module_id": "M000", "len": 40},
        {"module_id": "M001", "len": 40},
    ]


def test_explain__drivers_of_the_module_are_its_genes_with_their_kme(explained, fitted):
    drivers = eager(explained.gene_driver_table.filter("in_module").select("module_id", "gene_id", "r", "feature_type"))
    kme = eager(fitted.modules.select("module_id", "gene_id", "kme", kind="feature_type"))
    joined = drivers.join(kme, on=["module_id", "gene_id"], how="full", validate="1:1", maintain_order="left")
    assert joined.height == 40
    assert_allclose(joined.get_column("r"), joined.get_column("kme"), atol=1e-12)
    assert (joined.get_column("feature_type") == joined.get_column("kind")).all()


def test_explain__polarity_agrees_with_the_loadings_of_the_switch_score(explained, fitted):
    loadings = eager(fitted.switch_loadings.select("transcript_id", known="loading"))
    table = eager(explained.transcript_polarity_table)
    joined = table.join(loadings, on="transcript_id", how="left", validate="1:1", maintain_order="left")
    assert (joined.get_column("loading") == joined.get_column("known")).all()
    strong = eager(explained.gene_driver_table.filter("in_module", pl.col("feature_type") == "switch"))
    for gene, r in strong.select("gene_id", "r").iter_rows():
        rows = table.filter(pl.col("gene_id") == gene).sort(pl.col("loading").abs(), descending=True)
        assert np.sign(rows["r"][0]) == np.sign(rows["loading"][0] * r)


def test_explain__manifest_lists_every_file_with_its_schema(explained):
    manifest = json.loads((explained.path / MANIFEST).read_text())
    files = digests(explained.path)
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == {
        name: digest for name, digest in files.items() if not name.endswith(MANIFEST)
    }
    assert manifest["files"]["M000/gene_driver_table.parquet"]["columns"]["r"] == "Float64"
    assert manifest["fit"]["path"].endswith("toy")
    assert manifest["options"]["integrated_gradients"] is False
    assert json.loads((explained.path / "M001" / MANIFEST).read_text())["module_id"] == "M001"


def test_explain__is_the_same_bytes_at_any_thread_count(explained, fitted, tmp_path):
    again = ig.explain(fitted, output_dir=tmp_path / "again", threads=3)
    changing = {name for name in digests(again.path) if name.endswith(MANIFEST)}
    assert {k: v for k, v in digests(again.path).items() if k not in changing} == {
        k: v for k, v in digests(explained.path).items() if k not in changing
    }


def test_explain__goes_on_where_it_was_interrupted(fitted, tmp_path, monkeypatch):
    out = tmp_path / "out"
    written = []

    def interrupted(part, **options):
        if part.name == "M001":
            raise KeyboardInterrupt
        return explanation_part(part, **options)

    def recorded(part, **options):
        written.append(part.name)
        return explanation_part(part, **options)

    monkeypatch.setattr(pipeline, "explanation_part", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ig.explain(fitted, output_dir=out)
    assert sorted(path.name for path in out.iterdir()) == ["M000"]
    with pytest.raises(InputError, match=f"no {MANIFEST}: not an explanation, or a run that did not finish"):
        Explanation(out)
    monkeypatch.setattr(pipeline, "explanation_part", recorded)
    assert ig.explain(fitted, output_dir=out).module_ids == ("M000", "M001")
    assert written == ["M001"]
    assert ig.explain(fitted, output_dir=out).module_ids == ("M000", "M001")
    assert written == ["M001"]


def test_explain__adds_modules_to_those_that_are_there(fitted, tmp_path):
    assert ig.explain(fitted, output_dir=tmp_path / "out", module_ids="M001").module_ids == ("M001",)
    assert ig.explain(fitted, output_dir=tmp_path / "out", module_ids=["M000"]).module_ids == ("M000", "M001")


def test_explain__replaces_what_other_options_made_only_on_request(fitted, tmp_path):
    out = tmp_path / "out"
    ig.explain(fitted, output_dir=out)
    with pytest.raises(UsageError, match=r"holds 'M000', 'M001', made with other options .* Pass overwrite=True"):
        ig.explain(fitted, output_dir=out, output_formats="csv", module_ids="M000")
    again = ig.explain(fitted, output_dir=out, output_formats="csv", module_ids="M000", overwrite=True)
    assert again.module_ids == ("M000",)
    assert not (out / "M001").exists()
    assert pl.read_csv(out / "M000" / "gene_driver_table.csv").height == 40


def test_explain__notices_a_file_that_was_changed(fitted, tmp_path):
    out = ig.explain(fitted, output_dir=tmp_path / "out").path
    with (out / "M000" / "gene_driver_table.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"1 files changed since they were written: 'gene_driver_table.parquet'"):
        ig.open(out)
    with pytest.raises(UsageError, match=r"holds 'M000', made with other options or from another fit, or changed"):
        ig.explain(fitted, output_dir=out)


def test_explain__leaves_a_directory_of_something_else_alone(fitted, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds 'notes.txt' and is not an explanation"):
        ig.explain(fitted, output_dir=tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_explain__names_modules_that_are_not_there(fitted, tmp_path):
    message = r": 2 modules not in the fit: 'M7', 'x'\. The fit has M000 to M001\.$"
    with pytest.raises(UsageError, match=message):
        ig.explain(fitted, output_dir=tmp_path / "out", module_ids=("M7", "M000", "x"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ig_n_steps": 8}, "ig_n_steps and ig_baseline are for integrated gradients; ask for them with integrated_g"),
        ({"ig_n_steps": 1, "integrated_gradients": True}, "ig_n_steps is 1, expected 2 to 4096"),
        ({"ig_baseline": "one", "integrated_gradients": True}, "ig_baseline is 'one', expected zero or mean"),
        ({"output_formats": ("csv", "gif")}, "output_formats is 'gif', expected png, pdf, svg, parquet, csv, tsv"),
        ({"output_formats": "pdf"}, "output_formats pdf is of figures; ask for them with plot=True"),
        ({"feature_meta": "x"}, "feature_meta needs the feature_table that it describes"),
        ({"feature_table": "x", "bundle": "y"}, "bundle is not read where there is a feature_table; leave one of the"),
        ({"threads": 0}, "threads is 0, expected 1 or more"),
    ],
)
def test_explain__refuses_options_that_make_no_sense(tmp_path, options, message):
    with pytest.raises(ConfigError) as raised:
        ig.explain(tmp_path, output_dir=tmp_path / "out", **options)
    assert str(raised.value).startswith(message)


def test_explain__has_every_option_of_its_configuration_with_the_same_default():
    parameters = inspect.signature(ig.explain).parameters
    options = {field.name: field.default for field in fields(ExplainConfig)}
    assert {name: parameters[name].default for name in options} == options
    assert parameters.keys() - options.keys() == {"fit", "output_dir", "overwrite", "display"}


@pytest.mark.parametrize(
    ("options", "absent", "message"),
    [
        (
            {"plot": True},
            "matplotlib",
            "drawing figures needs the extra 'plot': pip install 'isograph-multiplex[plot]'",
        ),
        ({"vae_attribution": True}, "torch", "attribution with the model of a vae fit needs the extra 'vae'"),
        ({"integrated_gradients": True}, "captum", "attribution with the model of a vae fit needs the extra 'vae'"),
    ],
)
def test_explain__says_what_to_install_before_it_reads_anything(
    fitted, tmp_path, monkeypatch, options, absent, message
):
    fit = ig.open(fitted.path)
    fit.config = {**fit.config, "backend": "vae"}
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == absent else object())
    monkeypatch.setattr(pipeline, "explained_fit", None)
    with pytest.raises(MissingExtraError) as raised:
        ig.explain(fit, output_dir=tmp_path / "out", **options)
    assert message in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_explain__of_a_fit_without_modules_is_empty_and_whole(tmp_path):
    rng = np.random.default_rng(0)
    genes = pl.DataFrame({"gene_id": [f"g{i}" for i in range(40)]})
    samples = pl.DataFrame({"sample_id": [f"S{i}" for i in range(20)]})
    counts = {"gene_counts": rng.poisson(100.0, (40, 20)).astype(float)}
    bundle = write_bundle(Bundle("null", samples, {"gene": genes}, counts), tmp_path / "null")
    fit = ig.fit(bundle, output_dir=tmp_path / "fit")
    explained = ig.explain(fit, output_dir=tmp_path / "out")
    assert explained.module_ids == ()
    assert eager(explained.gene_driver_table).columns[:3] == ["module_id", "gene_id", "r"]
    assert explained.relation("high_vs_low_table").fetchall() == []


def test_explain__of_genes_alone_has_no_polarity(small_bundle, tmp_path):
    fit = ig.fit(small_bundle(), output_dir=tmp_path / "fit")
    explained = ig.explain(fit, output_dir=tmp_path / "out")
    assert eager(explained.transcript_polarity_table).height == 0
    assert eager(explained.gene_driver_table.filter("in_module")).height == 8


def test_explain__says_where_a_moved_bundle_can_be_named(fitted, multiplex, tmp_path):
    fit = shutil.copytree(fitted.path, tmp_path / "below" / "fit")
    with pytest.raises(
        InputError, match=r"its bundle 'toy_multiplex_v1' is not at .*\. Say where it is with bundle\.$"
    ):
        ig.explain(fit, output_dir=tmp_path / "out")
    explained = ig.explain(fit, output_dir=tmp_path / "out", bundle=multiplex, module_ids="M000")
    assert eager(explained.transcript_polarity_table).height > 0


def test_explain__refuses_a_bundle_that_changed(fitted, multiplex, tmp_path):
    bundle = shutil.copytree(multiplex, tmp_path / "bundle")
    samples = pl.read_parquet(bundle / "samples.parquet")
    samples.with_columns(Age=pl.lit(1.0)).write_parquet(bundle / "samples.parquet")
    with pytest.raises(InputError, match=r"1 files are not those that were fitted: 'samples.parquet'\. Restore them"):
        ig.explain(fitted, output_dir=tmp_path / "out", bundle=bundle)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", [{"isograph_version": "0.9.1"}, {"schema_version": 7}])
def test_explain__says_which_version_made_a_fit_it_cannot_read(fitted, tmp_path, change):
    fit = shutil.copytree(fitted.path, tmp_path / "fit")
    manifest = json.loads((fit / "manifest.json").read_text()) | change
    (fit / "manifest.json").write_text(json.dumps(manifest))
    made, schema = manifest["isograph_version"], manifest["schema_version"]
    with pytest.raises(InputError) as raised:
        ig.explain(fit, output_dir=tmp_path / "out")
    (message,) = raised.value.violations
    assert message.startswith(
        f"made by isograph {made} (tables of version {schema}); this is {ig.__version__} (version 1)."
    )


def test_explain__refuses_a_fit_without_a_manifest(tmp_path):
    with pytest.raises(InputError, match=r"no manifest\.json: not a directory that isograph wrote"):
        ig.explain(tmp_path)


def test_explain__features_of_the_user_stand_in_for_those_of_the_fit(fitted, tmp_path):
    scores = eager(fitted.feature_scores)
    given = scores.select(
        "feature_id", *(pl.col(name) * 3 + 1 for name in scores.columns if name.startswith("S"))
    ).with_columns(pl.when(pl.int_range(pl.len()) != 0).then("S000"))
    given.write_csv(tmp_path / "given.tsv", separator="\t")
    scores.select("feature_id", "gene_id", transcript_id="feature_id").write_csv(tmp_path / "meta.csv")
    explained = ig.explain(
        fitted.path,
        output_dir=tmp_path / "out",
        feature_table=tmp_path / "given.tsv",
        feature_meta=tmp_path / "meta.csv",
        module_ids="M000",
    )
    drivers = eager(explained.gene_driver_table)
    assert drivers.get_column("feature_type").unique().to_list() == ["given"]
    assert drivers.get_column("n_complete").min() in (63, 64)
    plain = eager(ig.explain(fitted.path, output_dir=tmp_path / "plain", module_ids="M000").gene_driver_table)
    assert_allclose(drivers.get_column("r")[:5], plain.get_column("r")[:5], atol=1e-9)
    polarity = eager(explained.transcript_polarity_table)
    assert (polarity.get_column("transcript_id") == polarity.get_column("feature_id")).all()
    assert polarity.get_column("loading").null_count() == polarity.height


def test_explain__scores_of_the_user_stand_in_for_eigengenes(fitted, tmp_path):
    scores = eager(fitted.eigengenes.filter(pl.col("module_id") == "M001"))
    scores.filter(pl.col("sample_id") != "S003").rename({"eigengene": "score"}).with_columns(
        -pl.col("score")
    ).write_csv(tmp_path / "scores.csv")
    given = {"output_dir": tmp_path / "out", "module_score_table": tmp_path / "scores.csv"}
    with pytest.raises(InputError, match=r"1 modules without a score: 'M000'"):
        ig.explain(fitted, **given)
    drivers = eager(ig.explain(fitted, module_ids="M001", **given).gene_driver_table)
    assert drivers.get_column("n_complete").unique().to_list() == [63]
    kme = dict(eager(fitted.modules.select("gene_id", "kme")).iter_rows())
    first = drivers.row(0, named=True)
    assert first["r"] == pytest.approx(-kme[first["gene_id"]], abs=0.02)


@pytest.mark.parametrize(
    ("key", "annotated"), [("gene_id", TABLES), ("feature_id", TABLES), ("transcript_id", TABLES[1:2])]
)
def test_explain__adds_an_annotation_where_its_key_is(explained, fitted, tmp_path, key, annotated):
    table = "transcript_polarity_table" if key == "transcript_id" else "gene_driver_table"
    names = eager(explained.scan(table).filter(pl.col("module_id") == "M000")).get_column(key).unique().sort().head(3)
    pl.DataFrame({key: names, "rank": [1, 2, 3]}).write_parquet(tmp_path / "notes.parquet")
    noted = ig.explain(
        fitted, output_dir=tmp_path / "out", annotation_table=tmp_path / "notes.parquet", module_ids="M000"
    )
    assert [name for name in noted.tables if "rank" in eager(noted.scan(name)).columns] == annotated
    rows = eager(noted.scan(table).filter(pl.col("rank").is_not_null()))
    assert sorted(rows.get_column(key).unique()) == names.to_list()


def test_explain__refuses_an_annotation_before_it_writes_anything(fitted, tmp_path):
    (tmp_path / "notes.csv").write_text("gene_id,qvalue\nG0001,1\n")
    with pytest.raises(InputError, match=r"^notes\.csv: 1 columns that the tables have already: 'qvalue'\. Rename"):
        ig.explain(fitted, output_dir=tmp_path / "out", annotation_table=tmp_path / "notes.csv")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"vae_attribution": True}, "vae_attribution needs"),
        ({"integrated_gradients": True}, "integrated_gradients needs"),
        ({"vae_attribution": True, "integrated_gradients": True}, "vae_attribution and integrated_gradients need"),
    ],
)
def test_explain__says_which_fit_an_attribution_needs(fitted, tmp_path, options, named):
    with pytest.raises(UsageError) as raised:
        ig.explain(fitted, output_dir=tmp_path / "out", **options)
    assert str(raised.value) == (
        f"{named} the checkpoint of a vae fit, and {fitted.path} is a factor fit. Fit the bundle with backend='vae'."
    )


def test_explain__attributes_modules_with_the_model_of_a_vae_fit(vae_fit, multiplex, tmp_path):
    explained = ig.explain(
        vae_fit, output_dir=tmp_path / "out", vae_attribution=True, integrated_gradients=True, ig_baseline="mean"
    )
    assert list(explained.tables) == [*TABLES, "vae_drivers", "ig_attributions"]
    modules = eager(ig.open(vae_fit).modules)
    for module_id in explained.module_ids:
        members = set(modules.filter(pl.col("module_id") == module_id).get_column("gene_id"))
        for name in ("vae_drivers", "ig_attributions"):
            table = EXPLAIN_TABLES[name].checked(pl.read_parquet(explained.path / module_id / f"{name}.parquet"))
            assert set(table.get_column("gene_id")[: len(members)]) == members
    assert eager(explained.ig_attributions).get_column("convergence_delta").max() <= 0.01
    assert eager(explained.vae_drivers.filter("high_confidence", ~pl.col("in_module"))).height == 0
    assert eager(explained.vae_drivers).get_column("high_confidence").sum() >= 8


def test_explain__refuses_a_checkpoint_that_was_changed(vae_fit, tmp_path):
    fit = shutil.copytree(vae_fit, tmp_path / "fit")
    with (fit / "vae_checkpoint.pt").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(InputError, match=r"1 files changed since they were written: 'vae_checkpoint\.pt'"):
        ig.explain(fit, output_dir=tmp_path / "out", vae_attribution=True)


def test_open__knows_an_explanation(explained):
    opened = ig.open(explained.path)
    assert isinstance(opened, Explanation)
    assert opened.relation("gene_driver_table").filter("in_module").count("*").fetchall() == [(40,)]
    assert "M000: " in repr(opened)
    assert "<p>M001: " in opened._repr_html_()
    assert "gene_driver_table" in dir(opened)
    with pytest.raises(AttributeError, match="the explanation has no table 'vae_drivers'"):
        _ = opened.vae_drivers
    with pytest.raises(UsageError, match="the explanation has no table 'vae_drivers'"):
        opened.scan("vae_drivers")
    with pytest.raises(InputError, match=r"is one module of an explanation\. Open the directory above it\."):
        ig.open(explained.path / "M000")


def test_explain__names_genes_from_the_bundle_or_where_it_has_gone_from_the_fit(small_bundle, tmp_path):
    symbols = ["A", None, "C", "D", "E", "F", "G", "H"]
    bundle = small_bundle(symbols=symbols)
    fitted = ig.fit(bundle, output_dir=tmp_path / "fit")
    expected = {f"g{i}": symbol for i, symbol in enumerate(symbols)}
    for _ in range(2):
        explained = ig.explain(fitted, output_dir=tmp_path / "out", overwrite=True)
        for table in ("gene_driver_table", "high_vs_low_table"):
            rows = pl.read_parquet(explained.path / "M000" / f"{table}.parquet")
            assert rows.columns[-1] == "gene_name"
            names = dict(rows.select("gene_id", "gene_name").iter_rows())
            assert {gene: names[gene] for gene in expected} == expected
        shutil.rmtree(bundle, ignore_errors=True)

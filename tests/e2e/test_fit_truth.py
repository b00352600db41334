from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle
from isograph.schemas import FIT_TABLES

# A permutation changes the order of additions.
ROUNDING = 1e-9


def frame(fitted, table: str) -> pl.DataFrame:
    return getattr(fitted, table).collect(engine="in-memory")


def module_sets(fitted) -> set[frozenset[str]]:
    grouped = frame(fitted, "modules").group_by("module_id", maintain_order=True).agg("gene_id")
    return {frozenset(genes) for genes in grouped.get_column("gene_id")}


def keyed(fitted, table: str, column: str, *, magnitude: bool = False) -> dict[tuple, float]:
    """A column by the key of its table, module names replaced by their genes."""
    genes = {module: frozenset(rows["gene_id"]) for (module,), rows in frame(fitted, "modules").group_by("module_id")}
    return {
        tuple(genes.get(row[name], row[name]) for name in FIT_TABLES[table].key): (
            abs(row[column]) if magnitude else row[column]
        )
        for row in frame(fitted, table).to_dicts()
    }


@pytest.mark.parametrize(("name", "sizes"), [("toy_v1", [12, 12]), ("toy_multiplex_v1", [20, 20])])
def test_fit__finds_the_planted_modules(tmp_path, earlier_bundles, agreement, name, sizes):
    fitted = ig.fit(earlier_bundles / name, output_dir=tmp_path / "fit")
    truth = pl.read_parquet(earlier_bundles / name / "truth_modules.parquet")
    modules = frame(fitted, "modules")
    assert agreement(truth, modules) == 1.0
    assert frame(fitted, "module_summary").get_column("n_genes").to_list() == sizes
    assert modules.height == truth.height


@pytest.mark.parametrize("seed", [1, 2])
def test_fit__tells_planted_modules_from_background(tmp_path, simulated, agreement, seed):
    sizes = {"one": 40, "two": 25, "three": 10}
    path = simulated(seed, modules=sizes)
    fitted = ig.fit(path, output_dir=tmp_path / "fit")
    truth = pl.read_parquet(path / "truth_modules.parquet")
    assert agreement(truth, frame(fitted, "modules")) == 1.0
    background = frame(fitted, "modules").join(truth, on="gene_id", how="anti", maintain_order="left")
    assert background.height <= 2


@pytest.mark.parametrize("seed", range(4))
def test_fit__finds_nothing_where_there_is_nothing(tmp_path, simulated, seed):
    fitted = ig.fit(simulated(seed), output_dir=tmp_path / "fit")
    heights = {table: frame(fitted, table).height for table in FIT_TABLES}
    assert {name: height for name, height in heights.items() if height} == {
        "feature_scores": 500,
        "switch_loadings": 500,
        "excluded_features": 100,
        "feature_quality": 500,
    }
    for name, contract in FIT_TABLES.items():
        assert contract.checked(frame(fitted, name)).height == heights[name]
    assert fitted.calibration["n_modules"] == fitted.calibration["n_edges"] == 0
    assert fitted.calibration["n_unassigned_genes"] == 300
    assert "No module was found" in fitted.summary.as_text()


def test_fit__finds_an_unrecorded_confounder_and_says_what_it_is(tmp_path, agreement):
    path = ig.simulate("stress_degradation_switch_v1", tmp_path / "bundle", seed=1).path
    fitted = ig.fit(path, output_dir=tmp_path / "fit")
    truth = pl.read_parquet(path / "truth_modules.parquet")
    assert agreement(truth, frame(fitted, "modules")) == 1.0
    assert frame(fitted, "modules").height == truth.height
    assert fitted.calibration["hidden_confounders_removed"] == 1
    (found,) = fitted.calibration["hidden_confounders"]
    assert max(found["r"], key=found["r"].get) == "rin"
    assert found["r"]["rin"] > 0.9
    assert "Hidden confounders found and projected out: H1" in fitted.summary.as_text()
    scores = frame(fitted, "hidden_factors")
    assert scores.get_column("factor_id").unique().to_list() == ["H1"]
    assert (scores.get_column("score") ** 2).sum() == pytest.approx(1.0)
    of_rin, n = frame(fitted, "traits").filter(trait="rin"), fitted.calibration["n_samples"]
    assert of_rin.select("test", "dof").unique().rows() == [("partial_pearson", n - 3.0)]
    assert of_rin.get_column("reason").str.contains("hidden confounder H1, which was removed, explains").all()
    kept = ig.fit(path, output_dir=tmp_path / "kept", settings={"keep_factors": [1]})
    assert kept.calibration["hidden_confounders_removed"] == 0
    assert frame(kept, "traits").filter(trait="rin").select("test", "dof").unique().rows() == [("pearson", n - 2.0)]
    assert kept.calibration["hidden_confounders"][0]["removed"] is False
    assert frame(kept, "modules").height > truth.height


def test_fit__of_genes_that_do_not_vary_finds_nothing(tmp_path, simulation):
    bundle = simulation(0, n_genes=9, n_samples=20)
    flat = replace(bundle, matrices={"transcript_counts": np.full((18, 20), 7.0)})
    fitted = ig.fit(write_bundle(flat, tmp_path / "flat"), output_dir=tmp_path / "fit")
    assert frame(fitted, "feature_scores").height == frame(fitted, "modules").height == 0
    assert frame(fitted, "excluded_features").height == 18


@pytest.mark.parametrize("n_samples", [3, 4, 5])
def test_fit__of_few_samples_finds_nothing(tmp_path, simulated, n_samples):
    fitted = ig.fit(simulated(0, n_genes=30, n_samples=n_samples), output_dir=tmp_path / "fit")
    assert frame(fitted, "modules").height == 0


@pytest.fixture
def planted(simulation):
    return simulation(5, n_genes=240, modules={"one": 30, "two": 20})


def fitted_as(tmp_path, bundle, name: str):
    return ig.fit(write_bundle(bundle, tmp_path / name), output_dir=tmp_path / f"{name}_fit")


def test_fit__does_not_depend_on_the_order_of_samples(tmp_path, planted):
    order = np.random.default_rng(0).permutation(60)
    shuffled = replace(
        planted,
        samples=planted.samples[order.tolist()],
        matrices={"transcript_counts": planted.matrices["transcript_counts"][:, order]},
    )
    before, after = fitted_as(tmp_path, planted, "before"), fitted_as(tmp_path, shuffled, "after")
    assert module_sets(after) == module_sets(before)
    assert len(module_sets(before)) == 2
    for table, column in (("modules", "kme"), ("eigengenes", "eigengene"), ("traits", "pvalue"), ("edges", "weight")):
        expected = keyed(before, table, column, magnitude=True)
        assert keyed(after, table, column, magnitude=True) == pytest.approx(expected, abs=ROUNDING)
    roles = keyed(before, "module_gene_roles", "module_role")
    assert keyed(after, "module_gene_roles", "module_role") == roles


def test_fit__does_not_depend_on_the_order_of_transcripts(tmp_path, planted):
    order = np.random.default_rng(0).permutation(480)
    shuffled = replace(
        planted,
        feature_tables=planted.feature_tables | {"transcript": planted.transcripts[order.tolist()]},
        matrices={"transcript_counts": planted.matrices["transcript_counts"][order]},
    )
    before, after = fitted_as(tmp_path, planted, "before"), fitted_as(tmp_path, shuffled, "after")
    assert module_sets(after) == module_sets(before)
    # the switch axis of two isoforms points at the first of them, so signs may differ
    for table, column in (("modules", "kme"), ("traits", "pvalue"), ("switch_loadings", "loading")):
        expected = keyed(before, table, column, magnitude=True)
        assert keyed(after, table, column, magnitude=True) == pytest.approx(expected, abs=ROUNDING)


def test_fit__does_not_depend_on_where_the_genes_stand(tmp_path, planted, digests):
    gene_of = planted.transcripts.get_column("gene_id").to_list()
    order = sorted(range(480), key=lambda row: (gene_of[row][::-1], row))
    shuffled = replace(
        planted,
        feature_tables=planted.feature_tables | {"transcript": planted.transcripts[order]},
        matrices={"transcript_counts": planted.matrices["transcript_counts"][order]},
    )
    before, after = fitted_as(tmp_path, planted, "before"), fitted_as(tmp_path, shuffled, "after")
    assert digests(after.path, ".parquet") == digests(before.path, ".parquet")


def test_fit__does_not_depend_on_the_names_of_genes(tmp_path, planted, digests):
    renamed = replace(
        planted,
        feature_tables={"transcript": planted.transcripts.with_columns(pl.col(pl.String).str.replace("^", "x"))},
    )
    before, after = fitted_as(tmp_path, planted, "before"), fitted_as(tmp_path, renamed, "after")
    plain = frame(after, "modules").with_columns(pl.col("gene_id").str.strip_prefix("x"))
    assert plain.equals(frame(before, "modules"))


def test_fit__does_not_see_the_depth_of_a_library_in_abundance(tmp_path, planted):
    counts = planted.matrices["transcript_counts"].copy()
    counts[:, 7] *= 4.0
    deeper = replace(planted, matrices={"transcript_counts": counts})
    scores = [
        frame(fitted_as(tmp_path, bundle, name), "feature_scores").filter(feature_type="abundance")
        for name, bundle in (("before", planted), ("after", deeper))
    ]
    before, after = (table.select(pl.col("^S.*$")).to_numpy() for table in scores)
    assert before.shape == (240, 60)
    np.testing.assert_allclose(after, before, atol=ROUNDING)


def test_fit__keeps_copies_of_a_gene_together(tmp_path, planted):
    transcripts = planted.transcripts
    rows = transcripts.with_row_index().filter(gene_id="g0001").get_column("index").to_list()
    copies = transcripts[rows].with_columns(pl.col(pl.String).str.replace("^", "copy_"))
    doubled = replace(
        planted,
        feature_tables={"transcript": pl.concat([transcripts, copies])},
        matrices={"transcript_counts": np.concatenate([m := planted.matrices["transcript_counts"], m[rows]])},
    )
    fitted = fitted_as(tmp_path, doubled, "doubled")
    assert [genes for genes in module_sets(fitted) if "g0001" in genes and "copy_g0001" in genes]
    edge = frame(fitted, "edges").filter(source="copy_g0001", target="g0001")
    assert edge.get_column("weight").to_list() == pytest.approx([1.0])


def test_fit__projects_out_a_confounder_that_is_named(tmp_path, simulated):
    path = simulated(3, batch_effect=1.0)
    blind = ig.fit(path, output_dir=tmp_path / "blind")
    told = ig.fit(path, output_dir=tmp_path / "told", covariates="batch")
    found = frame(blind, "traits").filter(trait="batch")
    assert found.height >= 1
    assert found.get_column("qvalue").min() < 1e-10
    assert frame(told, "modules").height == 0
    batch = pl.read_parquet(path / "samples.parquet").get_column("batch")
    scores = frame(told, "feature_scores").select(pl.col("^S.*$")).to_numpy()
    means = [scores[:, (batch == level).to_numpy()].mean(axis=1) for level in ("b0", "b1", "b2")]
    np.testing.assert_allclose(means, 0.0, atol=ROUNDING)


def test_fit__finds_modules_behind_a_confounder(tmp_path, simulated, agreement):
    path = simulated(4, modules={"one": 30, "two": 20}, batch_effect=0.7)
    truth = pl.read_parquet(path / "truth_modules.parquet")
    told = ig.fit(path, output_dir=tmp_path / "told", covariates="batch")
    blind = ig.fit(path, output_dir=tmp_path / "blind")
    assert agreement(truth, frame(told, "modules")) == 1.0
    assert agreement(truth, frame(blind, "modules")) < 1.0


def test_fit__of_log_values_with_gaps_finds_the_planted_modules(tmp_path, agreement):
    rng = np.random.default_rng(9)
    signals = rng.normal(size=(2, 40))
    values = rng.normal(size=(80, 40)) + 2.0 * np.repeat([*signals, 0.0 * signals[0]], [20, 15, 45], axis=0)
    values[rng.uniform(size=values.shape) < 0.05] = np.nan
    genes = [f"{i:03d}" for i in range(80)]
    samples = pl.DataFrame({"sample_id": [f"{i:02d}" for i in range(40)], "signal": signals[0]})
    bundle = Bundle("log", samples, {"gene": pl.DataFrame({"gene_id": genes})}, {"gene_log": values})
    fitted = fitted_as(tmp_path, bundle, "log")
    truth = pl.DataFrame({"gene_id": genes[:35], "module_id": ["one"] * 20 + ["two"] * 15})
    assert agreement(truth, frame(fitted, "modules")) == 1.0
    assert frame(fitted, "modules").height == 35
    (strongest,) = frame(fitted, "traits").sort("pvalue").head(1).to_dicts()
    assert (strongest["module_id"], strongest["trait"], strongest["n"]) == ("M000", "signal", 40)
    scores = frame(fitted, "feature_scores").select(pl.exclude(*FIT_TABLES["feature_scores"].schema)).to_numpy()
    np.testing.assert_array_equal(np.isnan(scores), np.isnan(values))

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config.values import value_text
from isograph.errors import ConfigError, ResourceError
from isograph.simulation.bundle import simulated_bundle, simulation
from isograph.simulation.spec import fixture_spec

ACTIVE_R = 0.2
MIN_RECALL = 0.97
EQUAL_ROLES = {"switch_only": 0.25, "abundance_only": 0.25, "coupled": 0.25, "discordant": 0.25}


def defined_roles(drawn, built):
    """The role that the definition gives every planted gene when the module's true activity is its eigengene."""
    plan = drawn.plan
    number = np.array([int(name[1:]) for name in built.gene_ids])[built.gene_of]
    scores = np.zeros((2, len(plan.module_of), built.z.shape[1]))
    scores[built.is_switch.astype(int), number] = built.z
    n = built.z.shape[1]
    abundance_r, switch_r = (scores[:, plan.planted] * drawn.activity[plan.module_of[plan.planted]]).mean(axis=2)
    between = (scores[0, plan.planted] * scores[1, plan.planted]).sum(axis=1) / (n - 1)
    abundant, switches = np.abs(abundance_r) >= ACTIVE_R, np.abs(switch_r) >= ACTIVE_R
    return np.select(
        [abundant & switches & (between >= ACTIVE_R), abundant & switches, abundant, switches],
        ["coupled", "discordant", "abundance_only", "switch_only"],
        "inactive",
    )


def files(path):
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_simulated_bundle__holds_what_the_spec_says(spec):
    bundle = simulated_bundle(spec(description="Mine.", role_shares=EQUAL_ROLES), seed=0)
    tables = {kind: (table.height, table.columns) for kind, table in bundle.feature_tables.items()}
    n_transcripts = bundle.matrices["transcript_counts"].shape[0]
    assert tables == {
        "gene": (200, ["gene_id", "chrom", "start", "end"]),
        "transcript": (n_transcripts, ["transcript_id", "gene_id", "length"]),
        "truth_module": (50, ["gene_id", "module_id"]),
        "truth_switch": (200, ["gene_id", "has_switch"]),
        "truth_abundance": (200, ["gene_id", "has_abundance"]),
        "truth_channel_role": (200, ["gene_id", "module_id", "truth_role", "has_switch", "has_abundance"]),
    }
    assert bundle.matrices["gene_counts"].shape == (200, 60)
    assert (bundle.dataset_name, bundle.suite_name, bundle.description) == ("small", "mine", "Mine.")
    assert bundle.samples.schema == {"sample_id": pl.String, "Dx": pl.String, "Age": pl.Float64, "Sex": pl.String}
    assert bundle.samples.get_column("Dx").value_counts().sort("Dx").rows() == [("Case", 30), ("Control", 30)]


def test_simulated_bundle__plants_what_the_spec_says(spec):
    truth = simulated_bundle(spec(role_shares=EQUAL_ROLES), seed=0).feature_tables
    roles = truth["truth_channel_role"]
    assert truth["truth_module"].schema["module_id"] == pl.Int64
    counted = roles.group_by("module_id", "truth_role", maintain_order=True).len().sort("module_id", "truth_role")
    assert counted.rows() == [
        (None, "background", 150),
        (0, "abundance_only", 8),
        (0, "coupled", 7),
        (0, "discordant", 7),
        (0, "switch_only", 8),
        (1, "abundance_only", 5),
        (1, "coupled", 5),
        (1, "discordant", 5),
        (1, "switch_only", 5),
    ]
    switching = roles.filter(pl.col("truth_role").is_in(["switch_only", "coupled", "discordant"]))
    assert truth["truth_switch"].filter("has_switch").get_column("gene_id").equals(switching.get_column("gene_id"))
    abundant = roles.filter(pl.col("truth_role").is_in(["abundance_only", "coupled", "discordant"]))
    carrying = truth["truth_abundance"].filter("has_abundance").get_column("gene_id")
    assert carrying.equals(abundant.get_column("gene_id"))


def test_simulated_bundle__does_not_order_genes_by_module(spec):
    modules = simulated_bundle(spec(), seed=0).feature_tables["truth_module"].get_column("module_id").to_numpy()
    assert np.count_nonzero(np.diff(modules)) > 10


def test_simulated_bundle__keeps_the_whole_spec_in_its_provenance(spec):
    made = spec(dispersion=np.inf, role_shares={"coupled": 1.0}, recorded_covariates=("depth",), depth_sd=0.5)
    provenance = simulated_bundle(made, seed=7).provenance
    assert {name: provenance[name] for name in made.values if name != "redraw"} == {
        name: value_text(value) for name, value in made.values.items() if name != "redraw"
    }
    # A field that is younger than the fixtures does not change the bytes of those that do not use it.
    assert "redraw" not in provenance
    assert simulated_bundle(spec(redraw="multinomial"), seed=7).provenance["redraw"] == "multinomial"
    chosen = ("seed", "dispersion", "module_sizes", "role_shares", "recorded_covariates", "balanced_noise")
    assert [provenance[name] for name in chosen] == ["7", "inf", "[30, 20]", "{coupled = 1.0}", "[depth]", "false"]


def test_simulated_bundle__records_covariates(spec):
    strengths = {"degradation_strength": 1.0, "composition_strength": 0.5, "batch_strength": 0.5, "depth_sd": 0.5}
    recorded = ("rin", "cell_fraction", "batch", "depth")
    made = spec(recorded_covariates=recorded, **strengths)
    samples = simulated_bundle(made, seed=0).samples
    assert samples.columns[4:] == list(recorded)
    assert samples.get_column("batch").value_counts().sort("batch").rows() == [(f"B{n}", 15) for n in (1, 2, 3, 4)]
    assert samples.select(pl.col("rin").is_between(4, 10).all()).item()
    assert samples.select(pl.col("cell_fraction").is_between(0, 1).all()).item()
    depth = np.log2(simulation(made, seed=0).gene_counts.sum(axis=0))
    assert np.corrcoef(samples.get_column("depth").to_numpy(), depth)[0, 1] > 0.95


def test_simulated_bundle__survives_being_written_and_read(spec, tmp_path):
    bundle = simulated_bundle(spec(role_shares=EQUAL_ROLES), seed=0)
    read = read_bundle(write_bundle(bundle, tmp_path / "b"))
    assert read.samples.equals(bundle.samples)
    assert list(read.feature_tables) == list(bundle.feature_tables)
    assert all(read.feature_tables[kind].equals(table) for kind, table in bundle.feature_tables.items())
    assert all(np.array_equal(read.matrices[assay], matrix) for assay, matrix in bundle.matrices.items())


@pytest.mark.parametrize("name", ["toy_v1", "toy_multiplex_v1", "stress_degradation_switch_v1"])
def test_simulated_bundle__is_the_same_bytes_from_the_same_seed(name, tmp_path):
    written = [
        files(write_bundle(simulated_bundle(fixture_spec(name), seed=seed), tmp_path / str(number)))
        for number, seed in enumerate((3, 3, 4))
    ]
    assert written[0] == written[1]
    assert all(written[0][file] != written[2][file] for file in ("transcript_counts.npz", "samples.parquet"))


def test_simulated_bundle__of_another_name_is_another_draw(spec):
    first, second = (simulated_bundle(spec(name=name), seed=0) for name in ("one", "two"))
    assert not np.array_equal(first.matrices["gene_counts"], second.matrices["gene_counts"])


def test_simulation__moves_only_what_a_setting_is_about(spec):
    before, after = (simulation(spec(usage_concentration=value), seed=0) for value in (60.0, 10.0))
    np.testing.assert_array_equal(before.gene_counts, after.gene_counts)
    np.testing.assert_array_equal(before.activity, after.activity)
    assert not np.array_equal(before.transcript_counts, after.transcript_counts)


@pytest.mark.parametrize("null", ["multinomial", "overdispersed"])
def test_simulated_bundle__of_a_redrawn_spec_keeps_all_but_the_usage(spec, null):
    plain, redrawn = (
        simulated_bundle(spec(role_shares=EQUAL_ROLES, redraw=redraw), seed=0) for redraw in ("none", null)
    )
    assert (redrawn.dataset_name, redrawn.suite_name) == ("small", "mine")
    assert redrawn.samples.equals(plain.samples)
    np.testing.assert_array_equal(redrawn.matrices["gene_counts"], plain.matrices["gene_counts"])
    assert not np.array_equal(redrawn.matrices["transcript_counts"], plain.matrices["transcript_counts"])
    assert not redrawn.feature_tables["truth_switch"].get_column("has_switch").any()
    planted = redrawn.feature_tables["truth_channel_role"].drop_nulls("module_id").get_column("truth_role")
    assert planted.value_counts().rows() == [("abundance_only", 37)]


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_simulated_bundle__refuses_a_seed_out_of_range(spec, seed):
    with pytest.raises(ConfigError, match=rf"^seed is {seed}, expected 0 to 2\^32 − 1$"):
        simulated_bundle(spec(), seed=seed)


def test_simulated_bundle__refuses_samples_without_counts(spec):
    made = spec(n_genes=1, module_sizes=(), gene_mean=1.0, gene_mean_sd=0.0)
    with pytest.raises(ConfigError, match=r"^fixture 'small': \d+ samples have no counts; raise gene_mean or n_genes$"):
        simulated_bundle(made, seed=0)


def test_simulated_bundle__refuses_what_does_not_fit_into_memory(spec):
    with pytest.raises(
        ResourceError, match=r"10,000,000 genes × 1,000,000 samples needs about .* Simulate fewer genes"
    ):
        simulated_bundle(spec(n_genes=10_000_000, n_samples=1_000_000), seed=0)


def test_simulated_bundle__takes_the_smallest_sizes(spec):
    bundle = simulated_bundle(spec(n_genes=2, n_samples=3, module_sizes=(2,)), seed=0)
    assert bundle.matrices["gene_counts"].shape == (2, 3)


def test_toy__is_its_module_exactly(features_of):
    drawn = simulation(fixture_spec("toy_v1"), seed=0)
    built = features_of(drawn)
    assert built.feature_types == ["switch"] * 24
    r = (built.z * drawn.activity[drawn.plan.module_of]).mean(axis=1)
    # NOTE: usage is a logistic of the activity, which bends at both ends.
    assert np.abs(r).min() > 0.95
    assert np.linalg.matrix_rank(drawn.gene_counts, tol=1e-6) == 1


def test_nothing__is_planted_in_a_null():
    bundle = simulated_bundle(fixture_spec("null_200x20_v1"), seed=0)
    assert bundle.feature_tables["truth_module"].height == 0
    assert set(bundle.feature_tables["truth_channel_role"].get_column("truth_role")) == {"background"}


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *((name, seed) for name in ("toy_multiplex_v1", "noisy_multiplex_v1") for seed in range(3)),
        *((name, seed) for name in ("medium_multiplex_v1", "large_multiplex_v1") for seed in range(3)),
        ("xxlarge_multiplex_v1", 0),
    ],
)
def test_planted_roles__are_those_of_the_definition(name, seed, features_of):
    drawn = simulation(fixture_spec(name), seed=seed)
    planted = drawn.plan.roles[drawn.plan.planted]
    defined = defined_roles(drawn, features_of(drawn))
    recall = {role: float((defined[planted == role] == role).mean()) for role in EQUAL_ROLES}
    assert {role: value for role, value in recall.items() if value < MIN_RECALL} == {}

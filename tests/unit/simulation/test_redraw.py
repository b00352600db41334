from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.config.redraw import MULTINOMIAL, NULLS, OVERDISPERSED, RedrawConfig
from isograph.errors import ConfigError, InputError, ResourceError
from isograph.runtime import resources
from isograph.simulation import redraw
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.redraw import concentrations, redrawn_bundle, redrawn_counts, without_switching
from isograph.simulation.spec import fixture_spec

SHARES = np.array([0.5, 0.3, 0.15, 0.05])


def planted(concentration: float, *, genes: int = 300, samples: int = 40, seed: int = 0) -> np.ndarray:
    """Dirichlet-multinomial counts of genes with four transcripts: (genes, 4, samples)."""
    rng = np.random.default_rng(seed)
    totals = rng.integers(30, 400, (genes, samples))
    usage = rng.dirichlet(concentration * SHARES, (genes, samples)) if np.isfinite(concentration) else SHARES
    return np.moveaxis(rng.multinomial(totals, usage), 2, 1).astype(np.float64)


def overdispersion(counts: list[list[float]]) -> float:
    """θ of one gene, a row a sample, by the formulas of La Rosa et al. 2012 with S_j and G_j."""
    sizes = [sum(row) for row in counts]
    n, total = len(counts), sum(sizes)
    n_c = (total - sum(size**2 for size in sizes) / total) / (n - 1)
    above = below = 0.0
    for j in range(len(counts[0])):
        pooled = sum(row[j] for row in counts) / total
        s = g = 0.0
        for row, size in zip(counts, sizes, strict=True):
            share = row[j] / size
            s += size * (share - pooled) ** 2 / (n - 1)
            g += size * share * (1 - share) / sum(other - 1 for other in sizes)
        above += s - g
        below += s + (n_c - 1) * g
    return above / below


def in_rows(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n_genes, k, n_samples = counts.shape
    return counts.reshape(n_genes * k, n_samples), np.arange(0, n_genes * k + 1, k)


@pytest.fixture
def fractional() -> Bundle:
    """A bundle of six genes with 3, 1, 2, 4, 2 and 2 transcripts in scattered rows; counts have fractions."""
    rng = np.random.default_rng(3)
    genes = np.repeat([f"g{n}" for n in range(6)], [3, 1, 2, 4, 2, 2])
    order = rng.permutation(len(genes))
    counts = rng.gamma(2.0, 15.0, (len(genes), 9))
    counts[np.flatnonzero(genes == "g4")] = 0.0
    counts[np.flatnonzero(genes == "g5")] *= 0.002
    transcripts = pl.DataFrame({"transcript_id": [f"t{n:02d}" for n in order], "gene_id": genes[order].tolist()})
    samples = pl.DataFrame({"sample_id": [f"s{n}" for n in rng.permutation(9)], "group": list("aaabbbccc")})
    return Bundle("made", samples, {"transcript": transcripts}, {"transcript_counts": counts[order]})


def gene_totals(bundle: Bundle) -> pl.DataFrame:
    counts = pl.DataFrame(bundle.matrices["transcript_counts"], schema=bundle.sample_ids)
    sums = pl.concat([bundle.transcripts.select("gene_id"), counts], how="horizontal")
    return sums.group_by("gene_id").agg(pl.all().sum()).sort("gene_id").select(sorted(sums.columns))


@pytest.mark.parametrize("null", NULLS)
def test_redrawn_counts__keep_whole_totals_to_the_last_bit(null):
    counts = planted(20.0)
    rows, offsets = in_rows(counts)
    drawn = redrawn_counts(rows, offsets, null=null, seed=1)
    np.testing.assert_array_equal(drawn.reshape(counts.shape).sum(axis=1), counts.sum(axis=1))
    assert (drawn != rows).mean() > 0.5


@pytest.mark.parametrize("null", NULLS)
def test_without_switching__keeps_fractional_totals_and_single_transcripts(fractional, null):
    drawn = without_switching(fractional, null, seed=5)
    before, after = gene_totals(fractional), gene_totals(drawn)
    assert after.get_column("gene_id").equals(before.get_column("gene_id"))
    np.testing.assert_allclose(after.drop("gene_id").to_numpy(), before.drop("gene_id").to_numpy(), rtol=1e-13)
    single = np.flatnonzero(fractional.transcripts.get_column("gene_id").to_numpy() == "g1")
    np.testing.assert_array_equal(
        drawn.matrices["transcript_counts"][single], fractional.matrices["transcript_counts"][single]
    )


def test_redrawn_counts__put_the_part_of_a_read_in_one_transcript():
    counts = np.array([[2.25, 0.0], [1.25, 0.5]])
    drawn = redrawn_counts(counts, np.array([0, 2]), null=MULTINOMIAL, seed=0)
    fractions = np.sort(drawn - np.floor(drawn), axis=0)
    np.testing.assert_array_equal(fractions, [[0.0, 0.0], [0.5, 0.5]])
    np.testing.assert_array_equal(drawn.sum(axis=0), [3.5, 0.5])


@pytest.mark.parametrize("null", NULLS)
def test_redrawn_counts__have_the_pooled_usage_as_their_mean(null):
    rng = np.random.default_rng(0)
    counts = np.array([[30.5], [10.25], [0.0], [9.25]]) * rng.uniform(0.5, 1.5, (4, 40_000))
    drawn = redrawn_counts(counts, np.array([0, 4]), null=null, seed=2)
    pooled = counts.sum(axis=1) / counts.sum()
    np.testing.assert_allclose((drawn / counts.sum(axis=0)).mean(axis=1), pooled, atol=0.003)
    assert not drawn[2].any()


def test_redrawn_counts__of_the_multinomial_null_vary_by_counting_alone():
    rows, offsets = in_rows(planted(5.0, genes=400))
    drawn = redrawn_counts(rows, offsets, null=MULTINOMIAL, seed=4).reshape(400, 4, 40)
    theta = 1.0 / (1.0 + concentrations(drawn))
    assert 0.3 < np.isinf(concentrations(drawn)).mean() < 0.7
    assert theta.mean() < 0.002
    totals = drawn.sum(axis=1, keepdims=True)
    pooled = drawn.sum(axis=2, keepdims=True) / totals.sum(axis=2, keepdims=True)
    chi2 = (np.square(drawn - totals * pooled) / (totals * pooled)).sum(axis=(1, 2))
    assert chi2.mean() == pytest.approx(39 * 3, rel=0.02)


@pytest.mark.parametrize("concentration", [2.0, 20.0, 200.0])
def test_redrawn_counts__of_the_overdispersed_null_have_the_planted_dispersion(concentration):
    rows, offsets = in_rows(planted(concentration))
    drawn = redrawn_counts(rows, offsets, null=OVERDISPERSED, seed=4).reshape(300, 4, 40)
    theta = np.mean(1.0 / (1.0 + concentrations(drawn)))
    assert theta == pytest.approx(1.0 / (1.0 + concentration), rel=0.1)


def test_redrawn_counts__of_genes_whose_samples_use_one_transcript_each_stay_finite():
    counts = np.zeros((1, 3, 12))
    counts[0, np.arange(12) % 3, np.arange(12)] = 50.0
    rows, offsets = in_rows(counts)
    drawn = redrawn_counts(rows, offsets, null=OVERDISPERSED, seed=0)
    np.testing.assert_array_equal(drawn.sum(axis=0), 50.0)
    assert (drawn == 50.0).sum() == 12


@pytest.mark.parametrize("concentration", [1.0, 20.0, 1000.0])
def test_concentrations__are_those_of_the_formulas(concentration):
    counts = planted(concentration, genes=30, samples=15)
    expected = np.array([overdispersion(gene.T.tolist()) for gene in counts])
    expected = np.where(expected > 0, 1.0 / np.maximum(expected, 1e-300) - 1.0, np.inf)
    np.testing.assert_allclose(concentrations(counts), expected, rtol=1e-9)


def test_concentrations__leave_samples_without_a_count_out():
    counts = planted(10.0, genes=20, samples=12)
    padded = np.concatenate([counts, np.zeros((20, 4, 3)), np.full((20, 4, 2), 0.2)], axis=2)
    np.testing.assert_allclose(concentrations(padded), concentrations(counts), rtol=1e-9)


def test_concentrations__do_not_take_what_the_design_explains_for_noise():
    rng = np.random.default_rng(0)
    group = np.arange(40) % 2
    usage = np.where(group[:, None] == 0, [0.7, 0.2, 0.1], [0.2, 0.3, 0.5])
    drawn = np.stack([rng.multinomial(200, rng.dirichlet(50.0 * p, 300)) for p in usage], axis=2).astype(float)
    design = np.stack([np.ones(40), group], axis=1)
    theta = [np.mean(1.0 / (1.0 + concentrations(drawn, columns))) for columns in (None, design)]
    assert theta[0] > 0.1
    assert theta[1] == pytest.approx(1.0 / 51.0, rel=0.1)


@pytest.mark.parametrize("counts", [np.zeros((1, 2, 4)), np.array([[[3.0, 5.0], [0.0, 0.0]]]), np.full((1, 2, 1), 9.0)])
def test_concentrations__without_anything_to_tell_are_infinite(counts):
    assert np.isinf(concentrations(counts)).all()


@pytest.mark.parametrize("null", NULLS)
def test_redrawn_counts__do_not_depend_on_how_many_are_drawn_at_once(null, monkeypatch):
    rows, offsets = in_rows(planted(20.0, genes=50) + 0.25)
    whole = redrawn_counts(rows, offsets, null=null, seed=1)
    monkeypatch.setattr(redraw, "VALUES_AT_ONCE", 300)
    np.testing.assert_array_equal(redrawn_counts(rows, offsets, null=null, seed=1), whole)


@pytest.mark.parametrize("null", NULLS)
def test_without_switching__is_the_same_again_and_another_from_another_seed(fractional, null):
    first, again, other = (
        without_switching(fractional, null, seed=seed).matrices["transcript_counts"] for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("null", NULLS)
def test_without_switching__belongs_to_ids_and_not_to_places(fractional, null):
    rng = np.random.default_rng(8)
    rows, columns = rng.permutation(14), rng.permutation(9)
    permuted = replace(
        fractional,
        samples=fractional.samples[columns],
        feature_tables={"transcript": fractional.transcripts[rows]},
        matrices={"transcript_counts": fractional.matrices["transcript_counts"][np.ix_(rows, columns)]},
    )
    design = np.stack([np.ones(9), np.arange(9) % 2], axis=1)
    straight = without_switching(fractional, null, seed=5, design=design).matrices["transcript_counts"]
    moved = without_switching(permuted, null, seed=5, design=design[columns]).matrices["transcript_counts"]
    np.testing.assert_array_equal(moved, straight[np.ix_(rows, columns)])


def test_redrawn_bundle__says_what_it_is(fractional):
    config = RedrawConfig(null=OVERDISPERSED, within=("group",), seed=3)
    made = redrawn_bundle(replace(fractional, provenance={"created_by": "me"}), config)
    assert (made.dataset_name, made.path) == ("made_null2", None)
    assert made.description.startswith("Transcript counts of made drawn again without switching: Dirichlet-multinomial")
    provenance = {key: value for key, value in made.provenance.items() if key != "redraw_by"}
    assert provenance == {
        "created_by": "me",
        "redraw_null": "overdispersed",
        "redraw_seed": "3",
        "redraw_within": "[group]",
        "redraw_of": "made",
    }
    assert made.samples.equals(fractional.samples)
    assert made.transcripts.equals(fractional.transcripts)


def test_redrawn_bundle__leaves_what_was_measured_of_usage_out(fractional):
    psi = pl.DataFrame({"psi_uid": ["p"], "gene_id": ["g0"]})
    tables = {**fractional.feature_tables, "psi": psi, "gene": pl.DataFrame({"gene_id": ["g0"]})}
    matrices = {**fractional.matrices, "psi": np.zeros((1, 9)), "gene_counts": np.ones((1, 9))}
    made = redrawn_bundle(replace(fractional, feature_tables=tables, matrices=matrices), RedrawConfig())
    assert (list(made.feature_tables), list(made.matrices)) == (
        ["transcript", "gene"],
        ["transcript_counts", "gene_counts"],
    )
    np.testing.assert_array_equal(made.matrices["gene_counts"], 1.0)


def test_without_switching__keeps_the_truth_about_abundance():
    bundle = simulated_bundle(fixture_spec("toy_multiplex_v1"), seed=0)
    before, after = (made.feature_tables for made in (bundle, without_switching(bundle, MULTINOMIAL, seed=0)))
    assert not after["truth_switch"].get_column("has_switch").any()
    assert after["truth_abundance"].equals(before["truth_abundance"])
    roles = after["truth_channel_role"]
    assert roles.get_column("truth_role").value_counts().sort("truth_role").rows() == [
        ("abundance_only", 30),
        ("background", 10),
    ]
    assert not roles.get_column("has_switch").any()
    assert roles.get_column("has_abundance").equals(before["truth_channel_role"].get_column("has_abundance"))
    assert after["truth_module"].equals(roles.drop_nulls("module_id").select("gene_id", "module_id"))


def test_without_switching__refuses_bundles_it_cannot_draw_again(fractional):
    genes = Bundle(
        "g", fractional.samples, {"gene": pl.DataFrame({"gene_id": ["a"]})}, {"gene_counts": np.ones((1, 9))}
    )
    with pytest.raises(InputError, match=r"^g: has no transcript counts \(it has gene_counts\), and without them"):
        without_switching(genes, MULTINOMIAL, seed=0)
    single = replace(
        fractional,
        feature_tables={"transcript": fractional.transcripts.unique("gene_id", maintain_order=True)},
        matrices={"transcript_counts": np.ones((6, 9))},
    )
    with pytest.raises(InputError, match=r"^made: none of its 6 genes has two transcripts, so there is nothing"):
        without_switching(single, MULTINOMIAL, seed=0)
    huge = replace(fractional, matrices={"transcript_counts": fractional.matrices["transcript_counts"] * 1e18})
    with pytest.raises(InputError, match=r"^made: \d+ totals of a gene in a sample are 2\^53 or more"):
        without_switching(huge, MULTINOMIAL, seed=0)


def test_without_switching__refuses_what_does_not_fit_into_memory(fractional, monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 100)
    with pytest.raises(ResourceError, match=r"drawing 14 transcripts × 9 samples again needs about"):
        without_switching(fractional, MULTINOMIAL, seed=0)


def test_redraw_config__names_everything_that_is_wrong():
    with pytest.raises(ConfigError) as raised:
        RedrawConfig(null="poisson", seed=-1)
    assert str(raised.value) == (
        "null is 'poisson', expected multinomial or overdispersed; seed is -1, expected 0 to 2^32 − 1"
    )
    with pytest.raises(ConfigError, match=r"^within is for null='overdispersed'$"):
        RedrawConfig(within=("group",))

from __future__ import annotations

import numpy as np
import pytest

from isograph.simulation.bundle import simulation
from isograph.simulation.genes import isoform_classes

# NOTE: tolerances are four standard errors or more of what is compared.
MEAN_TOLERANCE = 0.01
VARIANCE_TOLERANCE = 0.05
SHARE_TOLERANCE = 0.02
USAGE_TOLERANCE = 0.01


def log_odds(drawn, gene):
    """Log ratio of a two-isoform gene's counts."""
    first = drawn.plan.offsets[gene]
    counts = drawn.transcript_counts[first : first + 2] + 0.5
    return np.log(counts[0] / counts[1])


@pytest.mark.parametrize("size", [0.5, 3.0, 15.0])
def test_gene_totals__are_negative_binomial(spec, size):
    drawn = simulation(
        spec(n_genes=500, n_samples=1000, module_sizes=(), gene_mean=40.0, gene_mean_sd=0.0, dispersion=size), seed=1
    )
    counts = drawn.gene_counts
    assert counts.mean() == pytest.approx(40.0, rel=MEAN_TOLERANCE)
    assert counts.var() == pytest.approx(40.0 + 40.0**2 / size, rel=VARIANCE_TOLERANCE)
    zero = (size / (size + 40.0)) ** size
    assert (counts == 0).mean() == pytest.approx(zero, abs=0.002)


def test_gene_totals__without_dispersion_are_poisson(spec):
    drawn = simulation(
        spec(n_genes=500, n_samples=1000, module_sizes=(), gene_mean=40.0, gene_mean_sd=0.0, dispersion=np.inf), seed=1
    )
    assert drawn.gene_counts.mean() == pytest.approx(40.0, rel=MEAN_TOLERANCE)
    assert drawn.gene_counts.var() == pytest.approx(40.0, rel=VARIANCE_TOLERANCE)


def test_gene_totals__have_log_normal_means(spec):
    drawn = simulation(spec(n_genes=20_000, n_samples=3, module_sizes=(), gene_mean=50.0, gene_mean_sd=0.7), seed=1)
    assert np.median(np.exp(drawn.plan.log_mean)) == pytest.approx(50.0, rel=0.03)
    assert drawn.plan.log_mean.std() == pytest.approx(0.7, rel=0.02)


def test_gene_totals__change_with_the_module_by_the_abundance_effect(spec):
    drawn = simulation(
        spec(role_shares={"abundance_only": 1.0}, abundance_effect=0.8, sampling="expected", n_samples=30), seed=2
    )
    plan = drawn.plan
    expected = plan.log_mean[:, None] + np.where(
        plan.planted[:, None], 0.8 * plan.abundance_sign[:, None] * drawn.activity[plan.module_of], 0.0
    )
    np.testing.assert_allclose(np.log(drawn.gene_counts), expected, rtol=1e-12)


def test_gene_totals__are_capped(spec):
    drawn = simulation(spec(gene_mean=1e6, gene_mean_sd=3.0, depth_sd=3.0, sampling="expected"), seed=2)
    assert drawn.gene_counts.max() == pytest.approx(1e9)


def test_gene_totals__of_counts_are_whole_and_of_expected_are_not(spec):
    assert (np.mod(simulation(spec(), seed=3).gene_counts, 1) == 0).all()
    assert (np.mod(simulation(spec(sampling="expected"), seed=3).gene_counts, 1) != 0).all()


@pytest.mark.parametrize("concentration", [0.5, 60.0, np.inf])
def test_transcript_counts__add_up_to_their_gene(spec, concentration):
    drawn = simulation(spec(usage_concentration=concentration, single_isoform_share=0.3), seed=3)
    totals = np.add.reduceat(drawn.transcript_counts, drawn.plan.offsets[:-1], axis=0)
    np.testing.assert_array_equal(totals, drawn.gene_counts)
    assert drawn.transcript_counts.min() >= 0


def test_transcript_counts__of_two_isoforms_follow_a_logistic_of_the_latent(spec):
    drawn = simulation(spec(isoform_shares=(1.0,), switch_effect=1.7, sampling="expected"), seed=4)
    plan = drawn.plan
    for gene in np.flatnonzero(plan.planted):
        first = plan.offsets[gene]
        share = drawn.transcript_counts[first] / drawn.gene_counts[gene]
        drive = plan.switch_sign[gene] * drawn.activity[plan.module_of[gene]]
        up = np.sign(plan.direction[first])
        rest = plan.baseline[first] - plan.baseline[first + 1]
        np.testing.assert_allclose(share, 1 / (1 + np.exp(-(rest + 1.7 * up * drive))), rtol=1e-10)


def test_transcript_counts__of_background_keep_their_usage(spec):
    drawn = simulation(spec(sampling="expected"), seed=4)
    background = ~np.repeat(drawn.plan.planted, drawn.plan.n_isoforms)
    totals = np.repeat(drawn.gene_counts, drawn.plan.n_isoforms, axis=0)
    assert np.ptp(drawn.transcript_counts / totals, axis=1)[background].max() < 1e-12
    assert np.ptp(drawn.transcript_counts / totals, axis=1)[~background].min() > 0.1


@pytest.mark.parametrize(("concentration", "noise"), [(9.0, 1 / 10), (49.0, 1 / 50), (np.inf, 0.0)])
def test_transcript_counts__have_the_variance_of_their_concentration(spec, concentration, noise):
    drawn = simulation(
        spec(
            n_genes=300,
            n_samples=800,
            module_sizes=(),
            isoform_shares=(1.0,),
            usage_concentration=concentration,
            gene_mean=400.0,
            gene_mean_sd=0.0,
            dispersion=np.inf,
        ),
        seed=5,
    )
    odds = np.exp(drawn.plan.baseline[1::2] - drawn.plan.baseline[::2])
    mean = 1 / (1 + odds)
    share = drawn.transcript_counts[::2] / drawn.gene_counts
    np.testing.assert_allclose(share.mean(axis=1), mean, atol=5 * np.sqrt(0.25 * (noise + 1 / 400) / 800))
    unit = (share.var(axis=1) / (mean * (1 - mean))).mean()
    assert unit == pytest.approx(noise + (1 - noise) / 400, rel=VARIANCE_TOLERANCE)


def test_isoform_numbers__have_their_shares(spec):
    drawn = simulation(spec(n_genes=10_000, n_samples=3, module_sizes=(), single_isoform_share=0.0), seed=6)
    shares = np.bincount(drawn.plan.n_isoforms, minlength=6)[2:] / 10_000
    np.testing.assert_allclose(shares, [0.45, 0.30, 0.15, 0.10], atol=SHARE_TOLERANCE)


def test_isoform_numbers__of_genes_that_switch_are_never_one(spec):
    roles = {"switch_only": 0.5, "abundance_only": 0.5}
    plan = simulation(spec(n_genes=10_000, n_samples=3, single_isoform_share=0.98, role_shares=roles), seed=6).plan
    assert plan.n_isoforms[plan.switches].min() == 2
    assert (plan.n_isoforms[~plan.planted] == 1).mean() == pytest.approx(0.98, abs=0.01)
    assert (plan.n_isoforms[plan.roles == "abundance_only"] == 1).mean() > 0.8


def test_isoform_numbers__can_be_fixed(spec):
    assert set(simulation(spec(isoform_shares=(0.0, 0.0, 1.0)), seed=6).plan.n_isoforms) == {4}


def test_isoform_imbalance__is_the_ratio_of_baseline_usage(spec):
    plan = simulation(spec(n_genes=4000, n_samples=3, module_sizes=(), isoform_imbalance=25.0), seed=7).plan
    for k, genes in isoform_classes(plan.n_isoforms, largest=4000):
        baseline = plan.baseline[plan.offsets[genes][:, None] + np.arange(k)]
        ratio = np.median(np.ptp(baseline, axis=1))
        assert ratio == pytest.approx(np.log(25.0), abs=0.1)


def test_switch_direction__adds_up_to_nothing_and_has_one_lead(spec):
    plan = simulation(spec(n_genes=2000, n_samples=3, module_sizes=()), seed=8).plan
    np.testing.assert_allclose(np.add.reduceat(plan.direction, plan.offsets[:-1]), 0.0, atol=1e-12)
    leads = np.maximum.reduceat(plan.direction, plan.offsets[:-1])
    np.testing.assert_array_equal(leads, 0.5)
    several = plan.n_isoforms > 2
    largest_other = -np.minimum.reduceat(plan.direction, plan.offsets[:-1])[several]
    assert largest_other.max() <= 0.35


def test_activity__is_standardised_and_carries_diagnosis_and_age(spec):
    drawn = simulation(spec(n_samples=4000, n_genes=60, diagnosis_effect=1.0, age_effect=0.4), seed=9)
    np.testing.assert_allclose(drawn.activity.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(drawn.activity.std(axis=1), 1.0, rtol=1e-12)
    for values, low, high in ((drawn.samples.diagnosed, 0.4, 0.75), (drawn.samples.age, 0.1, 0.45)):
        r = [abs(np.corrcoef(values, row)[0, 1]) for row in drawn.activity]
        assert low < min(r) <= max(r) < high


def test_activity__shares_the_confounder_by_its_weight(spec):
    sizes = (5,) * 12
    fields = {"n_samples": 4000, "n_genes": 60, "module_sizes": sizes, "diagnosis_effect": 0.0, "age_effect": 0.0}
    drawn = simulation(spec(confounder_weight=0.6, **fields), seed=9)
    r = np.corrcoef(drawn.activity)[np.triu_indices(12, 1)]
    assert r.mean() == pytest.approx(0.36 / 1.36, abs=0.02)


def test_activity__on_rings_and_quadrants_has_no_shape_of_a_plane(spec):
    fields = {"n_samples": 4000, "module_sizes": (5, 5, 5, 5), "diagnosis_effect": 0.0, "age_effect": 0.0}
    drawn = simulation(spec(activity="rings_and_quadrants", **fields), seed=9)
    share_active = (drawn.activity > 1.0).mean(axis=1)
    assert share_active[2:] == pytest.approx([0.25, 0.25], abs=0.04)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(drawn.activity))
    assert eigenvalues.min() > 0.2


def test_drive_noise__is_the_genes_own(spec):
    fields = {"isoform_shares": (1.0,), "sampling": "expected", "n_samples": 2000, "n_genes": 50, "module_sizes": (4,)}
    drawn = simulation(spec(drive_noise=0.5, **fields), seed=10)
    genes = np.flatnonzero(drawn.plan.planted)
    r = np.abs(np.corrcoef([*(log_odds(drawn, gene) for gene in genes), drawn.activity[0]]))
    np.testing.assert_allclose(r[-1, :-1], 1 / np.sqrt(1.25), atol=0.03)
    np.testing.assert_allclose(r[:-1, :-1][np.triu_indices(4, 1)], 1 / 1.25, atol=0.04)


def test_interaction__acts_on_its_share_of_the_switching_genes(spec):
    fields = {"isoform_shares": (1.0,), "sampling": "expected", "interaction_strength": 4.0, "interaction_share": 0.5}
    drawn = simulation(spec(**fields), seed=11)
    product = drawn.activity[0] * drawn.activity[1]
    r = np.array([abs(np.corrcoef(log_odds(drawn, g), product)[0, 1]) for g in np.flatnonzero(drawn.plan.planted)])
    assert ((r > 0.7).sum(), (r < 0.5).sum()) == (25, 25)


def test_degradation__takes_from_the_longest_isoform_only_and_more_in_some_genes(spec):
    fields = {"isoform_shares": (1.0,), "sampling": "expected", "module_sizes": (), "n_samples": 100}
    drawn = simulation(spec(degradation_strength=1.0, **fields), seed=12)
    damage = (10.0 - drawn.samples.rin) / 1.2
    slopes = np.array([np.polyfit(damage, log_odds(drawn, gene), 1)[0] for gene in range(200)])
    assert slopes.max() < 0
    assert -slopes.mean() == pytest.approx(1.0, abs=0.2)
    assert slopes.std() > 0.4
    assert (np.ptp(drawn.gene_counts, axis=1) < 1e-9).all()


@pytest.mark.parametrize("field", ["composition_strength", "batch_strength"])
def test_shared_effect__has_its_strength_in_both_channels(spec, field):
    fields = {"isoform_shares": (1.0,), "sampling": "expected", "module_sizes": (), "n_genes": 2000}
    drawn = simulation(spec(**{field: 0.4}, **fields), seed=13)
    values = drawn.samples.cell_fraction if field == "composition_strength" else drawn.samples.batch
    abundance = np.log(drawn.gene_counts)
    odds = np.array([log_odds(drawn, gene) for gene in range(2000)])
    order = np.argsort(values, kind="stable")
    for effects in (abundance, odds):
        centred = effects - effects.mean(axis=1, keepdims=True)
        sd = {"composition_strength": 0.4, "batch_strength": 0.4 * np.sqrt(3 / 4)}[field]
        assert np.sqrt((centred**2).mean()) == pytest.approx(sd, rel=0.1)
        gaps = np.abs(np.diff(centred[:, order], axis=1))
        assert (gaps[:, np.diff(values[order]) == 0] < 1e-9).all()


def test_depth__scales_every_gene_of_a_sample(spec):
    drawn = simulation(spec(depth_sd=0.8, module_sizes=(), sampling="expected", n_samples=3000), seed=14)
    np.testing.assert_allclose(
        np.log(drawn.gene_counts), drawn.plan.log_mean[:, None] + drawn.samples.log_depth, rtol=1e-12
    )
    assert drawn.samples.log_depth.std() == pytest.approx(0.8, rel=0.05)


def test_balanced_noise__leaves_silent_channels_uncorrelated_with_their_module(spec, features_of):
    roles = {"switch_only": 0.5, "abundance_only": 0.5}
    spread = {}
    for balanced in (False, True):
        drawn = simulation(spec(role_shares=roles, balanced_noise=balanced, n_samples=40), seed=15)
        built = features_of(drawn)
        gene = np.array([int(name[1:]) for name in built.gene_ids])[built.gene_of]
        follows = np.where(built.is_switch, drawn.plan.switches[gene], drawn.plan.abundant[gene])
        silent = drawn.plan.planted[gene] & ~follows
        r = (built.z[silent] * drawn.activity[drawn.plan.module_of[gene[silent]]]).mean(axis=1)
        spread[balanced] = np.sqrt((r**2).mean())
    assert spread[False] == pytest.approx(1 / np.sqrt(39), rel=0.25)
    assert spread[True] < 0.06

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from reference import correlation as reference

from isograph.network import pairs
from isograph.network.pairs import strong_pairs
from isograph.stats import correlation_pvalue

EXACT = 1e-14
SMALL_TILE = 8


def standardised(z):
    z = z - z.mean(axis=1, keepdims=True)
    return z / z.std(axis=1, ddof=1, keepdims=True)


def blocks(p, n, seed):
    """Rows around one of four latents each."""
    rng = np.random.default_rng(seed)
    return standardised(rng.normal(size=(p, n)) + 1.5 * rng.normal(size=(4, n))[np.arange(p) % 4])


@pytest.mark.parametrize(
    ("r", "dof", "p"),
    [
        (0.0, 5, 1.0),
        (1.0, 5, 0.0),
        (-1.0, 5, 0.0),
        (0.25, 2, 0.75),
        (-0.25, 2, 0.75),
        (0.5, 1, 2 / 3),
        (0.6, 1, 0.590334470601733),
        (1.0 + 1e-9, 5, 0.0),
    ],
)
def test_correlation_pvalue__equals_the_closed_forms_of_few_degrees_of_freedom(r, dof, p):
    # with 2 degrees of freedom it is 1 − |r|, with 1 it is (2/π)·arccos|r|.
    assert correlation_pvalue(np.array([r]), dof)[0] == pytest.approx(p, abs=1e-15)


@pytest.mark.parametrize("dof", [1, 3, 12, 91, 1000])
def test_correlation_pvalue__equals_student_s_t(dof):
    r = np.linspace(-0.95, 0.95, 39)
    t = r * np.sqrt(dof / (1 - r**2))
    assert_allclose(correlation_pvalue(r, dof), 2 * scipy.stats.t.sf(np.abs(t), dof), rtol=1e-10)


@pytest.mark.parametrize("n", [5, 30])
def test_correlation_pvalue__equals_the_pearson_test(n):
    x, y = np.random.default_rng(n).normal(size=(2, n))
    test = scipy.stats.pearsonr(x, y)
    assert correlation_pvalue(np.array([test.statistic]), n - 2)[0] == pytest.approx(test.pvalue, rel=1e-12)


@pytest.mark.parametrize(
    ("histogram", "fdr", "cut", "n_above", "expected"),
    [
        ([60, 0, 10, 30], 0.9, 0.75, 30, 25.0),
        ([60, 0, 10, 30], 0.8, float("inf"), 0, 0.0),
        ([10, 0, 60, 30], 0.9, 0.25, 90, 75.0),
        ([10, 0, 60, 30], 0.6, 0.5, 90, 50.0),
        ([10, 0, 60, 30], 0.5, float("inf"), 0, 0.0),
        ([100, 0, 0, 0], 0.9, float("inf"), 0, 0.0),
    ],
)
def test_strong_pairs__cut_at_the_smallest_r_that_chance_explains_rarely_enough(
    monkeypatch, histogram, fdr, cut, n_above, expected
):
    # with 2 degrees of freedom chance gives 100, 75, 50 and 25 of 100 pairs above 0, ¼, ½ and ¾.
    monkeypatch.setattr(pairs, "HISTOGRAM_BINS", 4)
    found = pairs._chance_cut(np.array(histogram), 100, 2, fdr)
    assert found == (cut, n_above, pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize("seed", range(20))
def test_strong_pairs__find_nothing_in_noise(seed):
    z = standardised(np.random.default_rng(seed).normal(size=(80, 24)))
    strong = strong_pairs(z, np.arange(80), neighbours=60, fdr=1e-4, residual_dof=22, threads=1)
    assert (len(strong.r), strong.cut, strong.n_above, strong.expected_above) == (0, float("inf"), 0, 0.0)
    assert strong.n_tested == 80 * 79 // 2


def test_strong_pairs__find_the_planted_pairs_and_no_others():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, 30))
    z[[3, 17, 30]] = 0.1 * z[[3, 17, 30]] + rng.normal(size=30)
    z[8] = -z[25] + 0.1 * z[8]
    z = standardised(z)
    strong = strong_pairs(z, np.arange(40), neighbours=60, fdr=1e-4, residual_dof=28, threads=2)
    assert list(zip(strong.source, strong.target, strict=True)) == [(3, 17), (3, 30), (8, 25), (17, 30)]
    assert (np.sign(strong.r) == [1, 1, -1, 1]).all()
    assert strong.n_above == 4
    assert strong.expected_above <= 4e-4


@pytest.mark.parametrize("neighbours", [1, 3, 100])
@pytest.mark.parametrize("p", [SMALL_TILE - 1, SMALL_TILE, SMALL_TILE + 1, 2 * SMALL_TILE, 45])
def test_strong_pairs__equal_all_pairs_sorted(monkeypatch, p, neighbours):
    monkeypatch.setattr(pairs, "TILE", SMALL_TILE)
    z, gene_of = blocks(p, 16, seed=p), np.arange(p) // 2
    strong = strong_pairs(z, gene_of, neighbours=neighbours, fdr=0.05, residual_dof=14, threads=2)

    r = np.corrcoef(z)
    histogram, partners = reference.scan_tile(r, gene_of, 10_000, neighbours)
    observed = np.cumsum(histogram[::-1])[::-1]
    edges = np.arange(10_000) / 10_000
    expected = sum(histogram) * 2 * scipy.stats.t.sf(edges * np.sqrt(14 / (1 - edges**2)), 14)
    cut = edges[np.argmax((observed > 0) & (expected <= 0.05 * observed))]
    kept = sorted(
        {
            (min(feature, partner), max(feature, partner))
            for feature, row in enumerate(partners)
            for strength, partner in row
            if strength >= cut and reference.pair_top_share(z, [feature], [partner])[0] <= 0.5
        }
    )
    assert cut > 0.3
    assert list(zip(strong.source.tolist(), strong.target.tolist(), strict=True)) == kept
    assert_allclose(strong.r, [r[pair] for pair in kept], rtol=0, atol=EXACT)
    assert (strong.cut, strong.n_tested, strong.n_above) == (cut, sum(histogram), sum(histogram[int(cut * 10_000) :]))


def test_strong_pairs__leave_out_what_is_one_sample():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(60, 24))
    z[:20] += 2.0 * rng.normal(size=24)
    z[20:40, 5] += 12.0
    strong = strong_pairs(standardised(z), np.arange(60), neighbours=60, fdr=1e-4, residual_dof=22, threads=1)
    assert strong.n_above > 300
    assert len(strong.r) > 150
    assert max(strong.source.max(), strong.target.max()) < 20


@pytest.mark.parametrize(
    ("gene_of", "n_tested"),
    [([0, 0, 0, 0], 0), ([0, 0, 1, 1], 4), ([0, 1, 2, 3], 6), ([0], 0)],
)
def test_strong_pairs__test_pairs_of_different_genes_only(gene_of, n_tested):
    z = standardised(np.tile(np.arange(12.0), (len(gene_of), 1)))
    strong = strong_pairs(z, np.array(gene_of), neighbours=3, fdr=0.01, residual_dof=10, threads=1)
    assert strong.n_tested == n_tested
    assert len(strong.r) == n_tested
    assert_array_equal(np.array(gene_of)[strong.source] == np.array(gene_of)[strong.target], False)
    assert_allclose(strong.r, 1, rtol=0, atol=EXACT)

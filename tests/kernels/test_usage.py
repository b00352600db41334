from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from reference import usage as reference

from isograph.kernels.usage import N_NOISE, orient_axes, usage_axes, usage_shifts

# NOTE: an axis moves by rounding over the gap between the first two eigenvalues, which is above 1e-3 of the first here.
CLOSE = 1e-9


def constant(n_samples):
    return np.full((1, n_samples), 1 / np.sqrt(n_samples))


def design(n_samples, n_covariates, rng):
    columns = np.column_stack([np.ones(n_samples), rng.normal(size=(n_samples, n_covariates))])
    return np.ascontiguousarray(np.linalg.qr(columns)[0].T)


def experiment(sizes, n_samples, seed, depth=200.0, switch=1.0):
    """Counts of genes with ``sizes`` transcripts whose usage follows a factor; rows of a gene are scattered."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    rows = rng.permutation(offsets[-1])
    counts = np.zeros((offsets[-1], n_samples))
    for gene, size in enumerate(sizes):
        logits = rng.normal(size=size)[:, None] + switch * np.outer(rng.normal(size=size), rng.normal(size=n_samples))
        usage = np.exp(logits) / np.exp(logits).sum(axis=0)
        totals = rng.poisson(depth * rng.gamma(2.0, 0.5, size=n_samples))
        drawn = np.array([rng.multinomial(total, share) for total, share in zip(totals, usage.T, strict=True)]).T
        counts[rows[offsets[gene] : offsets[gene + 1]]] = drawn
    return counts, rows, offsets


def axes_of(counts, rows, offsets, basis, start=0, stop=None):
    n_genes = len(offsets) - 1
    out = (
        np.full((n_genes, counts.shape[1]), -7.5),
        np.full(len(rows), -7.5),
        np.full(n_genes, -7.5),
        np.full((n_genes, N_NOISE), -7.5),
        np.full(len(rows), -7.5),
    )
    scores, loadings, scales, noise, mean_usage = out
    stop = n_genes if stop is None else stop
    usage_axes(counts, rows, offsets, basis, start, stop, scores, loadings, scales, noise, mean_usage)
    return out


def same_signs(found, expected, offsets):
    """The results of a twin with the sign of each axis as it was found: it is left as it comes."""
    scores, loadings = expected[0].copy(), expected[1].copy()
    for gene in range(len(offsets) - 1):
        entries = slice(offsets[gene], offsets[gene + 1])
        sign = 1.0 if found[1][entries] @ loadings[entries] >= 0 else -1.0
        loadings[entries], scores[gene] = sign * loadings[entries], sign * scores[gene]
    return (scores, loadings, *expected[2:])


@pytest.mark.parametrize("depth", [3.0, 300.0])
@pytest.mark.parametrize(("n_samples", "n_covariates"), [(4, 0), (8, 3), (40, 0), (40, 2)])
@pytest.mark.parametrize("sizes", [(2,), (3,), (2, 3, 7, 2, 4)])
def test_usage_axes__equals_its_twin(sizes, n_samples, n_covariates, depth):
    counts, rows, offsets = experiment(sizes, n_samples, seed=len(sizes) + sizes[0], depth=depth)
    basis = design(n_samples, n_covariates, np.random.default_rng(n_samples))
    before = counts.copy()
    found = axes_of(counts, rows, offsets, basis)
    for one, other in zip(
        found, same_signs(found, reference.usage_axes(counts, rows, offsets, basis), offsets), strict=True
    ):
        assert_allclose(one, other, rtol=CLOSE, atol=CLOSE)
    assert_array_equal(counts, before)


def test_usage_axes__of_two_transcripts_by_hand():
    # Usage of the first is 0.2, 0.5, 0.8 of 10 each, π = 0.5: the score is its z-score whatever the prior.
    counts = np.array([[2.0, 5.0, 8.0], [8.0, 5.0, 2.0]])
    scores, loadings, _, noise, mean_usage = axes_of(counts, np.arange(2), np.array([0, 2]), constant(3))
    assert_allclose(np.sign(loadings[0]) * scores[0], [-1, 0, 1], atol=1e-12)
    assert_allclose(np.abs(loadings), np.sqrt(0.5))
    assert_allclose(mean_usage, [0.5, 0.5])
    # T = Σ 10 · 2 (u − ½)² = 20 · 2 · 0.09; E T = (3 − 1)(1 − ½); ρ = (T / ½ − 2) / Σ (1 − ⅓) · 9.
    assert_allclose(noise[0, [0, 1, 3]], [3.6, 1.0, (7.2 - 2.0) / 18.0])


def test_usage_axes__of_constant_usage_do_not_vary():
    counts = np.outer([1.0, 3.0, 6.0], [10.0, 20.0, 70.0, 10.0])
    scores, loadings, scales, noise, _ = axes_of(counts, np.arange(3), np.array([0, 3]), constant(4))
    assert_array_equal(scales, 0)
    assert_array_equal(scores, 0)
    assert_array_equal(loadings, 0)
    assert_allclose(noise[0, 0], 0, atol=1e-20)


@pytest.mark.parametrize("counts", [np.zeros((2, 5)), np.array([[4.0, 2.0, 0.0, 1.0, 9.0], [0.0] * 5])])
def test_usage_axes__of_no_counts_or_of_one_transcript_do_not_vary(counts):
    _, _, scales, noise, _ = axes_of(counts, np.arange(2), np.array([0, 2]), constant(5))
    assert_array_equal(scales, 0)
    assert np.isfinite(noise).all()


def test_usage_axes__take_samples_without_counts_for_the_mean():
    counts = np.array([[2.0, 0.0, 8.0, 5.0, 1.0], [8.0, 0.0, 2.0, 5.0, 9.0]])
    scores, *_ = axes_of(counts, np.arange(2), np.array([0, 2]), constant(5))
    others, *_ = axes_of(counts[:, [0, 2, 3, 4]], np.arange(2), np.array([0, 2]), constant(4))
    assert np.isfinite(scores).all()
    assert_allclose(np.abs(np.corrcoef(scores[0][[0, 2, 3, 4]], others[0])[0, 1]), 1.0, atol=1e-12)


def test_usage_axes__own_their_genes_only():
    counts, rows, offsets = experiment((2, 3, 2), 10, seed=5)
    scores, loadings, scales, noise, mean_usage = axes_of(counts, rows, offsets, constant(10), 1, 2)
    for untouched in (scores[[0, 2]], loadings[[0, 1, 5, 6]], scales[[0, 2]], noise[[0, 2]], mean_usage[[0, 1, 5, 6]]):
        assert_array_equal(untouched, -7.5)
    assert not np.any(scores[1] == -7.5)


def pvalues(counts, rows, offsets, basis):
    noise = axes_of(counts, rows, offsets, basis)[3]
    return scipy.special.gammaincc(noise[:, 1] ** 2 / noise[:, 2], noise[:, 0] * noise[:, 1] / noise[:, 2])


@pytest.mark.parametrize(("depth", "n_covariates"), [(300.0, 0), (300.0, 3), (8.0, 0)])
def test_noise__pvalues_are_uniform_where_usage_is_constant(depth, n_covariates):
    rng = np.random.default_rng(7)
    counts, rows, offsets = experiment(tuple(rng.integers(2, 8, size=1500)), 24, seed=8, depth=depth, switch=0.0)
    p = pvalues(counts, rows, offsets, design(24, n_covariates, rng))
    assert scipy.stats.kstest(p, "uniform").pvalue > 1e-3
    assert (p < 0.01).mean() < 0.02


def test_noise__finds_usage_that_varies():
    counts, rows, offsets = experiment((3,) * 200, 24, seed=9, switch=0.5)
    assert (pvalues(counts, rows, offsets, constant(24)) < 0.001).mean() > 0.9


def test_noise__estimates_the_overdispersion_of_dirichlet_multinomial_counts():
    rng = np.random.default_rng(10)
    n, concentration = 4000, 19.0
    usage = rng.dirichlet(concentration * np.array([0.5, 0.3, 0.2]), size=n)
    counts = np.array([rng.multinomial(50, share) for share in usage], dtype=np.float64).T.copy()
    noise = axes_of(counts, np.arange(3), np.array([0, 3]), constant(n))[3]
    assert_allclose(noise[0, 3], 1.0 / (1.0 + concentration), rtol=0.05)


def test_scores__do_not_follow_depth_or_the_genes_own_total_where_usage_is_constant():
    counts, rows, offsets = experiment((3,) * 400, 60, seed=11, depth=6.0, switch=0.0)
    counts[:, :30] = np.random.default_rng(12).binomial(counts[:, :30].astype(int), 0.2)
    scores, *_ = axes_of(counts, rows, offsets, constant(60))
    deep = np.repeat([0.0, 1.0], 30)
    totals = np.add.reduceat(counts[rows], offsets[:-1], axis=0)
    with_depth = [np.corrcoef(score, deep)[0, 1] for score in scores]
    with_total = [np.corrcoef(score, total)[0, 1] for score, total in zip(scores, totals, strict=True)]
    # The mean |r| of independent values is √(2 / π / (n − 1)).
    expected = np.sqrt(2.0 / np.pi / 59.0)
    assert max(np.abs(with_depth).mean(), np.abs(with_total).mean()) < expected + 0.02


@pytest.mark.parametrize(
    ("loadings", "usage", "positive"),
    [
        ([-0.8, 0.6], [0.7, 0.3], 0),
        ([-0.8, 0.6], [0.3, 0.7], 1),
        ([0.7, -0.7], [0.49, 0.51], 0),
        ([-0.7, 0.7], [0.49, 0.51], 0),
        ([0.1, -0.7, 0.7], [0.8, 0.15, 0.05], 1),
        ([-0.7, 0.1, 0.7], [0.12, 0.8, 0.08], 0),
    ],
    ids=["major first", "major last", "no lead", "no lead, turned", "not in the axis", "no lead without it"],
)
def test_orient_axes__makes_the_major_isoform_of_the_axis_positive(loadings, usage, positive):
    loadings, offsets = np.array(loadings), np.array([0, len(loadings)])
    scores = np.array([[1.0, -2.0, 1.0]])
    expected = reference.orient_axes(loadings, np.array(usage), offsets, 0.5, 0.05, scores)
    turned = loadings[positive] < 0
    orient_axes(loadings, np.array(usage), offsets, 0.5, 0.05, 0, 1, scores)
    assert loadings[positive] > 0
    assert_array_equal(scores, [[-1.0, 2.0, -1.0]] if turned else [[1.0, -2.0, 1.0]])
    assert_array_equal(loadings, expected[0])
    assert_array_equal(scores, expected[1])


def test_orient_axes__leaves_axes_of_zeros():
    loadings, scores = np.zeros(2), np.zeros((1, 3))
    orient_axes(loadings, np.array([0.5, 0.5]), np.array([0, 2]), 0.5, 0.05, 0, 1, scores)
    assert_array_equal(loadings, 0)


@pytest.mark.parametrize(("n_samples", "n_covariates"), [(3, 0), (24, 0), (25, 2)])
def test_usage_shifts__equals_its_twin(n_samples, n_covariates):
    counts, rows, offsets = experiment((2, 4, 3), n_samples, seed=13, depth=5.0)
    basis = design(n_samples, n_covariates, np.random.default_rng(1))
    scores = axes_of(counts, rows, offsets, basis)[0]
    out = np.empty(3)
    usage_shifts(counts, rows, offsets, basis, scores, 0, 3, out)
    assert_allclose(out, reference.usage_shifts(counts, rows, offsets, basis, scores), atol=CLOSE)


def test_usage_shifts__by_hand():
    counts = np.array([[1.0, 2.0, 3.0, 7.0, 8.0, 9.0], [9.0, 8.0, 7.0, 3.0, 2.0, 1.0]])
    out = np.empty(1)
    scores = np.array([[-3.0, -2.0, -1.0, 1.0, 2.0, 3.0]])
    usage_shifts(counts, np.arange(2), np.array([0, 2]), constant(6), scores, 0, 1, out)
    assert_allclose(out, 0.85 - 0.15)


def test_usage_shifts__is_0_where_the_thirds_meet():
    out = np.empty(1)
    scores = np.zeros((1, 6))
    usage_shifts(np.ones((2, 6)), np.arange(2), np.array([0, 2]), constant(6), scores, 0, 1, out)
    assert_array_equal(out, 0)

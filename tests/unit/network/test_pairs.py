from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from isograph.network import pairs as pairs_module
from isograph.network.pairs import observed_pairs, pair_correlations, strong_pairs
from isograph.stats import correlation_pvalue

FEW = {"neighbours": 60, "fdr": 1e-4, "threads": 1}


def standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / centred.std(axis=1, ddof=1, keepdims=True)


@pytest.fixture
def blocks():
    """120 features over 50 samples: 0-9 and 10-29 share a signal each, the rest is noise."""
    rng = np.random.default_rng(1)
    signals = rng.normal(size=(2, 50))
    values = rng.normal(size=(120, 50))
    values[:10] = 3.0 * signals[0] + values[:10]
    values[10:30] = -3.0 * signals[1] + values[10:30]
    return standardised(values)


@pytest.mark.parametrize("dof", [1, 3, 20, 200])
@pytest.mark.parametrize("r", [0.0, 0.1, -0.5, 0.93, -1.0])
def test_correlation_pvalue__is_that_of_students_t(r, dof):
    with np.errstate(divide="ignore"):
        t = abs(r) * np.sqrt(dof / np.float64(1.0 - r * r))
    assert correlation_pvalue(np.array([r]), dof)[0] == pytest.approx(2 * scipy.stats.t.sf(t, dof), rel=1e-9, abs=0)


def test_pair_correlations__are_pearsons(blocks):
    source, target = np.array([0, 5, 11]), np.array([1, 40, 25])
    r = pair_correlations(blocks, source, target, threads=1)
    np.testing.assert_allclose(r, np.corrcoef(blocks)[source, target], atol=1e-14)


def test_strong_pairs__are_those_of_the_blocks(blocks):
    found = strong_pairs(blocks, np.arange(120), residual_dof=48, **FEW)
    expected = {(i, j) for low, high in ((0, 10), (10, 30)) for i in range(low, high) for j in range(i + 1, high)}
    assert set(zip(found.source.tolist(), found.target.tolist(), strict=True)) == expected
    assert found.n_above == len(expected) == 235
    assert found.n_tested == 120 * 119 // 2
    assert found.expected_above <= 1e-4 * found.n_above
    r = np.corrcoef(blocks)
    np.testing.assert_allclose(found.r, r[found.source, found.target], atol=1e-12)
    codes = found.source * 120 + found.target
    assert (np.diff(codes) > 0).all()


def test_strong_pairs__cut_where_chance_explains_too_much(blocks):
    found = strong_pairs(blocks, np.arange(120), residual_dof=48, **FEW)
    strengths = np.abs(np.corrcoef(blocks)[np.triu_indices(120, 1)])

    def share(cut: float) -> float:
        return len(strengths) * correlation_pvalue(np.array([cut]), 48)[0] / max(1, (strengths >= cut).sum())

    assert share(found.cut) <= 1e-4 < share(found.cut - 1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_strong_pairs__find_nothing_in_noise(seed):
    noise = standardised(np.random.default_rng(seed).normal(size=(300, 40)))
    found = strong_pairs(noise, np.arange(300), residual_dof=38, **FEW)
    assert (len(found.r), found.n_above, found.n_tested) == (0, 0, 44_850)
    assert found.cut > 1.0


def test_strong_pairs__leave_out_pairs_within_a_gene(blocks):
    gene_of = np.arange(120)
    gene_of[1] = gene_of[0]
    found = strong_pairs(blocks, gene_of, residual_dof=48, **FEW)
    assert (0, 1) not in set(zip(found.source.tolist(), found.target.tolist(), strict=True))
    assert found.n_tested == 120 * 119 // 2 - 1
    assert found.n_above == 234


def test_strong_pairs__keep_the_strongest_of_either_feature(blocks):
    found = strong_pairs(blocks, np.arange(120), residual_dof=48, neighbours=2, fdr=1e-4, threads=1)
    strengths = np.abs(np.corrcoef(blocks))
    np.fill_diagonal(strengths, 0.0)
    nearest = {
        (min(i, int(j)), max(i, int(j)))
        for i in range(30)
        for j in np.argsort(-strengths[i])[:2]
        if strengths[i, j] >= found.cut
    }
    assert set(zip(found.source.tolist(), found.target.tolist(), strict=True)) == nearest
    assert found.n_above == 235


@pytest.mark.parametrize("threads", [2, 4])
def test_strong_pairs__do_not_depend_on_the_number_of_threads(blocks, monkeypatch, threads):
    monkeypatch.setattr(pairs_module, "TILE", 16)
    one = strong_pairs(blocks, np.arange(120), residual_dof=48, neighbours=5, fdr=1e-4, threads=1)
    more = strong_pairs(blocks, np.arange(120), residual_dof=48, neighbours=5, fdr=1e-4, threads=threads)
    for name in ("source", "target", "r"):
        np.testing.assert_array_equal(getattr(more, name), getattr(one, name))
    assert (more.cut, more.n_above, more.n_tested) == (one.cut, one.n_above, one.n_tested)


def test_strong_pairs__take_copies_of_a_feature(blocks):
    copies = np.concatenate([blocks[:1]] * 3 + [-blocks[:1], blocks])
    found = strong_pairs(copies, np.arange(len(copies)), residual_dof=48, **FEW)
    r = dict(zip(zip(found.source.tolist(), found.target.tolist(), strict=True), found.r.tolist(), strict=True))
    assert [r[pair] for pair in ((0, 1), (0, 2), (1, 2), (0, 4))] == pytest.approx([1.0] * 4, abs=1e-14)
    assert [r[pair] for pair in ((0, 3), (2, 3))] == pytest.approx([-1.0] * 2, abs=1e-14)
    assert max(map(abs, r.values())) <= 1.0


@pytest.mark.parametrize("p", [0, 1])
def test_strong_pairs__of_too_few_features_are_none(p):
    z = standardised(np.random.default_rng(0).normal(size=(p, 20)))
    found = strong_pairs(z, np.arange(p), residual_dof=18, **FEW)
    assert (len(found.source), found.n_tested, found.n_above) == (0, 0, 0)


def test_observed_pairs__features_that_lack_the_same_samples_do_not_pass():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(1500, 30))
    missing = np.zeros(z.shape, dtype=bool)
    missing[:1350, 15:] = True
    z[missing] = np.nan
    z -= np.nanmean(z, axis=1, keepdims=True)
    z /= np.nanstd(z, axis=1, ddof=1, keepdims=True)
    z[missing] = 0.0
    genes = np.arange(1500)
    found = strong_pairs(z, genes, neighbours=60, fdr=1e-4, residual_dof=28, threads=1)
    assert len(found.r) > 10
    assert len(observed_pairs(found, z, missing, residual_dof=28, threads=1).r) == 0


def test_observed_pairs__a_true_pair_stays_with_r_over_what_both_have():
    rng = np.random.default_rng(4)
    z = rng.normal(size=(40, 60))
    z[1] = z[0] + rng.normal(size=60) * 0.1
    missing = np.zeros(z.shape, dtype=bool)
    missing[0, 0], missing[1, 1] = True, True
    z -= z.mean(axis=1, keepdims=True)
    z /= z.std(axis=1, ddof=1, keepdims=True)
    found = strong_pairs(z, np.arange(40), neighbours=5, fdr=1e-4, residual_dof=58, threads=1)
    kept = observed_pairs(found, z, missing, residual_dof=58, threads=1)
    assert (kept.source.tolist(), kept.target.tolist()) == ([0], [1])
    assert kept.r[0] == pytest.approx(np.corrcoef(z[0, 2:], z[1, 2:])[0, 1], abs=1e-12)

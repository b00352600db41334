from __future__ import annotations

import numpy as np
import pytest

from isograph.config import FactorConfig
from isograph.network import pairs as pairs_module
from isograph.network.pairs import (
    observed_pairs,
    pair_correlations,
    second_order_similarities,
    similar_pairs,
    strong_pairs,
)
from isograph.runtime.progress import Steps
from isograph.stats import correlation_pvalue

NONE = np.empty(0, dtype=np.int64)
FEW = {"neighbours": 60, "fdr": 1e-4, "threads": 1}


def edges(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([a for a, _ in pairs], dtype=np.int64), np.array([b for _, b in pairs], dtype=np.int64)


def complete(nodes: list[int]) -> list[tuple[int, int]]:
    return [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]]


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


def test_similar_pairs__compares_profiles_of_soft_thresholded_correlations(two_signals):
    plain = similar_pairs(two_signals, FactorConfig(power=1.0), threads=1, steps=Steps())
    found = similar_pairs(two_signals, FactorConfig(), threads=1, steps=Steps())
    np.testing.assert_array_equal(found.pairs.r, plain.pairs.r)
    p = two_signals.z.shape[0]
    strength = np.zeros((p, p))
    strength[plain.pairs.source, plain.pairs.target] = np.abs(plain.pairs.r) ** 4
    strength += strength.T
    strength[np.arange(p), np.arange(p)] = strength.max(axis=1)
    norm = np.linalg.norm(strength, axis=1)
    products = (strength @ strength.T)[plain.pairs.source, plain.pairs.target]
    np.testing.assert_allclose(
        found.similarity, products / (norm[plain.pairs.source] * norm[plain.pairs.target]), rtol=1e-12
    )


def test_second_order_similarities__by_hand():
    # rows with the own maximum on the diagonal: 0: (.8 .8 .6 0)  1: (.8 .8 0 0)  2: (.6 0 .6 .3)  3: (0 0 .3 .3)
    source, target = edges((0, 1), (0, 2), (2, 3))
    found = second_order_similarities(source, target, np.array([0.8, 0.6, 0.3]), 4, threads=1)
    expected = [
        1.28 / np.sqrt(1.64 * 1.28),
        (0.48 + 0.36) / np.sqrt(1.64 * 0.81),
        (0.18 + 0.09) / np.sqrt(0.81 * 0.18),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_second_order_similarities__of_a_clique_are_1():
    source, target = edges(*complete([0, 1, 2, 3]))
    found = second_order_similarities(source, target, np.full(6, 0.7), 4, threads=1)
    np.testing.assert_allclose(found, 1.0, rtol=1e-14)


def test_second_order_similarities__of_no_pairs_are_none():
    assert len(second_order_similarities(NONE, NONE, np.empty(0), 5, threads=2)) == 0

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats

from isograph.stats import (
    benjamini_hochberg,
    group_moments,
    marchenko_pastur_edge,
    t_pvalue,
    unit_rows,
    welch,
    welch_anova,
)

CLOSE = 1e-10
NAN = float("nan")


@pytest.fixture
def eigengenes():
    return np.random.default_rng(3).normal(size=(4, 30))


def welch_of(values, reference, level):
    test = welch(group_moments(values[:, reference]), group_moments(values[:, level]))
    return SimpleNamespace(effect=test.difference, statistic=test.statistic, pvalue=t_pvalue(test.statistic, test.dof))


def anova_of(values, groups):
    return welch_anova([group_moments(values[:, group]) for group in groups])


def test_welch__is_that_of_scipy(eigengenes):
    reference, level = np.arange(0, 9), np.arange(9, 30)
    found = welch_of(eigengenes, reference, level)
    for row, eigengene in enumerate(eigengenes):
        twin = scipy.stats.ttest_ind(eigengene[level], eigengene[reference], equal_var=False)
        assert found.effect[row] == pytest.approx(eigengene[level].mean() - eigengene[reference].mean(), rel=CLOSE)
        assert found.statistic[row] == pytest.approx(twin.statistic, rel=CLOSE)
        assert found.pvalue[row] == pytest.approx(twin.pvalue, rel=CLOSE)


def test_welch__changes_sign_with_the_reference(eigengenes):
    one, other = np.arange(0, 9), np.arange(9, 30)
    forth, back = welch_of(eigengenes, one, other), welch_of(eigengenes, other, one)
    np.testing.assert_allclose(back.effect, -forth.effect, rtol=CLOSE)
    np.testing.assert_allclose(back.statistic, -forth.statistic, rtol=CLOSE)
    np.testing.assert_allclose(back.pvalue, forth.pvalue, rtol=CLOSE)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
        [1.0, 1.0, 1.0, 2.0, 3.0, 4.0],
        [0.3, 0.1 + 0.2, 0.3, 2.0, 3.0, 4.0],
        [5.0] * 6,
    ],
    ids=["both flat", "one flat", "flat but for rounding", "the same"],
)
def test_welch__without_variance_has_no_pvalue(values):
    found = welch_of(np.array([values]), np.arange(3), np.arange(3, 6))
    assert found.effect[0] == pytest.approx(np.mean(values[3:]) - np.mean(values[:3]))
    assert np.isnan([found.statistic[0], found.pvalue[0]]).all()


def welch_anova_twin(groups: list[np.ndarray]) -> tuple[float, float]:
    """Welch 1951: F and p, term by term."""
    k = len(groups)
    weights = [len(group) / group.var(ddof=1) for group in groups]
    centre = sum(w * group.mean() for w, group in zip(weights, groups, strict=True)) / sum(weights)
    between = sum(w * (group.mean() - centre) ** 2 for w, group in zip(weights, groups, strict=True)) / (k - 1)
    lack = sum((1 - w / sum(weights)) ** 2 / (len(group) - 1) for w, group in zip(weights, groups, strict=True))
    f = between / (1 + 2 * (k - 2) / (k**2 - 1) * lack)
    return f, float(scipy.stats.f.sf(f, k - 1, (k**2 - 1) / (3 * lack)))


@pytest.mark.parametrize("ends", [(0, 8, 19, 30), (0, 2, 12, 20, 30)])
def test_welch_anova__is_that_of_its_formula(eigengenes, ends):
    rows = [np.arange(low, high) for low, high in itertools.pairwise(ends)]
    found = anova_of(eigengenes, rows)
    for row, eigengene in enumerate(eigengenes):
        groups = [eigengene[group] for group in rows]
        f, p = welch_anova_twin(groups)
        assert found.statistic[row] == pytest.approx(f, rel=CLOSE)
        assert found.pvalue[row] == pytest.approx(p, rel=CLOSE)
        between = sum(len(group) * (group.mean() - eigengene.mean()) ** 2 for group in groups)
        assert found.eta_squared[row] == pytest.approx(between / ((eigengene - eigengene.mean()) ** 2).sum(), rel=CLOSE)


def test_welch_anova__of_two_groups_is_welchs_t_squared(eigengenes):
    rows = [np.arange(0, 9), np.arange(9, 30)]
    anova, t = anova_of(eigengenes, rows), welch_of(eigengenes, *rows)
    np.testing.assert_allclose(anova.statistic, t.statistic**2, rtol=CLOSE)
    np.testing.assert_allclose(anova.pvalue, t.pvalue, rtol=CLOSE)


def test_welch_anova__without_variance_in_a_group_has_no_pvalue():
    values = np.array([[1.0, 1.0, 2.0, 3.0, 5.0, 9.0]])
    found = anova_of(values, [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])])
    assert np.isnan([found.statistic[0], found.pvalue[0]]).all()
    assert 0.0 < found.eta_squared[0] < 1.0


@pytest.mark.parametrize("seed", range(3))
def test_benjamini_hochberg__is_that_of_scipy(seed):
    pvalues = np.round(np.random.default_rng(seed).uniform(size=40) ** 2, 2)
    np.testing.assert_allclose(benjamini_hochberg(pvalues), scipy.stats.false_discovery_control(pvalues), rtol=1e-12)


def test_benjamini_hochberg__by_hand():
    q = benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5]))
    np.testing.assert_allclose(q, [0.04, 0.16 / 3, 0.16 / 3, 0.5], rtol=1e-12)


def test_benjamini_hochberg__does_not_count_what_was_not_tested():
    q = benjamini_hochberg(np.array([NAN, 0.01, NAN, 0.04]))
    np.testing.assert_array_equal(np.isnan(q), [True, False, True, False])
    np.testing.assert_allclose(q[[1, 3]], [0.02, 0.04], rtol=1e-12)


@pytest.mark.parametrize("pvalues", [[], [NAN, NAN]])
def test_benjamini_hochberg__of_nothing_tested_is_nothing(pvalues):
    q = benjamini_hochberg(np.array(pvalues, dtype=np.float64))
    assert len(q) == len(pvalues)
    assert np.isnan(q).all()


# Shares of p < 0.001 under no difference that docs/method.md gives as the reason for the limits.
@pytest.mark.parametrize(("sizes", "rate"), [((2, 50), 0.055), ((2,) * 12, 0.067)])
def test_welch__small_pvalues_are_common_where_the_limits_forbid_the_test(sizes, rate):
    eigengenes = np.random.default_rng(0).normal(size=(20_000, sum(sizes)))
    groups = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    tests = welch_of(eigengenes, *groups) if len(groups) == 2 else anova_of(eigengenes, groups)
    assert (tests.pvalue < 0.001).mean() == pytest.approx(rate, abs=0.005)


def test_unit_rows__leave_rows_of_zeros():
    assert unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_marchenko_pastur_edge__is_the_square_of_one_plus_the_root_of_the_ratio():
    assert marchenko_pastur_edge(4.0) == 9.0
    assert marchenko_pastur_edge(0.25) == 2.25


def test_marchenko_pastur_edge__is_where_the_eigenvalues_of_noise_end():
    noise = np.random.default_rng(0).normal(size=(1200, 300))
    largest = np.linalg.eigvalsh(noise.T @ noise / 300)[-1]
    assert largest == pytest.approx(marchenko_pastur_edge(4.0), rel=0.03)

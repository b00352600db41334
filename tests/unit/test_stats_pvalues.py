from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from isograph.stats import correlation_interval, correlation_log10_pvalue, student_log10_pvalue

# NOTE: expected log10 p from mpmath 1.3, 50 digits: log10(betainc(dof/2, 1/2, 0, x, regularized=True)).
RELATIVE = 1e-12


@pytest.mark.parametrize(
    ("r", "dof", "expected"),
    [
        (0.1, 8, -0.10600290287419765),
        (0.5, 20, -1.7494200065355733),
        (0.3, 3000, -62.753140180633414),
        (0.99, 398, -339.92216930343488),
        (-0.9999, 238, -441.46677617049227),
    ],
)
def test_correlation_log10_p__is_accurate_where_a_double_underflows(r, dof, expected):
    assert_allclose(correlation_log10_pvalue(np.array([r]), np.array([dof])), [expected], rtol=RELATIVE)


@pytest.mark.parametrize(
    ("t", "dof", "expected"),
    [(2.0, 10.5, -1.1424636733301033), (-40.0, 60.0, -44.239918414174882), (200.0, 900.0, -747.4368403604483)],
)
def test_student_log10_p__is_accurate_where_a_double_underflows(t, dof, expected):
    assert_allclose(student_log10_pvalue(np.array([t]), np.array([dof])), [expected], rtol=RELATIVE)


def test_correlation_log10_p__at_the_ends():
    found = correlation_log10_pvalue(np.array([0.0, 1.0, -1.0, np.nan, 0.5, 0.5]), np.array([5, 5, 5, 5, 0, -1]))
    assert_allclose(found, [0.0, -np.inf, -np.inf, np.nan, np.nan, np.nan])


def test_correlation_log10_p__equals_the_p_of_pearson():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 17))
    expected = scipy.stats.pearsonr(x, y)
    found = 10 ** correlation_log10_pvalue(np.array([expected.statistic]), np.array([15]))
    assert_allclose(found, [expected.pvalue], rtol=1e-10)


def test_correlation_interval__equals_fishers():
    # tanh(atanh 0.6 ± 1.959964 / √22)
    low, high = correlation_interval(np.array([0.6, np.nan, 0.6]), np.array([23, 23, 1]))
    assert_allclose(low, [0.26853, np.nan, np.nan], atol=2e-5)
    assert_allclose(high, [0.80442, np.nan, np.nan], atol=2e-5)

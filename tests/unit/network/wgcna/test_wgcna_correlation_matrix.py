from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from isograph.errors import ConfigError
from isograph.network.wgcna import CorrelationOptions, correlation, correlation_matrix, fisher_pvalue, student_pvalue


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cor_type": "kendall"}, "cor_type is 'kendall', expected pearson or bicor"),
        ({"quick": -1}, "quick is -1, expected 0 to 1"),
        ({"pearson_fallback": "some"}, "pearson_fallback is 'some', expected none, individual or all"),
    ],
)
def test_correlation_options__name_what_is_out_of_range(options, message):
    with pytest.raises(ConfigError) as raised:
        CorrelationOptions(**options)
    assert str(raised.value) == message


def test_pvalues__are_those_of_r(vectors):
    given = vectors("p13_preservation")
    for n in (5, 20, 60):
        assert_allclose(student_pvalue(given["p_r"], n), given[f"pStudent_n{n}"], rtol=1e-9, atol=1e-300)
        assert_allclose(fisher_pvalue(given["p_r"], n), given[f"pFisher_n{n}"], rtol=1e-9, atol=1e-300)


def test_correlation__of_few_rows_equals_that_of_many():
    x = np.random.default_rng(12).normal(size=(150, 60))
    whole = correlation(x)
    few = correlation(x, x[:3])
    assert np.abs(whole[:, :3] - few).max() < 1e-14
    assert_allclose(whole, np.corrcoef(x), rtol=0, atol=1e-13)


def test_correlation__is_symmetric_to_the_bit(monkeypatch):
    monkeypatch.setattr(correlation_matrix, "TILE", 16)
    x = np.random.default_rng(13).normal(size=(100, 20))
    whole = correlation(x, threads=2)
    assert whole.tobytes() == whole.T.tobytes()

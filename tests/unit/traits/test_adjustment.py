from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.traits.adjustment import adjustment, orthonormal_rows, remainder, without

SAMPLES = pl.DataFrame(
    {
        "sample_id": [f"S{i}" for i in range(8)],
        "line": ["a", "a", "b", "b", "c", "c", "d", "d"],
        "day": [1, 1, 1, 1, 2, 2, 2, 2],
        "half": ["x", "y", "x", "y", "x", "y", "y", "x"],
        "rin": [7.0, 8.0, 6.5, 9.0, 7.7, 8.1, 6.9, 7.2],
    }
)
ALL = np.arange(8)


def test_basis__spans_the_constant_and_the_covariates():
    basis = adjustment(SAMPLES, ("line", "rin")).basis(ALL)
    assert basis.shape == (5, 8)
    np.testing.assert_allclose(basis @ basis.T, np.eye(5), atol=1e-12)
    rin = SAMPLES.get_column("rin").to_numpy()
    np.testing.assert_allclose(without(rin[None, :], basis), 0.0, atol=1e-12)


def test_basis__has_fewer_rows_where_levels_are_not_among_the_samples():
    assert adjustment(SAMPLES, ("line",)).basis(np.arange(4)).shape == (2, 4)


def test_remainder__is_the_residual_of_the_regression_with_its_share():
    basis = adjustment(SAMPLES, ("rin",)).basis(ALL)
    x, rin = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 3.0]), SAMPLES.get_column("rin").to_numpy()
    found = remainder(x[None, :], basis)
    slope, intercept = np.polyfit(rin, x, 1)
    residual = x - slope * rin - intercept
    np.testing.assert_allclose(found.directions[0], residual / np.linalg.norm(residual), atol=1e-12)
    assert found.length == pytest.approx(np.linalg.norm(residual))
    assert found.explained == pytest.approx(np.corrcoef(x, rin)[0, 1] ** 2)


@pytest.mark.parametrize(
    ("covariates", "values", "expected"),
    [
        (("line",), [1, 1, 0, 0, 1, 1, 0, 0], ["covariate 'line'"]),
        (("half", "day"), [1, 1, 1, 1, 0, 0, 0, 0], ["covariate 'day'"]),
        (("day", "half", "rin"), [3, 2, 3, 2, 2, 1, 1, 2], ["covariate 'day'", "covariate 'half'"]),
    ],
    ids=["the only one", "one of two", "two together"],
)
def test_determining__names_what_determines_a_trait(covariates, values, expected):
    assert adjustment(SAMPLES, covariates).determining(np.array([values], dtype=float), ALL) == expected


def test_with_confounders__counts_them_beside_covariates():
    found = adjustment(SAMPLES, ("rin",)).with_confounders({"H1": np.linspace(-1.0, 1.0, 8) ** 3})
    assert found.hidden == ["hidden confounder H1"]
    assert len(found.basis(ALL)) == 3
    assert len(found.basis(ALL, found.hidden)) == 2


def test_orthonormal_rows__leaves_out_what_is_a_combination_of_others():
    rows = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1e9, 1e9]])
    assert orthonormal_rows(rows).shape == (2, 3)

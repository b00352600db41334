from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.features.abundance import gene_totals, log_cpm, residual_scores
from isograph.features.covariate import covariate_design

EXACT = 1e-12
NAN = float("nan")


def design(n: int, **covariates: object):
    frame = pl.DataFrame({"sample_id": [f"S{i}" for i in range(n)], **covariates})
    return covariate_design(frame, list(covariates))


def test_gene_totals__add_up_the_rows_of_each_gene():
    counts = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0], [0.5, 0.25]])
    totals = gene_totals(counts, np.array([2, 0, 3, 1]), np.array([0, 2, 3, 4]))
    np.testing.assert_array_equal(totals, [[101.0, 202.0], [0.5, 0.25], [10.0, 20.0]])


def test_gene_totals__of_no_gene_are_an_empty_matrix():
    totals = gene_totals(np.ones((0, 3)), np.array([], dtype=np.int64), np.array([0]))
    assert totals.shape == (0, 3)


def test_log_cpm__is_the_logarithm_of_counts_per_million():
    counts = np.array([[0.0, 1.0], [1.0, 3.0], [3.0, 12.0]])
    # library sizes 4 and 16: 1 count is 250,000 and 62,500 per million
    expected = [
        [-1.0, np.log2(62_500.5)],
        [np.log2(250_000.5), np.log2(187_500.5)],
        [np.log2(750_000.5), np.log2(750_000.5)],
    ]
    np.testing.assert_allclose(log_cpm(counts), expected, atol=EXACT)


def test_log_cpm__does_not_depend_on_the_depth_of_a_library():
    counts = np.random.default_rng(3).poisson(20.0, (30, 6)).astype(float)
    scaled = counts * np.array([1.0, 2.0, 4.0, 0.5, 8.0, 1.0])
    np.testing.assert_array_equal(log_cpm(scaled), log_cpm(counts))


def test_residual_scores__have_mean_0_and_sd_1():
    z, varies = residual_scores(np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 0.0, 4.0, 0.0]]), design(4))
    spread = np.sqrt(5.0 / 3.0)
    expected = [np.array([-1.5, -0.5, 0.5, 1.5]) / spread, np.array([2.0, -2.0, 2.0, -2.0]) / np.sqrt(16.0 / 3.0)]
    np.testing.assert_allclose(z, expected, atol=EXACT)
    assert varies.tolist() == [True, True]


def test_residual_scores__hold_nothing_of_a_covariate():
    rng = np.random.default_rng(5)
    age = rng.normal(size=40)
    plate = np.array(["a", "b", "c", "d"] * 10)
    values = 3.0 * age + (plate == "c") * 5.0 + rng.normal(size=(20, 40))
    before, _ = residual_scores(values, design(40))
    after, varies = residual_scores(values, design(40, age=age, plate=plate))
    indicators = [(plate == level).astype(float) for level in "abcd"]
    assert np.abs(np.corrcoef(before, age)[-1, :-1]).min() > 0.5
    for covariate in (age, *indicators):
        assert np.abs(np.corrcoef(after, covariate)[-1, :-1]).max() < EXACT
    assert varies.all()
    np.testing.assert_allclose(after.std(axis=1, ddof=1), 1.0, atol=EXACT)


def test_residual_scores__leave_a_missing_value_missing():
    z, varies = residual_scores(np.array([[1.0, NAN, 3.0, 5.0, 7.0, NAN]]), design(6))
    spread = np.sqrt(20.0 / 3.0)
    np.testing.assert_allclose(z, [[-3.0 / spread, NAN, -1.0 / spread, 1.0 / spread, 3.0 / spread, NAN]], atol=EXACT)
    assert varies.tolist() == [True]


def test_residual_scores__fit_a_row_with_gaps_on_what_is_there():
    rng = np.random.default_rng(7)
    age = rng.normal(size=30)
    row = 2.0 * age + rng.normal(size=30)
    row[[3, 11, 20]] = NAN
    z, _ = residual_scores(np.stack([row, rng.normal(size=30)]), design(30, age=age))
    seen = ~np.isnan(row)
    residual = row[seen] - np.polyval(np.polyfit(age[seen], row[seen], 1), age[seen])
    np.testing.assert_allclose(z[0, seen], residual / residual.std(ddof=1), atol=1e-10)
    assert np.isnan(z[0, ~seen]).all()


@pytest.mark.parametrize(
    ("row", "varies"),
    [
        ([1.0, 2.0, 3.0, 5.0, NAN, NAN, NAN, NAN], True),
        ([1.0, 2.0, 3.0, NAN, NAN, NAN, NAN, NAN], False),
        ([NAN] * 8, False),
        ([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, NAN], False),
        ([0.7] * 8, False),
        ([1e300] * 8, False),
        ([1.0 / 3.0, 0.1 + 0.2 + 1.0 / 3.0 - 0.3] * 4, False),
        ([1e6, 1e6 + 1.0] * 4, True),
        ([1e300, 2e300] * 4, True),
        ([1e-200, 3e-200] * 4, True),
    ],
    ids=[
        "half",
        "less than half",
        "nothing",
        "constant, gap",
        "constant",
        "huge constant",
        "rounding",
        "large mean",
        "huge",
        "tiny",
    ],
)
def test_residual_scores__of_a_row_that_does_not_vary_are_0(row, varies):
    z, flags = residual_scores(np.array([row]), design(8))
    assert flags.tolist() == [varies]
    assert bool((z == 0.0).all()) is not varies


@pytest.mark.parametrize(("n_observed", "varies"), [(9, False), (10, True)])
def test_residual_scores__need_half_of_the_samples(n_observed, varies):
    row = np.full(20, NAN)
    row[:n_observed] = np.arange(n_observed)
    assert residual_scores(row[None, :], design(20))[1].tolist() == [varies]


def test_residual_scores__need_observations_beyond_the_design():
    age = np.arange(10.0)
    values = np.array([[3.0, 1.0, 4.0, 1.0, 5.0, NAN, NAN, NAN, NAN, NAN]])
    assert residual_scores(values, design(10, age=age))[1].tolist() == [True]
    assert residual_scores(values, design(10, age=age, other=age**2))[1].tolist() == [False]


def test_residual_scores__of_a_row_that_is_its_covariate_are_0():
    age = np.array([20.0, 31.0, 45.0, 28.0, 60.0, 33.0])
    z, varies = residual_scores(np.stack([2.0 * age + 1.0, [1.0, 5.0, 2.0, 4.0, 3.0, 9.0]]), design(6, age=age))
    assert varies.tolist() == [False, True]
    assert (z[0] == 0.0).all()


def test_residual_scores__leave_their_input_alone():
    values = np.array([[1.0, 2.0, NAN, 4.0, 5.0]])
    kept = values.copy()
    residual_scores(values, design(5))
    np.testing.assert_array_equal(values, kept)

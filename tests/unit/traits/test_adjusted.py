from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.stats
from reference.traits import linear_model as reference

from isograph.traits.adjusted import adjusted_test
from isograph.traits.adjustment import adjustment, remainder
from isograph.traits.individual import read_individuals
from isograph.traits.linear_model import ordinary_test
from isograph.traits.trait import read_traits

R = Path(__file__).resolve().parents[2] / "reference" / "traits"
MODULES = ["e1", "e2", "e3", "e4"]
# R's and our linear models differ by rounding; nlme and lme4 search the variances to about this.
LINEAR, MIXED = 1e-9, 2e-4


@pytest.fixture(scope="module")
def samples() -> pl.DataFrame:
    return pl.read_csv(R / "trait_samples.csv")


@pytest.fixture(scope="module")
def numbers() -> pl.DataFrame:
    return pl.read_csv(R / "trait_numbers.csv")


def eigengenes(samples: pl.DataFrame) -> np.ndarray:
    return np.ascontiguousarray(samples.select(MODULES).to_numpy().T)


def result(samples: pl.DataFrame, trait: str, covariates: tuple[str, ...] = (), individual: str | None = None):
    individuals = None if individual is None else read_individuals(samples, individual)
    (read,) = read_traits(samples, [trait], covariates, individual).traits
    return adjusted_test(eigengenes(samples), read, adjustment(samples, covariates), individuals)


def expected(numbers: pl.DataFrame, test: str) -> pl.DataFrame:
    rows = numbers.filter(test=test)
    assert rows.get_column("eigengene").to_list() == MODULES
    return rows


@pytest.mark.parametrize(
    ("test", "trait", "covariates", "name"),
    [
        ("number", "age", ("batch", "rin"), "partial_pearson"),
        ("levels_robust", "stage", ("batch", "rin"), "linear_model_hc3"),
        ("two_levels_robust", "sex", ("batch", "rin"), "linear_model_hc3"),
        ("levels_clubsandwich", "quarter", ("block",), "linear_model_hc3"),
        ("spline", "age:spline", ("batch", "rin"), "spline"),
    ],
)
def test_adjusted_test__gives_the_numbers_of_r(samples, numbers, test, trait, covariates, name):
    found, rows = result(samples, trait, covariates), expected(numbers, test)
    assert found.test == name
    assert found.numerator_dof == rows.get_column("numerator_dof")[0]
    for column in ("statistic", "dof", "pvalue"):
        np.testing.assert_allclose(getattr(found, column), rows.get_column(column), rtol=LINEAR)
    if rows.get_column("effect").null_count() == 0:
        np.testing.assert_allclose(found.effect, rows.get_column("effect"), rtol=LINEAR)


def test_adjusted_test__tests_a_spline_against_the_straight_line(samples, numbers):
    found = result(samples, "age:spline", ("batch", "rin"))
    line = expected(numbers, "spline_beyond_line")
    np.testing.assert_allclose(found.nonlinear_pvalue, line.get_column("pvalue"), rtol=LINEAR)


@pytest.mark.parametrize("trait", ["group", "weight", "condition", "dose"])
def test_adjusted_test__gives_the_numbers_of_nlme(samples, numbers, trait):
    found, rows = result(samples, trait, individual="individual"), expected(numbers, f"mixed_{trait}")
    assert (found.test, found.n_individuals, found.n) == ("mixed_model", 8, 24)
    f = found.statistic if found.numerator_dof > 1 else found.statistic**2
    np.testing.assert_allclose(f, rows.get_column("statistic"), rtol=MIXED)
    np.testing.assert_allclose(found.dof, rows.get_column("dof"), rtol=1e-9)
    np.testing.assert_allclose(found.pvalue, rows.get_column("pvalue"), rtol=MIXED)


@pytest.mark.parametrize("trait", ["group", "condition", "age_or_50"])
def test_adjusted_test__gives_the_numbers_of_kenward_and_roger(samples, numbers, trait):
    observed = samples.filter("observed").with_columns(age_or_50=pl.col("age").fill_null(50))
    found, rows = result(observed, trait, ("rin",), "individual"), expected(numbers, f"unbalanced_{trait}")
    f = found.statistic if found.numerator_dof > 1 else found.statistic**2
    for values, column in ((f, "statistic"), (found.dof, "dof"), (found.pvalue, "pvalue")):
        np.testing.assert_allclose(values, rows.get_column(column), rtol=MIXED)


def test_adjusted_test__of_a_number_is_that_of_the_normal_equations(samples):
    found = result(samples, "age", ("batch", "rin"))
    seen = samples.drop_nulls("age")
    covariates = np.column_stack([np.ones(seen.height), seen["rin"], seen["batch"] == "b2", seen["batch"] == "b3"])
    age = seen.select("age").to_numpy().astype(float)
    for module, y in enumerate(eigengenes(seen)):
        f, _, dof, p = reference.full_against_reduced(y, covariates.astype(float), age)
        assert found.statistic[module] ** 2 == pytest.approx(f, rel=LINEAR)
        assert (found.dof[module], found.pvalue[module]) == (dof, pytest.approx(p, rel=LINEAR))
        assert np.sign(found.effect[module]) == np.sign(reference.fitted(np.column_stack([covariates, age]), y)[0][-1])


def test_adjusted_test__of_two_levels_is_the_coefficient_over_the_scaled_hc3(samples):
    found = result(samples, "sex", ("rin",))
    covariates = np.column_stack([np.ones(24), samples["rin"]])
    male = (samples["sex"] == "M").to_numpy().astype(float)[:, None]
    x = np.column_stack([covariates, male])
    inverse = np.linalg.inv(x.T @ x)
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    weights = (inverse @ x.T)[-1]
    # The expectation of HC3 where the variance is 1, over the variance of the coefficient.
    inflation = (weights**2 / (1.0 - leverage)).sum() / inverse[-1, -1]
    for module, y in enumerate(eigengenes(samples)):
        b = reference.fitted(x, y)[0][-1]
        t = b / np.sqrt(reference.hc3(y, covariates, male)[0, 0] / inflation)
        assert (found.effect[module], found.statistic[module]) == pytest.approx((b, t), rel=LINEAR)
        assert found.pvalue[module] == pytest.approx(2 * scipy.stats.t.sf(abs(t), found.dof[module]), rel=LINEAR)


@pytest.mark.parametrize("trait", ["group", "condition"])
def test_adjusted_test__of_individuals_is_that_of_whole_covariance_matrices(samples, trait):
    observed = samples.filter("observed")
    found = result(observed, trait, ("rin",), "individual")
    covariates = np.column_stack([np.ones(observed.height), observed["rin"]])
    levels = sorted(set(observed[trait]))
    indicators = np.column_stack([observed[trait] == level for level in levels[1:]]).astype(float)
    individual_of = observed["individual"].rank("dense").to_numpy()
    for module, y in enumerate(eigengenes(observed)):
        f, dof, _ = reference.kenward_roger(y, covariates, indicators, individual_of)
        statistic = found.statistic[module] if found.numerator_dof > 1 else found.statistic[module] ** 2
        assert (statistic, found.dof[module]) == pytest.approx((f, dof), rel=1e-5)


@pytest.mark.parametrize(
    ("test", "column"), [("levels_ordinary", "stage"), ("number", "age")], ids=["levels", "one direction"]
)
def test_ordinary_test__gives_the_f_of_anova(samples, numbers, test, column):
    (trait,) = read_traits(samples, [column], ()).traits
    used = np.flatnonzero(np.isfinite(trait.values))
    basis = adjustment(samples, ("batch", "rin")).basis(used)
    left = remainder(trait.columns(used), basis)
    found = ordinary_test(eigengenes(samples)[:, used], basis, left.directions)
    rows = expected(numbers, test)
    power = 1 if test == "levels_ordinary" else 2
    np.testing.assert_allclose(found.statistic, rows.get_column("statistic") ** power, rtol=LINEAR)
    np.testing.assert_allclose(found.pvalue, rows.get_column("pvalue"), rtol=LINEAR)
    np.testing.assert_allclose(found.dof, rows.get_column("dof"), rtol=LINEAR)
    if test == "levels_ordinary":
        np.testing.assert_allclose(found.share, rows.get_column("effect"), rtol=LINEAR)


def test_adjusted_test__names_the_covariate_that_determines_a_trait(samples):
    found = result(samples, "group", ("individual",))
    assert found.test == "linear_model_hc3"
    assert np.isnan([found.effect, found.statistic, found.pvalue, found.dof]).all()
    assert found.reason == "determined by covariate 'individual'"
    assert found.r2_with_covariates == pytest.approx(1.0)


def test_adjusted_test__says_how_much_of_a_trait_the_covariates_explain(samples):
    rin, weight = (samples.get_column(name).to_numpy() for name in ("rin", "weight"))
    found = result(samples, "weight", ("rin",))
    assert found.r2_with_covariates == pytest.approx(np.corrcoef(rin, weight)[0, 1] ** 2)
    assert found.reason is None


def test_adjusted_test__says_which_degrees_of_freedom_covariates_take(samples):
    frame = samples.with_columns(arm=pl.col("quarter").replace({"q3": "q4"}), early=pl.col("quarter") == "q1")
    found = result(frame, "arm", ("early",))
    assert found.numerator_dof == 1
    assert found.reason == "covariates determine 1 of its 2 degrees of freedom"


def test_adjusted_test__takes_variances_as_equal_where_levels_are_too_small_to_tell(samples):
    frame = samples.with_columns(pair=pl.Series([f"p{i // 2}" for i in range(24)]))
    found = result(frame, "pair", ("rin",))
    assert found.test == "linear_model_f"
    assert found.reason == "too few samples in a level to tell its variance: F takes the variances as equal"
    covariates = np.column_stack([np.ones(24), frame["rin"]])
    indicators = np.column_stack([frame["pair"] == f"p{i}" for i in range(1, 12)]).astype(float)
    for module, y in enumerate(eigengenes(frame)):
        f, k, dof, p = reference.full_against_reduced(y, covariates, indicators)
        assert (found.statistic[module], found.pvalue[module]) == pytest.approx((f, p), rel=LINEAR)
        assert (found.numerator_dof, found.dof[module]) == (k, dof)


def test_adjusted_test__leaves_out_levels_of_one_sample(samples):
    frame = samples.with_columns(kind=pl.Series(["rare"] + ["a", "b"] * 11 + ["a"]))
    found = result(frame, "kind", ("rin",))
    assert (found.level, found.reference, found.n) == ("b", "a", 23)
    assert found.reason == "levels with too few samples left out: rare (1)"


def test_adjusted_test__needs_two_individuals_in_a_level_that_differs_between_them(samples):
    frame = samples.with_columns(strain=pl.col("individual").replace({f"P{i}": "common" for i in range(2, 9)}))
    found = result(frame, "strain", individual="individual")
    assert found.reason == "too few individuals in the levels: P1 (1)"
    assert np.isnan(found.pvalue).all()


def test_adjusted_test__does_not_compare_individuals_that_the_trait_tells_apart(samples):
    found = result(samples.head(12), "weight:spline", individual="individual")
    assert found.test == "mixed_model_spline"
    assert np.isnan(found.pvalue).all()
    assert found.reason == "no individuals are left to compare: the trait tells all of them apart"


def test_adjusted_test__of_a_trait_between_individuals_does_not_count_their_samples(samples):
    between, taken_as_independent = (
        result(samples, "weight", individual="individual"),
        result(samples, "weight", ("rin",)),
    )
    assert between.dof == pytest.approx(6.0)
    assert set(taken_as_independent.dof) == {21.0}


def test_adjusted_test__is_within_individuals_where_covariates_tell_them_apart(samples):
    mixed, fixed = result(samples, "dose", ("individual",), "individual"), result(samples, "dose", ("individual",))
    assert mixed.test == "partial_pearson"
    np.testing.assert_array_equal(mixed.pvalue, fixed.pvalue)
    assert set(mixed.dof) == {15.0}


def test_adjusted_test__says_that_a_removed_confounder_is_the_trait(samples):
    (trait,) = read_traits(samples, ["dose"], ()).traits
    noisy = trait.values + np.random.default_rng(0).normal(size=24) * 0.5
    parts = adjustment(samples, ()).with_confounders({"H1": noisy})
    found = adjusted_test(eigengenes(samples), trait, parts)
    share = np.corrcoef(noisy, trait.values)[0, 1] ** 2
    assert share > 0.5
    assert (
        found.reason
        == f"hidden confounder H1, which was removed, explains {share:.0%} of it (keep_factors leaves it in)"
    )
    assert set(found.dof) == {21.0}


def test_adjusted_test__needs_degrees_of_freedom(samples):
    frame = samples.head(5).with_columns(x=pl.Series([1.0, 3.0, 2.0, 5.0, 9.0]), y=pl.Series([2.0, 1.0, 7.0, 3.0, 5.0]))
    (trait,) = read_traits(frame, ["x"], ()).traits
    parts = adjustment(samples, ()).with_confounders({f"H{i}": row for i, row in enumerate(np.eye(5)[:3])})
    found = adjusted_test(eigengenes(frame), trait, parts)
    assert found.reason == "5 samples and 3 covariate columns leave 0 residual degrees of freedom"


def test_adjusted_test__is_not_estimable_where_covariates_leave_nothing_of_the_eigengene(samples):
    (trait,) = read_traits(samples, ["dose"], ()).traits
    parts = adjustment(samples, ("rin",))
    rin = samples.get_column("rin").to_numpy()
    found = adjusted_test(np.array([rin, np.sin(np.arange(24.0))]), trait, parts)
    assert np.isfinite(found.pvalue).tolist() == [False, True]


@pytest.mark.parametrize("individual", [None, "individual"])
def test_adjusted_test__of_a_spline_has_no_bend_left_where_covariates_are_its_bends(samples, individual):
    (trait,) = read_traits(samples, ["rin:spline"], ()).traits
    bends = adjustment(samples, ()).with_confounders(dict(zip("ab", trait.columns(np.arange(24))[1:], strict=True)))
    individuals = None if individual is None else read_individuals(samples, individual)
    found = adjusted_test(eigengenes(samples), trait, bends, individuals)
    assert found.numerator_dof == 1
    assert np.isnan(found.nonlinear_pvalue).all()
    assert np.isfinite(found.pvalue).all()


@pytest.mark.parametrize("trait", ["dose", "group", "condition", "age:spline"])
def test_adjusted_test__is_not_estimable_where_nothing_varies_within_individuals(samples, trait):
    (read,) = read_traits(samples, [trait], ()).traits
    flat = np.repeat(np.arange(8.0) ** 2, 3)
    found = adjusted_test(
        np.array([flat, np.sin(np.arange(24.0))]),
        read,
        adjustment(samples, ()),
        read_individuals(samples, "individual"),
    )
    assert np.isfinite(found.pvalue).tolist() == [False, True]
    assert np.isfinite(found.effect).tolist() == [False, True]

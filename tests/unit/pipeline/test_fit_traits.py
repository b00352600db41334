from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import isograph as ig
from isograph.errors import ConfigError, InputError

LINE = [f"line{i // 3}" for i in range(30)]
DOSE = [float(i % 3) for i in range(30)]
DONOR = [f"donor{9 - i // 3}" for i in range(30)]
SEX = ["F" if i // 3 % 2 else "M" for i in range(30)]
HEIGHT = [1.5 + (i // 3) ** 2 / 100 for i in range(30)]
AGE = [round(20.0 + 7.0 * np.sin(i * 1.7) + i, 3) for i in range(30)]


def traits(fitted) -> pl.DataFrame:
    return fitted.traits.collect(engine="in-memory")


def logged(fitted) -> list[str]:
    return (fitted.path / "run.log").read_text().splitlines()


def test_fit__gives_no_p_to_a_trait_that_a_covariate_determines(small_bundle, tmp_path):
    fitted = ig.fit(
        small_bundle(line=LINE, sex=SEX, age=AGE, height=HEIGHT), output_dir=tmp_path / "fit", covariates="line"
    )
    table = traits(fitted)
    nested = table.filter(trait="sex")
    assert nested.height > 0
    assert nested.get_column("pvalue").is_nan().all()
    assert nested.get_column("qvalue").is_nan().all()
    assert nested.get_column("reason").unique().to_list() == ["determined by covariate 'line'"]
    assert nested.get_column("r2_with_covariates").to_list() == pytest.approx([1.0] * nested.height)
    tested = table.filter(trait="age")
    assert tested.select("test", "dof", "numerator_dof").unique().rows() == [("partial_pearson", 30.0 - 10 - 1, 1)]
    assert tested.get_column("r2_with_covariates").is_between(0.5, 0.999).all()
    assert any(
        "2 traits without a p-value, as covariate 'line' determines them: 'sex', 'height'" in line
        for line in logged(fitted)
    )
    assert "no p-value for 'sex', 'height': determined by covariate 'line'." in fitted.summary.cautions


def test_fit__tests_traits_that_say_the_same_once(small_bundle, tmp_path):
    fitted = ig.fit(
        small_bundle(line=LINE, donor=DONOR, age=AGE, months=[12 * a for a in AGE]), output_dir=tmp_path / "fit"
    )
    table = traits(fitted)
    assert table.select("trait", "aliases").unique(maintain_order=True).rows() == [("line", "donor"), ("age", "months")]
    assert fitted.config["columns_without_test"] == {
        "donor": "it says the same as 'line', which is tested",
        "months": "it says the same as 'age', which is tested",
    }
    by_name, by_alias = (ig.sql(f"FROM trait_modules('{name}', max_q := 1)", fitted.path) for name in ("age", "months"))
    assert by_name.height == table.filter(trait="age").height > 0
    assert by_alias.equals(by_name)


def test_fit__without_covariates_tests_as_ever(small_bundle, tmp_path):
    fitted = ig.fit(small_bundle(sex=SEX, age=AGE, dose=[f"d{int(d)}" for d in DOSE]), output_dir=tmp_path / "fit")
    table = traits(fitted)
    assert table.select("trait", "test", "numerator_dof").unique(maintain_order=True).rows() == [
        ("sex", "welch", 1),
        ("age", "pearson", 1),
        ("dose", "welch_anova", 2),
    ]
    assert (
        table.select(pl.col("n_individuals", "r2_with_covariates", "aliases", "nonlinear_pvalue").is_null().all()).row(
            0
        )
        == (True,) * 4
    )
    assert table.columns[:11] == [
        "module_id", "trait", "test", "effect", "statistic", "pvalue", "qvalue", "n", "level", "reference", "reason",
    ]  # fmt: skip


def test_fit__takes_samples_of_one_individual_as_dependent(small_bundle, tmp_path):
    path = small_bundle(line=LINE, sex=SEX, dose=DOSE)
    fitted = ig.fit(path, output_dir=tmp_path / "fit", individual="line")
    columns = ("trait", "test", "n", "n_individuals")
    assert traits(fitted).select(columns).unique(maintain_order=True).rows() == [
        ("sex", "mixed_model", 30, 10),
        ("dose", "mixed_model", 30, 10),
    ]
    assert set(traits(fitted).filter(trait="sex").get_column("dof").round(6)) == {8.0}
    assert fitted.config["individual"] == "line"
    assert fitted.config["individual_as_read"] == "10 individuals, 3 to 3 samples each".replace("3 to 3", "3")
    assert "Tests of traits take samples of one individual as dependent: line (10 individuals, 3 samples each)." in (
        fitted.summary.headline
    )
    alone = ig.fit(path, output_dir=tmp_path / "alone", traits="sex")
    assert traits(alone).get_column("dof").min() > 20.0


def test_fit__reads_numbers_as_levels_and_as_splines(small_bundle, tmp_path):
    path = small_bundle(batch=[1 + i % 4 for i in range(30)], age=AGE, dose=DOSE)
    fitted = ig.fit(path, output_dir=tmp_path / "fit", covariates="batch:factor", traits=["age:spline", "dose:factor"])
    assert fitted.config["covariates_as_read"] == {"batch": "4 levels"}
    table = traits(fitted)
    assert table.select("trait", "test", "numerator_dof", "level").unique(maintain_order=True).rows() == [
        ("age", "spline", 3, None),
        ("dose", "linear_model_hc3", 2, "0.0|1.0|2.0"),
    ]
    assert table.filter(trait="age").get_column("dof").unique().to_list() == [30.0 - 4 - 3]
    assert table.filter(trait="age").get_column("nonlinear_pvalue").is_between(0.0, 1.0).all()
    assert table.filter(trait="dose").get_column("nonlinear_pvalue").is_null().all()


OUT_OF_SCOPE = (
    "Interactions are out of scope: put the combinations into a column of their own and name that, or fit the groups "
    "apart."
)


@pytest.mark.parametrize("name", ["sex*age", "sex:age"])
@pytest.mark.parametrize(("option", "kind"), [("traits", "trait column"), ("covariates", "sample column")])
def test_fit__says_that_interactions_are_out_of_scope(small_bundle, tmp_path, name, option, kind):
    with pytest.raises(InputError) as raised:
        ig.fit(small_bundle(sex=SEX, age=AGE), output_dir=tmp_path / "fit", **{option: name})
    (violation,) = raised.value.violations
    assert violation.endswith(f"no {kind} '{name}'. {OUT_OF_SCOPE}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"individual": "line", "covariates": ["line"]},
            "'line' is a covariate, which takes what individuals differ in",
        ),
        ({"individual": "line", "traits": ["line"]}, "'line' names the individuals, so it cannot be a trait too"),
    ],
)
def test_fit__refuses_individuals_that_are_something_else_too(small_bundle, tmp_path, options, message):
    with pytest.raises(ConfigError, match=message):
        ig.fit(small_bundle(line=LINE, age=AGE), output_dir=tmp_path / "fit", **options)


def test_fit__lists_what_is_wrong_with_individuals_beside_the_rest(small_bundle, tmp_path):
    with pytest.raises(InputError) as raised:
        ig.fit(small_bundle(age=AGE), output_dir=tmp_path / "fit", individual="line", covariates="rin", traits="sex")
    assert [violation.partition(":")[0] for violation in raised.value.violations] == [
        "covariate",
        "trait",
        "individual",
    ]

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from isograph.errors import InputError
from isograph.features.covariate import Design, covariate_design, covariate_readings

# Projections are compared at the size of rounding.
EXACT = 1e-12
OUT_OF_SCOPE = (
    "Interactions are out of scope: put the combinations into a column of their own and name that, or fit the groups "
    "apart."
)


def samples(**columns: object) -> pl.DataFrame:
    n = len(next(iter(columns.values()))) if columns else 8
    return pl.DataFrame({"sample_id": [f"S{i}" for i in range(n)], **columns})


def projection(design: Design) -> np.ndarray:
    return design.basis.T @ design.basis


def span(*rows: list[float]) -> np.ndarray:
    """The projection on the constant and the rows, from the normal equations."""
    matrix = np.array([[1.0] * len(rows[0]), *rows]).T
    return matrix @ np.linalg.inv(matrix.T @ matrix) @ matrix.T


def violations(frame: pl.DataFrame, *covariates: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as raised:
        covariate_design(frame, covariates)
    assert raised.value.subject == "covariates"
    return raised.value.violations


def test_covariate_design__without_covariates_is_the_constant():
    design = covariate_design(samples(age=[1.0, 2.0, 4.0, 8.0]), [])
    np.testing.assert_allclose(np.abs(design.basis), [[0.5, 0.5, 0.5, 0.5]], atol=EXACT)
    assert design.columns == ()
    assert design.residual_dof == 2


@pytest.mark.parametrize("n", [3, 4])
def test_covariate_design__without_covariates_takes_few_samples(n):
    assert covariate_design(samples(age=[1.0] * n), []).residual_dof == n - 2


@pytest.mark.parametrize(
    ("column", "names", "rows"),
    [
        ([1.0, 2.0, 4.0, 8.0, 5.0, 7.0], ("c",), [[1, 2, 4, 8, 5, 7]]),
        ([1, 2, 4, 8, 5, 7], ("c",), [[1, 2, 4, 8, 5, 7]]),
        (["b", "a", "a", "b", "a", "b"], ("c=b",), [[1, 0, 0, 1, 0, 1]]),
        (list("bacbacca"), ("c=b", "c=c"), [[1, 0, 0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 1, 1, 0]]),
        ([True, False, True, True, False, False], ("c=true",), [[1, 0, 1, 1, 0, 0]]),
        (
            [date(2020, 1, day) for day in (1, 2, 4, 8, 5, 7)],
            ("c",),
            [[1, 2, 4, 8, 5, 7]],
        ),
    ],
    ids=["float", "integer", "two levels", "three levels", "boolean", "date"],
)
def test_covariate_design__spans_the_constant_and_the_covariate(column, names, rows):
    design = covariate_design(samples(c=column), ["c"])
    assert design.columns == names
    assert design.basis.shape == (1 + len(names), len(column))
    np.testing.assert_allclose(projection(design), span(*rows), atol=EXACT)
    np.testing.assert_allclose(design.basis @ design.basis.T, np.eye(1 + len(names)), atol=EXACT)
    assert design.residual_dof == len(column) - 2 - len(names)


def test_covariate_design__takes_levels_that_are_categories():
    levels = pl.Series(["b", "a", "a", "b", "a", "b"], dtype=pl.Categorical)
    design = covariate_design(samples(c=levels), ["c"])
    np.testing.assert_allclose(projection(design), span([1, 0, 0, 1, 0, 1]), atol=EXACT)


def test_covariate_design__spans_all_covariates_together():
    frame = samples(age=[1.0, 2.0, 4.0, 8.0, 5.0, 7.0, 3.0], sex=list("FMFMMFF"))
    design = covariate_design(frame, ["age", "sex"])
    assert design.columns == ("age", "sex=M")
    np.testing.assert_allclose(projection(design), span([1, 2, 4, 8, 5, 7, 3], [0, 1, 0, 1, 1, 0, 0]), atol=EXACT)


def test_covariate_design__does_not_depend_on_units():
    years = [20.0, 31.0, 45.0, 28.0, 60.0, 33.0]
    in_years = covariate_design(samples(age=years), ["age"])
    in_seconds = covariate_design(samples(age=[1e9 + year * 3.15e7 for year in years]), ["age"])
    np.testing.assert_allclose(projection(in_seconds), projection(in_years), atol=1e-9)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [1.0, None, 3.0, float("nan"), 5.0, float("inf"), 7.0, 8.0],
            (
                "'c' is missing in 3 of 8 samples: 'S1', 'S3', 'S5'. "
                "Fill it in, remove these samples, or leave the covariate out."
            ),
        ),
        (
            [None] * 7 + ["a"],
            (
                "'c' is missing in 7 of 8 samples: 'S0', 'S1', 'S2', 'S3', 'S4', …. "
                "Fill it in, remove these samples, or leave the covariate out."
            ),
        ),
        ([2.0] * 8, "'c' has the same value in every sample. Leave it out."),
        (["a"] * 8, "'c' has the same value in every sample. Leave it out."),
        ([0.1 + 0.2, 0.3] * 4, "'c' has the same value in every sample. Leave it out."),
        (list("abcdefgh"), "'c' has another value in every sample, so nothing would be left. Leave it out."),
    ],
    ids=["missing numbers", "missing text", "constant number", "constant text", "constant but for rounding", "unique"],
)
def test_covariate_design__refuses_a_column_that_cannot_be_one(column, message):
    assert violations(samples(c=column), "c") == (message,)


def test_covariate_design__refuses_a_column_that_is_not_there():
    frame = samples(age=[1.0, 2.0, 4.0, 8.0, 5.0, 7.0])
    assert violations(frame, "Age") == ("no sample column 'Age'. Columns: sample_id, age.",)


def test_covariate_design__refuses_the_sample_id():
    assert violations(samples(age=[1.0, 2.0, 3.0]), "sample_id") == (
        "'sample_id' names the samples and cannot be a covariate.",
    )


@pytest.mark.parametrize(
    ("columns", "covariates", "message"),
    [
        (
            {"a": [1.0, 2.0, 4.0, 8.0, 5.0, 7.0], "b": [3.0, 5.0, 9.0, 17.0, 11.0, 15.0]},
            ["a", "b"],
            "'b' is a linear combination of 'a'. Leave one of them out.",
        ),
        (
            {"a": [1.0, 2.0, 4.0, 8.0, 5.0, 7.0], "b": list("xyxyyx"), "c": [1.0, 3.0, 4.0, 9.0, 6.0, 7.0]},
            ["a", "b", "c"],
            "'c' is a linear combination of 'a', 'b=y'. Leave one of them out.",
        ),
        (
            {"a": [1.0, 2.0, 4.0, 8.0, 5.0, 7.0], "plate": list("xyxyyx"), "day": list("qrqrrq")},
            ["a", "plate", "day"],
            "'day=r' is a linear combination of 'plate=y'. Leave one of them out.",
        ),
    ],
    ids=["two numbers", "a number and levels", "two factors"],
)
def test_covariate_design__names_what_a_column_is_a_combination_of(columns, covariates, message):
    assert violations(samples(**columns), *covariates) == (message,)


def test_covariate_design__refuses_to_leave_too_few_degrees_of_freedom():
    frame = samples(a=[1.0, 2.0, 4.0, 8.0, 5.0, 7.0], plate=list("xyzxyz"))
    assert covariate_design(frame, ["a"]).residual_dof == 3
    assert violations(frame, "a", "plate") == (
        (
            "6 samples and 3 covariate columns leave 1 residual degrees of freedom, at least 3 are needed. "
            "Give fewer covariates."
        ),
    )


def test_covariate_design__lists_everything_wrong_at_once():
    frame = samples(
        a=[1.0, 2.0, 4.0, 8.0, 5.0, 7.0, 6.0],
        b=[2.0, 4.0, 8.0, 16.0, 10.0, 14.0, 12.0],
        flat=["x"] * 7,
        gap=[1.0, None, 2.0, 3.0, 4.0, 5.0, 6.0],
    )
    assert violations(frame, "a", "flat", "nowhere", "gap", "b") == (
        "'flat' has the same value in every sample. Leave it out.",
        "no sample column 'nowhere'. Columns: sample_id, a, b, flat, gap.",
        "'gap' is missing in 1 of 7 samples: 'S1'. Fill it in, remove these samples, or leave the covariate out.",
        "'b' is a linear combination of 'a'. Leave one of them out.",
    )


def test_covariate_design__reads_numbers_as_levels_where_told():
    frame = samples(batch=[10, 2, 9, 10, 2, 9, 10, 2])
    assert covariate_design(frame, ["batch"]).columns == ("batch",)
    design = covariate_design(frame, ["batch:factor"])
    assert design.columns == ("batch=9", "batch=10")
    of_text = covariate_design(samples(batch=list("abcabcab")), ["batch"])
    np.testing.assert_allclose(projection(design), projection(of_text), atol=EXACT)
    assert covariate_readings(design, ["batch:factor"]) == {"batch": "3 levels"}


@pytest.mark.parametrize(
    ("covariate", "message"),
    [
        ("age:spline", "'age' is a covariate and cannot be read like that. Write COLUMN or COLUMN:factor."),
        ("sex:ref=F", "'sex' is a covariate and cannot be read like that. Write COLUMN or COLUMN:factor."),
        ("age*sex", f"no sample column 'age*sex'. {OUT_OF_SCOPE}"),
        ("age:factor", "'age' has another value in every sample, so nothing would be left. Leave it out."),
    ],
)
def test_covariate_design__refuses_readings_that_covariates_lack(covariate, message):
    frame = samples(age=[1.0, 2.0, 4.0, 8.0, 5.0, 7.0, 9.0, 3.0], sex=list("FMFMFMFM"))
    assert violations(frame, covariate) == (message,)

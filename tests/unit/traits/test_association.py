from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.stats
from polars.testing import assert_frame_equal

from isograph.schemas import TRAITS
from isograph.traits.association import trait_table
from isograph.traits.trait import Trait, read_traits
from isograph.traits.unadjusted import pearson_test

NAN = float("nan")
# scipy and we evaluate the same functions in another order.
CLOSE = 1e-10


@pytest.fixture
def eigengenes():
    values = np.random.default_rng(3).normal(size=(4, 30))
    values -= values.mean(axis=1, keepdims=True)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_pearson__is_that_of_scipy(eigengenes):
    values = np.random.default_rng(5).normal(size=30) * 12.0 + 40.0
    found = pearson_test(eigengenes, values)
    for row, eigengene in enumerate(eigengenes):
        r, p = scipy.stats.pearsonr(eigengene, values)
        assert found.effect[row] == pytest.approx(r, rel=CLOSE)
        assert found.pvalue[row] == pytest.approx(p, rel=CLOSE)
        assert found.statistic[row] == pytest.approx(r * np.sqrt(28 / (1 - r * r)), rel=CLOSE)


def test_pearson__by_hand():
    found = pearson_test(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([1.0, 3.0, 2.0, 4.0]))
    # r = 4/5, t = 0.8·√(2/0.36), and with two degrees of freedom p = 1 − r
    assert found.effect[0] == pytest.approx(0.8)
    assert found.statistic[0] == pytest.approx(0.8 * np.sqrt(2.0) / 0.6)
    assert found.pvalue[0] == pytest.approx(0.2)


def test_pearson__uses_the_samples_with_a_value(eigengenes):
    values = np.random.default_rng(5).normal(size=30)
    values[[0, 7, 29]] = NAN
    kept = np.isfinite(values)
    found = pearson_test(eigengenes, values)
    r, p = scipy.stats.pearsonr(eigengenes[2, kept], values[kept])
    assert (found.effect[2], found.pvalue[2]) == (pytest.approx(r, rel=CLOSE), pytest.approx(p, rel=CLOSE))


@pytest.mark.parametrize(
    "values",
    [[1.0, 2.0, 3.0] + [NAN] * 27, [0.7] * 30, [0.3, 0.1 + 0.2] * 15, [NAN] * 30],
    ids=["three values", "constant", "constant but for rounding", "nothing"],
)
def test_pearson__is_not_estimable_without_variation(eigengenes, values):
    found = pearson_test(eigengenes, np.array(values))
    assert np.isnan([found.effect, found.statistic, found.pvalue]).all()


def test_pearson__does_not_depend_on_units(eigengenes):
    values = np.random.default_rng(5).normal(size=30)
    plain, scaled = pearson_test(eigengenes, values), pearson_test(eigengenes, 1e6 + 1e-3 * values)
    np.testing.assert_allclose(scaled.effect, plain.effect, rtol=1e-6)


def factor(name: str, *levels: str | None) -> Trait:
    frame = pl.DataFrame({"sample_id": [f"S{i}" for i in range(len(levels))], name: levels})
    return read_traits(frame, [name], []).traits[0]


def test_trait_table__has_a_row_per_module_and_trait(eigengenes):
    age = np.random.default_rng(1).normal(size=30)
    traits = [
        Trait("sex", np.array([0.0, 1.0] * 15), ("F", "M")),
        Trait("age", age, ()),
        Trait("stage", np.array([0.0, 1.0, 2.0] * 10), ("i", "ii", "iii")),
    ]
    table = trait_table(["M000", "M001"], eigengenes[:2], traits)
    assert TRAITS.checked(table) is table
    assert table.select("module_id", "trait", "test", "n", "level", "reference", "reason").rows() == [
        ("M000", "sex", "welch", 30, "M", "F", None),
        ("M000", "age", "pearson", 30, None, None, None),
        ("M000", "stage", "welch_anova", 30, "i|ii|iii", None, None),
        ("M001", "sex", "welch", 30, "M", "F", None),
        ("M001", "age", "pearson", 30, None, None, None),
        ("M001", "stage", "welch_anova", 30, "i|ii|iii", None, None),
    ]
    assert table.row(1, named=True)["effect"] == pytest.approx(scipy.stats.pearsonr(eigengenes[0], age)[0], rel=CLOSE)
    q = scipy.stats.false_discovery_control(table.get_column("pvalue").to_numpy())
    np.testing.assert_allclose(table.get_column("qvalue").to_numpy(), q, rtol=1e-12)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((4, 3), ("welch", 7, "b", "a", None)),
        ((4, 3, 1), ("welch", 7, "b", "a", "levels with too few samples left out: c (1)")),
        ((1, 4, 4), ("welch", 8, "c", "b", "levels with too few samples left out: a (1)")),
        ((2, 2, 2, 1, 1), ("welch_anova", 6, "a|b|c", None, "levels with too few samples left out: d (1), e (1)")),
        ((2, 4, 4), ("welch_anova", 10, "a|b|c", None, None)),
        ((2, 5, 5), ("welch", 10, "c", "b", "levels with too few samples left out: a (2)")),
        ((4, 20, 5), ("welch", 25, "c", "b", "levels with too few samples left out: a (4)")),
        ((8, 1), ("welch", 0, "b", "a", "too few samples in the levels: a (8), b (1)")),
        ((4, 20), ("welch", 0, "b", "a", "too few samples in the levels: a (4), b (20)")),
        (
            (2, 2, 2, 2, 2),
            ("welch_anova", 0, "", None, "too few samples in the levels: a (2), b (2), c (2), d (2), e (2)"),
        ),
    ],
)
def test_trait_table__leaves_out_levels_too_small_to_test_and_says_so(sizes, expected):
    levels = [letter for letter, size in zip("abcde", sizes, strict=False) for _ in range(size)]
    eigengene = np.random.default_rng(0).normal(size=(1, len(levels) + 1))
    row = trait_table(["M000"], eigengene, [factor("t", *levels, None)]).row(0, named=True)
    assert tuple(row[name] for name in ("test", "n", "level", "reference", "reason")) == expected
    assert np.isnan(row["pvalue"]) == (row["n"] == 0)


def test_trait_table__tests_the_samples_of_the_levels_that_stay():
    eigengene = np.random.default_rng(0).normal(size=(1, 9))
    row = trait_table(["M000"], eigengene, [factor("t", *["a"] * 4, *["b"] * 3, "c", None)]).row(0, named=True)
    twin = scipy.stats.ttest_ind(eigengene[0, 4:7], eigengene[0, :4], equal_var=False)
    assert (row["statistic"], row["pvalue"]) == (
        pytest.approx(twin.statistic, rel=CLOSE),
        pytest.approx(twin.pvalue, rel=CLOSE),
    )


@pytest.mark.parametrize(
    ("trait", "n", "reason"),
    [
        (Trait("t", np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), ("a", "b")), 6, "no variance within a level"),
        (
            Trait("t", np.array([0.0, 0.0, 1.0, 1.0, 2.0, 2.0]), ("a", "b", "c")),
            6,
            "no variance within a level",
        ),
        (Trait("t", np.array([1.0, 2.0, 3.0, NAN, NAN, NAN]), ()), 3, "fewer than 4 samples have a value"),
        (Trait("t", np.array([0.3, 0.1 + 0.2] * 3), ()), 6, "no variance in the samples with a value"),
    ],
    ids=["welch", "welch_anova", "few values", "rounding"],
)
def test_trait_table__says_why_there_is_no_pvalue(trait, n, reason):
    eigengene = np.array([[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]])
    row = trait_table(["M000"], eigengene, [trait]).row(0, named=True)
    assert (row["n"], row["reason"]) == (n, reason)
    assert np.isnan([row["statistic"], row["pvalue"], row["qvalue"]]).all()


@pytest.mark.parametrize("traits", [[], [Trait("age", np.arange(30.0), ())]])
def test_trait_table__of_no_module_or_no_trait_keeps_the_contract(eigengenes, traits):
    modules = [] if traits else ["M000"]
    table = trait_table(modules, eigengenes[: len(modules)], traits)
    assert_frame_equal(TRAITS.checked(table), pl.DataFrame(schema=TRAITS.schema))


# Twice the excess over 0.001 that the limits were chosen for.
LARGEST_NULL_RATE = 0.014


@pytest.mark.parametrize(
    "sizes", [(3, 9), (4, 16), (5, 50), (4, 4, 4, 4), (5, 40, 40), (6,) * 10, (10,) * 12, (3,) * 6]
)
def test_trait_table__small_pvalues_stay_rare_under_no_difference(sizes):
    levels = [f"l{number:02d}" for number, size in enumerate(sizes) for _ in range(size)]
    eigengenes = np.random.default_rng(1).normal(size=(10_000, len(levels)))
    table = trait_table([f"M{i:05d}" for i in range(10_000)], eigengenes, [factor("t", *levels)])
    assert table.get_column("n").unique().to_list() == [sum(sizes)]
    assert table.filter(pl.col("pvalue") < 0.001).height / 10_000 < LARGEST_NULL_RATE


@pytest.mark.parametrize("sizes", [(2,) * 45, (3,) * 12, (2, 50), (3, 20)])
def test_trait_table__levels_that_give_false_alarms_are_not_tested(sizes):
    levels = [f"l{number:02d}" for number, size in enumerate(sizes) for _ in range(size)]
    table = trait_table(["M000"], np.random.default_rng(1).normal(size=(1, len(levels))), [factor("t", *levels)])
    assert table.get_column("pvalue").is_nan().to_list() == [True]
    assert table.get_column("reason")[0].startswith("too few samples in the levels: l00")

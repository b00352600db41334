"""Under no difference p-values are uniform, also for few samples and unequal variances."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.traits.adjusted import adjusted_test
from isograph.traits.adjustment import Adjustment
from isograph.traits.individual import Individuals
from isograph.traits.trait import Trait

N_MODULES = 6000


def levels(*sizes: int) -> Trait:
    return Trait(
        "stage", np.repeat(np.arange(len(sizes), dtype=float), sizes), tuple(f"s{i}" for i in range(len(sizes)))
    )


def shares(pvalue: np.ndarray) -> tuple[float, float, float]:
    return tuple(float(np.mean(pvalue < limit)) for limit in (0.5, 0.05, 0.001))


@pytest.mark.parametrize(
    ("sizes", "least"),
    [((6, 6), 0.04), ((6, 18), 0.02), ((5, 5, 5), 0.025), ((4, 8, 20), 0.015), ((6, 6, 6, 6), 0.03)],
    ids=str,
)
@pytest.mark.parametrize("sd", ["equal", "small levels vary more", "large levels vary more"])
def test_linear_model__has_uniform_p_under_unequal_variances(sizes, least, sd):
    generator = np.random.default_rng(11)
    trait = levels(*sizes)
    n, k = sum(sizes), len(sizes)
    age, rin = generator.normal(size=(2, n)) + 0.4 * trait.values
    spread = {
        "equal": np.ones(k),
        "small levels vary more": np.linspace(2, 1, k),
        "large levels vary more": np.linspace(1, 2, k),
    }[sd]
    noise = generator.normal(size=(N_MODULES, n)) * spread[trait.values.astype(int)]
    parts = {"age": age[None, :], "rin": rin[None, :]}
    found = adjusted_test(noise + 2.0 * age - rin, trait, Adjustment(n, parts))
    half, twentieth, thousandth = shares(found.pvalue)
    assert found.test == "linear_model_hc3"
    # The ordinary F has 20 % below 0.05 where the small one of two levels varies more.
    assert 0.40 <= half <= 0.58
    assert least <= twentieth <= 0.08
    assert thousandth <= 0.006


def test_linear_model__counts_covariates_as_lost_degrees_of_freedom():
    generator = np.random.default_rng(2)
    n, covariates = 14, generator.normal(size=(5, 14))
    number = Trait("age", generator.normal(size=n) + covariates.sum(axis=0), ())
    found = adjusted_test(generator.normal(size=(N_MODULES, n)), number, Adjustment(n, {"batch": covariates}))
    half, twentieth, thousandth = shares(found.pvalue)
    assert set(found.dof) == {7.0}
    assert half == pytest.approx(0.5, abs=0.02)
    assert twentieth == pytest.approx(0.05, abs=0.01)
    assert thousandth <= 0.003


@pytest.mark.parametrize("ratio", [0.0, 0.5, 5.0], ids="between/within {}".format)
@pytest.mark.parametrize("kind", ["between", "within", "both"])
def test_mixed_model__has_uniform_p_where_individuals_differ(kind, ratio):
    generator = np.random.default_rng(7)
    individual_of = np.repeat(np.arange(6), 4)
    n = len(individual_of)
    values = {
        "between": np.isin(individual_of, (1, 3, 5)).astype(float),
        "within": np.tile(np.arange(4.0), 6),
        "both": generator.normal(size=n) + generator.normal(size=6)[individual_of],
    }[kind]
    trait = Trait("x", values, ("a", "b") if kind == "between" else ("a", "b", "c", "d") if kind == "within" else ())
    effects = np.sqrt(ratio) * generator.normal(size=(N_MODULES, 6))[:, individual_of]
    noise = generator.normal(size=(N_MODULES, n)) + effects
    found = adjusted_test(noise, trait, Adjustment(n, {}), Individuals("line", individual_of))
    half, twentieth, thousandth = shares(found.pvalue)
    assert found.test == "mixed_model"
    # As in nlme and lme4 no variance is negative, so that tests between individuals who do not differ are too careful.
    assert 0.40 <= half <= 0.55
    assert (0.03 if ratio else 0.005) <= twentieth <= 0.07
    assert thousandth <= 0.004

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.traits.adjustment import adjustment
from isograph.traits.alias import tested_once as once
from isograph.traits.trait import read_traits

LINE = ["a", "a", "b", "b", "c", "c"]


def aliases(covariates: tuple[str, ...] = (), **columns: list) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    samples = pl.DataFrame({"sample_id": [f"S{i}" for i in range(6)], **columns})
    read = once(read_traits(samples, (), covariates), adjustment(samples, covariates))
    return {trait.name: trait.aliases for trait in read.traits}, dict(read.skipped)


@pytest.mark.parametrize(
    "other",
    [["x", "x", "z", "z", "y", "y"], ["z", "z", "y", "y", "x", "x"]],
    ids=["other names", "other names in another order"],
)
def test_tested_once__takes_levels_that_divide_the_samples_alike(other):
    tested, skipped = aliases(line=LINE, genotype=other)
    assert tested == {"line": ("genotype",)}
    assert skipped == {"genotype": "it says the same as 'line', which is tested"}


def test_tested_once__takes_numbers_that_are_linear_in_one_another():
    height = [1.61, 1.75, 1.82, 1.90, 1.55, 1.70]
    inches = [round(value / 0.0254, 9) for value in height]
    lower = [3.0 - value for value in height]
    tested, _ = aliases(height=height, inches=inches, lower=lower, square=[value**2 for value in height])
    assert tested == {"height": ("inches", "lower"), "square": ()}


def test_tested_once__takes_a_number_of_two_values_and_its_levels():
    tested, _ = aliases(treated=[0, 1, 0, 1, 0, 1], treatment=["no", "yes"] * 3)
    assert tested == {"treated": ("treatment",)}


def test_tested_once__keeps_traits_that_are_known_in_other_samples():
    tested, skipped = aliases(line=LINE, genotype=["a", "a", "b", "b", "c", None])
    assert tested == {"line": (), "genotype": ()}
    assert not skipped


def test_tested_once__keeps_levels_that_are_finer():
    tested, _ = aliases(line=LINE, sex=["F", "F", "M", "M", "F", "F"])
    assert tested == {"line": (), "sex": ()}


BATCH = ["x", "x", "x", "y", "y", "y"]


def test_tested_once__takes_traits_that_are_the_same_beside_covariates():
    dose = np.array([0.0, 1.0, 3.0, 0.0, 2.0, 1.0])
    of_batch = np.array([0.0, 0.0, 0.0, 5.0, 5.0, 5.0])
    tested, _ = aliases(("batch",), batch=BATCH, dose=list(dose), dose_in_batch=list(dose + of_batch))
    assert tested == {"dose": ("dose_in_batch",)}
    assert aliases(batch=BATCH, dose=list(dose), dose_in_batch=list(dose + of_batch))[0].keys() >= {"dose_in_batch"}


def test_tested_once__keeps_apart_what_covariates_determine():
    tested, _ = aliases(("batch",), batch=BATCH, day=["m", "m", "m", "t", "t", "t"], weight=[1, 1, 1, 2, 2, 2])
    assert tested == {"day": (), "weight": ()}

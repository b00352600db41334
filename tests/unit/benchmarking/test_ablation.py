from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import orjson
import pytest

from isograph.bundle.read import read_bundle
from isograph.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def script(monkeypatch):
    """Import a script of benchmarks/ as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def test_choices__every_variant_changes_something(script):
    choices = script("choices")
    idle = [
        (choice.name, variant.name)
        for choice in choices.CHOICES
        for variant in choice.variants
        if variant.config == choices.DEFAULT and variant.regroup is None and variant.seed == 0
    ]
    assert idle == []


def test_choices__are_those_of_the_committed_report(script):
    report = orjson.loads((ROOT / "artifacts" / "reports" / "ablation.json").read_bytes())
    reported = [
        (choice["name"], choice["default"], choice["told"], [row["name"] for row in choice["variants"]])
        for choice in report["choices"]
    ]
    assert reported == [
        (choice.name, choice.default, choice.reason, [variant.name for variant in choice.variants])
        for choice in script("choices").CHOICES
    ]


def row(**changed):
    halves = ("halves_ari", "halves_nmi", "halves_share_in_both", "halves_ari_of_all")
    simulated = ("planted_ari", "planted_ari_least", "planted_background")
    stress = ("stress_ari", "stress_ari_least", "stress_background")
    counted = ("null_with_module", "real_modules", "real_share_assigned", "seconds")
    return {**dict.fromkeys((*simulated, *stress, *counted), 0), **{key: [0.2, 0.3, 0.4] for key in halves}, **changed}


@pytest.mark.parametrize(
    ("changed", "better", "worse"),
    [
        ({}, [], []),
        ({"planted_ari": 0.0009}, [], []),
        ({"planted_ari": 0.002}, ["planted_ari"], []),
        ({"stress_background": 0.002}, [], ["stress_background"]),
        ({"null_with_module": 1}, [], ["null_with_module"]),
        ({"real_modules": 9, "seconds": None}, [], []),
        ({"halves_ari": [0.3, 0.4, 0.5]}, ["halves_ari"], []),
        ({"halves_ari": [0.209, 0.309, 0.409]}, [], []),
        # Differences of −0.3, 0.1 and 0.5: the mean is within two of its standard errors.
        ({"halves_nmi": [-0.1, 0.4, 0.9]}, [], []),
    ],
)
def test_compared__counts_differences_beyond_the_limit(script, changed, better, worse):
    verdict = script("ablation").compared(row(**changed), row())
    assert (verdict["better"], verdict["worse"]) == (better, worse)


def test_samples_where__takes_the_samples_with_the_value(script):
    bundle = read_bundle(ROOT / "fixtures" / "bundles_0_1_5" / "toy_v1")
    women = script("split_half").samples_where(bundle, "Sex=F")
    taken = bundle.samples.get_column("Sex") == "F"
    assert women.samples.get_column("sample_id").to_list() == bundle.samples.filter(taken)["sample_id"].to_list()
    counts = bundle.matrices["transcript_counts"][:, taken.to_numpy()]
    np.testing.assert_array_equal(women.matrices["transcript_counts"], counts)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("Sex", "--where is 'Sex', expected COLUMN=VALUE of the columns sample_id, Dx, Age, Sex."),
        ("sex=F", "--where is 'sex=F', expected COLUMN=VALUE of the columns sample_id, Dx, Age, Sex."),
        ("Sex=female", "no sample has Sex = 'female'. Its values are 'F', 'M'."),
    ],
)
def test_samples_where__says_what_there_is(script, condition, message):
    bundle = read_bundle(ROOT / "fixtures" / "bundles_0_1_5" / "toy_v1")
    with pytest.raises(UsageError) as error:
        script("split_half").samples_where(bundle, condition)
    assert str(error.value) == message

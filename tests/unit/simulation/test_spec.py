from __future__ import annotations

import math
from pathlib import Path

import pytest

import isograph
from isograph.benchmarking.plan import GATES_OF_NULL
from isograph.config.redraw import NULLS
from isograph.config.values import setting_types, values_of_texts
from isograph.errors import ConfigError, UsageError
from isograph.simulation.spec import (
    FixtureSpec,
    SpecError,
    fixture_directory,
    fixture_spec,
    fixture_specs,
    spec_of,
    suites,
)

SIZES = {"name": "small", "suite": "mine", "n_genes": 20, "n_samples": 10}
EVERY_FIXTURE = [spec for suite in suites() for spec in fixture_specs(suite)]


def small(**fields: object) -> FixtureSpec:
    return FixtureSpec(**{**SIZES, **fields})


@pytest.fixture
def suites_at(tmp_path, monkeypatch):
    """A directory of suites of the test's own, as in a checkout."""
    package = tmp_path / "isograph"
    package.mkdir()
    monkeypatch.setattr(isograph, "__file__", str(package / "__init__.py"))
    return tmp_path


def put(directory: Path, suite: str, name: str, text: str = "n_genes = 4\nn_samples = 5\n") -> None:
    (directory / suite).mkdir(parents=True, exist_ok=True)
    (directory / suite / f"{name}.toml").write_text(text, encoding="utf-8")


def test_suites__are_the_six():
    assert suites() == ("core_v1", "multiplex_v1", "null_usage_v1", "null_v1", "scale_v1", "stress_v1")


def test_fixture_specs__have_a_name_of_their_own_and_a_description():
    assert len({spec.name for spec in EVERY_FIXTURE}) == len(EVERY_FIXTURE) == 69
    assert [spec.name for spec in EVERY_FIXTURE if not spec.description.endswith(".")] == []


@pytest.mark.parametrize(
    ("suite", "sizes"),
    [
        (
            "core_v1",
            {
                "toy_v1": (24, 48, [12, 12]),
                "realistic_unequal_v1": (200, 160, [38, 25, 17, 12, 8]),
                "realistic_v1": (200, 160, [20] * 5),
                "nonlinear_v1": (200, 200, [25] * 4),
                "noisy_v1": (300, 100, [22, 18, 14, 11, 9, 8, 7, 6]),
                "medium_v1": (400, 240, [30] * 8),
                "large_v1": (800, 120, [40, 33, 27, 22, 18, 16, 14, 11, 10, 9]),
            },
        ),
        (
            "multiplex_v1",
            {
                "toy_multiplex_v1": (40, 64, [20] * 2),
                "medium_multiplex_v1": (320, 180, [32] * 6),
                "noisy_multiplex_v1": (360, 110, [40, 34, 30, 26, 22, 18]),
                "large_multiplex_v1": (900, 140, [44] * 10),
                "xxlarge_multiplex_v1": (12_000, 240, [75] * 16),
            },
        ),
    ],
)
def test_fixture_specs__have_the_sizes_of_their_suite(suite, sizes):
    found = {spec.name: (spec.n_genes, spec.n_samples, list(spec.module_sizes)) for spec in fixture_specs(suite)}
    assert found == sizes
    assert list(found) == list(sizes)


def test_fixture_specs__of_scale_span_modules_of_30_to_515_genes():
    specs = fixture_specs("scale_v1")
    assert [(spec.n_genes, spec.n_samples, len(spec.module_sizes)) for spec in specs] == [
        (6_000, 240, 12),
        (12_000, 240, 24),
        (12_000, 240, 24),
    ]
    assert {(min(spec.module_sizes), max(spec.module_sizes)) for spec in specs} == {(30, 515)}


def test_fixture_specs__of_stress_are_400_genes_in_160_samples():
    specs = fixture_specs("stress_v1")
    assert {(spec.n_genes, spec.n_samples) for spec in specs} == {(400, 160)}
    planted = {spec.name: sum(spec.module_sizes) / 400 for spec in specs if "switching" in spec.name}
    assert sorted(planted.values()) == [0.05, 0.25, 0.5, 0.75]


def test_fixture_specs__of_stress_vary_what_they_name():
    specs = fixture_specs("stress_v1")
    assert {spec.isoform_imbalance for spec in specs if "imbalance" in spec.name} == {1, 5, 25}
    noise = {(spec.dispersion, spec.drive_noise) for spec in specs if "dispersion" in spec.name}
    assert noise == {(size, sd) for size in (3, 10, 30) for sd in (0.05, 0.2, 0.5)}
    interactions = [(spec.interaction_strength, spec.interaction_share) for spec in specs if spec.interaction_strength]
    assert len(interactions) == 8
    assert {strength for strength, _ in interactions} == {0.5, 1, 2, 3}
    assert {share for _, share in interactions} == {0.25, 0.5, 0.75}


def test_fixture_specs__record_the_covariate_of_every_confounder():
    recorded = {spec.name: spec.recorded_covariates for spec in EVERY_FIXTURE if spec.recorded_covariates}
    assert recorded == {
        "stress_batch_v1": ("batch",),
        "stress_composition_v1": ("cell_fraction",),
        "stress_degradation_multiplex_v1": ("rin",),
        "stress_degradation_switch_v1": ("rin",),
        "stress_depth_v1": ("depth",),
    }


def test_fixture_specs__of_null_have_no_module_and_allow_none():
    specs = fixture_specs("null_v1")
    assert {(spec.module_sizes, spec.gates["max_modules"]) for spec in specs} == {((), 0)}
    sizes = [(spec.n_genes, spec.n_samples) for spec in specs if not spec.depth_sd]
    assert sizes == [(200, 20), (200, 200), (1_000, 50), (3_000, 100), (12_000, 20), (12_000, 200)]
    assert [spec.name for spec in specs if spec.depth_sd] == ["null_library_400x60_v1", "null_library_3000x120_v1"]


def test_fixture_specs__of_null_usage_are_multiplex_fixtures_redrawn():
    specs = {spec.name: spec for spec in fixture_specs("null_usage_v1")}
    own = {"name", "suite", "description", "gates", "redraw"}
    for original in fixture_specs("multiplex_v1"):
        if original.name == "xxlarge_multiplex_v1":
            continue
        for number, null in enumerate(NULLS, start=1):
            redrawn = specs.pop(f"{original.name.removesuffix('_v1')}_null{number}_v1")
            assert {name: value for name, value in redrawn.values.items() if name not in own} == {
                name: value for name, value in original.values.items() if name not in own
            }
            assert (redrawn.redraw, redrawn.gates) == (null, GATES_OF_NULL[null])
    uneven = [specs.pop(f"uneven_multiplex_null{number}_v1") for number in (1, 2)]
    assert [(spec.redraw, spec.gates) for spec in uneven] == [(null, GATES_OF_NULL[null]) for null in NULLS]
    silent = {"max_switch_features": 0, "max_modules": 0}
    assert {spec.name: dict(spec.gates) for spec in specs.values()} == dict.fromkeys(
        ("constant_shares_counted_v1", "constant_shares_depth_v1", "low_counts_v1"), silent
    )


@pytest.mark.parametrize("suite", ["core_v1", "multiplex_v1", "scale_v1"])
def test_fixture_specs__have_the_gates_of_their_suite(suite):
    wanted = {"min_ari": 0.99, "min_recovery": 0.99, "max_background_rate": 0.01}
    if suite == "multiplex_v1":
        wanted["min_role_recall"] = 0.97
    assert [spec.name for spec in fixture_specs(suite) if spec.gates != wanted] == []


def test_fixture_spec__is_found_in_whichever_suite_has_it():
    assert fixture_spec("noisy_v1") == fixture_spec("noisy_v1", "core_v1")
    assert fixture_spec("noisy_v1").suite == "core_v1"


def test_fixture_spec__names_what_exists_and_the_nearest():
    with pytest.raises(UsageError) as raised:
        fixture_spec("nosy_v1", "core_v1")
    assert str(raised.value) == (
        "no fixture 'nosy_v1' in suite core_v1; did you mean 'noisy_v1', 'toy_v1'? There are:\n"
        "  core_v1: large_v1, medium_v1, noisy_v1, nonlinear_v1, realistic_unequal_v1, realistic_v1, toy_v1"
    )


def test_fixture_spec__of_any_suite_lists_all_suites():
    with pytest.raises(UsageError, match=r"^no fixture 'zzz'\. There are:\n") as raised:
        fixture_spec("zzz")
    assert [line.split(":")[0].strip() for line in str(raised.value).splitlines()[1:]] == list(suites())


@pytest.mark.parametrize("lookup", [fixture_specs, lambda suite: fixture_spec("toy_v1", suite)])
def test_suite__that_is_unknown_is_told_with_the_nearest(lookup):
    with pytest.raises(UsageError) as raised:
        lookup("core")
    assert str(raised.value) == (
        "no suite 'core'; did you mean 'core_v1'? There are: core_v1, multiplex_v1, null_usage_v1, null_v1, scale_v1, "
        "stress_v1."
    )


def test_fixture_spec__in_two_suites_has_to_be_told_apart(suites_at):
    for suite in ("a_v1", "b_v1"):
        put(suites_at / "fixtures", suite, "same")
    with pytest.raises(UsageError, match=r"^fixture 'same' is in several suites: 'a_v1', 'b_v1'\. Name one\.$"):
        fixture_spec("same")
    assert fixture_spec("same", "b_v1").suite == "b_v1"


def test_fixture_spec__of_a_file_that_is_no_toml_says_so(suites_at):
    put(suites_at / "fixtures", "a_v1", "broken", "n_genes = \n")
    with pytest.raises(ConfigError, match=r"^fixture 'broken': broken\.toml is no TOML: Invalid value"):
        fixture_spec("broken")


def test_fixture_directory__is_beside_the_package_in_a_checkout(suites_at):
    (suites_at / "fixtures").mkdir()
    assert fixture_directory() == suites_at / "fixtures"


def test_fixture_directory__is_inside_the_package_when_installed(suites_at):
    (suites_at / "fixtures").mkdir()
    put(suites_at / "isograph" / "_fixtures", "packed_v1", "one")
    assert fixture_directory() == suites_at / "isograph" / "_fixtures"
    assert suites() == ("packed_v1",)


def test_fixture_directory__that_is_missing_tells_of_a_damaged_installation(suites_at):
    with pytest.raises(FileNotFoundError, match="the installation is damaged, install isograph again"):
        fixture_directory()


def test_spec__describes_every_field():
    described = [line.split(" : ")[0].strip() for line in FixtureSpec.__doc__.splitlines() if " : " in line]
    fields = list(setting_types(FixtureSpec))
    assert described == ["name", "suite", "description", *fields[2:4], *fields[5:]]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"n_genes": 0}, "n_genes is 0, expected 1 to 10,000,000"),
        ({"n_samples": 2}, "n_samples is 2, expected 3 to 1,000,000"),
        ({"module_sizes": (15, 6)}, "the modules hold 21 genes, expected at most n_genes = 20"),
        ({"module_sizes": (5, 1)}, "1 modules have fewer than 2 genes: '1'"),
        ({"module_sizes": (5, -3)}, "1 modules have fewer than 2 genes: '-3'"),
        ({"single_isoform_share": 1.5}, "single_isoform_share is 1.5, expected 0 to 1"),
        ({"interaction_share": -0.1}, "interaction_share is -0.1, expected 0 to 1"),
        ({"switch_effect": math.nan}, "switch_effect is nan, expected 0 to 20"),
        ({"dispersion": 0.0}, "dispersion is 0.0, expected 0.01 or more"),
        ({"isoform_imbalance": 0.5}, "isoform_imbalance is 0.5, expected 1 to 1,000,000"),
        ({"name": "../x"}, "name is '../x', expected letters, digits, '_', '.', '+' and '-'"),
        ({"activity": "waves"}, "activity is 'waves', expected gaussian or rings_and_quadrants"),
        ({"sampling": "none"}, "sampling is 'none', expected counts or expected"),
        (
            {"activity": "rings_and_quadrants", "module_sizes": (4, 4)},
            "rings_and_quadrants takes 4 modules, got 2",
        ),
        (
            {"interaction_strength": 1.0, "module_sizes": (4,)},
            "an interaction takes the latents of 2 modules, got 1",
        ),
        (
            {"role_shares": {"switch_only": 0.5}},
            "role_shares is {switch_only = 0.5}, expected shares from 0 to 1 that add up to 1",
        ),
        (
            {"role_shares": {"switch_only": 1.5, "coupled": -0.5}},
            "role_shares is {switch_only = 1.5, coupled = -0.5}, expected shares from 0 to 1 that add up to 1",
        ),
        (
            {"role_shares": {"both": 1.0}},
            "unknown roles 'both', expected switch_only, abundance_only, coupled, discordant",
        ),
        ({"isoform_shares": (0.5, 0.4)}, "isoform_shares is [0.5, 0.4], expected shares from 0 to 1 that add up to 1"),
        (
            {"recorded_covariates": ("age",)},
            "recorded covariate 'age' is not known, expected rin, cell_fraction, batch, depth",
        ),
        (
            {"recorded_covariates": ("rin",)},
            "recorded covariate 'rin' has no effect: degradation_strength is 0",
        ),
        (
            {"recorded_covariates": ("rin", "rin"), "degradation_strength": 1.0},
            "recorded_covariates names one twice: rin, rin",
        ),
        (
            {"gates": {"min_luck": 1.0}},
            (
                "unknown gates 'min_luck', expected min_recovery, min_ari, min_role_recall, max_background_rate, "
                "max_modules, max_switch_features, max_switch_role_rate, max_supported_switch_rate, "
                "max_switch_abundance_excess"
            ),
        ),
        ({"redraw": "poisson"}, "redraw is 'poisson', expected none, multinomial or overdispersed"),
    ],
)
def test_spec__that_cannot_be_is_refused(fields, problem):
    with pytest.raises(SpecError) as raised:
        small(**fields)
    assert raised.value.problems == (problem,)


def test_spec__that_cannot_be_lists_every_reason():
    with pytest.raises(ConfigError) as raised:
        small(n_samples=1, module_sizes=(30,), single_isoform_share=2.0)
    assert str(raised.value) == (
        "fixture 'small': n_samples is 1, expected 3 to 1,000,000; single_isoform_share is 2.0, expected 0 to 1; "
        "the modules hold 30 genes, expected at most n_genes = 20"
    )


def test_spec_of__lists_missing_sizes_and_values_of_another_type():
    with pytest.raises(SpecError) as raised:
        spec_of({"name": "x", "suite": "s", "n_genes": 4.0, "switch_effect": "high", "n_smaples": 5})
    assert raised.value.problems == (
        "n_genes is 4.0, expected a whole number",
        "switch_effect is 'high', expected a number",
        "there is no field 'n_smaples'; did you mean 'n_samples'?",
        "n_samples is missing",
    )


def test_spec_of__takes_whole_numbers_where_numbers_are_due():
    made = spec_of({**SIZES, "dispersion": 5, "gates": {"max_modules": 0}})
    assert (made.dispersion, made.gates) == (5.0, {"max_modules": 0.0})


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("n_genes", "1_200", 1200),
        ("dispersion", "inf", math.inf),
        ("module_sizes", "10,8", (10, 8)),
        ("module_sizes", "[10, 8]", (10, 8)),
        ("module_sizes", "12", (12,)),
        ("module_sizes", "[]", ()),
        ("isoform_shares", "0,1", (0.0, 1.0)),
        ("role_shares", "{coupled = 0.5, discordant = 0.5}", {"coupled": 0.5, "discordant": 0.5}),
        ("balanced_noise", "true", True),
        ("sampling", "expected", "expected"),
        ("name", "001", "001"),
        ("description", "a = b\nc = 1", "a = b\nc = 1"),
    ],
)
def test_spec_of__takes_the_values_of_texts(field, text, value):
    made = spec_of(values_of_texts({field: text}, setting_types(FixtureSpec)), small())
    assert getattr(made, field) == value
    assert {**made.values, field: None} == {**small().values, field: None}


def test_spec_of__splits_names_given_as_text():
    texts = {"recorded_covariates": "rin,depth", "degradation_strength": "1", "depth_sd": "1"}
    made = spec_of(values_of_texts(texts, setting_types(FixtureSpec)), small())
    assert made.recorded_covariates == ("rin", "depth")


def test_spec_of__takes_lists_and_keeps_the_other_fields():
    base = small(depth_sd=0.5)
    assert spec_of({"module_sizes": [4, 3]}, base) == small(depth_sd=0.5, module_sizes=(4, 3))


def test_spec_of__lists_everything_wrong():
    values = {"drive_nois": 1.0, "dispersion": "low", "n_samples": 2, "n_genes": "1\nx=2"}
    with pytest.raises(SpecError) as raised:
        spec_of(values, small())
    assert raised.value.problems == (
        "there is no field 'drive_nois'; did you mean 'drive_noise'?",
        "dispersion is 'low', expected a number",
        r"n_genes is '1\nx=2', expected a whole number",
        "n_samples is 2, expected 3 to 1,000,000",
    )


def test_spec_of__without_a_usable_size_says_so():
    with pytest.raises(SpecError) as raised:
        spec_of({**SIZES, "n_genes": "many"})
    assert raised.value.problems == ("n_genes is 'many', expected a whole number",)

from __future__ import annotations

import pytest

from isograph.config import FactorConfig, FitConfig, ImportConfig, VaeConfig, backend_settings_of_texts
from isograph.errors import ConfigError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"neighbours": 0}, "neighbours is 0, expected 1 to 10000"),
        ({"neighbours": 10_001}, "neighbours is 10001, expected 1 to 10000"),
        ({"fdr": 0.0}, "fdr is 0.0, expected above 0 and below 1"),
        ({"fdr": 1.0}, "fdr is 1.0, expected above 0 and below 1"),
        ({"fdr": float("nan")}, "fdr is nan, expected above 0 and below 1"),
        ({"search_cuts": ()}, "search_cuts is [], expected one or more values from 0 to 1"),
        ({"search_cuts": (0.5, 1.1)}, "search_cuts is [0.5, 1.1], expected one or more values from 0 to 1"),
        ({"search_cuts": (-0.1,)}, "search_cuts is [-0.1], expected one or more values from 0 to 1"),
        ({"resolution": 0.0}, "resolution is 0.0, expected above 0"),
        ({"resolution": float("inf")}, "resolution is inf, expected above 0"),
        ({"min_module_size": 1}, "min_module_size is 1, expected 2 or more"),
        ({"min_kme": 1.5}, "min_kme is 1.5, expected 0 to 1"),
        ({"min_kme": -0.1}, "min_kme is -0.1, expected 0 to 1"),
        (
            {"neighbours": -1, "min_module_size": 0},
            "neighbours is -1, expected 1 to 10000; min_module_size is 0, expected 2 or more",
        ),
    ],
)
def test_factor_config__names_every_setting_out_of_range(settings, message):
    with pytest.raises(ConfigError) as raised:
        FactorConfig(**settings)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "settings",
    [
        {"neighbours": 1},
        {"neighbours": 10_000},
        {"fdr": 1e-12},
        {"search_cuts": (0.0, 1.0)},
        {"resolution": 1e-3},
        {"min_module_size": 2},
    ],
)
def test_factor_config__takes_the_ends_of_its_ranges(settings):
    kept = FactorConfig(**settings)
    assert {name: getattr(kept, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "facto"}, "no backend 'facto'; did you mean 'factor'? (factor; vae; wgcna)"),
        ({"backend": "zzz"}, "no backend 'zzz' (factor; vae; wgcna)"),
        ({"seed": -1}, "seed is -1, expected 0 to 2^32 − 1"),
        ({"seed": 2**32}, "seed is 4294967296, expected 0 to 2^32 − 1"),
        ({"threads": 0}, "threads is 0, expected 1 or more"),
        ({"covariates": ("b", "a", "b")}, "covariates named more than once: b"),
        (
            {"covariates": ("sex", "age"), "traits": ("dx", "sex:ref=F")},
            "covariates are projected out, so they cannot be traits too: sex",
        ),
        ({"covariates": ("batch", "batch:factor")}, "covariates named more than once: batch"),
        (
            {"covariates": ("age:factor",), "traits": ("age:spline",)},
            "covariates are projected out, so they cannot be traits too: age",
        ),
        (
            {"individual": "line", "covariates": ("line",)},
            (
                "'line' is a covariate, which takes what individuals differ in out of every feature: leave individual "
                "out, and traits are tested within individuals"
            ),
        ),
        ({"individual": "line", "traits": ("line",)}, "'line' names the individuals, so it cannot be a trait too"),
        (
            {"seed": -1, "threads": -2},
            "seed is -1, expected 0 to 2^32 − 1; threads is -2, expected 1 or more",
        ),
    ],
)
def test_fit_config__names_every_option_out_of_range(options, message):
    with pytest.raises(ConfigError) as raised:
        FitConfig(**options)
    assert str(raised.value) == message


def test_fit_config__takes_the_largest_seed():
    assert FitConfig(seed=2**32 - 1).seed == 4_294_967_295


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "sam"}, "format is 'sam', expected auto, salmon, nf-core or matrix"),
        ({"scale": "fpkm"}, "scale is 'fpkm', expected counts, tpm or log"),
        (
            {"scale": "tpm", "min_tx_count": 5.0},
            "min_tx_count is 5.0, but TPM are no counts: leave it out, and raise min_usage",
        ),
        ({"min_usage": 2.0}, "min_usage is 2.0, expected 0 to 1"),
        ({"strip": "all"}, "strip is 'all', expected auto, none, version or bar"),
        ({"min_cpm": -1.0}, "min_cpm is -1.0, expected 0 or more"),
        ({"min_samples": -0.5}, "min_samples is -0.5, expected 0 or more"),
        ({"min_tx_count": -1.0}, "min_tx_count is -1.0, expected 0 or more"),
        ({"min_prop": 1.5}, "min_prop is 1.5, expected 0 to 1"),
    ],
)
def test_import_config__names_an_option_out_of_range(options, message):
    with pytest.raises(ConfigError) as raised:
        ImportConfig(**options)
    assert str(raised.value) == message


def test_backend_settings__reads_each_value_as_its_default_is():
    given = {"neighbours": "20", "fdr": "1e-3", "search_cuts": "0.5,0.7", "resolution": "2", "min_module_size": "4"}
    assert backend_settings_of_texts("factor", given) == FactorConfig(
        neighbours=20, fdr=0.001, search_cuts=(0.5, 0.7), resolution=2.0, min_module_size=4
    )


def test_backend_settings__without_any_are_the_defaults():
    assert backend_settings_of_texts("factor", {}) == FactorConfig()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"neighbors": "5"},
            "there is no setting 'neighbors'; did you mean 'neighbours'?",
        ),
        (
            {"zzzz": "5"},
            (
                "there is no setting 'zzzz' (switch_score, neighbours, fdr, power, similarity_cut, sharpness, "
                "resolution, min_inside, restarts, min_module_size, min_kme, search_cuts, remove_factors, keep_factors)"
            ),
        ),
        ({"neighbours": "many"}, "neighbours is 'many', expected a whole number"),
        ({"neighbours": "6.5"}, "neighbours is '6.5', expected a whole number"),
        ({"search_cuts": ""}, "search_cuts is [], expected one or more values from 0 to 1"),
        (
            {"fdr": "x", "resolution": "y"},
            "fdr is 'x', expected a number; resolution is 'y', expected a number",
        ),
        ({"fdr": "2"}, "fdr is 2.0, expected above 0 and below 1"),
        (
            {"restarts": "few", "fdr": "2"},
            "restarts is 'few', expected a whole number; fdr is 2.0, expected above 0 and below 1",
        ),
    ],
)
def test_backend_settings__names_every_key_and_value_it_cannot_use(given, message):
    with pytest.raises(ConfigError) as raised:
        backend_settings_of_texts("factor", given)
    assert str(raised.value) == message


def test_backend_settings__suggests_the_backend_that_was_meant():
    with pytest.raises(ConfigError) as raised:
        backend_settings_of_texts("Factor", {})
    assert str(raised.value) == "no backend 'Factor'; did you mean 'factor'? (factor; vae; wgcna)"


def test_fit_config__takes_its_own_backends_settings_only():
    with pytest.raises(ConfigError) as raised:
        FitConfig(settings=ImportConfig())
    assert str(raised.value) == "settings are a ImportConfig, which backend 'factor' does not take"
    assert FitConfig().backend_settings == FactorConfig()


def test_backend_settings__read_what_may_be_left_to_a_rule():
    assert backend_settings_of_texts("factor", {"remove_factors": "auto", "keep_factors": "1,3"}) == FactorConfig(
        keep_factors=(1, 3)
    )
    assert backend_settings_of_texts("factor", {"remove_factors": "2"}).remove_factors == 2
    with pytest.raises(ConfigError) as raised:
        backend_settings_of_texts("factor", {"remove_factors": "two"})
    assert str(raised.value) == "remove_factors is 'two', expected a whole number, or auto"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"remove_factors": 21}, "remove_factors is 21, expected 0 to 20"),
        ({"keep_factors": (0,)}, "keep_factors is [0], expected numbers from 1"),
    ],
)
def test_factor_config__names_factors_that_cannot_be(settings, message):
    with pytest.raises(ConfigError) as raised:
        FactorConfig(**settings)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"directions": 0}, "directions is 0, expected 1 or more, or auto"),
        ({"latent_sizes": ()}, "latent_sizes is [], expected one or more different sizes from 1 to 1024, or auto"),
        (
            {"latent_sizes": (4, 4)},
            "latent_sizes is [4, 4], expected one or more different sizes from 1 to 1024, or auto",
        ),
        ({"hidden_sizes": (8, 0)}, "hidden_sizes is [8, 0], expected one or more widths from 1 to 4096"),
        ({"beta": 0.0}, "beta is 0.0, expected above 0"),
        ({"device": "gpu"}, "device is 'gpu', expected cpu or cuda"),
        ({"warmup_epochs": -1}, "warmup_epochs is -1, expected 0 or more"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, expected above 0"),
        ({"epochs": 0}, "epochs is 0, expected 1 to 1000000"),
        ({"patience": 0}, "patience is 0, expected 1 or more"),
        ({"validation_share": 0.6}, "validation_share is 0.6, expected above 0 and at most 0.5"),
        ({"batch_size": 0}, "batch_size is 0, expected 1 or more"),
        ({"clip_norm": float("inf")}, "clip_norm is inf, expected above 0"),
        ({"feature_fdr": 1.0}, "feature_fdr is 1.0, expected above 0 and below 1"),
        ({"neighbours": 0, "min_kme": 2.0}, "neighbours is 0, expected 1 to 10000; min_kme is 2.0, expected 0 to 1"),
    ],
)
def test_vae_config__names_every_setting_out_of_range(settings, message):
    with pytest.raises(ConfigError) as raised:
        VaeConfig(**settings)
    assert str(raised.value) == message


def test_backend_settings__reads_sizes_and_auto():
    given = {"latent_sizes": "4,8", "hidden_sizes": "32", "directions": "auto", "device": "cuda"}
    assert backend_settings_of_texts("vae", given) == VaeConfig(latent_sizes=(4, 8), hidden_sizes=(32,), device="cuda")

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from isograph.errors import ConfigError, InputError, ResourceError
from isograph.network.wgcna import WgcnaConfig, blockwise_modules, correlation_matrix, threshold, tom
from isograph.network.wgcna.blockwise import published_power
from isograph.runtime import resources


def planted(seed=0, *, n=60, sizes=(40, 30, 25), background=55):
    """Three modules of features and background, and the module of each feature."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([1, 2, 3, 0], [*sizes, background])
    latents = np.vstack([np.zeros(n), rng.normal(size=(3, n))])
    return rng.normal(size=(len(truth), n)) + 2 * latents[truth], truth


def test_blockwise_modules__finds_planted_modules_and_nothing_in_noise():
    features, truth = planted()
    found = blockwise_modules(features, WgcnaConfig(power=6))
    assert_array_equal(found.labels[truth > 0], truth[truth > 0])
    assert (found.labels[truth == 0] == 0).mean() > 0.9
    assert found.colors[:2].tolist() == ["turquoise", "turquoise"]
    assert found.power.reason == "as given"
    noise = np.random.default_rng(1).normal(size=(200, 40))
    assert blockwise_modules(noise, WgcnaConfig(power=12, network_type="signed")).labels.max() == 0


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("cor_type", ["pearson", "bicor"])
def test_blockwise_modules__are_the_same_bytes_at_any_thread_count(monkeypatch, missing, cor_type):
    """Tiles are so small that every thread has many of them, in the blocks, their networks and the memberships."""
    monkeypatch.setattr(correlation_matrix, "FEW", 4)
    for module in (correlation_matrix, tom, threshold):
        monkeypatch.setattr(module, "TILE", 8)
    features, _ = planted(2, n=20, sizes=(16, 12, 10), background=10)
    if missing:
        features[np.random.default_rng(3).random(features.shape) < 0.02] = np.nan
    config = WgcnaConfig(cor_type=cor_type, edges_per_feature=5, max_block_size=40, min_module_size=6)

    def modules(threads):
        found = blockwise_modules(features, config, gene_of=np.arange(len(features)) // 2, threads=threads)
        arrays = [found.labels, found.eigengenes, found.blocks, found.power.table.r_squared]
        for block in found.block_results:
            arrays += [block.tree.height, block.edges.source, block.edges.target, block.edges.overlap]
        return [array.tobytes() for array in arrays]

    assert modules(1) == modules(3)


def test_blockwise_modules__do_not_depend_on_sign_in_an_unsigned_network():
    features, _ = planted(4)
    flipped = np.where(np.arange(len(features))[:, None] % 3 == 0, -features, features)
    config = WgcnaConfig(power=6)
    assert_array_equal(blockwise_modules(flipped, config).labels, blockwise_modules(features, config).labels)


def test_blockwise_modules__do_not_depend_on_the_order_of_samples():
    features, _ = planted(5)
    config = WgcnaConfig(power=6)
    shuffled = features[:, np.random.default_rng(0).permutation(features.shape[1])]
    assert_array_equal(blockwise_modules(shuffled, config).labels, blockwise_modules(features, config).labels)


def test_blockwise_modules__leaves_out_what_cannot_take_part():
    features, _ = planted(6)
    features[3] = 1.5
    features[:, 7] = np.nan
    found = blockwise_modules(features, WgcnaConfig(power=6))
    assert found.reasons == {3: "constant"}
    assert found.blocks[3] == found.labels[3] == 0
    assert_array_equal(np.flatnonzero(~found.good_samples), [7])
    assert_array_equal(np.isnan(found.eigengenes).all(axis=0), ~found.good_samples)


def test_blockwise_modules__in_blocks_keep_within_their_size():
    features, truth = planted(7)
    found = blockwise_modules(features, WgcnaConfig(power=6, max_block_size=70, min_module_size=15))
    sizes = np.bincount(found.blocks)
    assert sizes[0] == 0
    assert sizes.max() <= 70
    assert len(found.block_results) == len(sizes) - 1 > 1
    assert_array_equal(np.sort(sizes[1:])[::-1], sizes[1:])
    assert_array_equal(found.labels[truth > 0], truth[truth > 0])


def test_blockwise_modules__number_on_after_modules_that_were_dissolved():
    rng = np.random.default_rng(0)
    home = np.repeat(np.arange(7), [*rng.integers(6, 25, size=6), 40])
    latents = np.vstack([rng.normal(size=(6, 30)), np.zeros(30)])
    features = rng.normal(size=(len(home), 30)) + rng.uniform(0.3, 2.0, size=7)[home][:, None] * latents[home]
    config = WgcnaConfig(power=3, max_block_size=60, min_module_size=5, min_core_kme=0.8, min_core_kme_size=4)
    blocks = blockwise_modules(features, config).block_results
    highest = np.cumsum([block.cut.labels.max() for block in blocks])
    assert [block.highest_label for block in blocks] == highest.tolist()
    assert blocks[0].labels.max() < highest[0] < blocks[1].labels[blocks[1].labels > 0].min()


@pytest.mark.parametrize(
    ("network_type", "n_samples", "power"),
    [
        ("unsigned", 15, 9),
        ("signed hybrid", 20, 8),
        ("signed", 15, 18),
        ("signed", 29, 16),
        ("unsigned", 39, 7),
        ("signed", 40, 12),
        ("unsigned", 1000, 6),
    ],
)
def test_published_power__depends_on_samples_and_kind(network_type, n_samples, power):
    assert published_power(network_type, n_samples) == power


def test_power__without_a_scale_free_network_is_the_published_one(caplog):
    noise = np.random.default_rng(1).normal(size=(100, 25))
    with caplog.at_level("WARNING"):
        found = blockwise_modules(noise, WgcnaConfig(network_type="signed", r_squared_cut=0.999))
    assert found.power.power == 16
    assert found.power.reason == (
        "no power reaches scale-free R² 0.999 with a falling line: the published default for signed networks of 25 "
        "samples"
    )
    assert "power 16: no power reaches" in caplog.text
    assert len(found.power.table.rows()) == 15


def test_power__is_the_smallest_that_makes_the_network_scale_free(vectors):
    found = blockwise_modules(vectors("p01_basic").features, WgcnaConfig(r_squared_cut=0.5))
    table = found.power.table
    fits = (table.r_squared > 0.5) & (table.slope < 0)
    assert fits.any()
    assert found.power.power == table.power[fits][0]
    assert found.power.reason == "the smallest power with scale-free R² above 0.5 and a falling line"


def test_r_defaults__are_power_6_and_blocks_of_5000():
    features, _ = planted(9)
    found = blockwise_modules(features, WgcnaConfig(r_defaults=True))
    assert (found.power.power, found.power.reason, found.power.table) == (6.0, "R's default", None)
    given = blockwise_modules(features, WgcnaConfig(r_defaults=True, power=4))
    assert given.power.power == 4


def test_blockwise_modules__refuses_what_does_not_fit(monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 100_000)
    features, _ = planted(10)
    with pytest.raises(ResourceError) as raised:
        blockwise_modules(features)
    assert str(raised.value) == (
        "a network of 150 features in one block needs about 0 MB of memory; 0 MB are available, of which isograph "
        "uses at most 80%. Set max_block_size (R's is 5000) to divide the features into blocks, or use fewer features."
    )


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros(5), "features: their shape is (5,), expected (features, samples)."),
        (np.array([[1.0, np.inf], [1, 2]]), "features: 1 have infinite values, expected numbers or NaN for missing."),
    ],
)
def test_blockwise_modules__refuses_what_is_no_feature_matrix(features, message):
    with pytest.raises(InputError) as raised:
        blockwise_modules(features)
    assert str(raised.value) == message


def test_blockwise_modules__refuses_features_that_do_not_vary_over_their_common_samples():
    features, _ = planted(11)
    features[0, 31:] = np.nan
    features[0, 29:31] = 1.0
    features[1, :29] = np.nan
    with pytest.raises(InputError) as raised:
        blockwise_modules(features, WgcnaConfig(power=6))
    assert str(raised.value).startswith("features: 2 have a correlation that is not defined: two features do not")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"power": 0.5}, "power is 0.5, expected 1 to 30"),
        ({"power": 31}, "power is 31, expected 1 to 30"),
        ({"detect_cut_height": -0.1}, "detect_cut_height is -0.1, expected 0 to 10"),
        ({"merge_cut_height": -1}, "merge_cut_height is -1, expected 0 to 2"),
        ({"deep_split": 5}, "deep_split is 5, expected 0 to 4"),
        ({"network_type": "directed"}, "network_type is 'directed', expected unsigned, signed or signed hybrid"),
        (
            {"cor_type": "spearman", "max_p_outliers": 2.0},
            "cor_type is 'spearman', expected pearson or bicor; max_p_outliers is 2.0, expected 0 to 1",
        ),
    ],
)
def test_config__names_what_is_out_of_range(settings, message):
    with pytest.raises(ConfigError) as raised:
        WgcnaConfig(**settings)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("given", "kept"), [("signed_hybrid", "signed hybrid"), ("Signed", "signed"), ("unsigned", "unsigned")]
)
def test_config__reads_a_network_type_as_r_spells_it(given, kept):
    assert WgcnaConfig(network_type=given).network_type == kept
    assert WgcnaConfig(tom_type="signed_nowick").tom_type == "signed Nowick"

from __future__ import annotations

import numpy as np
import pytest

from isograph.network.modules import gene_modules


def modules_of(channels, communities: dict[str, int], min_module_size: int = 2, min_kme: float = 0.0):
    community_of = np.array([communities.get(name, -1) for name in channels.feature_ids], dtype=np.int64)
    return gene_modules(channels, community_of, min_module_size=min_module_size, min_kme=min_kme, threads=1)


def gene_homes(channels, modules) -> dict[str, str | None]:
    return {
        gene: modules.module_ids[number] if number >= 0 else None
        for gene, number in zip(channels.gene_ids, modules.module_of, strict=True)
    }


def test_gene_modules__are_numbered_by_size_then_first_gene(make_channels, waves):
    rng = np.random.default_rng(0)
    near = {"d": 0, "e": 0, "f": 0, "b": 1, "g": 1, "a": 2, "c": 2, "h": 2, "i": 3}
    channels = make_channels(
        {f"{gene}::abundance": waves[wave] + 0.01 * rng.normal(size=16) for gene, wave in near.items()}
    )
    modules = modules_of(channels, {f"{gene}::abundance": wave for gene, wave in near.items()})
    assert gene_homes(channels, modules) == {
        "a": "M000",
        "b": "M002",
        "c": "M000",
        "d": "M001",
        "e": "M001",
        "f": "M001",
        "g": "M002",
        "h": "M000",
        "i": None,
    }
    assert modules.module_ids == ["M000", "M001", "M002"]
    # M000 follows the third wave, M001 the first, M002 the second
    r = np.abs(modules.eigengenes @ waves.T)
    np.testing.assert_allclose(r[:, [2, 0, 1]].diagonal(), 1.0, atol=1e-2)
    np.testing.assert_allclose(np.linalg.norm(modules.eigengenes, axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize(("size", "ids"), [(2, ["M000", "M001"]), (3, ["M000"]), (4, [])])
def test_gene_modules__that_are_too_small_are_dissolved(make_channels, waves, size, ids):
    rng = np.random.default_rng(0)
    near = {"a": 0, "b": 0, "c": 0, "d": 1, "e": 1}
    channels = make_channels(
        {f"{gene}::abundance": waves[wave] + 0.1 * rng.normal(size=16) for gene, wave in near.items()}
    )
    modules = modules_of(channels, {f"{gene}::abundance": wave for gene, wave in near.items()}, size)
    assert modules.module_ids == ids
    assert sorted({home for home in gene_homes(channels, modules).values() if home}) == ids
    in_module = np.array([home is not None for home in gene_homes(channels, modules).values()])
    np.testing.assert_array_equal(np.isfinite(modules.kme), in_module)
    np.testing.assert_array_equal(modules.feature_module >= 0, in_module)
    np.testing.assert_array_equal(modules.best_feature >= 0, in_module)


def split_genes(make_channels, waves):
    """Genes a, b, c with the first wave, d, e, f with the second; b's and e's other feature follows the other wave."""
    features = {f"{gene}::abundance": waves[0] for gene in "abc"} | {f"{gene}::abundance": waves[1] for gene in "df"}
    features["b::switch"] = 0.8 * waves[1] + 0.6 * waves[2]
    features["e::switch"] = waves[1]
    features["e::abundance"] = 0.6 * waves[0] + 0.8 * waves[3]
    return make_channels(features)


def test_gene_modules__give_a_gene_to_the_module_of_its_best_feature(make_channels, waves):
    channels = split_genes(make_channels, waves)
    communities = {
        name: 0 if name in ("a::abundance", "b::abundance", "c::abundance", "e::abundance") else 1
        for name in channels.feature_ids
    }
    modules = modules_of(channels, communities)
    assert gene_homes(channels, modules) == dict.fromkeys("abc", "M000") | dict.fromkeys("def", "M001")
    best = [channels.feature_ids[feature] for feature in modules.best_feature]
    assert best == [
        "a::abundance",
        "b::abundance",
        "c::abundance",
        "d::abundance",
        "e::switch",
        "f::abundance",
    ]
    # features whose gene went elsewhere are no part of an eigengene
    made_of = dict(zip(channels.feature_ids, modules.feature_module.tolist(), strict=True))
    assert made_of == {
        "a::abundance": 0,
        "b::abundance": 0,
        "b::switch": -1,
        "c::abundance": 0,
        "d::abundance": 1,
        "e::abundance": -1,
        "e::switch": 1,
        "f::abundance": 1,
    }
    np.testing.assert_allclose(np.abs(modules.eigengenes @ waves[:2].T), np.eye(2), atol=1e-12)
    np.testing.assert_allclose(modules.explained, 1.0, atol=1e-12)
    assert np.isnan(modules.kme[[channels.feature_ids.index(name) for name in ("b::switch", "e::abundance")]]).all()


def test_gene_modules__survive_a_community_whose_genes_all_belong_elsewhere(make_channels, waves):
    rng = np.random.default_rng(1)
    features = {f"{gene}::abundance": waves[0] for gene in "abc"}
    features |= {f"{gene}::switch": waves[1] + 0.2 * rng.normal(size=16) for gene in "abc"}
    channels = make_channels(features)
    modules = modules_of(channels, {name: int(name.endswith("switch")) for name in channels.feature_ids})
    assert gene_homes(channels, modules) == dict.fromkeys("abc", "M000")
    assert modules.feature_module.tolist() == [0, -1, 0, -1, 0, -1]


def test_gene_modules__sign_kme_by_the_direction_of_most_features(make_channels, waves):
    channels = make_channels(
        {"a::abundance": waves[0], "b::abundance": waves[0], "c::abundance": -waves[0], "d::abundance": waves[0]}
    )
    modules = modules_of(channels, dict.fromkeys(channels.feature_ids, 0))
    np.testing.assert_allclose(modules.kme, [1.0, 1.0, -1.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(modules.eigengenes[0], waves[0], atol=1e-12)


def test_gene_modules__prefer_the_first_of_equally_good_features(make_channels, waves):
    channels = make_channels(
        {"a::abundance": waves[0], "a::switch": waves[0], "b::abundance": waves[0], "b::switch": -waves[0]}
    )
    modules = modules_of(channels, dict.fromkeys(channels.feature_ids, 0))
    assert modules.best_feature.tolist() == [0, 2]


def test_gene_modules__of_no_community_are_none(make_channels, waves):
    channels = make_channels({"a::abundance": waves[0], "b::abundance": waves[1]})
    modules = modules_of(channels, {})
    assert modules.module_ids == []
    assert modules.eigengenes.shape == (0, 16)
    assert modules.module_of.tolist() == modules.best_feature.tolist() == modules.feature_module.tolist() == [-1, -1]
    assert np.isnan(modules.kme).all()


@pytest.mark.parametrize(
    ("min_kme", "homes"),
    [
        (0.0, {"a": "M000", "b": "M000", "c": "M000", "d": "M000"}),
        (0.5, {"a": "M000", "b": "M000", "c": "M000", "d": None}),
        (1.0, {"a": None, "b": None, "c": None, "d": None}),
    ],
)
def test_gene_modules__take_genes_that_follow_their_eigengene(make_channels, waves, min_kme, homes):
    features = {f"{gene}::abundance": waves[0] for gene in "abc"}
    channels = make_channels(features | {"d::abundance": 0.1 * waves[0] + waves[1]})
    modules = modules_of(channels, dict.fromkeys(channels.feature_ids, 0), min_kme=min_kme)
    assert gene_homes(channels, modules) == homes
    assert modules.feature_module.tolist() == [-1 if home is None else 0 for home in homes.values()]


def test_gene_modules__hold_their_rules_for_what_they_return(make_channels):
    rng = np.random.default_rng(5)
    latent = rng.normal(size=60)
    strengths = np.linspace(0.02, 1.0, 60)
    channels = make_channels(
        {f"g{i:02d}::abundance": s * latent + (1 - s) * rng.normal(size=60) for i, s in enumerate(strengths)}
    )
    modules = gene_modules(channels, np.zeros(60, dtype=np.int64), min_module_size=3, min_kme=0.5, threads=1)
    inside = modules.kme[modules.feature_module >= 0]
    assert 10 < len(inside) < 60
    assert np.abs(inside).min() >= 0.5


def test_gene_modules__a_gene_of_a_dissolved_community_turns_to_its_other_feature(make_channels):
    rng = np.random.default_rng(6)
    first, second = rng.normal(size=(2, 80))
    near = lambda latent, noise: latent + noise * rng.normal(size=80)  # noqa: E731
    features = {f"a{i}::abundance": near(first, 0.4) for i in range(5)}
    features |= {"b::abundance": near(first, 1.0), "b::switch": near(second, 0.1), "c::switch": near(second, 0.1)}
    channels = make_channels(features)
    community_of = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    modules = gene_modules(channels, community_of, min_module_size=3, min_kme=0.3, threads=1)
    assert dict(zip(channels.gene_ids, modules.module_of.tolist(), strict=True))["b"] == 0

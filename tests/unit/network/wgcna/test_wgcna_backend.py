from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from isograph.config import FitConfig, WgcnaConfig
from isograph.network.backends import infer_network, network_memory
from isograph.network.modules import gene_modules
from isograph.network.tables import excluded_table, module_colors
from isograph.network.wgcna import blockwise_modules, wgcna_memory, wgcna_network
from isograph.runtime.progress import Steps
from isograph.schemas import EXCLUDED_FEATURES

SETTINGS = WgcnaConfig(power=6, min_module_size=8)


@pytest.fixture
def channels(make_channels):
    """Two modules of genes with one feature each, and background."""
    rng = np.random.default_rng(0)
    latents = np.vstack([rng.normal(size=(2, 40)), np.zeros(40)])
    home = np.repeat([0, 1, 2], [15, 10, 12])
    rows = latents[home] + 0.5 * rng.normal(size=(37, 40))
    return make_channels({f"g{number:02d}::abundance": row for number, row in enumerate(rows)})


def network(channels, settings=SETTINGS, seed=0):
    return wgcna_network(channels, settings, seed=seed, threads=2, steps=Steps())


def test_network__passes_the_labels_of_r_on_to_genes(channels):
    found = network(channels)
    assert found.excluded_samples == ()
    labels = blockwise_modules(channels.z, SETTINGS).labels
    assert_array_equal(found.community_of, labels - 1)
    modules = gene_modules(
        channels, found.community_of, min_module_size=found.min_module_size, min_kme=found.min_kme, threads=1
    )
    assert_array_equal(modules.module_of, labels - 1)
    assert module_colors(modules, found) == ["turquoise", "blue"]


def test_network__is_that_of_the_backend_by_its_name(channels):
    found = infer_network(channels, FitConfig(backend="wgcna", settings=SETTINGS), threads=1, steps=Steps())
    assert_array_equal(found.community_of, network(channels).community_of)


def test_network__keeps_the_strongest_overlaps_as_edges(channels):
    found = network(channels, replace(SETTINGS, edges_per_feature=3))
    assert 0 < len(found.source) <= 3 * 37
    assert np.all(found.source < found.target)
    r = np.corrcoef(channels.z)[found.source, found.target]
    np.testing.assert_allclose(found.weight, r, atol=1e-12)
    assert (found.community_of[found.source] == found.community_of[found.target]).mean() > 0.9
    assert found.similarity.min() > 1 - SETTINGS.detect_cut_height


def test_network__has_what_was_done_in_its_calibration(channels):
    calibration = network(channels).calibration
    assert calibration["power"] == 6
    assert calibration["power_reason"] == "as given"
    assert calibration["block_sizes"] == [37]
    assert calibration["module_sizes"] == [16, 10]
    assert calibration["n_grey_features"] == 11
    assert calibration["cut_heights"][0] <= 0.995
    assert calibration["merges"] == []
    assert calibration["soft_thresholds"] == []
    automatic = network(channels, WgcnaConfig(min_module_size=8)).calibration
    assert [row["power"] for row in automatic["soft_thresholds"]] == [*range(1, 11), 12, 14, 16, 18, 20]
    assert automatic["power"] > 1


def test_network__reports_features_and_samples_that_took_no_part(channels):
    missing = np.zeros(channels.z.shape, dtype=np.bool_)
    missing[4, :25] = True
    missing[:, 9] = True
    holed = replace(
        channels,
        missing=missing,
        z=np.where(missing, 0.0, channels.z),
        excluded=pl.DataFrame(schema=EXCLUDED_FEATURES.schema),
    )
    found = network(holed)
    assert dict(found.excluded) == {4: "half of its values or more are missing"}
    assert found.excluded_samples == (9,)
    assert found.community_of[4] == -1
    assert excluded_table(holed, found).rows() == [("g04", "abundance", "half of its values or more are missing")]


def test_seed__is_added_to_that_of_the_blocks(channels):
    blocks = WgcnaConfig(power=6, min_module_size=4, max_block_size=20, n_preclustering_centers=5)
    same = network(channels, replace(blocks, random_seed=54321 + 7)).community_of
    assert_array_equal(network(channels, blocks, seed=7).community_of, same)


def test_memory__grows_with_the_largest_block():
    assert wgcna_memory(13_000, WgcnaConfig(), threads=2) == pytest.approx(12 * 13_000**2, rel=0.05)
    assert wgcna_memory(13_000, WgcnaConfig(r_defaults=True), threads=2) < 0.2 * wgcna_memory(
        13_000, WgcnaConfig(), threads=2
    )
    config = FitConfig(backend="wgcna", settings=WgcnaConfig(max_block_size=1000))
    assert network_memory(50_000, config, threads=1) == wgcna_memory(50_000, config.settings, threads=1)

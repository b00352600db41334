from __future__ import annotations

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from isograph.network.result import Network
from isograph.network.tables import gene_edges
from isograph.schemas import EDGES


def network(*rows: tuple[int, int, float, float]) -> Network:
    source, target, weight, similarity = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Network(
        source=np.array(source, dtype=np.int64),
        target=np.array(target, dtype=np.int64),
        weight=np.array(weight, dtype=np.float64),
        similarity=np.array(similarity, dtype=np.float64),
        community_of=np.array([], dtype=np.int64),
        min_module_size=3,
        min_kme=0.3,
        channels=None,
        confounders=(),
        calibration={},
    )


def three_genes(make_channels):
    rng = np.random.default_rng(0)
    names = ["a::abundance", "a::switch", "b::abundance", "b::switch", "c::abundance"]
    return make_channels({name: rng.normal(size=6) for name in names})


def test_gene_edges__keep_the_strongest_feature_pair_with_its_sign(make_channels):
    channels = three_genes(make_channels)
    found = gene_edges(channels, network((0, 2, 0.6, 0.9), (0, 3, 0.3, 0.8), (1, 3, -0.8, 0.7), (2, 4, 0.5, 0.4)))
    expected = pl.DataFrame(
        {
            "source": ["a", "b"],
            "target": ["b", "c"],
            "weight": [-0.8, 0.5],
            "source_feature_id": ["a::switch", "b::abundance"],
            "target_feature_id": ["b::switch", "c::abundance"],
            "source_feature_type": ["switch", "abundance"],
            "target_feature_type": ["switch", "abundance"],
            "similarity": [0.7, 0.4],
        }
    )
    assert_frame_equal(found, expected, check_exact=True)


def test_gene_edges__prefer_the_first_of_equally_strong_pairs(make_channels):
    found = gene_edges(three_genes(make_channels), network((1, 3, 0.5, 0.2), (0, 3, -0.5, 0.9), (0, 2, 0.5, 0.1)))
    assert found.select("source_feature_id", "target_feature_id", "similarity").row(0) == (
        "a::abundance",
        "b::abundance",
        0.1,
    )
    assert found.height == 1


def test_gene_edges__put_the_lower_gene_first_whatever_the_order_of_features(make_channels):
    found = gene_edges(three_genes(make_channels), network((4, 0, 0.5, 0.2), (3, 1, 0.6, 0.3)))
    assert found.select("source", "target", "source_feature_id", "target_feature_id").rows() == [
        ("a", "b", "a::switch", "b::switch"),
        ("a", "c", "a::abundance", "c::abundance"),
    ]


def test_gene_edges__of_an_empty_network_keep_the_contract(make_channels):
    found = gene_edges(three_genes(make_channels), network())
    assert found.height == 0
    assert EDGES.checked(found) is found

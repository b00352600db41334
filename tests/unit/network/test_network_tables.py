from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.network.modules import gene_modules
from isograph.network.result import Network
from isograph.network.tables import eigengene_table, feature_score_table, gene_edges, module_table, summary_table
from isograph.schemas import EDGES, EIGENGENES, FEATURE_SCORES, MODULE_SUMMARY, MODULES

EXACT = 1e-12
NO_NAMES = pl.DataFrame(schema={"gene_id": pl.String, "gene_name": pl.String})


@pytest.fixture
def found(make_channels, waves):
    """M000 of a, b (both channels), c around the first wave; M001 of d, e on the second; f in none."""
    channels = make_channels(
        {
            "a::abundance": 0.8 * waves[0] + 0.6 * waves[2],
            "b::abundance": waves[0],
            "b::switch": -waves[0],
            "c::abundance": waves[0],
            "d::switch": waves[1],
            "e::switch": waves[1],
            "f::abundance": waves[3],
        }
    )
    community_of = np.array([0, 0, 0, 0, 1, 1, -1])
    return channels, gene_modules(channels, community_of, min_module_size=2, min_kme=0.0, threads=1)


def edges(*pairs: tuple[str, str]) -> pl.DataFrame:
    columns = {"source": [a for a, _ in pairs], "target": [b for _, b in pairs]}
    return pl.DataFrame(columns, schema={"source": pl.String, "target": pl.String})


def test_module_table__has_the_best_feature_of_every_gene_in_a_module(found):
    channels, modules = found
    names = pl.DataFrame({"gene_id": ["b", "f"], "gene_name": ["BRCA", "FOS"]})
    table = module_table(channels, modules, names)
    assert table.drop("kme").rows() == [
        ("b", "M000", "abundance", "BRCA"),
        ("c", "M000", "abundance", None),
        ("a", "M000", "abundance", None),
        ("d", "M001", "switch", None),
        ("e", "M001", "switch", None),
    ]
    kme = dict(table.select("gene_id", "kme").iter_rows())
    assert kme["b"] == kme["c"] > kme["a"] > 0.8
    assert kme["d"] == pytest.approx(1.0, abs=EXACT)
    assert MODULES.checked(table) is table


def test_module_table__sorts_by_strength_whatever_the_sign(make_channels, waves):
    channels = make_channels(
        {
            "a::abundance": waves[0],
            "b::abundance": 0.8 * waves[0] + 0.6 * waves[1],
            "c::abundance": waves[0],
            "d::abundance": -waves[0],
        }
    )
    modules = gene_modules(channels, np.zeros(4, dtype=np.int64), min_module_size=2, min_kme=0.0, threads=1)
    table = module_table(channels, modules, NO_NAMES)
    assert table.get_column("gene_id").to_list()[-1] == "b"
    assert dict(table.select("gene_id", "kme").iter_rows())["d"] < -0.9


def test_eigengene_table__is_long(found):
    _, modules = found
    samples = [f"S{i:02d}" for i in range(16)]
    table = eigengene_table(modules, samples)
    assert table.height == 32
    assert table.get_column("module_id").to_list() == ["M000"] * 16 + ["M001"] * 16
    assert table.get_column("sample_id").to_list() == samples * 2
    np.testing.assert_array_equal(table.get_column("eigengene").to_numpy(), modules.eigengenes.ravel())
    assert EIGENGENES.checked(table) is table


def test_feature_score_table__has_a_column_per_sample_and_nan_for_missing(found):
    channels, _ = found
    missing = np.zeros_like(channels.z, dtype=bool)
    missing[1, 3] = True
    table = feature_score_table(replace(channels, missing=missing), [f"S{i}" for i in range(16)])
    assert table.columns[:6] == ["feature_id", "gene_id", "feature_type", "n_transcripts", "S0", "S1"]
    assert table.row(2)[:4] == ("b::switch", "b", "switch", 2)
    scores = table.select(pl.col("^S.*$")).to_numpy()
    np.testing.assert_array_equal(scores, np.where(missing, np.nan, channels.z))
    assert table.null_count().sum_horizontal().item() == 0
    assert FEATURE_SCORES.checked(table) is table


def test_summary_table__counts_genes_features_and_inner_edges(found):
    channels, modules = found
    rows = module_table(channels, modules, NO_NAMES)
    table = summary_table(modules, channels, rows, edges(("a", "b"), ("a", "d"), ("b", "c"), ("c", "f"), ("b", "f")))
    mean_kme = rows.filter(module_id="M000").get_column("kme").mean()
    expected = pl.DataFrame(
        {
            "module_id": ["M000", "M001"],
            "n_genes": [3, 2],
            "n_switch_features": [1, 2],
            "n_abundance_features": [3, 0],
            "variance_explained": modules.explained,
            "hub_gene": ["b", "d"],
            "n_edges": [2, 0],
            "mean_abs_kme": [mean_kme, 1.0],
            "wgcna_color": [None, None],
            "top_sample_share": (modules.eigengenes**2).max(axis=1),
            "effective_samples": 1 / (modules.eigengenes**4).sum(axis=1),
            "n_up": [(rows["kme"].head(3) > 0).sum(), (rows["kme"].tail(2) > 0).sum()],
            "n_down": [(rows["kme"].head(3) < 0).sum(), (rows["kme"].tail(2) < 0).sum()],
        },
        schema=MODULE_SUMMARY.schema,
    )
    assert_frame_equal(table, expected, abs_tol=EXACT)
    assert MODULE_SUMMARY.checked(table) is table
    assert modules.explained[1] == pytest.approx(1.0, abs=EXACT)


def test_tables__of_no_module_keep_their_contracts(make_channels, waves):
    channels = make_channels({"a::abundance": waves[0], "b::abundance": waves[1]})
    modules = gene_modules(channels, np.array([-1, -1]), min_module_size=2, min_kme=0.0, threads=1)
    rows = module_table(channels, modules, NO_NAMES)
    made = {
        MODULES: rows,
        EIGENGENES: eigengene_table(modules, ["S"] * 16),
        MODULE_SUMMARY: summary_table(modules, channels, rows, pl.DataFrame(schema=EDGES.schema)),
    }
    for contract, table in made.items():
        assert contract.checked(table).height == 0


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

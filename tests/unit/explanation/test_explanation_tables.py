from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.stats
from numpy.testing import assert_allclose

from isograph.explanation.feature import Features, associations
from isograph.explanation.tables import gene_driver_table, high_low_groups, high_vs_low_table, transcript_polarity_table
from isograph.schemas.explanation import GENE_DRIVER_TABLE, HIGH_VS_LOW_TABLE, TRANSCRIPT_POLARITY_TABLE
from isograph.stats import benjamini_hochberg

NAN = np.nan
EIGENGENE = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])


def features(**rows):
    ids = list(rows)
    described = pl.DataFrame(
        {
            "feature_id": [name.replace("__", "::") for name in ids],
            "gene_id": [name.partition("__")[0] for name in ids],
            "feature_type": [name.partition("__")[2] for name in ids],
        }
    )
    return Features(described, np.array(list(rows.values()), dtype=float))


def collected(frame, contract):
    return contract.checked(frame.collect(engine="in-memory"))


def drivers(rows, members, lost_dof=0):
    association = associations(rows, EIGENGENE[None, :], lost_dof=lost_dof, threads=1)
    return collected(gene_driver_table(association, pl.Series(members, dtype=pl.String), module=0), GENE_DRIVER_TABLE)


@pytest.fixture
def three_genes():
    rng = np.random.default_rng(5)
    return features(
        a__abundance=rng.normal(size=6),
        a__switch=-EIGENGENE + rng.normal(0, 0.1, 6),
        b__abundance=EIGENGENE + rng.normal(0, 1.0, 6),
        c__abundance=[NAN, NAN, NAN, NAN, 1.0, 2.0],
    )


def test_gene_driver_table__has_each_gene_once_with_its_strongest_feature(three_genes):
    table = drivers(three_genes, ["a"])
    assert table.get_column("gene_id").to_list() == ["a", "b", "c"]
    assert table.get_column("feature_id").to_list() == ["a::switch", "b::abundance", "c::abundance"]
    assert table.get_column("in_module").to_list() == [True, False, False]
    assert table.get_column("n_complete").to_list() == [6, 6, 2]
    assert_allclose(table.get_column("missingness"), [0, 0, 4 / 6])
    assert table.get_column("r").is_nan().to_list() == [False, False, True]


def test_gene_driver_table__p_is_that_of_pearson_and_q_is_over_every_feature(three_genes):
    every = [scipy.stats.pearsonr(row, EIGENGENE).pvalue for row in three_genes.values[:3]]
    q = benjamini_hochberg(np.array(every))
    table = drivers(three_genes, ["a"])
    assert_allclose(table.get_column("pvalue")[:2], [every[1], every[2]], rtol=1e-9)
    assert_allclose(table.get_column("qvalue")[:2], [q[1], q[2]], rtol=1e-9)


def test_gene_driver_table__covariates_cost_degrees_of_freedom(three_genes):
    r = drivers(three_genes, ["a"]).get_column("r")[0]
    t = abs(r) * np.sqrt(2 / (1 - r * r))
    assert_allclose(drivers(three_genes, ["a"], lost_dof=2).get_column("pvalue")[0], 2 * scipy.stats.t.sf(t, 2))


@pytest.mark.parametrize(
    ("eigengene", "high", "low"),
    [
        ([1, 2, 3, 4, 5, 6], [4, 5], [0, 1]),
        ([6, 5, 4, 3, 2, 1], [0, 1], [4, 5]),
        ([NAN, 2, 3, 4, 5, NAN], [3, 4], [1, 2]),
        ([2, 2, 2, 2, 2, 2], [], []),
        ([NAN] * 6, [], []),
    ],
)
def test_high_low_groups__are_the_outer_thirds(eigengene, high, low):
    groups = high_low_groups(np.array(eigengene, dtype=float))
    assert np.flatnonzero(groups.high).tolist() == high
    assert np.flatnonzero(groups.low).tolist() == low


def test_high_vs_low_table__equals_welch_and_says_why_it_is_not_estimable():
    rng = np.random.default_rng(8)
    eigengene = np.arange(12.0)
    values = rng.normal(size=(1, 12)) + eigengene
    rows = features(
        a__switch=values[0],
        b__switch=[5.0] * 12,
        c__switch=[NAN] * 9 + [1.0, 2.0, 4.0],
        d__switch=[1.0] * 6 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    )
    groups = high_low_groups(eigengene)
    table = collected(high_vs_low_table(rows, groups), HIGH_VS_LOW_TABLE)
    expected = scipy.stats.ttest_ind(values[0, groups.high], values[0, groups.low], equal_var=False)
    first = table.row(0, named=True)
    assert first["feature_id"] == "a::switch"
    assert_allclose(
        [first["statistic"], first["pvalue"], first["df"]], [expected.statistic, expected.pvalue, expected.df]
    )
    assert_allclose(first["delta"], first["mean_high"] - first["mean_low"])
    assert dict(table.select("feature_id", "reason").iter_rows()) == {
        "a::switch": None,
        "b::switch": "no variance in a group",
        "c::switch": "fewer than 2 values in a group",
        "d::switch": "no variance in a group",
    }
    assert table.filter(pl.col("reason").is_not_null()).get_column("pvalue").is_nan().all()


def test_high_vs_low_table__without_groups_estimates_nothing():
    rows = features(a__switch=EIGENGENE)
    table = collected(high_vs_low_table(rows, high_low_groups(np.full(6, 2.0))), HIGH_VS_LOW_TABLE)
    assert table.get_column("n_high").to_list() == [0]
    assert table.get_column("pvalue").is_nan().all()


def test_transcript_polarity_table__orders_genes_by_how_far_apart_their_transcripts_turn():
    rows = pl.DataFrame(
        {
            "feature_id": ["a::switch"] * 2 + ["b::switch"] * 2,
            "transcript_id": ["a1", "a2", "b1", "b2"],
            "gene_id": ["a", "a", "b", "b"],
            "loading": [0.7, -0.7, 0.7, -0.7],
        }
    )
    noise = np.array([1.0, -1.0, 1.0, 1.0, -1.0, 1.0])
    transcripts = Features(rows, np.array([noise, -noise, -EIGENGENE, EIGENGENE]))
    association = associations(transcripts, EIGENGENE[None, :], lost_dof=0, threads=1)
    groups = high_low_groups(EIGENGENE)
    table = collected(transcript_polarity_table(association, transcripts, groups, module=0), TRANSCRIPT_POLARITY_TABLE)
    assert table.get_column("transcript_id").to_list() == ["b2", "b1", "a1", "a2"]
    assert table.get_column("switch_strength")[:2].to_list() == pytest.approx([2.0, 2.0])
    assert table.get_column("log10_pvalue")[0] < -6
    assert table.get_column("mean_high")[0] == 2.5

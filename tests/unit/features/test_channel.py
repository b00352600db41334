from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.features.assays import Assays, Grouping
from isograph.features.channel import channels
from isograph.features.covariate import covariate_design

EXACT = 1e-12
NAN = float("nan")
N = 8


def grouping(genes: dict[str, list[int]], label: str = "t") -> Grouping:
    rows = [row for members in genes.values() for row in members]
    return Grouping(
        gene_ids=list(genes),
        rows=np.array(rows, dtype=np.int64),
        offsets=np.cumsum([0, *map(len, genes.values())]),
        row_ids=[f"{label}{row}" for row in rows],
    )


def design(n: int = N, **covariates: object):
    frame = pl.DataFrame({"sample_id": [f"S{i}" for i in range(n)], **covariates})
    return covariate_design(frame, list(covariates))


def excluded(*rows: tuple[str, str, str]) -> pl.DataFrame:
    schema = {"gene_id": pl.String, "feature_type": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture
def counts():
    """Six transcripts whose counts vary far more than counting explains."""
    rng = np.random.default_rng(11)
    return rng.poisson(50.0 * np.exp(rng.normal(0.0, 0.8, (6, N)))).astype(float)


def test_at_least__keeps_genes_with_enough_rows():
    kept = grouping({"a": [4, 1], "b": [0], "c": [5, 2, 3]}).at_least(2)
    assert kept.gene_ids == ["a", "c"]
    assert kept.rows.tolist() == [4, 1, 5, 2, 3]
    assert kept.offsets.tolist() == [0, 2, 5]
    assert kept.row_ids == ["t4", "t1", "t5", "t2", "t3"]


@pytest.mark.parametrize("genes", [{"a": [0], "b": [1]}, {}])
def test_at_least__may_keep_nothing(genes):
    kept = grouping(genes).at_least(2)
    assert (kept.gene_ids, kept.rows.tolist(), kept.offsets.tolist(), kept.row_ids) == ([], [], [0], [])


def test_channels__are_ordered_by_gene_with_abundance_first(counts):
    genes = grouping({"a": [0, 1], "b": [2], "c": [3, 4, 5]})
    made = channels(Assays(genes, counts, None, None), design(), threads=1)
    assert made.gene_ids == ["a", "b", "c"]
    assert made.gene_of.tolist() == [0, 0, 1, 2, 2]
    assert made.is_switch.tolist() == [False, True, False, False, True]
    assert made.feature_ids == ["a::abundance", "a::switch", "b::abundance", "c::abundance", "c::switch"]
    assert made.feature_types == ["abundance", "switch", "abundance", "abundance", "switch"]
    assert made.n_transcripts.tolist() == [2, 2, 1, 3, 3]
    assert made.residual_dof == N - 2
    assert made.missing is None
    np.testing.assert_allclose(made.z.mean(axis=1), 0.0, atol=EXACT)
    np.testing.assert_allclose(made.z.std(axis=1, ddof=1), 1.0, atol=EXACT)


def test_channels__of_two_isoforms_switch_with_the_share_of_the_major_one():
    rng = np.random.default_rng(3)
    share = np.array([0.9, 0.8, 0.6, 0.95, 0.7, 0.5, 0.85, 0.65])
    totals = rng.integers(50_000, 150_000, N)
    major = rng.binomial(totals, share)
    counts = np.array([totals - major, major, rng.integers(50_000, 150_000, N)], dtype=float)
    made = channels(Assays(grouping({"a": [0, 1], "b": [2]}), counts, None, None), design(), threads=1)
    usage = major / totals
    np.testing.assert_allclose(made.z[1], (usage - usage.mean()) / usage.std(ddof=1), atol=1e-4)
    half = np.sqrt(0.5)
    expected = {"gene_id": ["a", "a"], "transcript_id": ["t0", "t1"], "loading": [-half, half]}
    assert_frame_equal(made.loadings, pl.DataFrame(expected), abs_tol=EXACT)


def test_channels__of_the_old_score_switch_with_the_log_ratio(counts):
    made = channels(
        Assays(grouping({"a": [0, 1], "b": [2]}), counts, None, None), design(), switch_score="clr", threads=1
    )
    ratio = np.log((counts[0] + 0.5) / (counts[1] + 0.5))
    np.testing.assert_allclose(made.z[1], (ratio - ratio.mean()) / ratio.std(ddof=1), atol=EXACT)
    switch = made.quality.row(by_predicate=pl.col("feature_id") == "a::switch", named=True)
    assert (switch["kept"], switch["pvalue"], switch["delta_usage"]) == (True, None, None)


def test_channels__leave_out_usage_that_counting_explains_or_that_hardly_changes():
    rng = np.random.default_rng(4)
    totals = rng.poisson(2000.0, 30)
    noise = rng.binomial(totals, 0.6)
    small = rng.binomial(totals, 0.6 + 0.04 * np.sign(np.linspace(-1, 1, 30)))
    large = rng.binomial(totals, 0.6 + 0.2 * np.sign(np.linspace(-1, 1, 30)))
    counts = np.array([noise, totals - noise, small, totals - small, large, totals - large], dtype=float)
    genes = grouping({"noise": [0, 1], "small": [2, 3], "large": [4, 5]})
    made = channels(Assays(genes, counts, None, None), design(30), threads=1)
    assert [name for name in made.feature_ids if name.endswith("switch")] == ["large::switch"]
    reasons = dict(made.excluded.filter(feature_type="switch").select("gene_id", "reason").iter_rows())
    assert reasons == {
        "noise": "usage varies no more than counting explains",
        "small": "usage changes by less than 0.1",
    }
    quality = {row["gene_id"]: row for row in made.quality.filter(feature_type="switch").iter_rows(named=True)}
    assert quality["noise"]["qvalue"] > 0.05 > quality["small"]["qvalue"]
    assert quality["small"]["delta_usage"] == pytest.approx(0.08, abs=0.03)
    assert quality["large"]["delta_usage"] == pytest.approx(0.4, abs=0.03)
    assert quality["large"]["minor_usage"] == pytest.approx(0.4, abs=0.01)
    assert quality["large"]["mean_count"] == totals.mean()
    assert quality["large"]["dispersion"] == pytest.approx(0.2**2 / 0.24, abs=0.02)
    less = channels(Assays(genes, counts, None, None), design(30), min_delta_usage=0.02, threads=1)
    assert [name for name in less.feature_ids if name.endswith("switch")] == ["large::switch", "small::switch"]


def test_channels__take_ambiguous_reads_for_fewer():
    # Counts of which each unit stands for a fifth of a read of known origin: five times the variance of counting.
    rng = np.random.default_rng(4)
    n_genes, n_samples = 200, 20
    counts = 5.0 * rng.multinomial(40, [0.6, 0.4], size=(n_genes, n_samples)).transpose(0, 2, 1).reshape(-1, n_samples)
    genes = grouping({f"g{gene:03}": [2 * gene, 2 * gene + 1] for gene in range(n_genes)})

    def significant(inferential_variance):
        assays = Assays(genes, counts, None, None, inferential_variance=inferential_variance)
        made = channels(assays, design(n_samples), min_delta_usage=0.0, threads=1)
        switch = made.quality.filter(feature_type="switch")
        return int((switch["qvalue"] <= 0.05).sum()), int((switch["pvalue"] <= 0.05).sum())

    assert significant(None)[0] == n_genes
    assert significant(np.full(2 * n_genes, NAN))[0] == n_genes
    none_left, by_chance = significant(np.full(2 * n_genes, 4.01))
    assert none_left == 0
    assert 2 <= by_chance <= 20


def test_channels__of_ambiguous_reads_have_the_usage_and_counts_of_before(counts):
    genes = grouping({"a": [0, 1, 2], "b": [3, 4, 5]})
    plain, ambiguous = (
        channels(Assays(genes, counts, None, None, inferential_variance=known), design(), threads=1)
        for known in (None, np.array([0.01, 0.01, 0.01, 1.01, 0.01, NAN]))
    )
    known_before, known_now = (made.quality.filter(feature_type="switch") for made in (plain, ambiguous))
    assert_frame_equal(known_now.select("mean_count"), known_before.select("mean_count"))
    assert known_now["pvalue"][0] == known_before["pvalue"][0]
    assert known_now["pvalue"][1] > known_before["pvalue"][1]


def test_channels__do_not_see_the_order_of_rows(counts):
    one = channels(Assays(grouping({"a": [0, 1, 2], "b": [3, 4, 5]}), counts, None, None), design(), threads=1)
    reversed_rows = Grouping(
        ["a", "b"], np.array([2, 1, 0, 5, 4, 3]), np.array([0, 3, 6]), [f"t{row}" for row in (2, 1, 0, 5, 4, 3)]
    )
    other = channels(Assays(reversed_rows, counts, None, None), design(), threads=1)
    np.testing.assert_array_equal(other.z, one.z)
    assert_frame_equal(other.loadings.sort("transcript_id"), one.loadings.sort("transcript_id"), check_exact=True)


def test_channels__take_transcript_ids_in_natural_order():
    # Neither isoform leads: t2 comes before t10, so the score rises with t2.
    share = np.array([0.2, 0.8, 0.3, 0.7, 0.25, 0.75, 0.4, 0.6])
    counts = 1000.0 * np.stack([share, 1 - share])
    genes = Grouping(["a"], np.array([0, 1]), np.array([0, 2]), ["t10", "t2"])
    made = channels(Assays(genes, counts, None, None), design(), threads=1)
    assert dict(made.loadings.select("transcript_id", "loading").iter_rows())["t2"] > 0


def test_channels__say_of_every_feature_what_is_known(counts):
    made = channels(Assays(grouping({"a": [0, 1], "b": [2]}), counts, None, None), design(), threads=1)
    assert made.quality.get_column("feature_id").to_list() == ["a::abundance", "a::switch", "b::abundance"]
    abundance = made.quality.row(0, named=True)
    assert abundance["mean_count"] == pytest.approx(counts[:2].sum(axis=0).mean())
    depth = np.log(counts[:3].sum(axis=0))
    assert abundance["r_with_depth"] == pytest.approx(np.corrcoef(depth, made.z[0])[0, 1])
    assert (abundance["pvalue"], abundance["delta_usage"], abundance["reason"]) == (None, None, None)


def test_channels__project_covariates_out_of_both(counts):
    age = np.random.default_rng(2).normal(size=N)
    counts = counts * np.exp(np.linspace(-1, 1, 6)[:, None] * age)
    made = channels(Assays(grouping({"a": [0, 1], "b": [2, 3, 4, 5]}), counts, None, None), design(age=age), threads=1)
    assert made.residual_dof == N - 3
    assert np.abs(np.corrcoef(made.z, age)[-1, :-1]).max() < EXACT


def test_channels__take_abundance_from_gene_values_where_there_are_any(counts):
    genes = grouping({"a": [1], "b": [0], "c": [2]}, label="g")
    values = np.random.default_rng(4).poisson(90.0, (3, N)).astype(float)
    made = channels(Assays(grouping({"a": [0, 1], "b": [2]}), counts, genes, values), design(), threads=1)
    assert made.feature_ids == ["a::abundance", "a::switch", "b::abundance", "c::abundance"]
    assert made.n_transcripts.tolist() == [2, 2, 1, 0]
    log_values = np.log2(1e6 * values / values.sum(axis=0) + 0.5)
    expected = (log_values[1] - log_values[1].mean()) / log_values[1].std(ddof=1)
    np.testing.assert_allclose(made.z[0], expected, atol=1e-9)


def test_channels__say_what_carries_no_channel_and_why(counts):
    counts[2] = 0.0
    counts[4] = counts[3]
    made = channels(
        Assays(grouping({"a": [0, 1], "b": [2], "c": [3, 4], "d": [5]}), counts, None, None), design(), threads=1
    )
    assert made.feature_ids == ["a::abundance", "a::switch", "c::abundance", "d::abundance"]
    assert_frame_equal(
        made.excluded,
        excluded(
            ("b", "abundance", "constant"),
            ("b", "switch", "single isoform"),
            ("c", "switch", "constant"),
            ("d", "switch", "single isoform"),
        ),
    )
    assert made.loadings.get_column("gene_id").to_list() == ["a", "a"]
    assert made.gene_ids == ["a", "c", "d"]


def test_channels__of_single_isoforms_are_abundance_alone(counts):
    made = channels(Assays(grouping({"a": [0], "b": [1]}), counts, None, None), design(), threads=1)
    assert made.feature_ids == ["a::abundance", "b::abundance"]
    assert made.loadings.schema == {"gene_id": pl.String, "transcript_id": pl.String, "loading": pl.Float64}
    assert made.loadings.height == 0
    assert_frame_equal(made.excluded, excluded(("a", "switch", "single isoform"), ("b", "switch", "single isoform")))


def test_channels__of_genes_without_transcripts_are_abundance_alone():
    values = np.random.default_rng(4).poisson(90.0, (2, N)).astype(float)
    made = channels(Assays(None, None, grouping({"a": [0], "b": [1]}), values), design(), threads=1)
    assert made.feature_ids == ["a::abundance", "b::abundance"]
    assert made.n_transcripts.tolist() == [0, 0]
    assert_frame_equal(made.excluded, excluded())


def test_channels__of_log_values_are_taken_as_they_are():
    values = np.array([[-1.0, 2.0, 0.5, -3.0, 1.0, 0.0, 2.5, -2.0]])
    made = channels(Assays(None, None, grouping({"a": [0]}), values, gene_values_are_log=True), design(), threads=1)
    np.testing.assert_allclose(made.z, (values - values.mean()) / values.std(ddof=1), atol=EXACT)


def test_channels__remember_missing_log_values_and_take_them_as_the_mean():
    values = np.array([[-1.0, NAN, 0.5, -3.0, 1.0, 0.0, 2.5, NAN], [NAN] * 5 + [1.0, 2.0, 4.0], [1.0] * 8])
    genes = grouping({"a": [0], "b": [1], "c": [2]})
    made = channels(Assays(None, None, genes, values, gene_values_are_log=True), design(), threads=1)
    assert made.feature_ids == ["a::abundance"]
    assert made.missing.tolist() == [[False, True, False, False, False, False, False, True]]
    assert made.z[0, [1, 7]].tolist() == [0.0, 0.0]
    assert_frame_equal(
        made.excluded,
        excluded(("b", "abundance", "constant or too few values"), ("c", "abundance", "constant or too few values")),
    )


def test_channels__of_nothing_that_varies_are_empty():
    made = channels(Assays(grouping({"a": [0, 1]}), np.full((2, N), 5.0), None, None), design(), threads=1)
    assert (made.gene_ids, made.feature_ids, made.z.shape) == ([], [], (0, N))
    assert_frame_equal(made.excluded, excluded(("a", "abundance", "constant"), ("a", "switch", "constant")))


@pytest.mark.parametrize("threads", [2, 3])
def test_channels__do_not_depend_on_the_number_of_threads(threads):
    rng = np.random.default_rng(8)
    counts = rng.poisson(30.0 * np.exp(rng.normal(0.0, 0.5, (1500, N)))).astype(float)
    genes = grouping({f"g{i:03d}": [3 * i, 3 * i + 1, 3 * i + 2] for i in range(500)})
    one = channels(Assays(genes, counts, None, None), design(), min_delta_usage=0.0, threads=1)
    more = channels(Assays(genes, counts, None, None), design(), min_delta_usage=0.0, threads=threads)
    np.testing.assert_array_equal(more.z, one.z)
    assert_frame_equal(more.loadings, one.loadings, check_exact=True)

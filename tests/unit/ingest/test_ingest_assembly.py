import numpy as np
import polars as pl
import pytest

from isograph.config import ImportConfig
from isograph.errors import UsageError
from isograph.ingest.assembly import (
    expressed_genes,
    expressed_transcripts,
    grouping,
    samples_needed,
    used_transcripts,
)


def test_grouping__totals_in_order_of_first_appearance():
    groups = grouping(pl.Series(["b", "a", "b", "c"]))
    assert groups.gene_ids.to_list() == ["b", "a", "c"]
    totals = groups.totals(np.array([[1.0, 2.0], [10, 20], [100, 200], [5, 5]]))
    assert totals.tolist() == [[101, 202], [10, 20], [5, 5]]


def test_expressed_genes__cpm_of_the_sample_total():
    counts = np.array([[1.0, 0, 0], [2, 2, 0], [999_999, 999_998, 10]])
    config = ImportConfig(min_cpm=1, min_samples=2)
    assert expressed_genes(counts, config).tolist() == [False, True, True]


@pytest.mark.parametrize("config", [ImportConfig(min_cpm=0), ImportConfig(min_samples=0)])
def test_expressed_genes__zero_turns_it_off(config):
    assert expressed_genes(np.zeros((2, 3)), config).tolist() == [True, True]


def test_expressed_transcripts__share_is_rounded_up():
    counts = np.array([[10.0, 0, 0], [10, 10, 0], [9.99, 9.99, 9.99]])
    assert expressed_transcripts(counts, ImportConfig(min_tx_count=10, min_prop=0.4)).tolist() == [False, True, False]
    assert expressed_transcripts(counts, ImportConfig(min_tx_count=0)).all()
    assert expressed_transcripts(counts, ImportConfig(min_prop=0)).all()


def test_expressed__tpm_are_compared_as_they_are():
    tpm = np.array([[0.9, 0.9], [1.0, 0.0], [3.0, 3.0]])
    config = ImportConfig(scale="tpm")
    assert expressed_genes(tpm, config).tolist() == [False, True, True]
    assert expressed_transcripts(tpm, config).all()


def test_used_transcripts__share_of_the_gene_in_enough_samples():
    groups = grouping(pl.Series(["a", "a", "b", "a", "b"]))
    counts = np.array([[95.0, 96, 0, 99], [5, 4, 0, 0], [0, 0, 0, 9], [0, 0, 0, 1], [0, 0, 0, 0]])
    half = ImportConfig(min_usage=0.05, min_prop=0.5)
    assert used_transcripts(counts, groups, half).tolist() == [True, False, False, False, False]
    quarter = ImportConfig(min_usage=0.05, min_prop=0.25)
    assert used_transcripts(counts, groups, quarter).tolist() == [True, True, True, False, False]
    for config in (ImportConfig(min_usage=0), ImportConfig(min_prop=0)):
        assert used_transcripts(counts, groups, config).all()


def test_used_transcripts__agrees_with_the_obvious_loop():
    rng = np.random.default_rng(0)
    genes = rng.choice(["a", "b", "c", "d"], 30)
    counts = rng.poisson(rng.gamma(0.3, 20, (30, 1)), (30, 8)).astype(np.float64)
    config = ImportConfig(min_usage=0.08, min_prop=0.4)
    expected = []
    for row, gene in enumerate(genes):
        shares = [counts[row, s] / total if (total := counts[genes == gene, s].sum()) else 0.0 for s in range(8)]
        expected.append(sum(share >= 0.08 for share in shares) >= 4)
    assert used_transcripts(counts, grouping(pl.Series(genes)), config).tolist() == expected
    assert 0 < sum(expected) < 30


@pytest.mark.parametrize(
    ("min_samples", "n", "expected"), [(0.1, 91, 10), (0.1, 30, 3), (0.07, 100, 7), (1, 5, 1), (5, 5, 5), (0, 5, 0)]
)
def test_samples_needed__number_or_share(min_samples, n, expected):
    assert samples_needed(min_samples, n) == expected


def test_samples_needed__more_than_there_are():
    with pytest.raises(UsageError) as caught:
        samples_needed(10, 6)
    assert str(caught.value) == "min_samples is 10, but there are 6 samples. Ask for fewer."

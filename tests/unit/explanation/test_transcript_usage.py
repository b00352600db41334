from __future__ import annotations

import numpy as np
import polars as pl
from numpy.testing import assert_allclose

from isograph.explanation.feature import transcript_usage
from isograph.features.assays import Grouping
from isograph.features.covariate import covariate_design


def usage(covariates=(), **columns):
    counts = np.random.default_rng(2).poisson(60.0, (6, 9)).astype(float)
    grouping = Grouping(["a", "b", "c"], np.arange(6), np.array([0, 3, 4, 6]), [f"t{i}" for i in range(6)])
    loadings = pl.DataFrame(
        {"gene_id": ["a"] * 3 + ["c"] * 2, "transcript_id": ["t0", "t1", "t2", "t4", "t5"], "loading": [0.5] * 5}
    )
    design = covariate_design(pl.DataFrame({"sample_id": [f"S{i}" for i in range(9)], **columns}), covariates)
    return counts, transcript_usage(counts, grouping, design, loadings, pl.Series(["a", "b", "c"]))


def test_transcript_usage__is_the_log_ratio_and_the_share_of_the_genes_that_switch():
    counts, (ratio, share) = usage()
    assert share.rows.get_column("transcript_id").to_list() == ["t0", "t1", "t2", "t4", "t5"]
    assert share.rows.get_column("feature_id").unique(maintain_order=True).to_list() == ["a::switch", "c::switch"]
    padded = counts + 0.5
    expected = np.concatenate([padded[:3] / padded[:3].sum(axis=0), padded[4:] / padded[4:].sum(axis=0)])
    assert_allclose(share.values, expected, rtol=1e-12)
    log = np.log(padded[4:]) - np.log(padded[4:]).mean(axis=0)
    assert_allclose(ratio.values[3:], log - log.mean(axis=1, keepdims=True), atol=1e-12)


def test_transcript_usage__has_no_trace_of_a_covariate_and_keeps_the_mean_share():
    batch = list("aaabbbccc")
    counts, (ratio, share) = usage(covariates=("batch",), batch=batch)
    padded = counts[:3] + 0.5
    assert_allclose(share.values[:3].mean(axis=1), (padded / padded.sum(axis=0)).mean(axis=1), rtol=1e-12)
    for values in (ratio.values, share.values - share.values.mean(axis=1, keepdims=True)):
        assert_allclose(values.reshape(5, 3, 3).mean(axis=2), 0.0, atol=1e-12)


def test_transcript_usage__of_genes_that_do_not_switch_is_empty():
    counts, _ = usage()
    grouping = Grouping(["a"], np.arange(2), np.array([0, 2]), ["t0", "t1"])
    loadings = pl.DataFrame(schema={"gene_id": pl.String, "transcript_id": pl.String, "loading": pl.Float64})
    design = covariate_design(pl.DataFrame({"sample_id": [f"S{i}" for i in range(9)]}), ())
    ratio, share = transcript_usage(counts, grouping, design, loadings, pl.Series(["a"]))
    assert (ratio.values.shape, share.values.shape, share.rows.height) == ((0, 9), (0, 9), 0)

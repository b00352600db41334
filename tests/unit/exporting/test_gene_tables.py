from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr, t

from isograph.exporting.gene_tables import background, eigengene_columns, gene_info, gmt, ranked_lists
from isograph.exporting.membership import fit_scores
from isograph.traits.adjustment import Adjustment
from isograph.traits.trait import Trait

R_C = 1 / np.sqrt(2)


def test_gene_info__has_what_wgcna_scripts_look_for(scores, modules, edges):
    weight = Trait("weight", np.array([1.0, 2.0, 3.0, 5.0]), ())
    table = gene_info(scores, modules, edges, {"a": "ALPHA", "f": "PHI"}, [weight])
    assert table.columns == [
        "gene_id", "geneSymbol", "moduleColor", "moduleLabel", "module_id", "featureType", "kTotal", "kWithin", "kOut",
        "kDiff", "kMEturquoise", "kMEblue", "GS.weight", "p.GS.weight",
    ]  # fmt: skip
    assert table.select("gene_id", "geneSymbol", "moduleColor", "moduleLabel", "featureType").rows() == [
        ("a", "ALPHA", "turquoise", 1, "switch"),
        ("b", None, "turquoise", 1, "abundance"),
        ("c", None, "turquoise", 1, "abundance"),
        ("d", None, "blue", 2, "abundance"),
        ("e", None, "blue", 2, "abundance"),
        ("f", "PHI", "grey", 0, "switch"),
    ]
    expected = pearsonr([0.5, 0.5, -0.5, -0.5], [1, 2, 3, 5])
    assert table.row(0)[-2:] == pytest.approx((expected.statistic, expected.pvalue))


def test_gene_info__takes_covariates_out_of_traits_and_their_degrees_of_freedom(scores, modules, edges):
    rng = np.random.default_rng(4)
    z, eigengenes, (weight, rin) = rng.normal(size=(len(scores.z), 9)), rng.normal(size=(2, 9)), rng.normal(size=(2, 9))
    wider = replace(scores, sample_ids=tuple("abcdefghi"), z=z, eigengenes=eigengenes)
    removed = Adjustment(9, {"covariate 'rin'": rin[None, :]})
    table = gene_info(wider, modules, edges, {}, [Trait("weight", weight, ())], adjustment=removed)
    gene, feature_type, r, p = table.select("gene_id", "featureType", "GS.weight", "p.GS.weight").row(0)
    kinds = np.array(scores.feature_types) == feature_type
    (feature,) = np.flatnonzero(kinds & (scores.gene_of == scores.gene_ids.index(gene)))
    left = [values - np.polyval(np.polyfit(rin, values, 1), rin) for values in (z[feature], weight)]
    expected = pearsonr(*left).statistic
    assert r == pytest.approx(expected)
    assert p == pytest.approx(2 * t.sf(abs(expected) * np.sqrt(6 / (1 - expected**2)), 6))


def test_gene_info__of_a_fit_without_modules_is_all_grey(feature_scores, modules, edges, eigengenes):
    table = gene_info(fit_scores(feature_scores, eigengenes.clear()), modules.clear(), edges, {}, [])
    assert table.get_column("moduleColor").unique().to_list() == ["grey"]
    assert table.height == 6


def test_eigengene_columns__are_named_by_colour(scores):
    table = eigengene_columns(scores)
    assert table.columns == ["sample_id", "MEturquoise", "MEblue"]
    assert table.row(1) == ("S2", 0.5, -0.5)


def test_gmt__has_a_line_a_module(modules):
    ids = ["M000", "M001"]
    assert gmt(modules, ids, {}).decode() == "M000\t3 genes, hub a\ta\tb\tc\nM001\t2 genes, hub d\td\te\n"
    assert gmt(modules, ["M000"], {"a": "ALPHA", "c": "ALPHA"}).decode() == "M000\t3 genes, hub ALPHA\tALPHA\tb\n"


def test_gene_lists__guard_formulas_and_leave_names_that_look_like_dates(modules):
    names = {"a": "=1+1", "b": "SEPT2"}
    assert gmt(modules, ["M000"], names).decode() == "M000\t3 genes, hub '=1+1\t'=1+1\tSEPT2\tc\n"
    assert background("ab", names).decode() == "'=1+1\nSEPT2\n"
    assert background("ab", names, raw=True).decode() == "=1+1\nSEPT2\n"


def test_ranked_lists__rank_every_gene_by_kme(scores):
    lists = ranked_lists(scores, ["M000"], {})
    assert list(lists) == ["M000"]
    rows = [line.split("\t") for line in lists["M000"].decode().splitlines()]
    assert [gene for gene, _ in rows] == ["a", "c", "f", "e", "d", "b"]
    assert [float(value) for _, value in rows] == pytest.approx([1.0, R_C, R_C, 0.408248, 0.0, -1.0], abs=1e-5)


def test_ranked_lists__keep_the_strongest_of_a_shared_name(scores):
    rows = ranked_lists(scores, ["M000"], {"b": "X", "c": "X"})["M000"].decode().splitlines()
    assert [row for row in rows if row.startswith("X")] == ["X\t-1"]
    assert len(rows) == 5


def test_ranked_lists__are_tables_of_two_columns(scores):
    text = ranked_lists(scores, ["M001"], {})["M001"]
    assert pl.read_csv(text, separator="\t", has_header=False).shape == (6, 2)

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import hypergeom

from isograph.comparison.operand import GeneModules
from isograph.comparison.overlap import eigengene_correlations, matched_modules, module_agreement, module_overlaps


def gene_modules(modules: dict[str, str], more: str = "") -> GeneModules:
    """``modules``: name → its genes, a letter each; ``more``: genes in none."""
    module_of = {gene: module for module, genes in modules.items() for gene in genes}
    return GeneModules(module_of, frozenset(module_of) | set(more))


def test_module_overlaps__counts_every_pair_that_shares_a_gene():
    overlaps = module_overlaps(
        gene_modules({"A": "abcd", "B": "ef"}, "gh"), gene_modules({"X": "abe", "Y": "cg"}, "dfh")
    )
    expected = pl.DataFrame(
        [
            ("A", "X", 2, 4, 3, 2 / 5, hypergeom.sf(1, 8, 4, 3)),
            ("A", "Y", 1, 4, 2, 1 / 5, hypergeom.sf(0, 8, 4, 2)),
            ("A", None, 1, 4, 2, None, None),
            ("B", "X", 1, 2, 3, 1 / 4, hypergeom.sf(0, 8, 2, 3)),
            ("B", None, 1, 2, 2, None, None),
            (None, "Y", 1, 1, 2, None, None),
        ],
        schema=overlaps.schema,
        orient="row",
    )
    assert_frame_equal(overlaps, expected, check_exact=False, abs_tol=1e-12)


def test_module_overlaps__takes_chance_over_genes_both_know():
    overlaps = module_overlaps(gene_modules({"A": "abz"}, "cd"), gene_modules({"X": "ab"}, "cde"))
    (row,) = overlaps.drop_nulls().to_dicts()
    assert row["pvalue"] == pytest.approx(1 / 6)
    assert row["jaccard"] == pytest.approx(2 / 3)


def test_matched_modules__takes_the_closest_pair_first_and_each_module_once():
    overlaps = module_overlaps(gene_modules({"A": "abcdef", "B": "gh"}), gene_modules({"X": "abcd", "Y": "efgh"}))
    assert matched_modules(overlaps) == {"X": "A", "Y": "B"}


def test_matched_modules__does_not_match_modules_with_next_to_nothing_in_common():
    letters = "abcdefghijklmnopqrstuvwxyz"
    overlaps = module_overlaps(gene_modules({"A": letters[:13]}), gene_modules({"X": letters[12:]}))
    assert overlaps.drop_nulls().get_column("n_genes").to_list() == [1]
    assert matched_modules(overlaps) == {}


def test_matched_modules__undoes_another_numbering():
    first = gene_modules({f"M{number:03d}": f"{letter}{letter.upper()}" for number, letter in enumerate("abcdefgh")})
    order = [3, 1, 7, 0, 2, 6, 5, 4]
    second = gene_modules({f"M{order[n]:03d}": f"{letter}{letter.upper()}" for n, letter in enumerate("abcdefgh")})
    assert matched_modules(module_overlaps(first, second)) == {f"M{order[n]:03d}": f"M{n:03d}" for n in range(8)}


def test_module_agreement__of_the_same_modules_under_other_names_is_complete():
    agreement = module_agreement(gene_modules({"A": "abc", "B": "def"}, "g"), gene_modules({"1": "def", "2": "abc"}))
    assert (agreement["ari"], agreement["nmi"], agreement["ari_of_all"]) == (1.0, pytest.approx(1.0), 1.0)
    assert (agreement["n_genes_in_both"], agreement["n_genes_known_to_both"]) == (6, 6)


def test_module_agreement__counts_genes_of_one_side_against_it():
    agreement = module_agreement(gene_modules({"A": "abc", "B": "def"}), gene_modules({"A": "abc"}, "def"))
    assert agreement["ari"] == 1.0
    # NOTE: of 15 pairs 6 and 3 are together, 3 in both; by chance 6 · 3 / 15.
    assert agreement["ari_of_all"] == pytest.approx((3 - 1.2) / (4.5 - 1.2))


def test_module_agreement__of_nothing_is_none():
    agreement = module_agreement(gene_modules({}, "ab"), gene_modules({"A": "cd"}))
    assert (agreement["ari"], agreement["nmi"], agreement["n_modules_reference"]) == (None, None, 0)
    assert module_agreement(gene_modules({}), gene_modules({}))["ari_of_all"] is None


def eigengenes(values: dict[str, list[float]], samples: str) -> pl.DataFrame:
    rows = [
        (module, sample, value) for module, row in values.items() for sample, value in zip(samples, row, strict=True)
    ]
    return pl.DataFrame(rows, schema=["module_id", "sample_id", "eigengene"], orient="row")


def test_eigengene_correlations__are_over_the_samples_of_both_in_any_order():
    one = eigengenes({"A": [1.0, 2.0, 4.0, 9.0], "B": [3.0, 1.0, 2.0, 0.0]}, "wxyz")
    other = eigengenes({"X": [9.0, 5.0, 2.0, 1.0], "F": [7.0, 7.0, 7.0, 7.0]}, "vyxw")
    found = eigengene_correlations(one, other)
    assert found.select("reference", "candidate", "n_samples").rows() == [
        ("A", "X", 3), ("A", "F", 3), ("B", "X", 3), ("B", "F", 3)
    ]  # fmt: skip
    expected = np.corrcoef([1, 2, 4], [1, 2, 5])[0, 1]
    assert found.get_column("r").to_list()[:2] == [pytest.approx(expected), None]


def test_eigengene_correlations__need_three_samples():
    one = eigengenes({"A": [1.0, 2.0]}, "ab")
    assert eigengene_correlations(one, one).get_column("r").to_list() == [None]

import numpy as np
import polars as pl
import pytest

from isograph.ingest.quantification import Quantification
from isograph.ingest.validity import case_warnings, quantification_violations, sample_number_findings


def quantified(values, ids=None, names=None):
    values = np.array(values, dtype=float)
    return Quantification(
        format="matrix",
        level="transcript",
        feature_ids=pl.Series(ids or [f"t{row}" for row in range(values.shape[0])]),
        values=values,
        sample_names=tuple(names or [f"S{column}" for column in range(values.shape[1])]),
    )


def test_quantification_violations__valid():
    assert quantification_violations(quantified([[0, 1.5], [2, 0]]), scale="counts") == []


def test_quantification_violations__all_at_once():
    bad = quantified([[np.nan, 0, -1], [np.inf, 0, 2]], ids=["t", "t"], names=["A", "B", "A"])
    assert quantification_violations(bad, scale="counts") == [
        "repeated transcript ids: 1 ('t')",
        "repeated sample names: 1 ('A'). Remove or rename the repeated columns.",
        "values that are infinite: 1, in 1 of 3 samples ('t in A')",
        "values that are missing: 1, in 1 of 3 samples ('t in A')",
        (
            "values that are negative: 1, in 1 of 3 samples ('t in A'). "
            "Counts cannot be: are these log values of genes (--scale log)?"
        ),
        "samples without a single count: 1 ('B'). Leave them out.",
    ]


def test_quantification_violations__log_scale_allows_negative_and_missing():
    assert quantification_violations(quantified([[-1, np.nan], [np.nan, 0]]), scale="log") == []
    assert quantification_violations(quantified([[-1, np.nan], [2, np.nan]]), scale="log") == [
        "samples without any value: 1 ('S1'). Leave them out."
    ]


def test_quantification_violations__counts_no_sequencer_makes():
    assert quantification_violations(quantified([[1e308, 1]]), scale="counts") == [
        "values that are larger than 1e+12: 1, in 1 of 2 samples ('t0 in S0')"
    ]


def test_quantification_violations__ids():
    bad = quantified([[1, 1], [1, 1]], ids=[None, "t\x1b[31m"])
    rows, control = quantification_violations(bad, scale="counts")
    assert rows == "rows without a transcript id: 1"
    assert "'t\\x1b[31m'" in control


@pytest.mark.parametrize(
    ("n", "violations", "warnings"),
    [
        (2, ["samples: 2; a correlation needs at least 3"], []),
        (3, [], ["3 samples: correlations from fewer than 15 are mostly noise, and so will be modules"]),
        (15, [], []),
    ],
)
def test_sample_number_findings__limits(n, violations, warnings):
    assert sample_number_findings(n) == (violations, warnings)


def test_case_warnings__ids_that_differ_in_case():
    assert case_warnings("gene", ["MT1", "X", "Y"]) == []
    (warning,) = case_warnings("gene", ["MT1", "mt1", "X"])
    assert warning.startswith("gene ids: 2 ids differ from another only in case")

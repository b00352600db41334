import numpy as np
import polars as pl
import pytest

from isograph.ingest.quantification import Quantification
from isograph.ingest.validity import (
    case_warnings,
    count_scale_violations,
    log_scale_warnings,
    quantification_violations,
    sample_number_findings,
    tpm_scale_violations,
    tpm_scale_warnings,
)

ADVICE = (
    "Give the estimated counts: NumReads (Salmon), est_counts (kallisto), expected_count (RSEM), "
    "…merged.transcript_counts.tsv (nf-core). Where there are TPM alone, pass scale='tpm': they give usage, and noise "
    "of counting cannot be told from them."
)


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
            "Counts cannot be: are these log values of genes (scale='log')?"
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


def counts(seed=0, whole=0.2):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.4, 400, (300, 6))
    integers = rng.random(values.shape) < whole
    return np.where(integers, np.rint(values), values)


def tpm(values):
    return values / values.sum(axis=0) * 1e6


@pytest.mark.parametrize(
    "values",
    [
        np.rint(counts()),
        counts(),
        counts(whole=0.06),
        counts(whole=0.0) * 50,
        np.zeros((5, 3)),
        np.full((4, 3), 250_000.0),
    ],
    ids=["whole", "expected", "few whole", "length-scaled", "zero", "rarefied to a million"],
)
def test_count_scale_violations__counts_pass(values):
    assert count_scale_violations(values, "counts.tsv") == []


@pytest.mark.parametrize("name", ["salmon.merged.transcript_tpm.tsv", "TPM.csv", "my_fpkm.csv", "CPM_transcript.txt"])
def test_count_scale_violations__named(name):
    word = next(word for word in ("tpm", "fpkm", "cpm") if word in name.lower())
    assert count_scale_violations(counts(), name) == [
        f"holds normalised values, not counts (its name says '{word}'). {ADVICE}"
    ]


def test_count_scale_violations__a_name_does_not_outweigh_whole_numbers():
    assert count_scale_violations(np.rint(counts()), "tpm.csv") == []
    assert count_scale_violations(counts(), "stpmix.csv") == []


@pytest.mark.parametrize("values", [tpm(counts()), np.rint(tpm(counts()))], ids=["fractional", "rounded"])
def test_count_scale_violations__sums_to_a_million(values):
    assert count_scale_violations(values, "x.csv") == [
        f"holds TPM or CPM, not counts: every sample adds up to one million. {ADVICE}"
    ]


def test_count_scale_violations__a_part_of_a_tpm_table():
    part = tpm(counts(whole=0))[:200]
    below = 100 * np.mean(part < 1)
    assert count_scale_violations(part, "x.csv") == [
        (
            f"holds TPM or FPKM, not counts: 100.0 % of the values are fractional, {below:.1f} % are below one, and no "
            f"sample adds up to more than one million. {ADVICE}"
        )
    ]


def test_count_scale_violations__log_values():
    values = np.log2(tpm(counts(whole=0)) + 1)
    assert count_scale_violations(values, "x.csv") == [
        (
            f"holds values on a log scale, not counts: the largest is {values.max():.4g} and 100.0 % are fractional. "
            "Give the counts, or pass scale='log' for genes that are already on a log scale."
        )
    ]


def test_log_scale_warnings__counts_said_to_be_logs():
    assert log_scale_warnings(np.array([[3.0, np.nan], [12.0, -2.0]])) == []
    assert log_scale_warnings(np.array([[3.0, 5120.0]])) == [
        "the largest value is 5120: log values are rarely above 40. If these are counts, leave scale='log' out."
    ]


@pytest.mark.parametrize(
    "values",
    [tpm(counts()), np.rint(tpm(counts())), tpm(counts())[:200], np.zeros((5, 3))],
    ids=["all", "rounded", "part", "zero"],
)
def test_tpm_scale_violations__tpm_pass(values):
    assert tpm_scale_violations(values) == []


def test_tpm_scale_violations__counts_said_to_be_tpm():
    small, large = np.rint(counts() / 10), counts() * 50
    assert tpm_scale_violations(small) == [
        "holds no TPM: every value is a whole number. If these are counts, leave scale='tpm' out."
    ]
    (sentence,) = tpm_scale_violations(large)
    assert sentence.startswith("holds no TPM: 6 of 6 samples add up to more than one million, the largest to ")
    assert sentence.endswith(". If these are counts, leave scale='tpm' out.")


def test_tpm_scale_warnings__a_part_and_log_values():
    values = tpm(counts())
    assert tpm_scale_warnings(values) == []
    (of_part,) = tpm_scale_warnings(values[:200])
    assert of_part.endswith("abundance compares samples only as far as these sums do.")
    of_part, of_logs = tpm_scale_warnings(np.log2(values + 1))
    assert of_logs.startswith("the largest value is 1")

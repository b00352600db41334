import numpy as np
import pytest

from isograph.ingest.validity import count_scale_violations, log_scale_warnings

ADVICE = (
    "Give the estimated counts: NumReads (Salmon), est_counts (kallisto), expected_count (RSEM), "
    "…merged.transcript_counts.tsv (nf-core); or genes as log2(TPM + 1) with --scale log."
)


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
            "Give the counts, or pass --scale log for genes that are already on a log scale."
        )
    ]


def test_log_scale_warnings__counts_said_to_be_logs():
    assert log_scale_warnings(np.array([[3.0, np.nan], [12.0, -2.0]])) == []
    assert log_scale_warnings(np.array([[3.0, 5120.0]])) == [
        "the largest value is 5120: log values are rarely above 40. If these are counts, leave --scale log out."
    ]

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from isograph.bundle.agreement import agreement_findings
from isograph.bundle.bundle import Bundle

ROWS = "Check that the rows of both are in the order of their tables, and that both hold counts of these samples."
TURNED = (
    "transcript_counts looks transposed: it is square, and turned over it agrees. Rows are transcripts and columns are "
    "samples, so write matrix.T."
)


def contradiction(n_apart: int, n_samples: int, advice: str) -> str:
    return (
        f"gene_counts.npz: gene_counts contradict transcript_counts: in {n_apart} of {n_samples} samples their "
        f"correlation with the sums of each gene's transcripts is below 0.5. {advice}"
    )


def bundle_of(transcript_counts: np.ndarray, gene_counts: np.ndarray) -> Bundle:
    """Two transcripts a gene, those of gene 0 first; a gene without transcripts stands before the others."""
    genes = [f"g{row // 2}" for row in range(transcript_counts.shape[0])]
    none = np.full((1, gene_counts.shape[1]), 9.0)
    return Bundle(
        dataset_name="toy",
        samples=pl.DataFrame({"sample_id": [f"s{column}" for column in range(gene_counts.shape[1])]}),
        feature_tables={
            "transcript": pl.DataFrame({"transcript_id": [f"t{row}" for row in range(len(genes))], "gene_id": genes}),
            "gene": pl.DataFrame({"gene_id": ["none", *dict.fromkeys(genes)]}),
        },
        matrices={"transcript_counts": transcript_counts, "gene_counts": np.vstack([none, gene_counts])},
    )


def found(transcript_counts: np.ndarray, gene_counts: np.ndarray) -> list[str]:
    return [
        str(finding) for finding in agreement_findings(bundle_of(transcript_counts, gene_counts), "gene_counts.npz")
    ]


def counts(n_genes: int = 10, n_samples: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Counts of transcripts, and their sums by gene."""
    transcripts = np.exp2(np.arange(2.0 * n_genes))[:, None] * np.arange(1.0, n_samples + 1)
    return transcripts, transcripts[0::2] + transcripts[1::2]


def test_agreement__of_sums_and_of_what_follows_them():
    transcripts, sums = counts()
    assert found(transcripts, sums) == []
    assert found(transcripts, 3 * sums + 5) == []


def test_agreement__fails_where_most_samples_contradict():
    transcripts, sums = counts()
    half, most = sums.copy(), sums.copy()
    half[:, :2] = sums[::-1, :2]
    most[:, :3] = sums[::-1, :3]
    assert found(transcripts, half) == []
    assert found(transcripts, most) == [contradiction(3, 4, ROWS)]


def test_agreement__of_few_genes_is_not_judged():
    transcripts, sums = counts(n_genes=9)
    assert found(transcripts, sums[::-1]) == []


@pytest.mark.parametrize("value", [1.0, 1e308])
def test_agreement__of_what_has_no_correlation_is_not_judged(value):
    _, sums = counts()
    assert found(np.full((20, 4), value), sums) == []


def test_agreement__says_when_transcripts_are_transposed(toy):
    toy.write_matrix("transcript_counts", toy.matrix("transcript_counts").T)
    assert toy.errors() == []
    assert toy.warnings() == [contradiction(48, 48, TURNED)]


def test_agreement__says_so_only_if_the_transpose_agrees(toy):
    toy.write_matrix("gene_counts", toy.matrix("gene_counts")[::-1])
    (warning,) = toy.warnings()
    assert warning.endswith(ROWS)


def test_agreement__is_looked_at_only_where_nothing_is_wrong(toy):
    toy.write_matrix("transcript_counts", -toy.matrix("transcript_counts").T)
    assert len(toy.errors()) == 1
    assert toy.warnings() == []

"""Whether the gene counts of a bundle are those of its transcripts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Matrix
from isograph.bundle.bundle import Bundle
from isograph.bundle.findings import Finding, warning

# NOTE: on a log scale, so that a few highly expressed genes do not decide; counts scaled by transcript length, or made
# by another tool, stay far above it.
CONTRADICTS = 0.5
AGREES = 0.9
ENOUGH_GENES = 10


def agreement_findings(bundle: Bundle, where: str) -> Iterable[Finding]:
    """Gene counts that do not follow the transcripts of their genes in most samples; ``where`` is their file.

    A sample agrees or not by the Pearson correlation, over the genes that have transcripts, of log(1 + gene count) and
    log(1 + sum of the transcript counts). Fewer than 10 such genes are not judged.
    """
    genes, transcripts = bundle.genes, bundle.transcripts
    by_gene, by_transcript = (bundle.matrices.get(assay) for assay in ("gene_counts", "transcript_counts"))
    if genes is None or transcripts is None or by_gene is None or by_transcript is None:
        return
    rows, codes = _gene_rows(genes, transcripts)
    if rows.size < ENOUGH_GENES:
        return
    found = _correlations(by_gene, by_transcript, rows, codes)
    n_apart = int(np.count_nonzero(found < CONTRADICTS))
    if 2 * n_apart <= found.size:
        return
    yield warning(
        where,
        f"gene_counts contradict transcript_counts: in {n_apart} of {found.size} samples their correlation with the "
        f"sums of each gene's transcripts is below {CONTRADICTS}. {_advice(by_gene, by_transcript, rows, codes)}",
    )


def _advice(by_gene: Matrix, by_transcript: Matrix, rows: NDArray[np.intp], codes: NDArray[np.intp]) -> str:
    if by_transcript.shape[0] == by_transcript.shape[1]:
        turned = _correlations(by_gene, by_transcript.T, rows, codes)
        if turned.size and float(np.median(turned)) > AGREES:
            return (
                "transcript_counts looks transposed: it is square, and turned over it agrees. Rows are transcripts and "
                "columns are samples, so write matrix.T."
            )
    return "Check that the rows of both are in the order of their tables, and that both hold counts of these samples."


def _gene_rows(genes: pl.DataFrame, transcripts: pl.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the genes that have transcripts, and for every transcript which of these is its own."""
    numbered = genes.select("gene_id").with_row_index("row")
    joined = transcripts.select("gene_id").join(
        numbered, on="gene_id", how="left", validate="m:1", maintain_order="left"
    )
    rows, codes = np.unique(joined.get_column("row").to_numpy(), return_inverse=True)
    return rows.astype(np.intp), codes.astype(np.intp)


def _correlations(
    by_gene: Matrix, by_transcript: Matrix, rows: NDArray[np.intp], codes: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the correlation in each sample, without the samples in which it is not defined."""
    # NOTE: counts may be so large that their sum is infinite; such a sample has no correlation.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.array(
            [
                _correlation(
                    np.log1p(by_gene[rows, sample]),
                    np.log1p(np.bincount(codes, weights=by_transcript[:, sample], minlength=rows.size)),
                )
                for sample in range(by_gene.shape[1])
            ]
        )
    defined: NDArray[np.bool_] = np.isfinite(found)
    return found[defined]


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    # NOTE: not left to the division: the mean of equal values is not always exactly theirs.
    if first.min() == first.max() or second.min() == second.max():
        return np.nan
    first, second = first - first.mean(), second - second.mean()
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))

"""The switch channel: which isoforms a gene is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Index, Matrix, Vector
from isograph.features.covariate import Design
from isograph.runtime.threads import run_chunks

GENES_PER_CHUNK = 256


@dataclass(frozen=True, slots=True)
class SwitchScores:
    """First principal axis of every gene's isoform composition.

    Attributes
    ----------
    scores : (n_genes, n_samples), z-scored; 0 in a gene that does not vary.
    loadings : (n_grouped_transcripts,), the axis of each gene, in the order of the grouped rows.
    varies : (n_genes,), False where the composition is constant.
    """

    scores: Matrix
    loadings: Vector
    varies: NDArray[np.bool_]


def switch_scores(
    transcript_counts: Matrix,
    rows: Index,
    offsets: Index,
    design: Design,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> SwitchScores:
    """Return the switch coordinate of every gene: CLR of its isoform usage, covariates out, first principal axis.

    transcript_counts: (n_transcripts, n_samples), ≥ 0, finite. rows: transcript rows in gene order; offsets:
    (n_genes + 1,) into ``rows``, every gene with at least 2 transcripts. The formula is in
    ``isograph.kernels.composition.composition_axes``.
    """
    from isograph.kernels.composition import composition_axes

    n_genes = len(offsets) - 1
    scores = np.empty((n_genes, transcript_counts.shape[1]))
    loadings = np.empty(len(rows))
    scales = np.empty(n_genes)

    def task(start: int, stop: int) -> None:
        composition_axes(transcript_counts, rows, offsets, design.basis, start, stop, scores, loadings, scales)

    run_chunks(task, n_genes, chunk=GENES_PER_CHUNK, threads=threads, progress=progress)
    return SwitchScores(scores=scores, loadings=loadings, varies=scales > 0.0)

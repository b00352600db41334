"""The switch channel: how the isoforms of a gene share its expression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.covariate import Design
from isograph.runtime.threads import run_chunks

GENES_PER_CHUNK = 256


def switch_scores(
    transcript_counts: Matrix,
    rows: Index,
    offsets: Index,
    design: Design,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Matrix, Vector, Flags]:
    """Return the switch scores of every gene, the loadings of its transcripts, and which genes vary.

    The score is the coordinate on the first principal axis of the CLR of isoform usage, covariates projected out; the
    formula is in ``isograph.kernels.composition.composition_axes``.

    transcript_counts: (n_transcripts, n_samples), ≥ 0, finite. rows: transcript rows in gene order; offsets:
    (n_genes + 1,) into ``rows``, every gene with at least 2 transcripts.

    The scores are (n_genes, n_samples), z-scored, 0 in a gene that does not vary; the loadings are (len(rows),), the
    axis of each gene in the order of ``rows``; a gene varies, (n_genes,), unless its composition is constant.
    """
    from isograph.kernels.composition import composition_axes

    n_genes = len(offsets) - 1
    scores = np.empty((n_genes, transcript_counts.shape[1]))
    loadings = np.empty(len(rows))
    scales = np.empty(n_genes)

    def task(start: int, stop: int) -> None:
        composition_axes(transcript_counts, rows, offsets, design.basis, start, stop, scores, loadings, scales)

    run_chunks(task, n_genes, chunk=GENES_PER_CHUNK, threads=threads, progress=progress)
    return scores, loadings, scales > 0.0

"""The switch channel: how the isoforms of a gene share its expression, and whether that varies more than counting."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.special

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.abundance import gene_totals
from isograph.features.assays import Grouping
from isograph.features.covariate import Design
from isograph.runtime.threads import run_chunks
from isograph.stats import benjamini_hochberg

GENES_PER_CHUNK = 256
# Share of the largest |loading| from which a transcript counts as a part of the axis.
PART_OF_AXIS = 0.5
# Usage by which the major isoform has to lead those it trades places with, for the axis to be named after it.
CLEAR_LEAD = 0.1
# False discovery rate of "usage varies more than counting explains".
NOISE_FDR = 0.05
# What InfRV is of a transcript whose reads are its own beyond doubt.
INF_RV_SHIFT = 0.01


@dataclass(frozen=True, slots=True)
class SwitchScores:
    """The switch scores of the genes with two transcripts or more, and what is known of their noise.

    Attributes
    ----------
    scores : (n_genes, n_samples), z-scored; 0 in a gene that does not vary.
    loadings : (n_grouped_transcripts,), the axis of each gene, in the order of the grouped rows.
    varies : (n_genes,), False where usage is constant.
    noise : how much usage varies beyond counting; None where the values are no counts, or with ``clr_scores``.
    usage : by how much usage changes; None with ``clr_scores``.
    """

    scores: Matrix
    loadings: Vector
    varies: Flags
    noise: UsageNoise | None = None
    usage: UsageChange | None = None


@dataclass(frozen=True, slots=True)
class UsageNoise:
    """How much usage varies beyond counting.

    Attributes
    ----------
    dispersion : (n_genes,), overdispersion ρ of usage given the gene's totals, 0 for multinomial counts.
    pvalue, qvalue : (n_genes,), of usage varying no more than counting explains; NaN where it cannot be tested.
    """

    dispersion: Vector
    pvalue: Vector
    qvalue: Vector


@dataclass(frozen=True, slots=True)
class UsageChange:
    """By how much usage changes.

    Attributes
    ----------
    delta_usage : (n_genes,), largest change of a transcript's usage between low and high third of the score.
    minor_usage : (n_genes,), mean usage of the second most used transcript.
    """

    delta_usage: Vector
    minor_usage: Vector


def usage_scores(
    transcript_counts: Matrix,
    genes: Grouping,
    design: Design,
    *,
    are_counts: bool = True,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> SwitchScores:
    """Return the switch scores of every gene: first principal axis of isoform usage, covariates projected out.

    The formulas are in ``isograph.kernels.usage.usage_axes``. The p-value is that of the excess of the usage's
    variation over multinomial counts: its statistic is a sum of squares, taken for gamma with the expectation
    and variance that multinomial counts give it (Satterthwaite 1946, doi:10.2307/3002019). The axis is oriented so that
    the score rises with the share of the major isoform: of the transcripts with at least half of the largest |loading|,
    the most used one has a positive loading; where it does not lead those on the other side by 0.1, the first in
    natural order of ids has. Nothing depends on the order of rows.

    transcript_counts: (n_transcripts, n_samples), ≥ 0, finite; values that are proportional to expression (TPM) where
    ``are_counts`` is not set, and nothing is tested then. genes: every gene with at least 2 transcripts.
    """
    from isograph.kernels.usage import N_NOISE, orient_axes, usage_axes, usage_shifts

    offsets = genes.offsets
    n_genes = len(offsets) - 1
    order = _natural_order(genes.row_ids, offsets)
    rows = genes.rows[order]
    scores = np.empty((n_genes, transcript_counts.shape[1]))
    axes = np.empty(len(rows))
    scales = np.empty(n_genes)
    noise = np.empty((n_genes, N_NOISE))
    mean_usage = np.empty(len(rows))
    delta = np.empty(n_genes)

    def task(start: int, stop: int) -> None:
        usage_axes(transcript_counts, rows, offsets, design.basis, start, stop, scores, axes, scales, noise, mean_usage)
        orient_axes(axes, mean_usage, offsets, PART_OF_AXIS, CLEAR_LEAD, start, stop, scores)
        usage_shifts(transcript_counts, rows, offsets, design.basis, scores, start, stop, delta)

    run_chunks(task, n_genes, chunk=GENES_PER_CHUNK, threads=threads, progress=progress)
    loadings = np.empty_like(axes)
    loadings[order] = axes
    return SwitchScores(
        scores=scores,
        loadings=loadings,
        varies=scales > 0.0,
        noise=_usage_noise(*noise.T) if are_counts else None,
        usage=UsageChange(delta, _second_largest(mean_usage, offsets)),
    )


def _usage_noise(statistic: Vector, expected: Vector, variance: Vector, dispersion: Vector) -> UsageNoise:
    """Return the noise model of each gene from what ``usage_axes`` writes of it."""
    pvalue = np.full(len(statistic), np.nan)
    testable = (expected > 0.0) & (variance > 0.0)
    mean, spread = expected[testable], variance[testable]
    pvalue[testable] = scipy.special.gammaincc(mean**2 / spread, statistic[testable] * mean / spread)
    return UsageNoise(dispersion, pvalue, benjamini_hochberg(pvalue))


def unambiguous_counts(transcript_counts: Matrix, genes: Grouping, inferential_variance: Vector) -> Matrix:
    """Return counts that are worth as many reads of known origin, gene by gene; usage stays as it is.

    A quantifier that divides reads between isoforms is less sure of a transcript's count than counting alone, and its
    inferential replicates say by how much: their variance is φ times the count, φ = 1 + InfRV − 0.01 up to InfRV's
    shift (Zhu et al. 2019, doi:10.1093/nar/gkz622). n counts of overdispersion φ say as much as n / φ multinomial ones
    (Baldoni et al. 2024, doi:10.1093/nar/gkad1167). A gene's φ is the mean over its transcripts, weighed by their
    counts; a transcript whose InfRV is unknown (NaN) counts as 1.

    transcript_counts: (n_transcripts, n_samples). inferential_variance: (n_transcripts,).
    """
    overdispersion = 1.0 + np.maximum(np.nan_to_num(inferential_variance, nan=INF_RV_SHIFT) - INF_RV_SHIFT, 0.0)
    mean_counts = transcript_counts.mean(axis=1)
    weighted, total = (
        gene_totals(np.ascontiguousarray(values[:, None]), genes.rows, genes.offsets)[:, 0]
        for values in (mean_counts * overdispersion, mean_counts)
    )
    of_gene = np.where(total > 0.0, weighted / np.where(total > 0.0, total, 1.0), 1.0)
    scaled = transcript_counts.copy()
    scaled[genes.rows] /= np.repeat(of_gene, np.diff(genes.offsets))[:, None]
    return scaled


def clr_scores(
    transcript_counts: Matrix,
    genes: Grouping,
    design: Design,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> SwitchScores:
    """Return the switch scores of every gene as isograph 0.2.0 and the 0.1.5 program take them.

    First principal axis of the centred log-ratio of usage with pseudocount 0.5, covariates projected out; the largest
    |loading| is positive. The axis lies on rare transcripts, whose log-ratios are mostly counting noise, and the
    pseudocount lets a gene's own total into its usage: nothing is tested, and every gene that varies is taken. The
    formula is in ``isograph.kernels.composition.composition_axes``; arguments as in ``usage_scores``.
    """
    from isograph.kernels.composition import composition_axes

    rows, offsets = genes.rows, genes.offsets
    n_genes = len(offsets) - 1
    scores = np.empty((n_genes, transcript_counts.shape[1]))
    loadings = np.empty(len(rows))
    scales = np.empty(n_genes)

    def task(start: int, stop: int) -> None:
        composition_axes(transcript_counts, rows, offsets, design.basis, start, stop, scores, loadings, scales)

    run_chunks(task, n_genes, chunk=GENES_PER_CHUNK, threads=threads, progress=progress)
    return SwitchScores(scores, loadings, scales > 0.0)


def _natural_order(row_ids: Sequence[str], offsets: Index) -> Index:
    """Return the positions of the rows, gene by gene, in natural order of their ids: T2 before T10."""
    order = np.arange(len(row_ids))
    keys = [[int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", row_id)] for row_id in row_ids]
    for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        order[first:last] = sorted(range(first, last), key=lambda row: (keys[row], row_ids[row]))
    return order


def _second_largest(values: Vector, offsets: Index) -> Vector:
    """Return the second largest value of each group of two or more."""
    gene = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    ascending = values[np.lexsort((values, gene))]
    return ascending[offsets[1:] - 2]

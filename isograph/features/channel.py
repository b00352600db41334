"""Both channels in one matrix: one row per feature, in the order of gene ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.abundance import ROWS_AT_ONCE, gene_totals, log_cpm, residual_scores
from isograph.features.covariate import Design
from isograph.features.switch import switch_scores
from isograph.schemas import EXCLUDED_FEATURES, SWITCH_LOADINGS

ABUNDANCE = "abundance"
SWITCH = "switch"
NO_VARIATION = "constant"
TOO_FEW_OBSERVED = "constant or too few values"
SINGLE_ISOFORM = "single isoform"


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows of a matrix belong to which gene.

    Attributes
    ----------
    gene_ids : (n_genes,), ascending.
    rows : (n_rows,), matrix rows, gene by gene, in table order within a gene.
    offsets : (n_genes + 1,) into ``rows``.
    row_ids : (n_rows,), the transcript (or gene) id of each entry of ``rows``.
    """

    gene_ids: list[str]
    rows: Index
    offsets: Index
    row_ids: list[str]

    def at_least(self, size: int) -> Grouping:
        """Return the grouping of the genes with ``size`` rows or more."""
        sizes = np.diff(self.offsets)
        large = np.flatnonzero(sizes >= size)
        entries = np.flatnonzero(np.repeat(sizes >= size, sizes))
        return Grouping(
            gene_ids=[self.gene_ids[gene] for gene in large],
            rows=self.rows[entries],
            offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes[large], dtype=np.int64)]),
            row_ids=[self.row_ids[entry] for entry in entries],
        )


@dataclass(frozen=True, slots=True)
class Assays:
    """The matrices the channels are built from, with their grouping; None where the bundle has no such assay.

    Attributes
    ----------
    transcripts, transcript_counts : grouping and (n_transcripts, n_samples) counts.
    genes, gene_values : grouping (one row a gene) and (n_genes, n_samples) counts or log values.
    gene_values_are_log : ``gene_values`` are on a log scale already.
    counts_are_tpm : ``transcript_counts`` are TPM: usage is right, but nothing says how many reads it is of.
    """

    transcripts: Grouping | None
    transcript_counts: Matrix | None
    genes: Grouping | None
    gene_values: Matrix | None
    gene_values_are_log: bool = False
    counts_are_tpm: bool = False


@dataclass(frozen=True, slots=True)
class Channels:
    """Every feature the network is built from.

    Attributes
    ----------
    gene_ids : (n_genes,), ascending; the genes that carry at least one channel.
    gene_of : (n_features,), index into ``gene_ids``.
    is_switch : (n_features,).
    z : (n_features, n_samples), mean 0, sample sd 1, missing values 0 (the feature's mean).
    missing : (n_features, n_samples), or None where nothing is missing.
    n_transcripts : (n_features,), transcripts of the gene; 0 in a bundle without transcripts.
    residual_dof : degrees of freedom of a correlation between two features.
    loadings : ``gene_id``, ``transcript_id``, ``loading``.
    excluded : ``gene_id``, ``feature_type``, ``reason``: what carries no channel.
    """

    gene_ids: list[str]
    gene_of: Index
    is_switch: Flags
    z: Matrix
    missing: Flags | None
    n_transcripts: Index
    residual_dof: int
    loadings: pl.DataFrame
    excluded: pl.DataFrame

    @property
    def feature_types(self) -> list[str]:
        """``switch`` or ``abundance`` of each feature."""
        return [SWITCH if switch else ABUNDANCE for switch in self.is_switch]

    @property
    def feature_ids(self) -> list[str]:
        """``<gene>::switch`` or ``<gene>::abundance`` of each feature."""
        genes = self.gene_ids
        return [f"{genes[g]}::{t}" for g, t in zip(self.gene_of, self.feature_types, strict=True)]


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel of all genes that have its assay; ``reason`` says why a gene that does not vary is excluded."""

    feature_type: str
    gene_ids: list[str]
    scores: Matrix
    varies: Flags
    reason: str


def channels(
    assays: Assays,
    design: Design,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Channels:
    """Return the abundance and switch features of every gene that has them, covariates projected out."""
    parts = [_abundance_channel(assays, design)]
    loadings = pl.DataFrame(schema=SWITCH_LOADINGS.schema)
    if assays.transcripts is not None and assays.transcript_counts is not None:
        # A gene with one transcript has no composition that could change.
        genes = assays.transcripts.at_least(2)
        scores, weights, varies = switch_scores(
            assays.transcript_counts, genes.rows, genes.offsets, design, threads=threads, progress=progress
        )
        parts.append(_Channel(SWITCH, genes.gene_ids, scores, varies, NO_VARIATION))
        loadings = _loading_table(genes, weights, varies)
    return _combined(parts, assays.transcripts, design, loadings)


def _abundance_channel(assays: Assays, design: Design) -> _Channel:
    if assays.gene_values is not None and assays.genes is not None:
        gene_ids = assays.genes.gene_ids
        values = assays.gene_values[assays.genes.rows]
    elif assays.transcripts is not None and assays.transcript_counts is not None:
        gene_ids = assays.transcripts.gene_ids
        values = gene_totals(assays.transcript_counts, assays.transcripts.rows, assays.transcripts.offsets)
    else:
        raise ValueError("no assay to build the abundance channel from")
    if not assays.gene_values_are_log:
        values = log_cpm(values)
    scores, varies = residual_scores(values, design)
    reason = TOO_FEW_OBSERVED if assays.gene_values_are_log else NO_VARIATION
    return _Channel(ABUNDANCE, gene_ids, scores, varies, reason)


def _loading_table(genes: Grouping, weights: Vector, varies: Flags) -> pl.DataFrame:
    sizes = np.diff(genes.offsets)
    table = pl.DataFrame(
        {
            "gene_id": pl.Series(genes.gene_ids, dtype=pl.String).gather(np.repeat(np.arange(len(sizes)), sizes)),
            "transcript_id": pl.Series(genes.row_ids, dtype=pl.String),
            "loading": weights,
        }
    )
    return table.filter(pl.Series(np.repeat(varies, sizes)))


def _combined(parts: list[_Channel], transcripts: Grouping | None, design: Design, loadings: pl.DataFrame) -> Channels:
    """Return the varying features of all channels in one matrix ordered by gene id, abundance before switch."""
    varying = [(channel, np.flatnonzero(channel.varies)) for channel in parts]
    gene_ids = sorted({channel.gene_ids[row] for channel, rows in varying for row in rows})
    number = {gene: index for index, gene in enumerate(gene_ids)}
    gene_of = np.array([number[channel.gene_ids[row]] for channel, rows in varying for row in rows], dtype=np.int64)
    is_switch = np.concatenate([np.full(len(rows), channel.feature_type == SWITCH) for channel, rows in varying])
    order = np.lexsort((is_switch, gene_of))
    z = _ordered_scores(varying, order)
    missing = np.isnan(z)
    has_missing = bool(missing.any())
    if has_missing:
        z[missing] = 0.0
    return Channels(
        gene_ids=gene_ids,
        gene_of=gene_of[order],
        is_switch=is_switch[order],
        z=z,
        missing=missing if has_missing else None,
        n_transcripts=_transcript_numbers(gene_ids, transcripts)[gene_of[order]],
        residual_dof=design.residual_dof,
        loadings=loadings,
        excluded=_excluded(parts, transcripts),
    )


def _ordered_scores(varying: list[tuple[_Channel, Index]], order: Index) -> Matrix:
    """Return the given rows of the channels, one after the other, in ``order``.

    varying: channels and their rows. order: (n_features,), a permutation.
    """
    z = np.empty((len(order), varying[0][0].scores.shape[1]))
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    first = 0
    for channel, rows in varying:
        # NOTE: in blocks, as the scores are the largest matrix of a run and a copy of all would be too.
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = rows[start : start + ROWS_AT_ONCE]
            z[position[first + start : first + start + len(block)]] = channel.scores[block]
        first += len(rows)
    return z


def _transcript_numbers(gene_ids: list[str], transcripts: Grouping | None) -> Index:
    """Return how many transcripts each gene has, 0 for a gene that ``transcripts`` lacks."""
    if transcripts is None:
        return np.zeros(len(gene_ids), dtype=np.int64)
    sizes = dict(zip(transcripts.gene_ids, np.diff(transcripts.offsets).tolist(), strict=True))
    return np.array([sizes.get(gene, 0) for gene in gene_ids], dtype=np.int64)


def _excluded(parts: list[_Channel], transcripts: Grouping | None) -> pl.DataFrame:
    """Return the ``excluded_features`` table of genes and what channel they cannot carry."""
    rows = [
        (channel.gene_ids[row], channel.feature_type, channel.reason)
        for channel in parts
        for row in np.flatnonzero(~channel.varies)
    ]
    if transcripts is not None:
        singles = np.flatnonzero(np.diff(transcripts.offsets) == 1)
        rows += [(transcripts.gene_ids[gene], SWITCH, SINGLE_ISOFORM) for gene in singles]
    table = pl.DataFrame(rows, schema=EXCLUDED_FEATURES.schema, orient="row")
    return table.sort("gene_id", "feature_type", maintain_order=True)

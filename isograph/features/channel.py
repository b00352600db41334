"""The two channels put together: one row per feature, in the order of gene ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Index, Matrix
from isograph.features.abundance import ROWS_AT_ONCE, gene_totals, log_cpm, residual_scores
from isograph.features.covariate import Design
from isograph.features.switch import switch_scores

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
        kept = np.flatnonzero(np.diff(self.offsets) >= size)
        entries = [np.arange(self.offsets[gene], self.offsets[gene + 1]) for gene in kept]
        chosen = np.concatenate(entries) if entries else np.empty(0, dtype=np.int64)
        sizes = np.diff(self.offsets)[kept]
        return Grouping(
            gene_ids=[self.gene_ids[gene] for gene in kept],
            rows=self.rows[chosen],
            offsets=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)]),
            row_ids=[self.row_ids[entry] for entry in chosen],
        )


@dataclass(frozen=True, slots=True)
class Assays:
    """The matrices the channels are built from, with their grouping; None where the bundle has no such assay.

    Attributes
    ----------
    transcripts, transcript_counts : grouping and (n_transcripts, n_samples) counts.
    genes, gene_values : grouping (one row a gene) and (n_genes, n_samples) counts or log values.
    gene_values_are_log : ``gene_values`` are on a log scale already.
    """

    transcripts: Grouping | None
    transcript_counts: Matrix | None
    genes: Grouping | None
    gene_values: Matrix | None
    gene_values_are_log: bool = False


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
    is_switch: NDArray[np.bool_]
    z: Matrix
    missing: NDArray[np.bool_] | None
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
    feature_type: str
    gene_ids: list[str]
    scores: Matrix
    varies: NDArray[np.bool_]
    reason: str


def channels(
    assays: Assays,
    design: Design,
    *,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Channels:
    """Return the abundance and switch features of every gene that has them, covariates projected out."""
    abundance = _abundance_channel(assays, design)
    multi = assays.transcripts.at_least(2) if assays.transcripts is not None else None
    built = [abundance]
    loadings = pl.DataFrame(schema={"gene_id": pl.String, "transcript_id": pl.String, "loading": pl.Float64})
    if multi is not None and assays.transcript_counts is not None:
        switches = switch_scores(
            assays.transcript_counts, multi.rows, multi.offsets, design, threads=threads, progress=progress
        )
        built.append(_Channel(SWITCH, multi.gene_ids, switches.scores, switches.varies, NO_VARIATION))
        loadings = _loading_table(multi, switches.loadings, switches.varies)
    return _combined(built, assays.transcripts, design, loadings)


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


def _loading_table(multi: Grouping, loadings: NDArray[np.float64], varies: NDArray[np.bool_]) -> pl.DataFrame:
    sizes = np.diff(multi.offsets)
    kept = np.repeat(varies, sizes)
    frame = pl.DataFrame(
        {
            "gene_id": pl.Series(multi.gene_ids, dtype=pl.String).gather(np.repeat(np.arange(len(sizes)), sizes)),
            "transcript_id": pl.Series(multi.row_ids, dtype=pl.String),
            "loading": loadings,
        }
    )
    return frame.filter(pl.Series(kept))


def _combined(built: list[_Channel], transcripts: Grouping | None, design: Design, loadings: pl.DataFrame) -> Channels:
    """Put the channels' varying features into one matrix ordered by gene id, abundance before switch."""
    kept = [(channel, np.flatnonzero(channel.varies)) for channel in built]
    carrying = {channel.gene_ids[row] for channel, rows in kept for row in rows}
    gene_ids = sorted(carrying)
    number = {gene: index for index, gene in enumerate(gene_ids)}
    gene_of = np.array([number[channel.gene_ids[row]] for channel, rows in kept for row in rows], dtype=np.int64)
    is_switch = np.concatenate([np.full(len(rows), channel.feature_type == SWITCH) for channel, rows in kept])
    order = np.lexsort((is_switch, gene_of))
    z = _ordered_scores(kept, order)
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
        excluded=_excluded(built, transcripts),
    )


def _ordered_scores(kept: list[tuple[_Channel, Index]], order: Index) -> Matrix:
    """Return the kept rows of the channels, one after the other, in ``order``; no more than some rows are held twice.

    kept: channels and their rows. order: (n_features,), a permutation.
    """
    z = np.empty((len(order), kept[0][0].scores.shape[1]))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first = 0
    for channel, rows in kept:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            z[place[first + start : first + start + len(some)]] = channel.scores[some]
        first += len(rows)
    return z


def _transcript_numbers(gene_ids: list[str], transcripts: Grouping | None) -> Index:
    if transcripts is None:
        return np.zeros(len(gene_ids), dtype=np.int64)
    sizes = dict(zip(transcripts.gene_ids, np.diff(transcripts.offsets).tolist(), strict=True))
    return np.array([sizes.get(gene, 0) for gene in gene_ids], dtype=np.int64)


def _excluded(built: list[_Channel], transcripts: Grouping | None) -> pl.DataFrame:
    rows = [
        (channel.gene_ids[row], channel.feature_type, channel.reason)
        for channel in built
        for row in np.flatnonzero(~channel.varies)
    ]
    if transcripts is not None:
        singles = np.flatnonzero(np.diff(transcripts.offsets) == 1)
        rows += [(transcripts.gene_ids[gene], SWITCH, SINGLE_ISOFORM) for gene in singles]
    schema = {"gene_id": pl.String, "feature_type": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("gene_id", "feature_type", maintain_order=True)

"""Both channels in one matrix: one row per feature, in the order of gene ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import polars as pl

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.abundance import ROWS_AT_ONCE, gene_totals, log_cpm, residual_scores
from isograph.features.assays import Assays, Grouping
from isograph.features.covariate import Design
from isograph.features.switch import NOISE_FDR, SwitchScores, clr_scores, unambiguous_counts, usage_scores
from isograph.schemas import EXCLUDED_FEATURES, FEATURE_QUALITY, SWITCH_LOADINGS

ABUNDANCE = "abundance"
SWITCH = "switch"
NO_VARIATION = "constant"
TOO_FEW_OBSERVED = "constant or too few values"
SINGLE_ISOFORM = "single isoform"
COUNTING_NOISE = "usage varies no more than counting explains"
SMALL_CHANGE = "usage changes by less than"
DEPTH_TOLERANCE = 1e-10


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
    quality : the ``feature_quality`` table: every feature that could be, kept or not.
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
    quality: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FEATURE_QUALITY.schema))

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
    """One channel of all genes that have its assay.

    Attributes
    ----------
    scores : (n_genes, n_samples).
    reasons : (n_genes,), why a gene has no feature; None for one that has.
    quality : columns of ``feature_quality`` that only this channel fills, (n_genes,) each.
    """

    feature_type: str
    gene_ids: list[str]
    scores: Matrix
    reasons: list[str | None]
    quality: Mapping[str, Vector]


def channels(
    assays: Assays,
    design: Design,
    *,
    switch_score: str = "usage",
    min_delta_usage: float = 0.1,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Channels:
    """Return the abundance and switch features of every gene that has them, covariates projected out.

    switch_score: ``usage``, or ``clr`` for the score of isograph 0.2.0 without any test. A gene has a switch feature if
    its usage varies more than counting explains and by ``min_delta_usage`` at least.
    """
    abundance, depth = _abundance_channel(assays, design)
    parts = [abundance]
    loadings = pl.DataFrame(schema=SWITCH_LOADINGS.schema)
    if assays.transcripts is not None and assays.transcript_counts is not None:
        # A gene with one transcript has no composition that could change.
        genes = assays.transcripts.at_least(2)
        counts = assays.transcript_counts
        if switch_score == "clr":
            switches = clr_scores(counts, genes, design, threads=threads, progress=progress)
        else:
            are_counts = not assays.counts_are_tpm
            if assays.inferential_variance is not None:
                counts = unambiguous_counts(counts, genes, assays.inferential_variance)
            switches = usage_scores(counts, genes, design, are_counts=are_counts, threads=threads, progress=progress)
        counts = assays.transcript_counts
        reasons = _switch_reasons(switches, min_delta_usage)
        quality = {}
        if not assays.counts_are_tpm:
            means = counts.mean(axis=1, keepdims=True)
            quality["mean_count"] = gene_totals(means, genes.rows, genes.offsets)[:, 0]
        for known in (switches.noise, switches.usage):
            quality |= {} if known is None else asdict(known)
        parts.append(_Channel(SWITCH, genes.gene_ids, switches.scores, reasons, quality))
        loadings = _loading_table(genes, switches.loadings, [reason is None for reason in reasons])
    return _combined(parts, assays.transcripts, design, loadings, depth)


def _abundance_channel(assays: Assays, design: Design) -> tuple[_Channel, Vector | None]:
    """Return the abundance channel, and the log of the library sizes where values are counts."""
    if assays.gene_values is not None and assays.genes is not None:
        gene_ids = assays.genes.gene_ids
        values = assays.gene_values[assays.genes.rows]
    elif assays.transcripts is not None and assays.transcript_counts is not None:
        gene_ids = assays.transcripts.gene_ids
        values = gene_totals(assays.transcript_counts, assays.transcripts.rows, assays.transcripts.offsets)
    else:
        raise ValueError("no assay to build the abundance channel from")
    quality: dict[str, Vector] = {}
    depth = None
    if not assays.gene_values_are_log:
        quality["mean_count"] = values.mean(axis=1)
        depth = np.log(values.sum(axis=0))
        values = log_cpm(values)
    scores, varies = residual_scores(values, design)
    reason = TOO_FEW_OBSERVED if assays.gene_values_are_log else NO_VARIATION
    reasons: list[str | None] = [None if has_feature else reason for has_feature in varies]
    return _Channel(ABUNDANCE, gene_ids, scores, reasons, quality), depth


def _switch_reasons(switches: SwitchScores, min_delta_usage: float) -> list[str | None]:
    """Return why each gene has no switch feature, None for a gene that has one."""
    reasons: list[str | None] = [None if varies else NO_VARIATION for varies in switches.varies]
    if switches.usage is not None:
        for gene in np.flatnonzero(switches.varies & ~(switches.usage.delta_usage >= min_delta_usage)):
            reasons[gene] = f"{SMALL_CHANGE} {min_delta_usage:g}"
    if switches.noise is not None:
        for gene in np.flatnonzero(switches.varies & ~(switches.noise.qvalue <= NOISE_FDR)):
            reasons[gene] = COUNTING_NOISE
    return reasons


def _loading_table(genes: Grouping, weights: Vector, has_feature: Sequence[bool]) -> pl.DataFrame:
    sizes = np.diff(genes.offsets)
    table = pl.DataFrame(
        {
            "gene_id": pl.Series(genes.gene_ids, dtype=pl.String).gather(np.repeat(np.arange(len(sizes)), sizes)),
            "transcript_id": pl.Series(genes.row_ids, dtype=pl.String),
            "loading": weights,
        }
    )
    return table.filter(pl.Series(np.repeat(np.array(has_feature, dtype=np.bool_), sizes)))


def _combined(
    parts: list[_Channel], transcripts: Grouping | None, design: Design, loadings: pl.DataFrame, depth: Vector | None
) -> Channels:
    """Return the features of all channels in one matrix ordered by gene id, abundance before switch."""
    kept = [(channel, np.flatnonzero([reason is None for reason in channel.reasons])) for channel in parts]
    gene_ids = sorted({channel.gene_ids[row] for channel, rows in kept for row in rows})
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
        excluded=_excluded(parts, transcripts),
        quality=pl.concat([_quality(channel, design, depth) for channel in parts]).sort("gene_id", "feature_type"),
    )


def _quality(channel: _Channel, design: Design, depth: Vector | None) -> pl.DataFrame:
    """Return the rows of ``feature_quality`` of one channel. depth: (n_samples,), log of the library sizes."""
    n_genes = len(channel.gene_ids)
    known: dict[str, Vector] = dict(channel.quality)
    if depth is not None:
        left = depth - (depth @ design.basis.T) @ design.basis
        norm = np.linalg.norm(left)
        r = np.full(n_genes, np.nan)
        rows = np.flatnonzero([reason is None for reason in channel.reasons])
        if norm > DEPTH_TOLERANCE * np.abs(depth).max():
            # NOTE: scores have mean 0 and sample sd 1, so their norm is √(n − 1).
            r[rows] = channel.scores[rows] @ left / (norm * np.sqrt(len(depth) - 1))
        known["r_with_depth"] = r
    columns = {
        "feature_id": [f"{gene}::{channel.feature_type}" for gene in channel.gene_ids],
        "gene_id": channel.gene_ids,
        "feature_type": [channel.feature_type] * n_genes,
        "kept": [reason is None for reason in channel.reasons],
        "reason": channel.reasons,
    }
    table = pl.DataFrame(columns | {name: values.tolist() for name, values in known.items()})
    schema = FEATURE_QUALITY.schema
    return table.select(
        (pl.col(name) if name in table.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
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
        (gene, channel.feature_type, reason)
        for channel in parts
        for gene, reason in zip(channel.gene_ids, channel.reasons, strict=True)
        if reason is not None
    ]
    if transcripts is not None:
        singles = np.flatnonzero(np.diff(transcripts.offsets) == 1)
        rows += [(transcripts.gene_ids[gene], SWITCH, SINGLE_ISOFORM) for gene in singles]
    table = pl.DataFrame(rows, schema=EXCLUDED_FEATURES.schema, orient="row")
    return table.sort("gene_id", "feature_type", maintain_order=True)

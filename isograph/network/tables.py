"""The tables of a fit: gene edges, modules, eigengenes, hidden factors, feature scores and their summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from isograph.arrays import Index
from isograph.errors import shown
from isograph.features.channel import Channels
from isograph.network.modules import Modules
from isograph.network.result import Confounder, Network
from isograph.schemas import (
    EDGES,
    EIGENGENES,
    EXCLUDED_FEATURES,
    FEATURE_SCORES,
    HIDDEN_FACTORS,
    MODULE_SUMMARY,
    MODULES,
)

# Share of an eigengene's sum of squares above which one or two samples are most of a module.
FEW_SAMPLES_SHARE = 0.5


def gene_edges(channels: Channels, network: Network) -> pl.DataFrame:
    """Return the ``edges`` table of the network: one row per gene pair, weight the r of its strongest feature pair.

    Among feature pairs of equal |r| the one with the lower feature numbers stands for the genes.
    """
    genes = channels.gene_of
    swapped = genes[network.source] > genes[network.target]
    source = np.where(swapped, network.target, network.source)
    target = np.where(swapped, network.source, network.target)
    order = np.lexsort((target, source, -np.abs(network.weight), genes[target], genes[source]))
    source, target = source[order], target[order]
    pair = genes[source] * np.int64(len(channels.gene_ids)) + genes[target]
    strongest = np.ones(len(order), dtype=bool)
    strongest[1:] = pair[1:] != pair[:-1]
    source, target, number = source[strongest], target[strongest], order[strongest]
    gene_ids = pl.Series(channels.gene_ids, dtype=pl.String)
    feature_ids = pl.Series(channels.feature_ids, dtype=pl.String)
    feature_types = pl.Series(channels.feature_types, dtype=pl.String)
    return pl.DataFrame(
        {
            "source": gene_ids.gather(genes[source]),
            "target": gene_ids.gather(genes[target]),
            "weight": network.weight[number],
            "source_feature_id": feature_ids.gather(source),
            "target_feature_id": feature_ids.gather(target),
            "source_feature_type": feature_types.gather(source),
            "target_feature_type": feature_types.gather(target),
            "similarity": network.similarity[number],
        },
        schema=EDGES.schema,
    )


def module_table(channels: Channels, modules: Modules, gene_names: pl.DataFrame) -> pl.DataFrame:
    """Return the ``modules`` table: every gene in a module with its best feature's kME.

    gene_names: ``gene_id``, ``gene_name``, one row per gene that has a name.
    """
    member = np.flatnonzero(modules.module_of >= 0)
    best = modules.best_feature[member]
    table = pl.DataFrame(
        {
            "gene_id": pl.Series(channels.gene_ids, dtype=pl.String).gather(member),
            "module_id": pl.Series(modules.module_ids, dtype=pl.String).gather(modules.module_of[member]),
            "kme": modules.kme[best],
            "feature_type": pl.Series(channels.feature_types, dtype=pl.String).gather(best),
        }
    )
    return (
        table.lazy()
        .join(gene_names.lazy(), on="gene_id", how="left", validate="1:1", maintain_order="left")
        .select(list(MODULES.schema))
        .sort("module_id", -pl.col("kme").abs(), "gene_id")
        .collect(engine="in-memory")
    )


def with_gene_names(rows: pl.LazyFrame, gene_names: pl.DataFrame) -> pl.LazyFrame:
    """Return the rows of a table with a ``gene_id``, with ``gene_name`` as their last column; null where none is known.

    gene_names: ``gene_id``, ``gene_name``, one row per gene that has a name.
    """
    return rows.join(gene_names.lazy(), on="gene_id", how="left", validate="m:1", maintain_order="left")


def eigengene_table(modules: Modules, sample_ids: Sequence[str]) -> pl.DataFrame:
    """Return the ``eigengenes`` table, one row per module and sample."""
    columns = _profile_columns("module_id", modules.module_ids, sample_ids)
    return pl.DataFrame({**columns, "eigengene": modules.eigengenes.reshape(-1)}, schema=EIGENGENES.schema)


def few_sample_modules(eigengenes: pl.DataFrame) -> dict[str, str]:
    """Return the modules of which one or two samples are more than half, and those samples with their shares.

    A sample's share is the square of its eigengene, whose squares sum to 1. eigengenes: the table.
    """
    shares = eigengenes.select("module_id", "sample_id", share=pl.col("eigengene") ** 2)
    largest = shares.sort(-pl.col("share"), maintain_order=True).group_by("module_id", maintain_order=True).head(2)
    samples_of: dict[str, str] = {}
    for (module_id,), samples in sorted(largest.partition_by("module_id", as_dict=True, maintain_order=True).items()):
        if samples["share"].sum() > FEW_SAMPLES_SHARE:
            n_samples = 1 if samples["share"][0] > FEW_SAMPLES_SHARE else 2
            rows = samples.select("sample_id", "share").head(n_samples).iter_rows()
            samples_of[str(module_id)] = ", ".join(f"{shown(sample)} {share:.0%}" for sample, share in rows)
    return samples_of


def with_sample_notes(traits: pl.DataFrame, eigengenes: pl.DataFrame) -> pl.DataFrame:
    """Return the ``traits`` table with a reason in the rows of modules that are one or two samples above all."""
    notes = {
        module_id: f"the module is one or two samples for the most part: {samples}"
        for module_id, samples in few_sample_modules(eigengenes).items()
    }
    note = pl.col("module_id").replace_strict(notes, default=None, return_dtype=pl.String)
    reason = pl.concat_str(pl.col("reason"), note, separator="; ", ignore_nulls=True)
    return traits.with_columns(reason=pl.when(note.is_not_null()).then(reason).otherwise("reason"))


def hidden_factor_table(confounders: Sequence[Confounder], sample_ids: Sequence[str]) -> pl.DataFrame:
    """Return the ``hidden_factors`` table, one row per confounder and sample."""
    columns = _profile_columns("factor_id", factor_ids(confounders), sample_ids)
    scores = [confounder.score for confounder in confounders]
    removed = [confounder.removed for confounder in confounders]
    return pl.DataFrame(
        {
            **columns,
            "score": np.concatenate([np.empty(0), *scores]),
            "removed": np.repeat(np.array(removed, dtype=np.bool_), len(sample_ids)),
        },
        schema=HIDDEN_FACTORS.schema,
    )


def factor_ids(confounders: Sequence[Confounder]) -> list[str]:
    """Return the ids of the confounders: ``H1`` was found first."""
    return [f"H{number}" for number in range(1, len(confounders) + 1)]


def _profile_columns(name: str, ids: Sequence[str], sample_ids: Sequence[str]) -> dict[str, pl.Series]:
    """Return the two key columns of a long table with one row per id and sample."""
    n, n_samples = len(ids), len(sample_ids)
    return {
        name: pl.Series(ids, dtype=pl.String).gather(np.repeat(np.arange(n), n_samples)),
        "sample_id": pl.Series(sample_ids, dtype=pl.String).gather(np.tile(np.arange(n_samples), n)),
    }


def feature_score_table(channels: Channels, sample_ids: Sequence[str]) -> pl.DataFrame:
    """Return the ``feature_scores`` table; a missing value is NaN in it."""
    scores = channels.z if channels.missing is None else np.where(channels.missing, np.nan, channels.z)
    table = pl.DataFrame(
        {
            "feature_id": channels.feature_ids,
            "gene_id": pl.Series(channels.gene_ids, dtype=pl.String).gather(channels.gene_of),
            "feature_type": channels.feature_types,
            "n_transcripts": channels.n_transcripts,
        },
        schema=FEATURE_SCORES.schema,
    )
    columns = [pl.Series(sample, np.ascontiguousarray(scores[:, i])) for i, sample in enumerate(sample_ids)]
    return table.with_columns(columns)


def excluded_table(channels: Channels, network: Network) -> pl.DataFrame:
    """Return the ``excluded_features`` table: genes without a channel, and features that the backend left out."""
    features = list(network.excluded)
    left_out = pl.DataFrame(
        {
            "gene_id": [channels.gene_ids[channels.gene_of[feature]] for feature in features],
            "feature_type": [channels.feature_types[feature] for feature in features],
            "reason": list(network.excluded.values()),
        },
        schema=EXCLUDED_FEATURES.schema,
    )
    return pl.concat([channels.excluded, left_out]).sort("gene_id", "feature_type") if features else channels.excluded


def module_colors(modules: Modules, network: Network) -> list[str | None]:
    """Return the colour name of each module, None where the backend has none."""
    if not network.colors:
        return [None] * len(modules.module_ids)
    community = np.empty(len(modules.module_ids), dtype=np.int64)
    inside = modules.feature_module >= 0
    community[modules.feature_module[inside]] = network.community_of[inside]
    return [network.colors[number] for number in community]


def summary_table(
    modules: Modules,
    channels: Channels,
    module_rows: pl.DataFrame,
    edges: pl.DataFrame,
    *,
    colors: Sequence[str | None] | None = None,
) -> pl.DataFrame:
    """Return the ``module_summary`` table from the ``modules`` and ``edges`` tables; colors: one per module."""
    numbers = np.arange(len(modules.module_ids))
    by_feature = pl.DataFrame(
        {
            "module_id": pl.Series(modules.module_ids, dtype=pl.String),
            "n_switch_features": _counts(modules.feature_module[channels.is_switch], len(numbers)),
            "n_abundance_features": _counts(modules.feature_module[~channels.is_switch], len(numbers)),
            "variance_explained": modules.explained,
            "top_sample_share": (modules.eigengenes**2).max(axis=1, initial=0.0),
            "effective_samples": 1.0 / np.maximum((modules.eigengenes**4).sum(axis=1), np.finfo(np.float64).tiny),
            "wgcna_color": pl.Series(colors or [None] * len(numbers), dtype=pl.String),
        }
    )
    by_gene = (
        module_rows.lazy()
        .group_by("module_id", maintain_order=True)
        .agg(
            n_genes=pl.len().cast(pl.Int64),
            hub_gene=pl.col("gene_id").first(),
            mean_abs_kme=pl.col("kme").abs().mean(),
            n_up=(pl.col("kme") > 0.0).sum().cast(pl.Int64),
            n_down=(pl.col("kme") < 0.0).sum().cast(pl.Int64),
        )
    )
    return (
        by_feature.lazy()
        .join(by_gene, on="module_id", how="left", validate="1:1", maintain_order="left")
        .join(_inner_edges(module_rows, edges), on="module_id", how="left", validate="1:1", maintain_order="left")
        .with_columns(pl.col("n_edges").fill_null(0))
        .select(list(MODULE_SUMMARY.schema))
        .collect(engine="in-memory")
    )


def _inner_edges(module_rows: pl.DataFrame, edges: pl.DataFrame) -> pl.LazyFrame:
    """Return how many edges each module has between its own genes; a module without one has no row."""
    home = module_rows.lazy().select("gene_id", "module_id")
    return (
        edges.lazy()
        .select("source", "target")
        .join(home, left_on="source", right_on="gene_id", how="inner", validate="m:1", maintain_order="left")
        .join(
            home, left_on="target", right_on="gene_id", how="inner", validate="m:1", maintain_order="left", suffix="_t"
        )
        .filter(pl.col("module_id") == pl.col("module_id_t"))
        .group_by("module_id", maintain_order=True)
        .agg(n_edges=pl.len().cast(pl.Int64))
    )


def _counts(numbers: Index, n: int) -> Index:
    """Return how often each number below ``n`` occurs; −1 stands for none."""
    return np.bincount(numbers[numbers >= 0], minlength=n)[:n].astype(np.int64)

"""Which channel drives each gene's membership of its module."""

from __future__ import annotations

import numpy as np
import polars as pl

from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Vector
from isograph.network.eigengene import community_eigengenes
from isograph.network.membership import Modules
from isograph.network.pairs import pair_correlations
from isograph.schemas import MODULE_GENE_ROLES

ACTIVE_R = 0.2
MIN_CHANNEL_FEATURES = 3


def gene_roles(channels: Channels, modules: Modules, *, threads: int) -> pl.DataFrame:
    """Return the ``module_gene_roles`` table.

    ``switch_r`` and ``abundance_r``: Pearson r of the gene's feature of that channel with the eigengene of the
    module's features of that channel. Of fewer than 3 features no eigengene is made, as a gene would be compared with
    little but itself: those features are compared with the eigengene of the whole module, other genes have null, as
    they have where the gene or the module has no feature of the channel. A channel is active at |r| ≥ 0.2.
    Both active: coupled if the two features correlate with r ≥ 0.2, else discordant. One active: that channel only.
    """
    abundance = _feature_of_gene(channels, ~channels.is_switch)
    switch = _feature_of_gene(channels, channels.is_switch)
    member = np.flatnonzero(modules.module_of >= 0)
    r = _channel_membership(channels, modules, threads=threads)
    both = np.flatnonzero((abundance >= 0) & (switch >= 0))
    between = np.full(len(channels.gene_ids), np.nan)
    between[both] = pair_correlations(channels.z, abundance[both], switch[both], threads=threads)
    columns = {
        "module_id": pl.Series(modules.module_ids, dtype=pl.String).gather(modules.module_of[member]),
        "gene_id": pl.Series(channels.gene_ids, dtype=pl.String).gather(member),
        "switch_r": _taken(r, switch[member]),
        "abundance_r": _taken(r, abundance[member]),
        "switch_abundance_r": between[member],
    }
    return _with_roles(pl.DataFrame(columns).lazy()).collect(engine="in-memory")


def _with_roles(memberships: pl.LazyFrame) -> pl.LazyFrame:
    switch_active = pl.col("switch_r").abs().ge(ACTIVE_R).fill_null(value=False)
    abundance_active = pl.col("abundance_r").abs().ge(ACTIVE_R).fill_null(value=False)
    role = (
        pl.when("switch_active", "abundance_active", pl.col("switch_abundance_r") >= ACTIVE_R)
        .then(pl.lit("coupled"))
        .when("switch_active", "abundance_active")
        .then(pl.lit("discordant"))
        .when("switch_active")
        .then(pl.lit("switch_only"))
        .when("abundance_active")
        .then(pl.lit("abundance_only"))
        .otherwise(pl.lit("inactive"))
    )
    return (
        memberships.with_columns(pl.col("switch_r", "abundance_r", "switch_abundance_r").fill_nan(None))
        .with_columns(switch_active=switch_active, abundance_active=abundance_active)
        .with_columns(module_role=role)
        .select(list(MODULE_GENE_ROLES.schema))
        .sort("module_id", "gene_id")
    )


def _feature_of_gene(channels: Channels, chosen: np.ndarray) -> Index:
    """Return the chosen feature of each gene, −1 where it has none."""
    feature = np.full(len(channels.gene_ids), -1, dtype=np.int64)
    rows = np.flatnonzero(chosen)
    feature[channels.gene_of[rows]] = rows
    return feature


def _channel_membership(channels: Channels, modules: Modules, *, threads: int) -> Vector:
    """Return r of each feature with its gene's module eigengene of its own channel, NaN where there is none.

    The features of a channel that has fewer than 3 in the module have their r with the eigengene of the module.
    """
    from isograph.kernels.eigengene import kme

    part = np.where(modules.feature_module >= 0, 2 * modules.feature_module + channels.is_switch, -1)
    present = np.flatnonzero(np.bincount(part[part >= 0], minlength=1) >= MIN_CHANNEL_FEATURES)
    # NOTE: the last two entries are for features without a module, whose number is −1.
    number = np.full(2 * (len(modules.module_ids) + 1), -1, dtype=np.int64)
    number[present] = np.arange(len(present))
    components = community_eigengenes(channels.z, number[part], len(present), threads=threads).eigengenes
    module = modules.module_of[channels.gene_of]
    component_of = number[2 * module + channels.is_switch]
    r = np.empty(len(component_of))
    kme(channels.z, components, component_of, 0, len(component_of), r)
    return np.where(np.isnan(r) & (modules.feature_module >= 0), modules.kme, r)


def _taken(values: Vector, features: Index) -> Vector:
    return np.where(features >= 0, values[features], np.nan)

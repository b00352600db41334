"""Which channel drives each gene's membership of its module, by the rule of |r| ≥ 0.2 and by evidence."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.features.channel import Channels
from isograph.network.modules import Modules, community_eigengenes
from isograph.network.pairs import pair_correlations
from isograph.runtime.threads import run_calls
from isograph.schemas import MODULE_GENE_ROLES
from isograph.schemas.role import ABUNDANCE_ONLY, COUPLED, DISCORDANT, INACTIVE, SWITCH_ONLY
from isograph.stats import benjamini_hochberg, correlation_pvalue

ACTIVE_R = 0.2
MIN_CHANNEL_FEATURES = 3
# False discovery rate of "the channel follows the module", over the genes in modules, channel by channel.
SUPPORT_FDR = 0.05
ROUNDING = 1e-12


def gene_roles(channels: Channels, modules: Modules, *, threads: int) -> pl.DataFrame:
    """Return the ``module_gene_roles`` table.

    ``switch_r`` and ``abundance_r``: Pearson r of the gene's feature of that channel with the eigengene of the
    module's features of that channel. Fewer than 3 features make no eigengene, as a gene would be compared with little
    but itself: they are compared with the eigengene of the whole module instead, and the r of other genes is null. It
    is null too where the gene or the module has no feature of the channel. A channel is active at |r| ≥ 0.2.
    Both active: coupled if the two features correlate with r ≥ 0.2, else discordant. One active: that channel only.

    With 24 samples chance alone reaches |r| ≥ 0.2 in a third of cases, so the table says beside it what has evidence:
    ``switch_support_r`` and ``abundance_support_r`` are r with the eigengene of the whole module without the gene's own
    features, their p-values are corrected over all genes in modules (Benjamini–Hochberg, each channel by
    itself), and ``supported_role`` counts a channel as active at q ≤ 0.05. Both active: coupled if the gene's two
    features go the same way, else discordant.
    """
    abundance = _feature_of_gene(channels, ~channels.is_switch)
    switch = _feature_of_gene(channels, channels.is_switch)
    member = np.flatnonzero(modules.module_of >= 0)
    r = _channel_membership(channels, modules, threads=threads)
    both = np.flatnonzero((abundance >= 0) & (switch >= 0))
    between = np.full(len(channels.gene_ids), np.nan)
    between[both] = pair_correlations(channels.z, abundance[both], switch[both], threads=threads)
    support = _support(channels, modules, abundance, switch, threads=threads)
    columns = {
        "module_id": pl.Series(modules.module_ids, dtype=pl.String).gather(modules.module_of[member]),
        "gene_id": pl.Series(channels.gene_ids, dtype=pl.String).gather(member),
        "switch_abundance_r": between[member],
        "switch_abundance_pvalue": correlation_pvalue(between[member], channels.residual_dof),
    }
    for name, feature in (("switch", switch[member]), ("abundance", abundance[member])):
        support_r = _of_feature(support, feature)
        columns[f"{name}_r"] = _of_feature(r, feature)
        columns[f"{name}_support_r"] = support_r
        columns[f"{name}_qvalue"] = benjamini_hochberg(correlation_pvalue(support_r, channels.residual_dof))
    delta = channels.quality.filter("kept", pl.col("delta_usage").is_not_null()).select("gene_id", "delta_usage")
    table = pl.DataFrame(columns).join(delta, on="gene_id", how="left", validate="1:1", maintain_order="left")
    return _with_roles(table.lazy()).collect(engine="in-memory")


def _with_roles(memberships: pl.LazyFrame) -> pl.LazyFrame:
    measured = [name for name, dtype in MODULE_GENE_ROLES.schema.items() if dtype == pl.Float64]
    active = {f"{name}_active": pl.col(f"{name}_r").abs().ge(ACTIVE_R) for name in ("switch", "abundance")}
    supported = {f"{name}_supported": pl.col(f"{name}_qvalue") <= SUPPORT_FDR for name in ("switch", "abundance")}
    return (
        memberships.with_columns(pl.col(measured).fill_nan(None))
        .with_columns(**{name: flag.fill_null(value=False) for name, flag in (active | supported).items()})
        .with_columns(
            module_role=_role("switch_active", "abundance_active", pl.col("switch_abundance_r") >= ACTIVE_R),
            supported_role=_role("switch_supported", "abundance_supported", pl.col("switch_abundance_r") > 0.0),
        )
        .select(list(MODULE_GENE_ROLES.schema))
        .sort("module_id", "gene_id")
    )


def _role(switch: str, abundance: str, same_way: pl.Expr) -> pl.Expr:
    """Return the role of a gene whose channels are active as the two columns say."""
    return (
        pl.when(switch, abundance, same_way)
        .then(pl.lit(COUPLED))
        .when(switch, abundance)
        .then(pl.lit(DISCORDANT))
        .when(switch)
        .then(pl.lit(SWITCH_ONLY))
        .when(abundance)
        .then(pl.lit(ABUNDANCE_ONLY))
        .otherwise(pl.lit(INACTIVE))
    )


def _of_feature(values: Vector, feature: Index) -> Vector:
    """Return the value of each feature, NaN for −1."""
    return np.where(feature >= 0, values[feature], np.nan)


def _support(channels: Channels, modules: Modules, abundance: Index, switch: Index, *, threads: int) -> Vector:
    """Return r of each feature with the eigengene of its gene's module without the gene's own features.

    NaN where the gene is in no module, or nothing else is in it.

    abundance, switch: (n_genes,) feature of each channel, −1 for none.
    """
    from isograph.kernels.support import leave_gene_out

    module_of = modules.module_of[channels.gene_of]
    other_of = np.where(channels.is_switch, abundance[channels.gene_of], switch[channels.gene_of])

    def of_module(number: int) -> tuple[Index, Vector]:
        rows = np.flatnonzero(module_of == number)
        in_module = modules.feature_module[rows] == number
        unit = channels.z[rows] / np.linalg.norm(channels.z[rows], axis=1, keepdims=True)
        values, axes = _principal_axes(unit[in_module])
        other = other_of[rows]
        partner = np.where(other >= 0, np.searchsorted(rows, other), -1)
        r = np.empty(len(rows))
        leave_gene_out(values, unit @ axes, in_module, partner, 0, len(rows), r)
        return rows, r

    support = np.full(len(module_of), np.nan)
    for rows, r in run_calls(
        [partial(of_module, number) for number in range(len(modules.module_ids))], threads=threads
    ):
        support[rows] = r
    return support


def _principal_axes(unit: Matrix) -> tuple[Vector, Matrix]:
    """Return the eigenvalues of Σ zᵢzᵢᵀ over rows of norm 1, the largest first, and its axes, one per column."""
    n_features, n_samples = unit.shape
    if n_features < n_samples:
        values, vectors = np.linalg.eigh(unit @ unit.T)
        kept = values > ROUNDING * values[-1]
        axes = unit.T @ vectors[:, kept] / np.sqrt(values[kept])
    else:
        values, axes = np.linalg.eigh(unit.T @ unit)
        kept = values > ROUNDING * values[-1]
        axes = axes[:, kept]
    return values[kept][::-1].copy(), axes[:, ::-1]


def _feature_of_gene(channels: Channels, in_channel: Flags) -> Index:
    """Return each gene's feature of one channel, −1 where it has none. in_channel: (n_features,)."""
    feature = np.full(len(channels.gene_ids), -1, dtype=np.int64)
    rows = np.flatnonzero(in_channel)
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

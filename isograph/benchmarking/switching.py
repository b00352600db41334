"""What a fit calls switching where no gene switches, beside what chance gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.special

from isograph.arrays import Vector
from isograph.results.fit import Fit
from isograph.schemas.role import SWITCHING_ROLES

# NOTE: with fewer genes the mean |r| itself varies by more than the limit it is judged by: its standard error is about
# 0.75 × expectation / √genes, at 24 samples 0.012 with 100 genes.
LEAST_GENES = 100
SUPPORTED_ROLE = "supported_role"


@dataclass(frozen=True, slots=True)
class SwitchCalls:
    """What a fit calls switching.

    Attributes
    ----------
    n_switch_features : switch features of the network, those of excluded features left out.
    n_module_genes : genes in modules.
    switch_role_rate : share of them with a ``module_role`` in which the switch is active; 0 without modules.
    supported_switch_rate : the same by ``supported_role``; None for a fit without that column.
    n_with_both : genes with a feature of either channel.
    mean_abs_r : mean |Pearson r| between the two features of a gene; None without such genes.
    expected_abs_r : the mean |r| of independent channels at the residual degrees of freedom of the fit.
    """

    n_switch_features: int
    n_module_genes: int
    switch_role_rate: float
    supported_switch_rate: float | None
    n_with_both: int
    mean_abs_r: float | None
    expected_abs_r: float

    @property
    def switch_abundance_excess(self) -> float | None:
        """|mean − expected| of |r|; None where too few genes have both features."""
        if self.mean_abs_r is None or self.n_with_both < LEAST_GENES:
            return None
        return abs(self.mean_abs_r - self.expected_abs_r)


def switch_calls(fit: Fit, *, residual_dof: int) -> SwitchCalls:
    """Return what ``fit`` calls switching.

    residual_dof: of a correlation of two features before hidden confounders are removed, n − 2 − covariate columns.
    """
    roles = fit.module_gene_roles.collect(engine="in-memory")
    scores = fit.feature_scores.collect(engine="in-memory")
    factors = fit.hidden_factors.filter("removed").select("factor_id").unique().collect(engine="in-memory")
    r = _channel_correlations(scores)
    supported = _switching_share(roles, SUPPORTED_ROLE) if SUPPORTED_ROLE in roles.columns else None
    return SwitchCalls(
        n_switch_features=scores.filter(pl.col("feature_type") == "switch").height,
        n_module_genes=roles.height,
        switch_role_rate=_switching_share(roles, "module_role"),
        supported_switch_rate=supported,
        n_with_both=len(r),
        mean_abs_r=float(np.abs(r).mean()) if len(r) else None,
        expected_abs_r=mean_abs_correlation(residual_dof - factors.height),
    )


def mean_abs_correlation(dof: float) -> float:
    """Return E|R| of two independent variables: Γ((ν + 1)/2) / (√π Γ(ν/2 + 1)), ν degrees of freedom, 1 for none.

    R² ~ Beta(1/2, ν/2), so that E|R| = B(1, ν/2) / B(1/2, ν/2).
    """
    if dof <= 0:
        return 1.0
    return float(np.exp(scipy.special.betaln(1.0, dof / 2) - scipy.special.betaln(0.5, dof / 2)))


def _switching_share(roles: pl.DataFrame, column: str) -> float:
    share = roles.get_column(column).is_in(SWITCHING_ROLES).mean()
    return float(share) if isinstance(share, float) else 0.0


def _channel_correlations(scores: pl.DataFrame) -> Vector:
    """Return r between the two features of every gene that has both: (n_genes,); a missing value is the gene's mean."""
    samples = scores.columns[4:]
    by_channel = [
        scores.filter(pl.col("feature_type") == channel).select("gene_id", *samples)
        for channel in ("switch", "abundance")
    ]
    switch, abundance = (
        np.nan_to_num(
            channel.join(other.select("gene_id"), on="gene_id", how="semi", validate="m:m", maintain_order="left")
            .sort("gene_id")
            .select(samples)
            .to_numpy()
        )
        for channel, other in (by_channel, by_channel[::-1])
    )
    norms = np.linalg.norm(switch, axis=1) * np.linalg.norm(abundance, axis=1)
    return np.asarray((switch * abundance).sum(axis=1) / norms)

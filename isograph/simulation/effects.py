"""What moves each gene's channels in each sample: its module, its own noise, and what it shares with other genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Flags, Matrix, Vector
from isograph.simulation.genes import GenePlan
from isograph.simulation.samples import N_BATCHES, RIN_BEST, RIN_SD, SimulatedSamples, standardised
from isograph.simulation.spec import FixtureSpec


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects on the log scale of both channels.

    Attributes
    ----------
    log_abundance : (n_genes, n_samples), added to the log mean.
    log_odds : (n_genes, n_samples), times the gene's direction, added to the log odds of its isoforms.
    loss : (n_genes,), of log odds of the gene's longest isoform with a sd of RIN.
    damage : (n_samples,), how far below the best RIN the sample is, in sd of RIN, ≥ 0.
    """

    log_abundance: Matrix
    log_odds: Matrix
    loss: Vector
    damage: Vector


def gene_effects(
    spec: FixtureSpec, plan: GenePlan, samples: SimulatedSamples, activity: Matrix, rng: np.random.Generator
) -> Effects:
    """Return the effects on every gene.

    A channel that follows module m does so by sign × effect × (z_m + e), e ~ N(0, drive_noise²) of its own. The log
    odds of ``interaction_share`` of the switching genes have sign × strength × t besides, t the standardised product
    z_0 z_1, the same for all. Cell fraction (standardised) and batch act on every gene and both channels with normal
    loadings, N(0, strength²). Degradation takes log odds off a gene's isoforms in proportion to their rank by length:
    loss × damage from the longest, nothing from the shortest; loss ~ strength × Uniform(0, 2), mean strength.
    """
    shape = (spec.n_genes, spec.n_samples)
    planted_abundance, planted_odds, shared_abundance, shared_odds, lost = rng.spawn(5)
    log_abundance = _shared_effects(spec, samples, shared_abundance)
    log_odds = _shared_effects(spec, samples, shared_odds)
    if log_abundance is None or log_odds is None:
        log_abundance, log_odds = np.zeros(shape), np.zeros(shape)
    followed = _followed(spec, plan.abundant, plan, activity, planted_abundance)
    log_abundance[plan.abundant] += spec.abundance_effect * plan.abundance_sign[plan.abundant, None] * followed
    followed = spec.switch_effect * _followed(spec, plan.switches, plan, activity, planted_odds)
    if spec.interaction_strength > 0:
        touched = planted_odds.permutation(len(followed)) < round(spec.interaction_share * len(followed))
        followed += np.outer(touched, spec.interaction_strength * standardised(activity[0] * activity[1]))
    log_odds[plan.switches] += plan.switch_sign[plan.switches, None] * followed
    return Effects(
        log_abundance=log_abundance,
        log_odds=log_odds,
        loss=spec.degradation_strength * lost.uniform(0.0, 2.0, spec.n_genes),
        damage=(RIN_BEST - samples.rin) / RIN_SD,
    )


def _followed(spec: FixtureSpec, follows: Flags, plan: GenePlan, activity: Matrix, rng: np.random.Generator) -> Matrix:
    """Return the activity that each following gene sees, with noise of its own: (n_following, n_samples)."""
    if not follows.any():
        return np.empty((0, spec.n_samples))
    of_module = activity[plan.module_of[follows]]
    return np.asarray(of_module + spec.drive_noise * rng.standard_normal(of_module.shape))


def _shared_effects(spec: FixtureSpec, samples: SimulatedSamples, rng: np.random.Generator) -> Matrix | None:
    """Return the effects of cell fraction and batch on one channel, None where there are none."""
    if spec.composition_strength == 0 and spec.batch_strength == 0:
        return None
    by_cells, by_batch = rng.spawn(2)
    loadings = spec.composition_strength * by_cells.standard_normal(spec.n_genes)
    offsets = spec.batch_strength * by_batch.standard_normal((spec.n_genes, N_BATCHES))
    return np.asarray(np.outer(loadings, standardised(samples.cell_fraction)) + offsets[:, samples.batch])

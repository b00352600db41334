"""Counts: negative binomial totals of genes, divided among their isoforms."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Matrix
from isograph.simulation.effects import Effects
from isograph.simulation.genes import GenePlan, isoform_classes
from isograph.simulation.samples import SimulatedSamples
from isograph.simulation.spec import FixtureSpec

GENES_AT_ONCE = 1024
LARGEST_LOG_MEAN = float(np.log(1e9))
SMALLEST_SHARE = 1e-12


def gene_totals(
    spec: FixtureSpec,
    plan: GenePlan,
    effects: Effects,
    samples: SimulatedSamples,
    activity: Matrix,
    *,
    rng: np.random.Generator,
) -> Matrix:
    """Return the counts of each gene: (n_genes, n_samples).

    Poisson(μ × g) with log μ = log mean + log depth + effects, at most log 10⁹, and g ~ Gamma(size, 1 / size): a
    negative binomial of mean μ and variance μ + μ² / size. With ``balanced_noise``, the log share of the library of
    planted genes whose abundance is silent is made uncorrelated with the module in the sample. ``sampling`` expected:
    μ itself.
    """
    log_mean = plan.log_mean[:, None] + samples.log_depth + effects.log_abundance
    mean = np.exp(np.minimum(log_mean, LARGEST_LOG_MEAN))
    if spec.sampling == "expected":
        return np.asarray(mean)
    if np.isfinite(spec.dispersion):
        factor = rng.gamma(spec.dispersion, 1.0 / spec.dispersion, mean.shape)
        if spec.balanced_noise:
            silent = plan.planted & ~plan.abundant
            library = mean.sum(axis=0)
            factor[silent] = library * _balanced(factor[silent] / library, activity[plan.module_of[silent]])
        mean *= factor
    return rng.poisson(mean).astype(np.float64)


def transcript_counts(
    spec: FixtureSpec, plan: GenePlan, effects: Effects, totals: Matrix, activity: Matrix, *, rng: np.random.Generator
) -> Matrix:
    """Return the counts of each transcript, which add up to their gene's: (n_transcripts, n_samples).

    Expected usage is p = softmax(baseline + direction × log odds − loss × damage × rank), rank 1 for the longest
    isoform and 0 for the shortest: for two isoforms the logistic of their difference. Usage is Dirichlet(concentration
    × p), counts are multinomial. ``balanced_noise`` acts on the gamma variables of the Dirichlet. ``sampling``
    expected: total × p.
    """
    counts = np.empty((plan.offsets[-1], spec.n_samples))
    for k, genes in isoform_classes(plan.n_isoforms, largest=GENES_AT_ONCE):
        rows = plan.offsets[genes][:, None] + np.arange(k)
        if k == 1:
            counts[rows[:, 0]] = totals[genes]
            continue
        log_odds = plan.direction[rows][:, :, None] * effects.log_odds[genes][:, None, :]
        log_odds += plan.baseline[rows][:, :, None]
        if effects.loss.any():
            rank = np.linspace(1.0, 0.0, k)
            log_odds -= effects.loss[genes][:, None, None] * rank[None, :, None] * effects.damage
        log_odds -= log_odds.max(axis=1, keepdims=True)
        usage = _shares(np.exp(log_odds))
        if spec.sampling == "expected":
            counts[rows] = usage * totals[genes][:, None, :]
            continue
        if np.isfinite(spec.usage_concentration):
            silent = (plan.planted & ~plan.switches)[genes] & spec.balanced_noise
            usage = np.maximum(rng.standard_gamma(spec.usage_concentration * usage), np.finfo(np.float64).tiny)
            if silent.any():
                usage[silent] = _balanced(usage[silent], activity[plan.module_of[genes[silent]]][:, None, :])
            usage = _shares(usage)
        drawn = rng.multinomial(totals[genes].astype(np.int64), np.moveaxis(usage, 1, 2))
        counts[rows] = np.moveaxis(drawn, 2, 1)
    return counts


def _balanced(factor: Matrix, module_activity: Matrix) -> Matrix:
    """Return positive factors (…, n_samples) with the regression of their log on the activity taken out."""
    log_factor = np.log(np.maximum(factor, np.finfo(np.float64).tiny))
    slope = (log_factor * module_activity).mean(axis=-1, keepdims=True)
    return np.asarray(np.exp(log_factor - slope * module_activity))


def _shares(values: Matrix) -> Matrix:
    """Return values / their sum along axis 1, none below 10⁻¹²."""
    shares = np.maximum(values / values.sum(axis=1, keepdims=True), SMALLEST_SHARE)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))

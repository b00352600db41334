"""What every gene of a fixture is: its module, its role, its isoforms and the directions its channels move in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Flags, Index, Vector
from isograph.schemas.role import ABUNDANT_ROLES, ACTIVE_ROLES, BACKGROUND, COUPLED, DISCORDANT, SWITCHING_ROLES
from isograph.simulation.spec import FixtureSpec

BASELINE_SD = 0.2
EVEN_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class GenePlan:
    """The genes of a fixture, in the order of their ids.

    Attributes
    ----------
    module_of : (n_genes,), −1 for background.
    roles : (n_genes,), the planted role or ``background``.
    log_mean : (n_genes,), log of the mean count.
    n_isoforms : (n_genes,).
    offsets : (n_genes + 1,) into the transcripts, which are in gene order.
    baseline : (n_transcripts,), log odds of each isoform at rest.
    direction : (n_transcripts,), 0 in sum over a gene: how its log odds move when it switches.
    abundance_sign, switch_sign : (n_genes,), −1 or 1: which way the gene follows its module.
    """

    module_of: Index
    roles: NDArray[np.str_]
    log_mean: Vector
    n_isoforms: Index
    offsets: Index
    baseline: Vector
    direction: Vector
    abundance_sign: Vector
    switch_sign: Vector

    @property
    def planted(self) -> Flags:
        """(n_genes,), whether the gene is in a module."""
        return np.asarray(self.module_of >= 0)

    @property
    def switches(self) -> Flags:
        """(n_genes,), whether the gene's usage follows its module."""
        return np.isin(self.roles, SWITCHING_ROLES)

    @property
    def abundant(self) -> Flags:
        """(n_genes,), whether the gene's abundance follows its module."""
        return np.isin(self.roles, ABUNDANT_ROLES)


def gene_plan(spec: FixtureSpec, rng: np.random.Generator) -> GenePlan:
    """Return the genes of ``spec``.

    Modules take genes at random, so that no order tells them apart; their roles are apportioned by largest remainder.
    A switching gene with isoforms 1 … k moves along d, the log odds of its major isoform, which is the first, against
    the others: d_1 = 1/2 and d_i = −w_i / 2, Σ w = 1, w = 0.6 / (k − 1) + 0.4 × Dirichlet(1). The switch score rises
    with the share of the major isoform, and where none leads, of the first: along d.
    Abundance goes up in some of a module's genes and down in others so that their sum, and with it the library size,
    stays apart from the latent.
    In a coupled gene the share of the major isoform goes the way of its abundance, in a discordant one the other way.
    """
    n = spec.n_genes
    module_of, roles = _memberships(spec, rng)
    log_mean = np.log(spec.gene_mean) + spec.gene_mean_sd * rng.standard_normal(n)
    shares = np.array(spec.isoform_shares)
    several = rng.choice(np.arange(2, 2 + len(shares)), size=n, p=shares / shares.sum())
    single = ~np.isin(roles, SWITCHING_ROLES) & (rng.random(n) < spec.single_isoform_share)
    n_isoforms = np.where(single, 1, several).astype(np.int64)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(n_isoforms)])
    baseline, direction = _isoform_axes(spec, n_isoforms, offsets, rng)
    abundance_sign = _levelling_signs(module_of, np.isin(roles, ABUNDANT_ROLES), log_mean, rng)
    free = rng.choice(np.array([-1.0, 1.0]), size=n)
    follows = np.select([roles == COUPLED, roles == DISCORDANT], [1.0, -1.0], 0.0) * abundance_sign
    return GenePlan(
        module_of=module_of,
        roles=roles,
        log_mean=log_mean,
        n_isoforms=n_isoforms,
        offsets=offsets,
        baseline=baseline,
        direction=direction,
        abundance_sign=abundance_sign,
        switch_sign=np.where(follows == 0, free, follows),
    )


def isoform_classes(n_isoforms: Index, *, largest: int) -> list[tuple[int, Index]]:
    """Return (k, genes with k isoforms) for every k, in pieces of at most ``largest`` genes."""
    pieces = []
    for k in np.unique(n_isoforms):
        genes = np.flatnonzero(n_isoforms == k)
        pieces += [(int(k), genes[start : start + largest]) for start in range(0, len(genes), largest)]
    return pieces


def _memberships(spec: FixtureSpec, rng: np.random.Generator) -> tuple[Index, NDArray[np.str_]]:
    sizes = np.array(spec.module_sizes, dtype=np.int64)
    order = rng.permutation(spec.n_genes)[: sizes.sum()]
    module_of = np.full(spec.n_genes, -1, dtype=np.int64)
    module_of[order] = np.repeat(np.arange(len(sizes)), sizes)
    roles = np.full(spec.n_genes, BACKGROUND, dtype=f"<U{max(map(len, (*ACTIVE_ROLES, BACKGROUND)))}")
    shares = np.array([spec.role_shares.get(role, 0.0) for role in ACTIVE_ROLES])
    start = 0
    for size in spec.module_sizes:
        # Roles are apportioned by largest remainder: whole numbers that add up to the size of the module.
        exact = size * shares / shares.sum()
        counts = np.floor(exact + 1e-9).astype(np.int64)
        counts[np.argsort(counts - exact, kind="stable")[: size - counts.sum()]] += 1
        roles[order[start : start + size]] = np.repeat(ACTIVE_ROLES, counts)
        start += size
    return module_of, roles


def _isoform_axes(
    spec: FixtureSpec, n_isoforms: Index, offsets: Index, rng: np.random.Generator
) -> tuple[Vector, Vector]:
    """Return baseline log odds and switch direction of every transcript."""
    baseline = np.zeros(offsets[-1])
    direction = np.zeros(offsets[-1])
    for k, genes in isoform_classes(n_isoforms, largest=spec.n_genes):
        if k == 1:
            continue
        rows = offsets[genes][:, None] + np.arange(k)
        steps = np.log(spec.isoform_imbalance) * np.linspace(0.5, -0.5, k)
        ranked = rng.permuted(np.broadcast_to(steps, rows.shape), axis=1)
        log_odds = ranked + BASELINE_SD * rng.standard_normal(rows.shape)
        major = np.argmax(log_odds, axis=1)[:, None]
        baseline[rows] = np.take_along_axis(log_odds, (np.arange(k) + major) % k, axis=1)
        weights = EVEN_SHARE / (k - 1) + (1 - EVEN_SHARE) * rng.dirichlet(np.ones(k - 1), len(genes))
        direction[rows] = np.concatenate([np.ones((len(genes), 1)), -weights], axis=1) / 2
    return baseline, direction


def _levelling_signs(module_of: Index, abundant: Flags, log_mean: Vector, rng: np.random.Generator) -> Vector:
    """Return a sign for each abundant gene that keeps the signed sum of its module's means near 0; 1 for all others."""
    signs = np.ones(len(module_of))
    for module in range(int(module_of.max(initial=-1)) + 1):
        genes = np.flatnonzero(abundant & (module_of == module))
        total = rng.choice(np.array([-1.0, 1.0]))
        for gene in genes[np.argsort(-log_mean[genes], kind="stable")]:
            signs[gene] = -np.sign(total) or 1.0
            total += signs[gene] * np.exp(log_mean[gene])
    return signs

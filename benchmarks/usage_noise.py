"""Draw p-values of the noise model of usage where nothing switches, and the share of switches that it finds.

    python benchmarks/usage_noise.py

Writes docs/usage_noise.png. Genes have three isoforms with usage from a flat Dirichlet distribution, totals are Poisson
around a log-normal depth of each sample, and counts are multinomial; a switch moves usage between two groups of
samples, from the most used isoform to the next.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.features.assays import Grouping
from isograph.features.covariate import Design
from isograph.features.switch import SwitchScores, usage_scores

FIGURE = Path(__file__).resolve().parents[1] / "docs" / "usage_noise.png"
N_NULL, N_SWITCHING, N_SAMPLES, N_ISOFORMS = 5_000, 400, 24, 3
DEPTHS = (10, 30, 100, 1_000)
CHANGES = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
NOISE_FDR, LEAST_CHANGE = 0.05, 0.1


def counts(usage: Matrix, depth: float, rng: np.random.Generator) -> Matrix:
    """Return counts of genes one after the other. usage: (n_genes, n_samples, n_isoforms)."""
    n_genes = len(usage)
    per_sample = depth * rng.lognormal(0.0, 0.3, size=N_SAMPLES)
    totals = rng.poisson(per_sample * rng.lognormal(0.0, 0.3, size=(n_genes, N_SAMPLES)))
    drawn = rng.multinomial(totals, usage)
    return np.ascontiguousarray(drawn.transpose(0, 2, 1).reshape(-1, N_SAMPLES), dtype=np.float64)


def scored(transcript_counts: Matrix) -> SwitchScores:
    """Return the switch scores of genes with three isoforms."""
    n_rows = len(transcript_counts)
    gene_ids = [f"G{number}" for number in range(n_rows // N_ISOFORMS)]
    row_ids = [f"T{number}" for number in range(n_rows)]
    genes = Grouping(gene_ids, np.arange(n_rows), np.arange(0, n_rows + 1, N_ISOFORMS), row_ids)
    constant = Design(basis=np.full((1, N_SAMPLES), N_SAMPLES**-0.5), columns=())
    return usage_scores(transcript_counts, genes, constant, threads=2)


def null_usage(n_genes: int, rng: np.random.Generator) -> Matrix:
    """Return constant usage, the most used isoform first: (n_genes, n_samples, n_isoforms)."""
    usage = -np.sort(-rng.dirichlet(np.ones(N_ISOFORMS), size=n_genes), axis=1)
    return np.repeat(usage[:, None, :], N_SAMPLES, axis=1)


def share_found(change: float, depth: float, rng: np.random.Generator) -> float:
    """Return the share of switches by ``change`` that become features, among as many genes that do not switch."""
    usage = null_usage(2 * N_SWITCHING, rng)
    moved = np.minimum(change, usage[:N_SWITCHING, :, 0])
    moved[:, : N_SAMPLES // 2] = 0.0
    usage[:N_SWITCHING, :, 0] -= moved
    usage[:N_SWITCHING, :, 1] += moved
    result = scored(counts(usage, depth, rng))
    assert result.noise is not None
    assert result.usage is not None
    kept = (result.noise.qvalue <= NOISE_FDR) & (result.usage.delta_usage >= LEAST_CHANGE)
    return float(kept[:N_SWITCHING].mean())


def null_pvalues(depth: float, rng: np.random.Generator) -> Vector:
    """Return the p-values of genes that do not switch, ascending."""
    result = scored(counts(null_usage(N_NULL, rng), depth, rng))
    assert result.noise is not None
    return np.sort(result.noise.pvalue[np.isfinite(result.noise.pvalue)])


def main() -> None:
    """Draw the figure and print its numbers."""
    rng = np.random.default_rng(0)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for depth in DEPTHS:
        pvalues = null_pvalues(depth, rng)
        expected = (np.arange(len(pvalues)) + 0.5) / len(pvalues)
        left.plot(-np.log10(expected), -np.log10(pvalues), label=f"{depth:,} reads a gene")
        found = [share_found(change, depth, rng) for change in CHANGES]
        right.plot(CHANGES, found, marker="o", label=f"{depth:,} reads a gene")
        small = ", ".join(f"p ≤ {limit:g}: {(pvalues <= limit).mean():.4f}" for limit in (0.05, 0.01, 0.001))
        powers = ", ".join(f"{change:g}: {share:.2f}" for change, share in zip(CHANGES, found, strict=True))
        print(f"{depth:>5} reads a gene   {small}   found by dIF {powers}")
    left.axline((0, 0), slope=1, color="0.6", linewidth=1)
    left.set(xlabel="expected −log10 p", ylabel="observed −log10 p", title="No gene switches")
    right.set(xlabel="dIF", ylabel="share found", ylim=(0, 1.02), title="Half of the genes switch")
    right.legend(frameon=False)
    figure.savefig(FIGURE, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()

"""Write a synthetic bundle of any size, with modules planted in both channels, for timing.

    python benchmarks/synthetic_bundle.py OUT [--genes 12000] [--samples 240] [--modules 16] [--module-genes 75]

Every module has one latent value per sample. A quarter of its genes follow it by abundance, a quarter by isoform usage,
half by both. Genes outside modules have one transcript in nine of ten cases, and no structure.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle

ABUNDANCE_EFFECT = 0.9
SWITCH_EFFECT = 2.8
DISPERSION = 4.0
USAGE_CONCENTRATION = 60.0
SINGLE_ISOFORM_SHARE = 0.9


def synthetic_bundle(*, n_genes: int, n_samples: int, n_modules: int, module_genes: int, seed: int) -> Bundle:
    """Return a bundle with ``n_modules`` planted modules of ``module_genes`` genes each."""
    rng = np.random.default_rng(seed)
    module_of = np.full(n_genes, -1)
    module_of[: n_modules * module_genes] = np.repeat(np.arange(n_modules), module_genes)
    latent = rng.standard_normal((n_modules, n_samples))
    kind = rng.integers(0, 4, n_genes)
    by_abundance = (module_of >= 0) & (kind != 1)
    by_usage = (module_of >= 0) & (kind != 0)
    follows = np.where(module_of[:, None] >= 0, latent[module_of], 0.0)
    totals = _totals(rng, follows * by_abundance[:, None])
    single = (module_of < 0) & (rng.random(n_genes) < SINGLE_ISOFORM_SHARE)
    share = _first_isoform_share(rng, follows * by_usage[:, None])
    first = np.where(single[:, None], totals, np.round(totals * share))
    genes = [f"G{gene:06d}" for gene in range(n_genes)]
    transcripts = pl.DataFrame(
        {
            "transcript_id": [f"{gene}_T1" for gene in genes] + [f"{genes[g]}_T2" for g in np.flatnonzero(~single)],
            "gene_id": genes + [genes[g] for g in np.flatnonzero(~single)],
        }
    )
    planted = np.flatnonzero(module_of >= 0)
    return Bundle(
        dataset_name="synthetic",
        suite_name="benchmark",
        samples=pl.DataFrame(
            {
                "sample_id": [f"S{sample:05d}" for sample in range(n_samples)],
                "trait": latent[0] + rng.normal(0, 1, n_samples),
            }
        ),
        feature_tables={
            "gene": pl.DataFrame({"gene_id": genes}),
            "transcript": transcripts,
            "truth_module": pl.DataFrame({"gene_id": [genes[g] for g in planted], "module_id": module_of[planted]}),
        },
        matrices={"gene_counts": totals, "transcript_counts": np.concatenate([first, (totals - first)[~single]])},
    )


def _totals(rng: np.random.Generator, follows: np.ndarray) -> np.ndarray:
    """Return negative binomial gene totals around log-normal means. follows: (n_genes, n_samples) log effects."""
    mean = np.exp(rng.normal(5.5, 0.8, (len(follows), 1)) + ABUNDANCE_EFFECT * follows)
    return rng.poisson(rng.gamma(DISPERSION, mean / DISPERSION)).astype(np.float64)


def _first_isoform_share(rng: np.random.Generator, follows: np.ndarray) -> np.ndarray:
    """Return each gene's share of its first isoform, a logistic of the effect with beta noise."""
    centre = 1.0 / (1.0 + np.exp(-(rng.normal(0, 0.5, (len(follows), 1)) + SWITCH_EFFECT * follows)))
    centre = np.clip(centre, 0.01, 0.99)
    return rng.beta(centre * USAGE_CONCENTRATION, (1.0 - centre) * USAGE_CONCENTRATION)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--genes", type=int, default=12_000)
    parser.add_argument("--samples", type=int, default=240)
    parser.add_argument("--modules", type=int, default=16)
    parser.add_argument("--module-genes", type=int, default=75)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    bundle = synthetic_bundle(
        n_genes=asked.genes,
        n_samples=asked.samples,
        n_modules=asked.modules,
        module_genes=asked.module_genes,
        seed=asked.seed,
    )
    print(write_bundle(bundle, asked.out, overwrite=True))


if __name__ == "__main__":
    main()

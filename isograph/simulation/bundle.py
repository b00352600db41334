"""A fixture drawn from its spec, and the bundle of it with the planted truth."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph import __version__
from isograph.arrays import Matrix
from isograph.bundle.bundle import Bundle
from isograph.config.redraw import SEED_LIMIT
from isograph.config.values import value_text
from isograph.errors import ConfigError
from isograph.runtime.resources import require_memory
from isograph.simulation.counts import gene_totals, transcript_counts
from isograph.simulation.effects import gene_effects
from isograph.simulation.genes import GenePlan, gene_plan
from isograph.simulation.redraw import without_switching
from isograph.simulation.samples import SimulatedSamples, activities, simulated_samples
from isograph.simulation.spec import NOT_REDRAWN, FixtureSpec

LONGEST = 2000
LENGTH_STEP = 50
GENE_SPACING = 10_000
# NOTE: numbers held at once per gene and sample (means, effects, factors, totals), and per transcript and sample.
VALUES_PER_GENE = 6
VALUES_PER_TRANSCRIPT = 2


@dataclass(frozen=True, slots=True)
class Simulation:
    """A drawn fixture with what stays hidden in its bundle.

    Attributes
    ----------
    plan : the genes.
    samples : the samples, with all their covariates.
    activity : (n_modules, n_samples), mean 0 and sd 1 in every row.
    gene_counts : (n_genes, n_samples).
    transcript_counts : (n_transcripts, n_samples).
    """

    plan: GenePlan
    samples: SimulatedSamples
    activity: Matrix
    gene_counts: Matrix
    transcript_counts: Matrix


def simulated_bundle(spec: FixtureSpec, *, seed: int) -> Bundle:
    """Return the bundle of ``spec`` with planted truth; the same spec and seed give the same bundle.

    With ``redraw`` the counts of transcripts are drawn again without switching, and the truth is what is left of it.

    Raises
    ------
    ConfigError
        The seed is out of range, or a sample would have no counts.
    ResourceError
        It needs more memory than there is.
    """
    drawn = simulation(spec, seed=seed)
    plan = drawn.plan
    width = max(5, len(str(spec.n_genes - 1)))
    genes = pl.Series("gene_id", [f"G{gene:0{width}d}" for gene in range(spec.n_genes)], dtype=pl.String)
    gene_of = np.repeat(np.arange(spec.n_genes), plan.n_isoforms)
    isoforms = {"gene_id": genes.gather(gene_of), "isoform": 1 + np.arange(len(gene_of)) - plan.offsets[gene_of]}
    start = pl.int_range(spec.n_genes, dtype=pl.Int64, eager=True) * GENE_SPACING
    # NOTE: a field that came later is kept only where it says something, so that earlier fixtures keep their bytes.
    fields = {name: value for name, value in spec.values.items() if name != "redraw" or value != NOT_REDRAWN}
    bundle = Bundle(
        dataset_name=spec.name,
        suite_name=spec.suite,
        description=spec.description,
        samples=drawn.samples.table(spec.recorded_covariates),
        feature_tables={
            "gene": pl.DataFrame(
                {"gene_id": genes, "chrom": ["simulated"] * spec.n_genes, "start": start, "end": start + LONGEST}
            ),
            "transcript": pl.DataFrame(isoforms).select(
                pl.format("{}_T{}", "gene_id", "isoform").alias("transcript_id"),
                "gene_id",
                (LONGEST + LENGTH_STEP - LENGTH_STEP * pl.col("isoform")).alias("length"),
            ),
            **_truth_tables(genes, plan),
        },
        matrices={"gene_counts": drawn.gene_counts, "transcript_counts": drawn.transcript_counts},
        provenance={"generator": f"isograph {__version__}", "seed": str(seed)}
        | {name: value_text(value) for name, value in fields.items()},
    )
    return bundle if spec.redraw == NOT_REDRAWN else without_switching(bundle, spec.redraw, seed=seed)


def simulation(spec: FixtureSpec, *, seed: int) -> Simulation:
    """Return the fixture drawn from ``spec``.

    Fixtures of different names draw different numbers from the same seed, and each part of a fixture has a random
    stream of its own, so that a setting of one moves no other.
    """
    if not 0 <= seed < SEED_LIMIT:
        raise ConfigError(f"seed is {seed}, expected 0 to 2^32 − 1")
    mean_isoforms = sum(k * share for k, share in enumerate(spec.isoform_shares, start=2))
    values = spec.n_genes * spec.n_samples * (VALUES_PER_GENE + VALUES_PER_TRANSCRIPT * mean_isoforms)
    require_memory(
        int(8 * values),
        what=f"fixture '{spec.name}' of {spec.n_genes:,} genes × {spec.n_samples:,} samples",
        remedy="Simulate fewer genes or samples.",
    )
    streams = np.random.default_rng([seed, zlib.crc32(spec.name.encode())]).spawn(6)
    of_samples, of_activity, of_genes, of_effects, of_totals, of_usage = streams
    samples = simulated_samples(spec, of_samples)
    activity = activities(spec, samples, of_activity)
    plan = gene_plan(spec, of_genes)
    effects = gene_effects(spec, plan, samples, activity, of_effects)
    totals = gene_totals(spec, plan, effects, samples, activity, rng=of_totals)
    if empty := int((totals.sum(axis=0) == 0).sum()):
        raise ConfigError(f"fixture '{spec.name}': {empty} samples have no counts; raise gene_mean or n_genes")
    counts = transcript_counts(spec, plan, effects, totals, activity, rng=of_usage)
    return Simulation(plan=plan, samples=samples, activity=activity, gene_counts=totals, transcript_counts=counts)


def _truth_tables(genes: pl.Series, plan: GenePlan) -> dict[str, pl.DataFrame]:
    """Return every truth table in gene order; background genes have no module."""
    every = pl.DataFrame(
        {
            "gene_id": genes,
            "module_id": pl.Series(plan.module_of, dtype=pl.Int64),
            "truth_role": pl.Series(plan.roles.tolist(), dtype=pl.String),
            "has_switch": plan.switches,
            "has_abundance": plan.abundant,
        }
    ).with_columns(pl.when(pl.col("module_id") >= 0).then("module_id"))
    return {
        "truth_module": every.select("gene_id", "module_id").drop_nulls(),
        "truth_switch": every.select("gene_id", "has_switch"),
        "truth_abundance": every.select("gene_id", "has_abundance"),
        "truth_channel_role": every,
    }

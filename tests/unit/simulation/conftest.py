from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from isograph.features.assays import Assays, Grouping
from isograph.features.channel import Channels, channels
from isograph.features.covariate import covariate_design
from isograph.simulation.bundle import Simulation
from isograph.simulation.spec import FixtureSpec


@pytest.fixture
def spec() -> Callable[..., FixtureSpec]:
    """Make a spec of 200 genes and 60 samples with two modules and the given fields."""

    def made(**fields: object) -> FixtureSpec:
        sizes = {"name": "small", "suite": "mine", "n_genes": 200, "n_samples": 60, "module_sizes": (30, 20)}
        return FixtureSpec(**{**sizes, **fields})

    return made


@pytest.fixture
def features_of() -> Callable[[Simulation], Channels]:
    """Build both channels of a simulation."""

    def built(drawn: Simulation) -> Channels:
        plan = drawn.plan
        n_genes, n_transcripts = len(plan.module_of), int(plan.offsets[-1])
        gene_ids = [f"G{gene:05d}" for gene in range(n_genes)]
        transcripts = Grouping(gene_ids, np.arange(n_transcripts), plan.offsets, ["t"] * n_transcripts)
        genes = Grouping(gene_ids, np.arange(n_genes), np.arange(n_genes + 1), gene_ids)
        assays = Assays(transcripts, drawn.transcript_counts, genes, drawn.gene_counts, gene_values_are_log=False)
        return channels(assays, covariate_design(drawn.samples.table(()), ()), threads=2)

    return built

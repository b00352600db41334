"""The data sets on which choices are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from isograph.arrays import Index
from isograph.benchmarking.plan import REAL_NAME, REAL_SUITE, chosen_datasets
from isograph.benchmarking.run import truth_of, write_dataset
from isograph.benchmarking.stability import sample_halves
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.features.assays import Assays, bundle_assays
from isograph.features.channel import Channels, channels
from isograph.features.covariate import covariate_design
from isograph.pipeline.import_ import import_bundle

LARGEST_PLANTED = 900
STRESS = (
    "stress_interaction_2_on_75_v1", "stress_switching_05_v1", "stress_composition_v1",
    "stress_degradation_multiplex_v1",
)  # fmt: skip
NULL = ("null_200x20_v1", "null_200x200_v1", "null_1000x50_v1", "null_library_400x60_v1")
# NOTE: few, as every variant infers all of them; the reports of the suites have more.
SEEDS = {"planted": (0,), "stress": (0,), "null": (0, 1)}
N_SPLITS = 5
REAL_COVARIATES: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Features to infer modules of, and what is known of them.

    Attributes
    ----------
    group : planted, stress, null, real or halves; the two halves of a split follow one another.
    genes : every gene of the bundle.
    planted : gene → module; None where no truth is known.
    """

    name: str
    group: str
    seed: int
    features: Channels
    genes: list[str]
    planted: Mapping[str, str] | None


def simulated_cases(place: Path, threads: int) -> Iterator[Case]:
    """Yield every simulated case."""
    small = [
        dataset
        for dataset in chosen_datasets(("core_v1", "multiplex_v1"), ())
        if dataset.spec is not None and dataset.spec.n_genes <= LARGEST_PLANTED
    ]
    groups = {"planted": small, "stress": chosen_datasets((), STRESS), "null": chosen_datasets((), NULL)}
    for group, datasets in groups.items():
        for dataset, seed in product(datasets, SEEDS[group]):
            where = place / f"{dataset.name}-{seed}"
            bundle = write_dataset(dataset, where, seed=seed, importer=import_bundle)
            truth = truth_of(bundle, is_real=False)
            features = features_of(bundle, bundle_assays(bundle), (), threads)
            yield Case(dataset.name, group, seed, features, truth.genes, truth.planted)


def bundled_data(place: Path) -> Path:
    """Return the bundle of the real data that is kept with the fixtures."""
    (dataset,) = chosen_datasets((REAL_SUITE,), (REAL_NAME,))
    write_dataset(dataset, place / REAL_NAME, seed=0, importer=import_bundle)
    return place / REAL_NAME


def real_cases(path: Path, covariates: tuple[str, ...], threads: int) -> Iterator[Case]:
    """Yield all samples of a bundle, and then the halves of each split."""
    bundle = read_bundle(path)
    assays = bundle_assays(bundle)
    genes = truth_of(bundle, is_real=True).genes
    n_samples = bundle.samples.height
    halves = [half for split in sample_halves(n_samples, N_SPLITS, seed=0) for half in split]
    for group, samples in [("real", np.arange(n_samples)), *(("halves", half) for half in halves)]:
        features = features_of(*of_samples(bundle, assays, samples), covariates, threads)
        yield Case(bundle.dataset_name, group, 0, features, genes, None)


def features_of(bundle: Bundle, assays: Assays, covariates: tuple[str, ...], threads: int) -> Channels:
    """Return the features of a bundle, covariates projected out."""
    return channels(assays, covariate_design(bundle.samples, covariates), threads=threads)


def of_samples(bundle: Bundle, assays: Assays, samples: Index) -> tuple[Bundle, Assays]:
    """Return the bundle's sample table and the assays of some of its samples."""
    counts, values = assays.transcript_counts, assays.gene_values
    taken = replace(
        assays,
        transcript_counts=None if counts is None else np.ascontiguousarray(counts[:, samples]),
        gene_values=None if values is None else np.ascontiguousarray(values[:, samples]),
    )
    return replace(bundle, samples=bundle.samples[samples.tolist()]), taken

"""The choices of the ``factor`` backend and what could be in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.kernels._jit import Index
from isograph.network.partition import Candidate, Partition, partition, partition_candidates
from isograph.runtime.progress import Steps

DEFAULT = FactorConfig()
OTHER_SEED = 1000

Regroup = Callable[[Channels, FactorConfig, int, int], Index]


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of the default.

    Attributes
    ----------
    settings : the settings changed.
    regroup : gives the communities where the change is no setting; it gets the features as the default leaves them,
        without the hidden confounders that it removed.
    seed : added to the seed of the inference.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    regroup: Regroup | None = None
    seed: int = 0

    @property
    def config(self) -> FactorConfig:
        """The default with the change."""
        return replace(DEFAULT, **self.settings)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that could be otherwise, why it is as it is, and its alternatives."""

    name: str
    default: str
    told: str
    variants: tuple[Variant, ...]


def settings_of(name: str, values: Sequence[Any], shown: str = "{}") -> tuple[Variant, ...]:
    """Return one variant for each value of a setting that is not its default."""
    return tuple(Variant(shown.format(value), {name: value}) for value in values if value != getattr(DEFAULT, name))


def lowest_criterion(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return the communities of the partition that the default takes."""
    return partition(features, config, seed=seed, threads=threads, steps=Steps(logged=False)).chosen.community_of


def one_run_per_cut(features: Channels, config: FactorConfig, seed: int, threads: int) -> Partition:
    """Return the partitions that one Leiden run on the graph of every cut gives."""
    return partition(features, replace(config, restarts=1), seed=seed, threads=threads, steps=Steps(logged=False))


def chosen_by(score: Callable[[Partition, Candidate], float]) -> Regroup:
    """Return the communities of the cut with the highest score."""

    def regroup(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
        found = one_run_per_cut(features, config, seed, threads)
        return max(found.candidates, key=partial(score, found)).community_of

    return regroup


def modularity(found: Partition, candidate: Candidate) -> float:
    """Return Σ over communities of (weight inside)/W − (degree/2W)², W the weight of the graph of the cut.

    A feature that is in no community is one of its own. Newman & Girvan 2004, Phys Rev E 69:026113,
    doi:10.1103/PhysRevE.69.026113, eq. 5, weighted.
    """
    kept = found.similarity >= candidate.cut
    if not kept.any():
        return 0.0
    weight = found.similarity[kept]
    alone = candidate.n_modules + np.arange(len(candidate.community_of))
    community = np.where(candidate.community_of >= 0, candidate.community_of, alone)
    a, b = community[found.pairs.source[kept]], community[found.pairs.target[kept]]
    degree = np.bincount(a, weight, minlength=alone[-1] + 1) + np.bincount(b, weight, minlength=alone[-1] + 1)
    return float(weight[a == b].sum() / weight.sum() - ((degree / degree.sum()) ** 2).sum())


def most_modules(_: Partition, candidate: Candidate) -> float:
    """Return the number of modules; of equals the lowest cut is taken."""
    return float(candidate.n_modules)


def most_features(_: Partition, candidate: Candidate) -> float:
    """Return how many features are in a module."""
    return float((candidate.community_of >= 0).sum())


def criterion(found: Partition, candidate: Candidate) -> float:
    """Return the criterion of the default, so that higher is better."""
    return -candidate.bic


def lighter_penalty(found: Partition, candidate: Candidate) -> float:
    """Return the criterion with 2 in place of log p: Akaike's penalty of a score per module and sample."""
    p = max(1, len(found.paired))
    return -(candidate.bic - candidate.n_modules * found.n_samples * (float(np.log(p)) - 2.0))


def first_order(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return the communities found with |r| as weight and cut, all else as in the default."""
    pairs = one_run_per_cut(features, config, seed, threads).pairs
    wider = replace(config, similarity_cuts=(0.0, *config.similarity_cuts))
    candidates = partition_candidates(
        features, wider, pairs, np.abs(pairs.r), seed=seed, threads=threads, progress=lambda done, total: None
    )
    return min(candidates, key=lambda candidate: candidate.bic).community_of


CHOICES = (
    Choice(
        "seed",
        "that of the run",
        "Leiden is a search with a seed. Another one is no choice, but shows how much below is chance.",
        (Variant("another", seed=OTHER_SEED),),
    ),
    Choice(
        "neighbours",
        str(DEFAULT.neighbours),
        "The strongest partners kept for each feature bound time and memory whatever the data.",
        settings_of("neighbours", (20, 60, 120, 240)),
    ),
    Choice(
        "fdr",
        f"{DEFAULT.fdr:g}",
        "The share of the kept pairs that chance may explain sets the correlation at which the network begins: the "
        "larger it is, the more genes are in modules, those that belong there and those that do not.",
        settings_of("fdr", (1e-2, 1e-3, 1e-4, 1e-6), "{:g}"),
    ),
    Choice(
        "edge weight",
        "second-order similarity",
        "The graph is cut by, and weighted with, how alike the correlation profiles of two features are; the plain "
        "alternative is |r| itself.",
        (Variant("|r|", regroup=first_order),),
    ),
    Choice(
        "similarity cut",
        "the best of " + ", ".join(map(str, DEFAULT.similarity_cuts)),
        "One cut does not fit every data set, so that several are tried and the criterion chooses.",
        tuple(Variant(f"{cut} only", {"similarity_cuts": (cut,)}) for cut in (0.3, 0.5, 0.7, 0.9)),
    ),
    Choice(
        "criterion",
        "n Σ log(1 − kME²) + M · n · log p, lowest",
        "What decides between the cuts. The alternatives run Leiden once for each cut; so does the first row, with the "
        "criterion of the default, which is what they compare with.",
        (
            Variant("as the default, one run", regroup=chosen_by(criterion)),
            Variant("penalty 2 M n", regroup=chosen_by(lighter_penalty)),
            Variant("highest modularity", regroup=chosen_by(modularity)),
            Variant("most modules", regroup=chosen_by(most_modules)),
            Variant("most features in modules", regroup=chosen_by(most_features)),
        ),
    ),
    Choice(
        "resolution",
        f"{DEFAULT.resolution:g}",
        "Leiden's resolution moves the size of modules: lower is broader, higher is finer. 1 is plain modularity.",
        settings_of("resolution", (0.25, 0.5, 1.0, 2.0), "{:g}"),
    ),
    Choice(
        "restarts",
        f"up to {DEFAULT.restarts}",
        "Leiden runs on the best graph from further seeds, while they lower the criterion. The search for hidden "
        "confounders makes one run whatever the setting, so that only the last partition differs.",
        tuple(replace(variant, regroup=lowest_criterion) for variant in settings_of("restarts", (1, 9, 33))),
    ),
    Choice(
        "min_kme",
        f"{DEFAULT.min_kme:g}",
        "The correlation with the eigengene that a gene must reach to stay in its module.",
        settings_of("min_kme", (0.0, 0.3, 0.5), "{:g}"),
    ),
    Choice(
        "min_module_size",
        str(DEFAULT.min_module_size),
        "The genes a module must have.",
        settings_of("min_module_size", (2, 3, 5)),
    ),
    Choice(
        "hidden confounders",
        "removed by rule",
        "Factors that many modules share are searched for and taken out where the criterion falls and the search comes "
        "to an end. The alternatives never remove one, or remove one wherever one is found, whatever the rule says.",
        (Variant("never", {"remove_factors": 0}), Variant("one, without the rule", {"remove_factors": 1})),
    ),
)

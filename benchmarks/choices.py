"""The choices of the ``factor`` backend and what could be in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from isograph.arrays import Index
from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.network.communities import Division, best_division, division_of_lowest_bic, lasting_modules
from isograph.network.pairs import SimilarPairs, similar_pairs
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
    reason: str
    variants: tuple[Variant, ...]


def settings_of(name: str, values: Sequence[Any], shown: str = "{}") -> tuple[Variant, ...]:
    """Return one variant for each value of a setting that is not its default."""
    return tuple(Variant(shown.format(value), {name: value}) for value in values if value != getattr(DEFAULT, name))


def divided(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return the communities that the default takes."""
    return _lasting(features, _similar(features, config, threads), config, seed, threads)


def every_community(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return all communities, also those that do not lower the criterion."""
    return _divided(features, _similar(features, config, threads), config, seed, threads).community_of


def first_order(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return the communities found with |r|^power as weight and no cut, all else as in the default."""
    pairs = _similar(features, config, threads).pairs
    plain = replace(config, similarity_cut=0.0, sharpness=1.0)
    return _lasting(features, SimilarPairs(pairs, np.abs(pairs.r) ** config.power), plain, seed, threads)


def lowest_criterion(features: Channels, config: FactorConfig, seed: int, threads: int) -> Index:
    """Return the communities of the cut with the lowest criterion, which the search for confounders takes."""
    similar = _similar(features, config, threads)
    divided, _ = division_of_lowest_bic(features, similar, config, config.search_cuts, seed=seed, threads=threads)
    return divided.community_of


def _similar(features: Channels, config: FactorConfig, threads: int) -> SimilarPairs:
    return similar_pairs(features, config, threads=threads, steps=Steps(logged=False))


def _divided(features: Channels, similar: SimilarPairs, config: FactorConfig, seed: int, threads: int) -> Division:
    return best_division(
        similar, features.gene_of, config, seed=seed, threads=threads, progress=lambda done, total: None
    )


def _lasting(features: Channels, similar: SimilarPairs, config: FactorConfig, seed: int, threads: int) -> Index:
    found = _divided(features, similar, config, seed, threads)
    return lasting_modules(features, found, len(similar.paired), threads=threads).community_of


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
        settings_of("neighbours", (20, 60, 120)),
    ),
    Choice(
        "fdr",
        f"{DEFAULT.fdr:g}",
        "The share of the kept pairs that chance may explain sets the correlation at which the network begins: the "
        "larger it is, the more genes are in modules, those that belong there and those that do not.",
        settings_of("fdr", (1e-2, 1e-4, 1e-6), "{:g}"),
    ),
    Choice(
        "edge weight",
        "square of the second-order similarity",
        "An edge weighs how alike the correlation profiles of its features are; the plain alternative is |r|^power.",
        (Variant("|r|^power", regroup=first_order),),
    ),
    Choice(
        "power",
        f"{DEFAULT.power:g}",
        "The soft-thresholding power of the profiles that are compared: the higher, the less weak partners count.",
        settings_of("power", (1.0, 2.0, 4.0, 6.0), "{:g}"),
    ),
    Choice(
        "sharpness",
        f"{DEFAULT.sharpness:g}",
        "The power that a similarity is raised to as a weight sets apart the pairs that agree best.",
        settings_of("sharpness", (1.0, 2.0, 3.0), "{:g}"),
    ),
    Choice(
        "similarity cut",
        f"{DEFAULT.similarity_cut:g}",
        "Pairs below the cut are no edges. The last row takes the cut whose partition has the lowest criterion, n Σ "
        "log(1 − kME²) + M · n · log p: that prefers fine modules on real data.",
        (
            *settings_of("similarity_cut", (0.0, 0.2, 0.4, 0.6), "{:g}"),
            Variant("lowest criterion", regroup=lowest_criterion),
        ),
    ),
    Choice(
        "resolution",
        f"{DEFAULT.resolution:g}",
        "Leiden's resolution moves the size of modules: lower is broader, higher is finer. 1 is plain modularity.",
        settings_of("resolution", (0.3, 0.6, 1.0, 2.0), "{:g}"),
    ),
    Choice(
        "min_inside",
        f"{DEFAULT.min_inside:g}",
        "The share of its weight that must lead a feature to its own module; what lies between modules in one half of "
        "the samples lies in another module in the other.",
        settings_of("min_inside", (0.0, 0.3, 0.5, 0.7), "{:g}"),
    ),
    Choice(
        "modules that explain nothing",
        "dissolved",
        "A community stays if it lowers n Σ log(1 − kME²) + M · n · log p, so that a few features that some rest of a "
        "confounder ties together are no module.",
        (Variant("kept", regroup=every_community),),
    ),
    Choice(
        "restarts",
        f"up to {DEFAULT.restarts}",
        "Leiden runs from further seeds, three at a time, until three agree or none raises the modularity. The search "
        "for hidden confounders makes one run whatever the setting, so that only the modules differ.",
        tuple(replace(variant, regroup=divided) for variant in settings_of("restarts", (1, 9, 33))),
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
        "search cuts",
        "the best of " + ", ".join(map(str, DEFAULT.search_cuts)),
        "While hidden confounders are looked for, the partition with the lowest criterion tells what modules leave "
        "unexplained. Which cuts it is chosen from makes no difference on the few scenarios here.",
        tuple(Variant(f"{cut} only", {"search_cuts": (cut,)}) for cut in (0.2, 0.5, 0.9)),
    ),
    Choice(
        "hidden confounders",
        "removed by rule",
        "Factors that many modules share are searched for and taken out where the criterion falls and the search comes "
        "to an end. The alternatives never remove one, or remove one wherever one is found, whatever the rule says.",
        (Variant("never", {"remove_factors": 0}), Variant("one, without the rule", {"remove_factors": 1})),
    ),
)

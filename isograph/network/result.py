"""The network that every backend returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isograph.arrays import Index, Vector
from isograph.features.channel import Channels


@dataclass(frozen=True, slots=True)
class Confounder:
    """One hidden factor that features of many modules share.

    Attributes
    ----------
    score : (n_samples,), mean 0, unit norm.
    n_modules : modules of which at least 15 % of the genes load on it.
    n_features : features that load on it.
    bic_change : change of the criterion by taking it as a factor of its own; below 0 is better.
    removed : whether it was projected out of the features.
    """

    score: Vector
    n_modules: int
    n_features: int
    bic_change: float
    removed: bool


@dataclass(frozen=True, slots=True)
class Network:
    """A feature network and its partition.

    Attributes
    ----------
    source, target : (n_edges,) feature numbers, source < target.
    weight : (n_edges,) signed Pearson r.
    similarity : (n_edges,) in [0, 1], from which the partition was found.
    community_of : (n_features,) community of each feature, −1 for none.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    channels : the features the network is of; without the hidden confounders that the backend removed.
    confounders : hidden factors that the backend found, removed or not.
    calibration : the backend's part of ``calibration.json``, plain JSON values.
    colors : colour name of each community; empty where the backend has none.
    excluded : features that the backend left out, by number, each with the reason.
    excluded_samples : numbers of the samples that the backend left out; None where it always takes all.
    files : content of the files that the backend adds to the fit, by name.
    """

    source: Index
    target: Index
    weight: Vector
    similarity: Vector
    community_of: Index
    min_module_size: int
    min_kme: float
    channels: Channels
    confounders: tuple[Confounder, ...]
    calibration: Mapping[str, object]
    colors: tuple[str, ...] = ()
    excluded: Mapping[int, str] = field(default_factory=dict)
    excluded_samples: tuple[int, ...] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

"""Partitions by evidence: the division that one factor per module explains best, where confounders are looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from isograph.config.graph import GraphSettings
from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Vector
from isograph.network.bifactor import SMALLEST_RESIDUAL
from isograph.network.division import RUNS_AT_ONCE, Division, division
from isograph.network.eigengene import community_eigengenes
from isograph.network.similarity import SimilarPairs
from isograph.runtime.threads import run_calls


@dataclass(frozen=True, slots=True)
class Partition:
    """The partition of the features that has the lowest criterion.

    Attributes
    ----------
    similar : the pairs of features it is of.
    division : what the graph is divided into.
    bic : the criterion.
    """

    similar: SimilarPairs
    division: Division
    bic: float

    @property
    def community_of(self) -> Index:
        """Community of each feature from 0, −1 for none, (n_features,)."""
        return self.division.community_of

    @property
    def n_modules(self) -> int:
        """How many communities there are."""
        return self.division.n_modules


def best_partition(
    channels: Channels,
    similar: SimilarPairs,
    config: GraphSettings,
    cuts: Sequence[float],
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> Partition:
    """Return the partition with the lowest Bayesian information criterion of "one factor per module".

    n Σᵢ log(1 − kMEᵢ²) + M · n · log p, M modules, p features with a pair, a feature in no module with kME 0; one
    partition for each of the cuts. Of the cuts that keep the same pairs, the lowest stands for all.
    """
    graphs = {int((similar.similarity >= cut).sum()): cut for cut in sorted(cuts, reverse=True)}
    n_paired = len(similar.paired)
    run = partial(_at_cut, channels, similar, config, n_paired, seed=seed)
    calls = [partial(run, cut) for cut in sorted(graphs.values())]
    found = run_calls(calls, threads=min(threads, RUNS_AT_ONCE), progress=progress)
    return min(found, key=lambda partition: partition.bic)


def lasting_modules(channels: Channels, found: Division, n_paired: int, *, threads: int) -> Division:
    """Return the division without the communities that raise the criterion: chance ties a few features together.

    A community stays if n Σᵢ log(1 − kMEᵢ²) + n · log p < 0 over its features, p = ``n_paired``.
    """
    if not found.n_modules:
        return found
    gain = _gains(channels, found, n_paired, threads=threads)
    number = np.where(gain < 0, np.cumsum(gain < 0) - 1, -1)
    community_of = np.where(found.community_of >= 0, number[found.community_of], -1)
    return replace(found, community_of=community_of, n_modules=int((gain < 0).sum()))


def _at_cut(
    channels: Channels, similar: SimilarPairs, config: GraphSettings, n_paired: int, cut: float, *, seed: int
) -> Partition:
    found = division(similar, channels.gene_of, config, cut, seed=seed)
    if not found.n_modules:
        return Partition(similar, found, 0.0)
    return Partition(similar, found, float(_gains(channels, found, n_paired, threads=1).sum()))


def _gains(channels: Channels, found: Division, n_paired: int, *, threads: int) -> Vector:
    """Return by how much each community changes the criterion, (n_modules,)."""
    kme = community_eigengenes(channels.z, found.community_of, found.n_modules, threads=threads).kme
    member = found.community_of >= 0
    surprise = np.log(np.maximum(1.0 - kme[member] ** 2, SMALLEST_RESIDUAL))
    explained = np.bincount(found.community_of[member], surprise, found.n_modules)
    gains: Vector = channels.z.shape[1] * (explained + np.log(n_paired))
    return gains

"""The strong pairs of features and how alike the profiles of each pair's features are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.config import FactorConfig
from isograph.features.channel import Channels
from isograph.kernels._jit import Index, Vector
from isograph.network.graph import second_order_similarities
from isograph.network.pairs import StrongPairs, observed_pairs, strong_pairs
from isograph.runtime.progress import Steps


@dataclass(frozen=True, slots=True)
class SimilarPairs:
    """The strong pairs of features, and how alike the profiles of each pair's features are."""

    pairs: StrongPairs
    similarity: Vector

    @property
    def paired(self) -> Index:
        """Numbers of the features with a pair, ascending."""
        return np.unique(np.concatenate([self.pairs.source, self.pairs.target]))


def similar_pairs(channels: Channels, config: FactorConfig, *, threads: int, steps: Steps) -> SimilarPairs:
    """Return the pairs of features that chance does not explain (``strong_pairs``) and their similarity.

    The similarity is that of the pair's profiles of |r|^power (``second_order_similarities``).
    """
    with steps.step("correlation") as progress:
        pairs = strong_pairs(
            channels.z,
            channels.gene_of,
            neighbours=config.neighbours,
            fdr=config.fdr,
            residual_dof=channels.residual_dof,
            threads=threads,
            progress=progress,
        )
        if channels.missing is not None:
            pairs = observed_pairs(
                pairs, channels.z, channels.missing, residual_dof=channels.residual_dof, threads=threads
            )
    with steps.step("similarity") as progress:
        strength = np.abs(pairs.r) ** config.power
        similarity = second_order_similarities(
            pairs.source, pairs.target, strength, len(channels.gene_of), threads=threads, progress=progress
        )
    return SimilarPairs(pairs, similarity)

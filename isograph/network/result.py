"""What every backend returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from isograph.kernels._jit import Index, Vector


@dataclass(frozen=True, slots=True)
class Network:
    """A feature network and its partition.

    Attributes
    ----------
    source, target : (n_edges,) feature numbers, source < target.
    weight : (n_edges,) signed Pearson r.
    similarity : (n_edges,) in [0, 1], what the partition was found on.
    community_of : (n_features,) community of each feature, −1 for none.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    calibration : what the backend says about itself, plain JSON values.
    """

    source: Index
    target: Index
    weight: Vector
    similarity: Vector
    community_of: Index
    min_module_size: int
    min_kme: float
    calibration: Mapping[str, object]

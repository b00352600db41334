"""The samples of a fit as its model sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isograph.explain.feature import Features
from isograph.explain.latent import LatentDirection, latent_direction
from isograph.kernels._jit import Matrix, Vector
from isograph.network.vae import VaeModel, load_checkpoint


@dataclass(frozen=True, slots=True)
class Encoded:
    """A model and the samples it was trained on.

    Attributes
    ----------
    model : the model of the fit.
    features : features of the fit, in the order of the model's.
    x : (p, n) their scores, 0 where missing, as in training.
    z : (d, n) latent means.
    """

    model: VaeModel
    features: Features
    x: Matrix
    z: Matrix

    def direction(self, eigengene: Vector) -> LatentDirection:
        """Return where the module with this eigengene lies in the latent space."""
        return latent_direction(self.z, eigengene, np.array(self.model.active))


def encoded_fit(path: Path, features: Features) -> Encoded:
    """Return the fit at ``path`` as its checkpoint sees it.

    features: its feature scores.

    Raises
    ------
    InputError
        The checkpoint is not whole, not finite, or not of this fit.
    UsageError
        The fit has none.
    """
    model = load_checkpoint(path)
    return Encoded(model, features, np.nan_to_num(features.values, nan=0.0), model.encode(features.values))

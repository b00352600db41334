"""The latent space of a vae fit: where its samples lie, and the direction along which a module's eigengene grows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isograph.arrays import Flags, Matrix, Vector
from isograph.explanation.feature import Features
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
    """Return the samples of the fit at ``path`` as its model sees them. features: its feature scores.

    Raises
    ------
    InputError
        The checkpoint is not whole, not finite, or not of this fit.
    UsageError
        The fit has none.
    """
    model = load_checkpoint(path)
    return Encoded(model, features, np.nan_to_num(features.values, nan=0.0), model.encode(features.values))


@dataclass(frozen=True, slots=True)
class LatentDirection:
    """Where a module lies in a latent space.

    Attributes
    ----------
    weights : (d,) w: w·z predicts the eigengene in sd; NaN where there is nothing to predict it from.
    latent_dim : the dimension that correlates most with the eigengene, −1 where none does.
    latent_r : its r with the eigengene.
    direction_r : r of w·z with the eigengene.
    samples : (n,) which samples have an eigengene.
    """

    weights: Vector
    latent_dim: int
    latent_r: float
    direction_r: float
    samples: Flags

    @property
    def exists(self) -> bool:
        """Whether the latent space says anything of the module."""
        return bool(np.isfinite(self.weights).all() and self.weights.any())

    @property
    def step(self) -> Vector:
        """(d,) the shortest step that changes the predicted eigengene by one sd: w / (w·w)."""
        return np.asarray(self.weights / (self.weights @ self.weights))


def latent_direction(z: Matrix, eigengene: Vector, active: Flags) -> LatentDirection:
    """Return w = (S + λ I)⁻¹ cov(z, e), e the eigengene in sd, S = cov(z), λ = trace(S) / n.

    A latent space has no preferred axes: several modules share a dimension, and one module takes several. λ keeps w
    from following noise where there are few samples for the dimensions.

    z: (d, n) latent means. eigengene: (n,), NaN where missing. active: (d,) dimensions that carry something; the
    others get weight 0.
    """
    samples = np.isfinite(eigengene)
    no_direction = LatentDirection(np.full(len(z), np.nan), -1, np.nan, np.nan, samples)
    n = int(samples.sum())
    if n == 0:
        return no_direction
    e = eigengene[samples] - eigengene[samples].mean()
    centred = z[:, samples] - z[:, samples].mean(axis=1, keepdims=True)
    sd, sd_of_dim = np.sqrt((e * e).mean()), np.sqrt((centred * centred).mean(axis=1))
    varies = active & (sd_of_dim > 0.0)
    if sd == 0.0 or not varies.any():
        return no_direction
    e = e / sd
    covariance = centred[varies] @ e / n
    r, weights = np.zeros(len(z)), np.zeros(len(z))
    r[varies] = covariance / sd_of_dim[varies]
    s = centred[varies] @ centred[varies].T / n
    weights[varies] = np.linalg.solve(s + np.trace(s) / n * np.eye(len(s)), covariance)
    predicted = weights @ centred
    direction_r = float(predicted @ e / n / np.sqrt((predicted**2).mean()))
    latent_dim = int(np.argmax(np.abs(r)))
    return LatentDirection(weights, latent_dim, float(r[latent_dim]), direction_r, samples)

"""The model: an encoder and a decoder in the row space, and the basis that carries them to features and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from isograph.kernels._jit import Matrix

LOG_VARIANCE_LIMIT = 20.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a model.

    Attributes
    ----------
    n_features : features, p.
    rank : dimensions of the row space, r.
    latent_size : latent dimensions, d.
    hidden_sizes : widths of the encoder's hidden layers; the decoder has them in reverse.
    """

    n_features: int
    rank: int
    latent_size: int
    hidden_sizes: tuple[int, ...]


class Encoder(nn.Module):
    """q(z | s) = N(mean, diag exp(log_variance)): a linear map with a network added to it.

    mean(s) = A s + a + B h(s), log_variance(s) = C h(s) + c, h the hidden layers (SiLU).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.linear = nn.Linear(sizes.rank, sizes.latent_size, dtype=torch.float64)
        self.hidden = _hidden_layers(sizes.rank, sizes.hidden_sizes)
        self.bend = nn.Linear(sizes.hidden_sizes[-1], sizes.latent_size, bias=False, dtype=torch.float64)
        self.log_variance = nn.Linear(sizes.hidden_sizes[-1], sizes.latent_size, dtype=torch.float64)

    def forward(self, s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean and the log variance, (n, d) both. s: (n, r)."""
        hidden = self.hidden(s)
        log_variance = self.log_variance(hidden).clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)
        return self.linear(s) + self.bend(hidden), log_variance


class Decoder(nn.Module):
    """E(s | z) = D z + d + E h(z): a linear map with a network added to it."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        widths = sizes.hidden_sizes[::-1]
        self.linear = nn.Linear(sizes.latent_size, sizes.rank, dtype=torch.float64)
        self.hidden = _hidden_layers(sizes.latent_size, widths)
        self.bend = nn.Linear(widths[-1], sizes.rank, bias=False, dtype=torch.float64)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction, (n, r). z: (n, d)."""
        decoded: torch.Tensor = self.linear(z) + self.bend(self.hidden(z))
        return decoded


class FeatureEncoder(nn.Module):
    """Features to latent means: (n, p) → (n, d), differentiable in the features; collapsed dimensions are 0."""

    def __init__(self, basis: torch.Tensor, scale: float, encoder: Encoder, active: Sequence[bool]) -> None:
        super().__init__()
        self.basis, self.scale, self.encoder = basis, scale, encoder
        self.active = torch.tensor(active, dtype=torch.float64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the latent means of samples in rows."""
        mean: torch.Tensor = self.encoder(x @ self.basis / self.scale)[0] * self.active
        return mean


class FeatureDecoder(nn.Module):
    """Latent values to features: (n, d) → (n, p), differentiable in the latent values."""

    def __init__(self, basis: torch.Tensor, scale: float, decoder: Decoder) -> None:
        super().__init__()
        self.basis, self.scale, self.decoder = basis, scale, decoder

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return the decoded features of samples in rows."""
        decoded: torch.Tensor = self.scale * self.decoder(z) @ self.basis.T
        return decoded


@dataclass(frozen=True, slots=True)
class VaeModel:
    """A trained model in the space of features.

    A vector of feature scores x has the coordinates s = Vᵀ x / scale in the row space; the encoder takes s to latent
    values, the decoder takes these back, and x̂ = scale · V ŝ. Everything is float64 and on the CPU.

    Attributes
    ----------
    feature_ids : (p,) in the order of ``feature_scores``.
    feature_types : (p,) ``switch`` or ``abundance``.
    sizes : sizes of the model.
    basis : (p, r), V, orthonormal columns, of float32 precision.
    scale : √(λ₁ / n), the standard deviation of the samples along the first column of V.
    noise_variance : variance of a coordinate of s about its reconstruction that training assumed.
    active : (d,) latent dimensions that carry something; the others collapsed to the prior, and their means, next to
        0, are taken for the 0 that the prior has.
    encoder, decoder : the networks in the row space.
    """

    feature_ids: list[str]
    feature_types: list[str]
    sizes: Sizes
    basis: torch.Tensor
    scale: float
    noise_variance: float
    active: tuple[bool, ...]
    encoder: Encoder
    decoder: Decoder

    @property
    def feature_encoder(self) -> FeatureEncoder:
        """A torch module (n, p) → (n, d), float64: what attribution methods differentiate."""
        return FeatureEncoder(self.basis, self.scale, self.encoder, self.active)

    @property
    def feature_decoder(self) -> FeatureDecoder:
        """A torch module (n, d) → (n, p), float64."""
        return FeatureDecoder(self.basis, self.scale, self.decoder)

    def encode(self, x: Matrix) -> Matrix:
        """Return the latent means, (d, n).

        x: (p, n) feature scores as ``feature_scores`` holds them, NaN where missing: there the feature's mean, 0,
        stands, as in training.
        """
        samples = torch.from_numpy(np.ascontiguousarray(np.nan_to_num(x, nan=0.0).T))
        with torch.no_grad():
            return np.ascontiguousarray(self.feature_encoder(samples).numpy().T)

    def decode(self, z: Matrix) -> Matrix:
        """Return the decoded feature scores, (p, n). z: (d, n) latent values."""
        with torch.no_grad():
            decoded = self.feature_decoder(torch.from_numpy(np.ascontiguousarray(z.T)))
        return np.ascontiguousarray(decoded.numpy().T)


def _hidden_layers(n_inputs: int, widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip((n_inputs, *widths), widths, strict=False):
        layers += [nn.Linear(before, after, dtype=torch.float64), nn.SiLU()]
    return nn.Sequential(*layers)

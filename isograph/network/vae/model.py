"""The model: an encoder and a decoder in the row space, the bound they are trained on, and where training starts.

``Networks`` are an encoder and a decoder in training; ``VaeModel`` has them trained, with the basis that carries
features to the row space and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from isograph.arrays import Matrix

LOG_VARIANCE_LIMIT = 20.0
# NOTE: a dimension that explains no more than noise starts with small weights: at 0 its gradient would be 0 too.
SMALL_GAIN = 1e-2


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


def _hidden_layers(n_inputs: int, widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip((n_inputs, *widths), widths, strict=False):
        layers += [nn.Linear(before, after, dtype=torch.float64), nn.SiLU()]
    return nn.Sequential(*layers)


@dataclass(frozen=True, slots=True)
class ElboTerms:
    """The two terms of the negative evidence bound, means over samples, in nats.

    Attributes
    ----------
    reconstruction : ‖s − ŝ‖² / 2σ².
    divergence : (d,) Kullback–Leibler divergence of each latent dimension from the prior N(0, 1).
    """

    reconstruction: float
    divergence: tuple[float, ...]

    def loss(self, beta: float) -> float:
        """Return reconstruction + β · Σ divergence (Higgins et al. 2017, β-VAE, equation 4)."""
        return self.reconstruction + beta * sum(self.divergence)


@dataclass(frozen=True, slots=True)
class Networks:
    """An encoder, a decoder and the variance σ² that they assume about a reconstruction."""

    sizes: Sizes
    encoder: Encoder
    decoder: Decoder
    noise_variance: float

    def terms(self, s: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the reconstruction term and the (d,) divergences.

        With z = mean + sd · noise this is the estimator of Kingma & Welling 2014 (arXiv:1312.6114, equation 10).

        s: (n, r). noise: (…, n, d), standard normal.
        """
        mean, log_variance = self.encoder(s)
        decoded = self.decoder(mean + torch.exp(0.5 * log_variance) * noise)
        reconstruction = torch.square(s - decoded).sum(dim=-1).mean() / (2.0 * self.noise_variance)
        divergence = 0.5 * (torch.exp(log_variance) + torch.square(mean) - 1.0 - log_variance).mean(dim=0)
        return reconstruction, divergence

    def measured(self, s: torch.Tensor, noise: torch.Tensor) -> ElboTerms:
        """Return the terms as numbers."""
        with torch.no_grad():
            reconstruction, divergence = self.terms(s, noise)
        return ElboTerms(float(reconstruction), tuple(divergence.tolist()))

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """Everything that is trained."""
        return [*self.encoder.parameters(), *self.decoder.parameters()]


def linear_start(s: torch.Tensor, sizes: Sizes, noise_variance: float, *, beta: float, seed: int) -> Networks:
    """Return networks whose linear parts are the optimum of a linear model of the samples, the rest adding nothing.

    That optimum is probabilistic principal components: with the eigenvectors W and variances λ of the samples and
    σ² = β · noise variance, decoder W √(λ − σ²), encoder Wᵀ √(λ − σ²) / λ, posterior variance σ² / λ; directions with
    λ ≤ σ² are collapsed (Tipping & Bishop 1999, doi:10.1111/1467-9868.00196; Lucas et al. 2019, arXiv:1911.02469).
    Hidden layers are drawn from U(−1/√inputs, 1/√inputs), and the weights that add them to the linear parts are 0.

    s: (n, r) on the CPU. Same samples and seed, same networks.
    """
    with torch.random.fork_rng(devices=[]):
        encoder, decoder = Encoder(sizes), Decoder(sizes)
    generator = torch.Generator().manual_seed(seed)
    variances, directions = _sample_components(s, sizes.latent_size)
    noise = beta * noise_variance
    gain = torch.sqrt(torch.clamp(variances - noise, min=SMALL_GAIN**2 * noise))
    total = torch.maximum(variances, torch.full_like(variances, noise))
    mean = s.mean(dim=0)
    with torch.no_grad():
        for layer in (*encoder.hidden, *decoder.hidden):
            if isinstance(layer, nn.Linear):
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.uniform_(-bound, bound, generator=generator)
        for added in (encoder.bend.weight, encoder.log_variance.weight, decoder.bend.weight):
            added.zero_()
        encoder.linear.weight.copy_((gain / total)[:, None] * directions)
        encoder.linear.bias.copy_(-encoder.linear.weight @ mean)
        encoder.log_variance.bias.copy_(torch.log(noise / total))
        decoder.linear.weight.copy_((gain[:, None] * directions).T)
        decoder.linear.bias.copy_(mean)
    return Networks(sizes, encoder, decoder, noise_variance)


def _sample_components(s: torch.Tensor, n_directions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the variances (d,) and unit directions (d, r) of the samples, falling; 0 beyond those that exist."""
    centred = s - s.mean(dim=0)
    _, lengths, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    directions = directions * torch.sign(largest)
    variances = torch.square(lengths) / len(s)
    n_real = min(n_directions, len(variances))
    n_empty = n_directions - n_real
    return (
        nn.functional.pad(variances[:n_real], (0, n_empty)),
        nn.functional.pad(directions[:n_real], (0, 0, 0, n_empty)),
    )


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
    active : (d,) latent dimensions that carry information; the others collapsed to the prior, and their means, which
        are close to 0, are set to 0.
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

"""The evidence bound that training maximises, and the networks it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from isograph.network.vae.model import Decoder, Encoder, Sizes


@dataclass(frozen=True, slots=True)
class Terms:
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

    def measured(self, s: torch.Tensor, noise: torch.Tensor) -> Terms:
        """Return the terms as numbers."""
        with torch.no_grad():
            reconstruction, divergence = self.terms(s, noise)
        return Terms(float(reconstruction), tuple(divergence.tolist()))

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """Everything that is trained."""
        return [*self.encoder.parameters(), *self.decoder.parameters()]

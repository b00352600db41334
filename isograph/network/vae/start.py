"""Where training starts: the best linear model, in closed form."""

from __future__ import annotations

import torch
from torch import nn

from isograph.network.vae.bound import Networks
from isograph.network.vae.model import Decoder, Encoder, Sizes

# NOTE: a dimension that explains no more than noise starts with small weights: at 0 its gradient would be 0 too.
SMALL_GAIN = 1e-2


def linear_start(s: torch.Tensor, sizes: Sizes, noise_variance: float, *, beta: float, seed: int) -> Networks:
    """Return networks whose linear parts are the optimum of a linear model of the samples, the rest adding nothing.

    That optimum is probabilistic principal components: with the eigenvectors W and variances λ of the samples and
    σ² = β · noise variance, decoder W √(λ − σ²), encoder Wᵀ √(λ − σ²) / λ, posterior variance σ² / λ; directions with
    λ ≤ σ² are collapsed (Tipping & Bishop 1999, doi:10.1111/1467-9868.00196; Lucas et al. 2019, arXiv:1911.02469).
    Hidden layers are drawn from U(−1/√inputs, 1/√inputs), and what they are added with is 0.

    s: (n, r) on the CPU. Same samples and seed, same networks.
    """
    with torch.random.fork_rng(devices=[]):
        encoder, decoder = Encoder(sizes), Decoder(sizes)
    generator = torch.Generator().manual_seed(seed)
    variances, directions = _principal_directions(s, sizes.latent_size)
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


def _principal_directions(s: torch.Tensor, n_directions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the variances (d,) and unit directions (d, r) of the samples, falling; 0 beyond those there are."""
    centred = s - s.mean(dim=0)
    _, lengths, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    directions = directions * torch.sign(largest)
    variances = torch.square(lengths) / len(s)
    found = min(n_directions, len(variances))
    missing = n_directions - found
    return (
        nn.functional.pad(variances[:found], (0, missing)),
        nn.functional.pad(directions[:found], (0, 0, 0, missing)),
    )

"""The ``vae`` backend: a variational autoencoder trained in the row space of the features.

A fit by this backend keeps its model in ``vae_checkpoint.pt``. To use it (torch is imported with this package)::

    from isograph.network.vae import load_checkpoint

    model = load_checkpoint(fit_directory)      # everything checked; InputError, UsageError
    model.feature_ids, model.feature_types      # (p,) in the order of feature_scores.parquet
    model.sizes                                 # n_features, rank, latent_size, hidden_sizes
    model.active                                # (d,) which latent dimensions carry information
    model.encode(x)                             # (p, n) feature scores, NaN where missing → (d, n) latent means
    model.decode(z)                             # (d, n) → (p, n) feature scores
    model.feature_encoder                       # torch module (n, p) → (n, d), float64, samples in rows
    model.feature_decoder                       # torch module (n, d) → (n, p)

Weights have no gradient; inputs may. ``scale`` and ``basis`` are the scaler: s = Vᵀ x / scale. Feature scores are
z-scores, so the mean of every feature is 0, the natural baseline of an attribution.
"""

from isograph.network.vae.checkpoint import CHECKPOINT, checkpoint_bytes, load_checkpoint, model_of
from isograph.network.vae.inference import vae_memory, vae_network
from isograph.network.vae.model import Sizes, VaeModel

__all__ = [
    "CHECKPOINT",
    "Sizes",
    "VaeModel",
    "checkpoint_bytes",
    "load_checkpoint",
    "model_of",
    "vae_memory",
    "vae_network",
]

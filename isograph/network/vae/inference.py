"""The ``vae`` backend: from channels to a network by way of a model of them, and of what it can reconstruct."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import torch

from isograph.arrays import Index, Matrix, Vector
from isograph.config import VaeConfig
from isograph.errors import ConvergenceError, UsageError, option, setting
from isograph.features.channel import Channels
from isograph.network.communities import division_of_lowest_bic, graph_calibration
from isograph.network.pairs import (
    SimilarPairs,
    StrongPairs,
    observed_pairs,
    pair_correlations,
    scan_memory,
    second_order_similarities,
    strong_pairs,
)
from isograph.network.result import Network
from isograph.network.vae.calibration import model_calibration, reconstruction_fidelity
from isograph.network.vae.checkpoint import CHECKPOINT, checkpoint_bytes
from isograph.network.vae.model import VaeModel
from isograph.network.vae.rowspace import RowSpace, row_space
from isograph.network.vae.training import Trained, TrainingPlan, one_torch_thread, train, training_device
from isograph.runtime.progress import Steps
from isograph.runtime.threads import single_threaded_blas
from isograph.stats import benjamini_hochberg

logger = logging.getLogger(__name__)

FEWEST_SAMPLES = 5
# NOTE: a dimension that carries less than this of a sample, in nats, is collapsed.
ACTIVE_DIVERGENCE = 0.01
# NOTE: fitted to the peak memory of whole fits, as the factor backend's; then torch and its libraries.
BYTES_PER_PAIR = 220
BYTES_OF_TORCH = 400_000_000
COPIES_OF_BASIS = 6


def vae_network(channels: Channels, config: VaeConfig, *, seed: int, threads: int, steps: Steps) -> Network:
    """Return the feature network and its partition.

    A variational autoencoder is trained in the leading directions of the row space (``row_space``, ``train``).
    Features are kept that it reconstructs better than chance would (``reconstruction_fidelity``), and pairs of them
    that chance does not explain (``strong_pairs``) and whose reconstructions correlate with the same sign. A pair is as
    strong as its |r| times that of the reconstructions. From there on it is the ``factor`` backend: second-order
    similarities, Leiden communities on several cuts, the division with the lowest Bayesian information criterion.

    Raises
    ------
    ConvergenceError
        Training diverged, or the model holds no pair of features although features correlate more than by chance.
    UsageError
        The machine has no such device, or the data has not as many directions as the settings ask for.
    """
    device = training_device(config.device)
    with steps.step("row space"):
        space = _row_space(channels, config)
    if not len(space.variances):
        return _empty_network(channels, config)
    model, trained, decoded = _trained_model(channels, space, config, seed=seed, device=device, steps=steps)
    with steps.step("correlation"):
        fidelity = reconstruction_fidelity(channels, space.basis, decoded, threads=threads)
        reconstructed = np.flatnonzero(benjamini_hochberg(fidelity.pvalue) <= config.feature_fdr)
        pairs = _pairs_among(reconstructed, channels, config, threads=threads)
        pairs, strength = _pairs_of_model(pairs, space.basis, decoded, threads=threads)
        if not len(pairs.r):
            _require_no_structure(channels, config, model, threads=threads)
    with steps.step("similarity") as progress:
        similarity = second_order_similarities(
            pairs.source,
            pairs.target,
            strength**config.power,
            len(channels.gene_of),
            threads=threads,
            progress=progress,
        )
    with steps.step("modules") as progress:
        similar = SimilarPairs(pairs, similarity)
        divided, _ = division_of_lowest_bic(
            channels, similar, config, config.similarity_cuts, seed=seed, threads=threads, progress=progress
        )
    return Network(
        source=pairs.source[divided.is_edge],
        target=pairs.target[divided.is_edge],
        weight=pairs.r[divided.is_edge],
        similarity=similarity[divided.is_edge],
        community_of=divided.community_of,
        min_module_size=config.min_module_size,
        min_kme=config.min_kme,
        channels=channels,
        confounders=(),
        calibration={
            **model_calibration(config, space, trained, model, fidelity),
            "n_features_reconstructed": len(reconstructed),
            **graph_calibration(pairs, divided, "lowest Bayesian information criterion among the cuts tried"),
        },
        files={CHECKPOINT: checkpoint_bytes(model)},
    )


def vae_memory(n_features: int, config: VaeConfig, *, threads: int) -> int:
    """Return the bytes the backend needs beside the features themselves."""
    neighbours = min(config.neighbours, max(1, n_features - 1))
    pairs = BYTES_PER_PAIR * n_features * neighbours
    scan = scan_memory(n_features, config.neighbours, threads=threads)
    return BYTES_OF_TORCH + pairs + scan + COPIES_OF_BASIS * 8 * n_features * (config.directions or 64)


def _row_space(channels: Channels, config: VaeConfig) -> RowSpace:
    n_samples = channels.z.shape[1]
    if n_samples < FEWEST_SAMPLES:
        raise ConvergenceError(
            f"{n_samples} samples are too few to train a model on, expected {FEWEST_SAMPLES} or more. "
            f"Use {option('backend', 'factor')}."
        )
    space = row_space(channels.z, residual_dof=channels.residual_dof, directions=config.directions)
    most = min(len(space.variances), channels.residual_dof)
    if config.directions is not None and config.directions > most:
        raise UsageError(f"directions is {config.directions}, but the data has {most}. Give fewer, or auto.")
    return space


def _trained_model(
    channels: Channels, space: RowSpace, config: VaeConfig, *, seed: int, device: torch.device, steps: Steps
) -> tuple[VaeModel, Trained, Matrix]:
    """Return the model, how it was trained, and what the samples' latent means decode to.

    Decoded samples are coordinates in the row space, (n, k), in the unit of the features.
    """
    with steps.step("training") as progress, one_torch_thread(), single_threaded_blas():
        plan = TrainingPlan(config, space.noise_variance, len(channels.z), seed, device)
        latent_sizes = config.latent_sizes or (space.scores.shape[1],)
        trained = train(torch.from_numpy(space.scores), latent_sizes, plan, progress=progress)
        model = VaeModel(
            feature_ids=channels.feature_ids,
            feature_types=channels.feature_types,
            sizes=trained.networks.sizes,
            basis=torch.from_numpy(space.basis),
            scale=space.scale,
            noise_variance=space.noise_variance,
            active=tuple(value >= ACTIVE_DIVERGENCE for value in trained.terms.divergence),
            encoder=trained.networks.encoder,
            decoder=trained.networks.decoder,
        )
        with torch.no_grad():
            latent = torch.from_numpy(np.ascontiguousarray(model.encode(channels.z).T))
            decoded: Matrix = model.scale * model.decoder(latent).numpy()
    run = trained.best_run
    logger.info(
        "%d of %d latent dimensions active; best epoch %d of %d run (stopped: %s)",
        sum(model.active),
        len(model.active),
        run.best_epoch,
        run.epochs_run,
        run.stopped,
    )
    if run.stopped == "epochs":
        more = setting("epochs")
        logger.warning("held-out samples still gained when the epochs were used up; allow more with %s", more)
    return model, trained, decoded


def _pairs_among(features: Index, channels: Channels, config: VaeConfig, *, threads: int) -> StrongPairs:
    """Return the pairs of the given features that chance does not explain, numbered among all features."""
    pairs = strong_pairs(
        channels.z[features],
        channels.gene_of[features],
        neighbours=config.neighbours,
        fdr=config.fdr,
        residual_dof=channels.residual_dof,
        threads=threads,
    )
    pairs = replace(pairs, source=features[pairs.source], target=features[pairs.target])
    if channels.missing is None:
        return pairs
    return observed_pairs(pairs, channels.z, channels.missing, residual_dof=channels.residual_dof, threads=threads)


def _pairs_of_model(pairs: StrongPairs, basis: Matrix, decoded: Matrix, *, threads: int) -> tuple[StrongPairs, Vector]:
    """Return the pairs whose reconstructions correlate with the sign of the features, and how strong each is.

    The strength is |r| of the features times |r| of their reconstructions.
    """
    # NOTE: rows of V Rᵀ have the inner products of the rows of V (D − mean)ᵀ, D − mean = Q R: k columns, not n.
    with single_threaded_blas():
        _, triangle = np.linalg.qr(decoded - decoded.mean(axis=0))
        profiles = np.ascontiguousarray(basis @ triangle.T)
    strength = pairs.r * pair_correlations(profiles, pairs.source, pairs.target, threads=threads)
    same_sign = strength > 0
    return pairs.where(same_sign), strength[same_sign]


def _require_no_structure(channels: Channels, config: VaeConfig, model: VaeModel, *, threads: int) -> None:
    """Raise if features correlate more than chance explains: then a model without pairs has failed."""
    pairs = _pairs_among(np.arange(len(channels.z)), channels, config, threads=threads)
    if not len(pairs.r):
        logger.info("no features correlate more than chance explains: the model has nothing to learn")
        return
    collapsed = sum(not active for active in model.active)
    freedom = f"{setting('beta', 0.5)}, {setting('directions')}"
    raise ConvergenceError(
        f"the model holds nothing of the {len(pairs.r)} pairs of features that correlate more than chance explains; "
        f"{collapsed} of its {len(model.active)} latent dimensions collapsed to the prior. Give it more freedom "
        f"({freedom}), or use {option('backend', 'factor')}, which needs no model."
    )


def _empty_network(channels: Channels, config: VaeConfig) -> Network:
    """Return the network of data in which nothing varies."""
    none = np.zeros(0, dtype=np.int64)
    return Network(
        source=none,
        target=none,
        weight=np.zeros(0),
        similarity=np.zeros(0),
        community_of=np.full(len(channels.gene_of), -1, dtype=np.int64),
        min_module_size=config.min_module_size,
        min_kme=config.min_kme,
        channels=channels,
        confounders=(),
        calibration={"giant_component_fraction": 0.0, "converged": True},
    )

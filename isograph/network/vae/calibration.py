"""What the backend says about itself in ``calibration.json``."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.config import VaeConfig
from isograph.network.division import graph_calibration
from isograph.network.partition import Partition
from isograph.network.vae.bound import Terms
from isograph.network.vae.fidelity import Fidelity
from isograph.network.vae.model import VaeModel
from isograph.network.vae.rowspace import RowSpace
from isograph.network.vae.training import Search, Trained


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a fit found out on its way."""

    config: VaeConfig
    space: RowSpace
    trained: Trained
    model: VaeModel
    fidelity: Fidelity
    partition: Partition


def calibration(evidence: Evidence) -> dict[str, object]:
    """Return plain JSON values; losses are in nats per sample."""
    return {**_of_model(evidence), **_of_network(evidence)}


def _of_model(evidence: Evidence) -> dict[str, object]:
    config, space, trained, model = evidence.config, evidence.space, evidence.trained, evidence.model
    chosen = trained.chosen
    return {
        "rank": model.sizes.rank,
        "directions_above_noise": space.n_signals,
        "row_space_dimensions": len(space.variances),
        "noise_variance": space.noise_variance,
        "noise_edge": space.noise_edge,
        "scale": space.scale,
        "latent_size": model.sizes.latent_size,
        "latent_size_reason": _latent_reason(evidence),
        "latent_sizes_tried": [_search(search, config.beta) for search in trained.searches],
        "collapsed_dimensions": [number for number, active in enumerate(model.active) if not active],
        "n_active_dimensions": sum(model.active),
        "kl_per_dimension": list(trained.terms.divergence),
        "elbo": _terms(trained.terms, config.beta),
        "elbo_held_out": _terms(chosen.best, config.beta),
        "elbo_held_out_linear_start": _terms(chosen.start, config.beta),
        "reconstruction_rmse": evidence.fidelity.rmse,
        "best_epoch": chosen.best_epoch,
        "epochs_run": chosen.epochs_run,
        "stopped": chosen.stopped,
        "converged": chosen.stopped == "patience",
        "device": config.device,
    }


def _of_network(evidence: Evidence) -> dict[str, object]:
    return {
        "n_features_reconstructed": int(evidence.fidelity.significant(evidence.config.feature_fdr).sum()),
        **graph_calibration(
            evidence.partition.similar.pairs,
            evidence.partition.division,
            "lowest Bayesian information criterion among the cuts tried",
        ),
    }


def _latent_reason(evidence: Evidence) -> str:
    if evidence.config.latent_sizes is None:
        return "as many as there are directions; what the model can do without is collapsed"
    if len(evidence.trained.searches) == 1:
        return "given"
    return "lowest loss of the samples held out among the sizes given"


def _search(search: Search, beta: float) -> dict[str, object]:
    return {
        "latent_size": search.latent_size,
        "best_epoch": search.best_epoch,
        "epochs_run": search.epochs_run,
        "stopped": search.stopped,
        "held_out_loss": search.best.loss(beta),
    }


def _terms(terms: Terms, beta: float) -> dict[str, float]:
    """Return the bound's terms; the evidence bound itself is −(reconstruction + kl)."""
    kl = sum(terms.divergence)
    return {"reconstruction": terms.reconstruction, "kl": kl, "loss": terms.loss(beta)}

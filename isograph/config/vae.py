"""Configuration of the ``vae`` backend."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from isograph.config.check import choice_check, cuts_check, graph_checks, require

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True, kw_only=True)
class VaeConfig:
    """Settings of the ``vae`` backend. The defaults are meant for every data set.

    Attributes
    ----------
    switch_score : usage, or clr for the switch score of isograph 0.2.0 and 0.1.5, which tests nothing against noise.
    directions : leading directions of the row space that the model sees; None (auto): those above the noise, 2 to 256.
    latent_sizes : latent dimensions; of several, that with the lowest held-out loss. None (auto): one a direction.
    hidden_sizes : widths of the encoder's hidden layers; the decoder has them in reverse.
    beta : weight of the Kullback–Leibler term.
    warmup_epochs : epochs over which that weight rises from 0.
    learning_rate : of Adam.
    epochs : epochs at most.
    patience : epochs without a lower held-out loss after which training stops.
    validation_share : share of the samples held out to find the number of epochs.
    batch_size : samples in a step.
    clip_norm : norm that gradients are cut to.
    device : ``cpu`` or ``cuda``, where the model is trained.
    feature_fdr : share of the features counted as reconstructed that chance may explain.
    neighbours : strongest partners kept for each feature.
    fdr : share of the kept pairs that chance may explain.
    power : soft-thresholding power: profiles of (|r| · |r of the reconstructions|)^power are compared.
    similarity_cuts : second-order similarities at which the graph is cut and partitioned.
    sharpness : power that a similarity is raised to as the weight of its edge.
    resolution : Leiden resolution; 1 is plain modularity.
    min_inside : share of its weight that must lead a feature to its own module; below it lies between modules.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    """

    switch_score: str = "usage"
    directions: int | None = None
    latent_sizes: tuple[int, ...] | None = None
    hidden_sizes: tuple[int, ...] = (64,)
    beta: float = 1.0
    warmup_epochs: int = 0
    learning_rate: float = 3e-3
    epochs: int = 500
    patience: int = 100
    validation_share: float = 0.2
    batch_size: int = 256
    clip_norm: float = 1.0
    device: str = "cpu"
    feature_fdr: float = 0.05
    neighbours: int = 60
    fdr: float = 1e-4
    power: float = 2.0
    similarity_cuts: tuple[float, ...] = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    sharpness: float = 2.0
    resolution: float = 0.6
    min_inside: float = 0.5
    min_module_size: int = 3
    min_kme: float = 0.3

    def __post_init__(self) -> None:
        latent, hidden = self.latent_sizes, self.hidden_sizes
        rate, clip, share = self.learning_rate, self.clip_norm, self.validation_share
        require(
            {
                f"directions is {self.directions}, expected 1 or more, or auto": (
                    self.directions is None or self.directions >= 1
                ),
                f"latent_sizes is {list(latent or ())}, expected one or more different sizes from 1 to 1024, or auto": (
                    latent is None
                    or (0 < len(latent) == len(set(latent)) and all(1 <= size <= 1024 for size in latent))
                ),
                f"hidden_sizes is {list(hidden)}, expected one or more widths from 1 to 4096": (
                    len(hidden) > 0 and all(1 <= width <= 4096 for width in hidden)
                ),
                f"beta is {self.beta}, expected above 0": 0 < self.beta < float("inf"),
                **choice_check("device", self.device, DEVICES),
                f"warmup_epochs is {self.warmup_epochs}, expected 0 or more": self.warmup_epochs >= 0,
                f"learning_rate is {rate}, expected above 0": rate > 0 and isfinite(rate),
                f"epochs is {self.epochs}, expected 1 to 1000000": 1 <= self.epochs <= 1_000_000,
                f"patience is {self.patience}, expected 1 or more": self.patience >= 1,
                f"validation_share is {share}, expected above 0 and at most 0.5": 0 < share <= 0.5,
                f"batch_size is {self.batch_size}, expected 1 or more": self.batch_size >= 1,
                f"clip_norm is {clip}, expected above 0": clip > 0 and isfinite(clip),
                f"feature_fdr is {self.feature_fdr}, expected above 0 and below 1": 0 < self.feature_fdr < 1,
                **graph_checks(self),
                **cuts_check("similarity_cuts", self.similarity_cuts),
            }
        )

"""Training: samples held out find the number of epochs, and all samples are then trained on for as many."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from isograph.config import VaeConfig
from isograph.errors import ConvergenceError, UsageError, option, setting
from isograph.network.vae.model import ElboTerms, Networks, Sizes, linear_start

logger = logging.getLogger(__name__)

MEAN_DECAY = 0.9
SQUARE_DECAY = 0.999
SMALLEST_STEP_SCALE = 1e-8
HELD_OUT_DRAWS = 8
DIVERGED_FACTOR = 10.0


@dataclass(frozen=True, slots=True)
class HeldOutRun:
    """What training on a part of the samples reached on the samples held out.

    Attributes
    ----------
    latent_size : latent dimensions of the networks.
    best_epoch : epoch with the lowest loss of the samples held out, 0 for the linear start.
    epochs_run : epochs that were run.
    stopped : ``patience``, ``epochs`` (all were run) or ``diverged``.
    start, best : bound of the samples held out, at the start and at the best epoch.
    """

    latent_size: int
    best_epoch: int
    epochs_run: int
    stopped: str
    start: ElboTerms
    best: ElboTerms


@dataclass(frozen=True, slots=True)
class Trained:
    """Networks trained on all samples.

    Attributes
    ----------
    networks : the networks, on the CPU.
    runs : one with samples held out for each latent size tried.
    best_run : the one with the lowest loss of the samples held out.
    terms : bound of all samples.
    """

    networks: Networks
    runs: list[HeldOutRun]
    best_run: HeldOutRun
    terms: ElboTerms


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What every run of training shares.

    Attributes
    ----------
    noise_variance : variance of a coordinate about its reconstruction.
    n_features : features that the coordinates stand for.
    """

    config: VaeConfig
    noise_variance: float
    n_features: int
    seed: int
    device: torch.device

    def start(self, s: torch.Tensor, latent_size: int) -> Networks:
        """Return the linear start for the samples, on the device."""
        sizes = Sizes(self.n_features, s.shape[1], latent_size, self.config.hidden_sizes)
        networks = linear_start(s, sizes, self.noise_variance, beta=self.config.beta, seed=self.seed)
        networks.encoder.to(self.device)
        networks.decoder.to(self.device)
        return networks

    def draws(self, n_draws: int, n_samples: int, latent_size: int) -> torch.Tensor:
        """Return standard normal draws (n_draws, n_samples, d), the same at every call."""
        generator = torch.Generator().manual_seed(self.seed)
        shape = (n_draws, n_samples, latent_size)
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(self.device)


def train(
    s: torch.Tensor, latent_sizes: tuple[int, ...], plan: TrainingPlan, *, progress: Callable[[int, int], None]
) -> Trained:
    """Return the model of the samples.

    For every latent size a part of the samples is held out and the rest trained on, to find the epoch with the lowest
    loss of those held out; the size with the lowest is then trained on all samples for as many epochs. Everything
    random is drawn on the CPU from the seed, so a device changes only the rounding.

    s: (n, r), float64, on the CPU.

    Raises
    ------
    ConvergenceError
        Training diverged before any epoch was better than the linear start, or on all samples.
    """
    config = plan.config
    total = (len(latent_sizes) + 1) * config.epochs
    runs = []
    for number, size in enumerate(latent_sizes):
        runs.append(_held_out_run(s, size, plan, progress, epochs_before=number * config.epochs, total=total))
    usable = [run for run in runs if run.stopped != "diverged" or run.best_epoch > 0]
    if not usable:
        raise ConvergenceError(
            f"training diverged in epoch {runs[0].epochs_run}, before any epoch was better than the linear model it "
            f"starts from. {_remedy()}"
        )
    best_run = min(usable, key=lambda run: run.best.loss(config.beta))
    networks = plan.start(s, best_run.latent_size)
    samples = s.to(plan.device)
    for epoch in _epochs(networks, samples, plan, best_run.best_epoch):
        progress(total - config.epochs + epoch, total)
    terms = networks.measured(samples, plan.draws(HELD_OUT_DRAWS, len(s), best_run.latent_size))
    if not math.isfinite(terms.loss(config.beta)):
        raise ConvergenceError(f"training on all samples diverged within {best_run.best_epoch} epochs. {_remedy()}")
    networks.encoder.to("cpu").requires_grad_(requires_grad=False)
    networks.decoder.to("cpu").requires_grad_(requires_grad=False)
    progress(total, total)
    return Trained(networks, runs, best_run, terms)


def _remedy() -> str:
    return (
        f"Lower learning_rate or clip_norm ({setting('learning_rate', 1e-4)}), or use {option('backend', 'factor')}, "
        "which trains nothing."
    )


def _held_out_run(
    s: torch.Tensor,
    latent_size: int,
    plan: TrainingPlan,
    progress: Callable[[int, int], None],
    *,
    epochs_before: int,
    total: int,
) -> HeldOutRun:
    """Return what training reaches with a part of the samples held out.

    It stops where the held-out loss diverges, or was not lowered for ``patience`` epochs after the warm-up.
    """
    config = plan.config
    order = torch.randperm(len(s), generator=torch.Generator().manual_seed(plan.seed))
    n_held = max(1, round(config.validation_share * len(s)))
    held_out, rest = s[order[:n_held]].to(plan.device), s[order[n_held:]]
    networks = plan.start(rest, latent_size)
    draws = plan.draws(HELD_OUT_DRAWS, n_held, latent_size)
    start = best = networks.measured(held_out, draws)
    limit = DIVERGED_FACTOR * start.loss(config.beta)
    best_epoch, epoch, stopped = 0, 0, "epochs"
    for epoch in _epochs(networks, rest.to(plan.device), plan, config.epochs):
        progress(epochs_before + epoch, total)
        terms = networks.measured(held_out, draws)
        loss = terms.loss(config.beta)
        # NOTE: "loss > limit" would be False where the loss is NaN.
        if not loss <= limit:
            stopped = "diverged"
            logger.warning("training diverged in epoch %d; the best epoch was %d", epoch, best_epoch)
            break
        if loss < best.loss(config.beta):
            best, best_epoch = terms, epoch
        elif epoch - max(best_epoch, config.warmup_epochs) >= config.patience:
            stopped = "patience"
            break
    return HeldOutRun(latent_size, best_epoch, epoch, stopped, start, best)


def _epochs(networks: Networks, s: torch.Tensor, plan: TrainingPlan, n_epochs: int) -> Iterator[int]:
    """Train for ``n_epochs`` epochs, yielding the number of each when it has ended."""
    config = plan.config
    generator = torch.Generator().manual_seed(plan.seed)
    optimiser = Adam(networks.parameters, config.learning_rate)
    for epoch in range(1, n_epochs + 1):
        beta = config.beta * min(1.0, epoch / max(1, config.warmup_epochs))
        for batch in torch.split(torch.randperm(len(s), generator=generator), config.batch_size):
            shape = (len(batch), networks.sizes.latent_size)
            noise = torch.randn(shape, generator=generator, dtype=torch.float64).to(s.device)
            reconstruction, divergence = networks.terms(s[batch.to(s.device)], noise)
            # NOTE: per coordinate, so that clip_norm means the same however many there are.
            loss = (reconstruction + beta * divergence.sum()) / s.shape[1]
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(networks.parameters, config.clip_norm)
            optimiser.step()
        yield epoch


class Adam:
    """The optimiser of Kingma & Ba 2015 (arXiv:1412.6980, algorithm 1) with their constants.

    NOTE: importing torch's own imports its compiler too, which takes longer than a fit takes to train.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter], learning_rate: float) -> None:
        self._parameters = list(parameters)
        self._learning_rate = learning_rate
        self._means = [torch.zeros_like(parameter) for parameter in parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in parameters]
        self._n_steps = 0

    def step(self) -> None:
        """Move the parameters against their gradients, and drop the gradients."""
        self._n_steps += 1
        mean_weight = 1.0 - MEAN_DECAY**self._n_steps
        square_weight = 1.0 - SQUARE_DECAY**self._n_steps
        with torch.no_grad():
            for parameter, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
                if parameter.grad is None:
                    continue
                mean.lerp_(parameter.grad, 1.0 - MEAN_DECAY)
                square.mul_(SQUARE_DECAY).addcmul_(parameter.grad, parameter.grad, value=1.0 - SQUARE_DECAY)
                scale = (square / square_weight).sqrt_().add_(SMALLEST_STEP_SCALE)
                parameter.addcdiv_(mean, scale, value=-self._learning_rate / mean_weight)
                parameter.grad = None


def training_device(name: str) -> torch.device:
    """Return the device of that name.

    Raises
    ------
    UsageError
        This machine has no such device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        build = "was built without CUDA" if torch.version.cuda is None else "finds no usable GPU"
        raise UsageError(
            f"device is cuda, but torch {torch.__version__} {build}. "
            f"Use {setting('device', 'cpu', flag='--device')}, or install a build of torch for CUDA on a machine with "
            "an NVIDIA GPU and its driver."
        )
    return torch.device(name)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch on one thread inside the block, because its sums depend on the number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

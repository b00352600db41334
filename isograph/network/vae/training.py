"""Adam, the optimiser."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from isograph.config import VaeConfig
from isograph.errors import ConvergenceError, UsageError
from isograph.network.vae.model import Networks, Sizes, Terms, linear_start

MEAN_DECAY = 0.9

SQUARE_DECAY = 0.999

SMALLEST_STEP_SCALE = 1e-8


class Adam:
    """Steps of Kingma & Ba 2015 (arXiv:1412.6980, algorithm 1) with their constants.

    NOTE: torch's own brings its compiler along, which takes longer to import than a fit takes to train.
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


logger = logging.getLogger(__name__)

HELD_OUT_DRAWS = 8

DIVERGED_FACTOR = 10.0

ADVICE = "Lower learning_rate or clip_norm (--set learning_rate=1e-4), or use --backend factor, which trains nothing."


@dataclass(frozen=True, slots=True)
class Search:
    """What training on a part of the samples found out with the samples held out.

    Attributes
    ----------
    latent_size : latent dimensions it was done with.
    best_epoch : epoch with the lowest loss of the samples held out, 0 for the linear start.
    epochs_run : epochs that were run.
    stopped : ``patience``, ``epochs`` (all were run) or ``diverged``.
    start, best : bound of the samples held out, at the start and at the best epoch.
    """

    latent_size: int
    best_epoch: int
    epochs_run: int
    stopped: str
    start: Terms
    best: Terms


@dataclass(frozen=True, slots=True)
class Trained:
    """Networks trained on all samples.

    Attributes
    ----------
    networks : the networks, on the CPU.
    searches : one per latent size tried.
    chosen : the search with the lowest loss of the samples held out.
    terms : bound of all samples.
    """

    networks: Networks
    searches: list[Search]
    chosen: Search
    terms: Terms


@dataclass(frozen=True, slots=True)
class Course:
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
        """Return standard normal draws (n_draws, n_samples, d) that do not change between epochs."""
        generator = torch.Generator().manual_seed(self.seed)
        shape = (n_draws, n_samples, latent_size)
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(self.device)


def training_device(name: str) -> torch.device:
    """Return the device of that name.

    Raises
    ------
    UsageError
        There is no such device here.
    """
    if name == "cuda" and not torch.cuda.is_available():
        build = "was built without CUDA" if torch.version.cuda is None else "finds no usable GPU"
        raise UsageError(
            f"device is cuda, but torch {torch.__version__} {build}. Use --device cpu, or install a build of torch for "
            "CUDA on a machine with an NVIDIA GPU and its driver."
        )
    return torch.device(name)


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch on one thread inside the block: the sums of its threads would depend on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def train(
    s: torch.Tensor, latent_sizes: tuple[int, ...], course: Course, *, progress: Callable[[int, int], None]
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
    total = (len(latent_sizes) + 1) * course.config.epochs
    searches = []
    for number, size in enumerate(latent_sizes):
        searches.append(_search(s, size, course, progress, done=number * course.config.epochs, total=total))
    usable = [search for search in searches if search.stopped != "diverged" or search.best_epoch > 0]
    if not usable:
        raise ConvergenceError(
            f"training diverged in epoch {searches[0].epochs_run}, before any epoch was better than the linear model "
            f"it starts from. {ADVICE}"
        )
    chosen = min(usable, key=lambda search: search.best.loss(course.config.beta))
    networks = course.start(s, chosen.latent_size)
    samples = s.to(course.device)
    for epoch in _epochs(networks, samples, course, chosen.best_epoch):
        progress(total - course.config.epochs + epoch, total)
    terms = networks.measured(samples, course.draws(HELD_OUT_DRAWS, len(s), chosen.latent_size))
    if not math.isfinite(terms.loss(course.config.beta)):
        raise ConvergenceError(f"training on all samples diverged within {chosen.best_epoch} epochs. {ADVICE}")
    networks.encoder.to("cpu").requires_grad_(requires_grad=False)
    networks.decoder.to("cpu").requires_grad_(requires_grad=False)
    progress(total, total)
    return Trained(networks, searches, chosen, terms)


def _search(
    s: torch.Tensor, latent_size: int, course: Course, progress: Callable[[int, int], None], *, done: int, total: int
) -> Search:
    config = course.config
    order = torch.randperm(len(s), generator=torch.Generator().manual_seed(course.seed))
    n_held = max(1, round(config.validation_share * len(s)))
    held, kept = s[order[:n_held]].to(course.device), s[order[n_held:]]
    networks = course.start(kept, latent_size)
    draws = course.draws(HELD_OUT_DRAWS, n_held, latent_size)
    start = best = networks.measured(held, draws)
    limit = DIVERGED_FACTOR * start.loss(config.beta)
    best_epoch, epoch, stopped = 0, 0, "epochs"
    for epoch in _epochs(networks, kept.to(course.device), course, config.epochs):
        progress(done + epoch, total)
        terms = networks.measured(held, draws)
        loss = terms.loss(config.beta)
        # NOTE: not "loss > limit", which does not hold where the loss is NaN.
        if not loss <= limit:
            stopped = "diverged"
            logger.warning("training diverged in epoch %d; the best epoch was %d", epoch, best_epoch)
            break
        if loss < best.loss(config.beta):
            best, best_epoch = terms, epoch
        elif epoch - max(best_epoch, config.warmup_epochs) >= config.patience:
            stopped = "patience"
            break
    return Search(latent_size, best_epoch, epoch, stopped, start, best)


def _epochs(networks: Networks, s: torch.Tensor, course: Course, n_epochs: int) -> Iterator[int]:
    """Train for ``n_epochs`` epochs, yielding the number of each when it has ended."""
    config = course.config
    generator = torch.Generator().manual_seed(course.seed)
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

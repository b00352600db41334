"""Adam, the optimiser."""

from __future__ import annotations

from collections.abc import Sequence

import torch

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

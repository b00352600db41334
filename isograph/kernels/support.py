"""Membership of a feature in its module with the feature's own gene left out."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.kernels._jit import kernel

MOST_STEPS = 1000
CHANGE_TOLERANCE = 1e-12
NOTHING_LEFT = 1e-12


@kernel
def leave_gene_out(
    values: Vector, coordinates: Matrix, in_module: Flags, partner: Index, start: int, stop: int, out: Vector
) -> None:
    """Write r of features ``start`` to ``stop`` with the eigengene of their module without their gene's features.

    The eigengene is the leading axis of Σ zᵢzᵢᵀ over the module's features. In the module's principal axes that sum is
    diagonal, so without a gene's features it is a diagonal less one or two outer products, and a step of power
    iteration (Golub & Van Loan 2013, §8.2) costs as much as the axes are many. The sign is that of the first axis.
    NaN where nothing is left of the module.

    values: (r,) eigenvalues of Σ zᵢzᵢᵀ, positive, the largest first. coordinates: (p, r) of each feature of the
    module's genes, of norm 1, on the axes. in_module: (p,) whether it is one of the zᵢ. partner: (p,) the other feature
    of its gene, −1 for none. out: (p,), in [−1, 1].   Twin: tests/reference/support.py
    """
    n_axes = values.shape[0]
    axis = np.empty(n_axes)
    step = np.empty(n_axes)
    for feature in range(start, stop):
        other = partner[feature]
        for i in range(n_axes):
            axis[i] = values[i]
        left = _normalised(axis)
        for _ in range(MOST_STEPS):
            own = _product(coordinates[feature], axis) if in_module[feature] else 0.0
            others = _product(coordinates[other], axis) if other >= 0 and in_module[other] else 0.0
            for i in range(n_axes):
                step[i] = values[i] * axis[i] - own * coordinates[feature, i]
                if other >= 0:
                    step[i] -= others * coordinates[other, i]
            left = _normalised(step)
            change = 0.0
            for i in range(n_axes):
                change += (step[i] - axis[i]) ** 2
                axis[i] = step[i]
            if left <= NOTHING_LEFT * values[0] or change <= CHANGE_TOLERANCE**2:
                break
        if left <= NOTHING_LEFT * values[0]:
            out[feature] = np.nan
            continue
        r = _product(coordinates[feature], axis)
        out[feature] = min(1.0, max(-1.0, r if axis[0] >= 0.0 else -r))


@kernel
def _product(a: Vector, b: Vector) -> float:
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@kernel
def _normalised(vector: Vector) -> float:
    """Scale ``vector`` to norm 1 in place, unless it is 0; return the norm it had."""
    norm: float = np.sqrt(_product(vector, vector))
    if norm > 0.0:
        for i in range(vector.shape[0]):
            vector[i] /= norm
    return norm

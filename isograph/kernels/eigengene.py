"""Module eigengenes and module membership (kME)."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Index, Matrix, Vector
from isograph.kernels._jit import kernel
from isograph.kernels.axis import leading_axis

CHECK_EVERY = 6
RESIDUAL_TOLERANCE = 1e-13
SIGN_TOLERANCE = 1e-9
# NOTE: multiplier, modulus and seed of a Lehmer generator (Park, Miller & Stockmeyer 1993, CACM 36(7)). A start
# without structure: one like s·φ mod 1 is orthogonal to balanced patterns such as + − − + − + + −.
_MULTIPLIER = 48_271
_MODULUS = 2_147_483_647
_SEED = 1_043_618_065


@kernel
def eigengenes(
    z: Matrix, members: Index, offsets: Index, start: int, stop: int, out: Matrix, explained: Vector
) -> None:
    """Write the first principal component over samples of each module ``start`` to ``stop``.

    The eigengene is the first right singular vector of the module's rows of z: unit norm, mean 0. Its sign makes the
    mean of the module's features correlate positively with it; where that mean is flat, the feature with the largest
    |kME| (the first among equals) does.

    z: (p, n), rows with mean 0, finite, not constant. members: rows of z, module by module; offsets: (n_modules + 1,)
    into ``members``, no module empty. out: (n_modules, n). explained: (n_modules,) share of the module's variance.
    Found by Lanczos steps with full reorthogonalisation; Golub & Van Loan 2013, §10.1 and §10.3.
    Langfelder & Horvath 2007, BMC Syst Biol 1:54, doi:10.1186/1752-0509-1-54 (eigengene).
    Twin: tests/reference/eigengene.py
    """
    for module in range(start, stop):
        rows = members[offsets[module] : offsets[module + 1]]
        total = 0.0
        for row in rows:
            for s in range(z.shape[1]):
                total += z[row, s] * z[row, s]
        explained[module] = _leading_component(z, rows, out[module]) / total
        _orient(z, rows, out[module])


@kernel
def kme(z: Matrix, components: Matrix, component_of: Index, start: int, stop: int, out: Vector) -> None:
    """Write Pearson r of rows ``start`` to ``stop`` of z with the component each belongs to; NaN where it has none.

    kME, eigengene-based connectivity: Horvath & Dong 2008, PLoS Comput Biol 4(8):e1000117, eq. 13.

    z: (p, n), rows with mean 0, finite, not constant. components: (m, n), rows with mean 0 and unit norm.
    component_of: (p,) row of ``components``, −1 for none. out: (p,), in [−1, 1].   Twin: tests/reference/eigengene.py
    """
    for row in range(start, stop):
        component = component_of[row]
        if component < 0:
            out[row] = np.nan
            continue
        product = 0.0
        square = 0.0
        for s in range(z.shape[1]):
            product += z[row, s] * components[component, s]
            square += z[row, s] * z[row, s]
        out[row] = min(1.0, max(-1.0, product / np.sqrt(square)))


@kernel
def _leading_component(z: Matrix, rows: Index, out: Vector) -> float:
    """Write the unit leading eigenvector of Σ zᵢ zᵢᵀ over ``rows`` into ``out`` (n,); return its eigenvalue."""
    n = z.shape[1]
    limit = min(n, rows.shape[0]) + 1
    krylov = np.zeros((limit + 1, n))
    diagonal = np.zeros(limit)
    below = np.zeros(limit)
    vector = np.empty(n)
    state = _SEED
    for s in range(n):
        state = (state * _MULTIPLIER) % _MODULUS
        vector[s] = state / _MODULUS - 0.5
    # NOTE: one product first brings the arbitrary start into the row space, where the answer lies.
    _gram_product(z, rows, vector, krylov[0])
    _normalise(krylov[0])
    ritz = np.zeros(1)
    value = 0.0
    steps = 0
    for step in range(limit):
        _gram_product(z, rows, krylov[step], vector)
        diagonal[step] = _dot(krylov[step], vector)
        for _ in range(2):
            for earlier in range(step + 1):
                dot = _dot(krylov[earlier], vector)
                for s in range(n):
                    vector[s] -= dot * krylov[earlier, s]
        below[step] = np.sqrt(_dot(vector, vector))
        steps = step + 1
        exhausted = steps == limit or below[step] <= RESIDUAL_TOLERANCE * diagonal[0]
        if exhausted or steps % CHECK_EVERY == 0:
            tridiagonal = np.zeros((steps, steps))
            for i in range(steps):
                tridiagonal[i, i] = diagonal[i]
                if i + 1 < steps:
                    tridiagonal[i, i + 1] = below[i]
                    tridiagonal[i + 1, i] = below[i]
            ritz = np.zeros(steps)
            value = leading_axis(tridiagonal, ritz)
            if exhausted or below[step] * abs(ritz[step]) <= RESIDUAL_TOLERANCE * value:
                break
        for s in range(n):
            krylov[steps, s] = vector[s] / below[step]
    for s in range(n):
        total = 0.0
        for step in range(steps):
            total += ritz[step] * krylov[step, s]
        out[s] = total
    _normalise(out)
    return value


@kernel
def _gram_product(z: Matrix, rows: Index, vector: Vector, out: Vector) -> None:
    """Write Σ zᵢ (zᵢ·vector) over ``rows`` into ``out`` (n,)."""
    n = z.shape[1]
    for s in range(n):
        out[s] = 0.0
    for row in rows:
        dot = 0.0
        for s in range(n):
            dot += z[row, s] * vector[s]
        for s in range(n):
            out[s] += dot * z[row, s]


@kernel
def _orient(z: Matrix, rows: Index, component: Vector) -> None:
    """Flip ``component`` in place to agree with the mean of the rows, or with the strongest row where that is flat."""
    agreement = 0.0
    scale = 0.0
    strongest = 0.0
    for row in rows:
        product = 0.0
        square = 0.0
        for s in range(z.shape[1]):
            product += z[row, s] * component[s]
            square += z[row, s] * z[row, s]
        agreement += product
        scale += np.sqrt(square)
        membership = product / np.sqrt(square)
        if abs(membership) > abs(strongest) + SIGN_TOLERANCE:
            strongest = membership
    decisive = agreement if abs(agreement) > SIGN_TOLERANCE * scale else strongest
    if decisive < 0.0:
        for s in range(component.shape[0]):
            component[s] = -component[s]


@kernel
def _dot(a: Vector, b: Vector) -> float:
    total = 0.0
    for s in range(a.shape[0]):
        total += a[s] * b[s]
    return total


@kernel
def _normalise(vector: Vector) -> None:
    norm = np.sqrt(_dot(vector, vector))
    for s in range(vector.shape[0]):
        vector[s] /= norm

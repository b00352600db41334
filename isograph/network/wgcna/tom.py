"""Adjacency and topological overlap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from isograph.arrays import Matrix, Vector
from isograph.config.check import require
from isograph.config.wgcna import MAX_POWER, NETWORK_TYPES, TOM_DENOMS, TOM_TYPES, canonical
from isograph.errors import InputError
from isograph.network.wgcna.correlation_matrix import (
    PEARSON,
    TILE,
    CorrelationOptions,
    correlation_matrix,
    correlation_rows,
    tile_corners,
)
from isograph.network.wgcna.tree import square_of
from isograph.runtime.threads import run_calls

SYMMETRY_TOLERANCE = 1e-12
Progress = Callable[[int, int], None] | None


def adjacency(
    features: Matrix,
    *,
    network_type: str = "unsigned",
    power: float = 6.0,
    keep_sign: bool = False,
    options: CorrelationOptions = PEARSON,
    threads: int = 1,
    progress: Progress = None,
) -> Matrix:
    """Return the adjacency of every pair of features: a power of their similarity; R: ``adjacency``.

    The similarity is |r| (unsigned), (1 + r)/2 (signed) or max(r, 0) (signed hybrid).
    Zhang & Horvath 2005, doi:10.2202/1544-6115.1128, eq. 1–2.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    network_type : ``unsigned``, ``signed`` or ``signed hybrid``.
    power : soft-threshold power, 1 to 30.
    keep_sign : sign(r)·|r|^power instead, what the signed overlap of an unsigned network is made of.
    options : the kind of correlation.

    Returns
    -------
    (p, p), symmetric, diagonal 1; NaN where a correlation is not defined.
    """
    require(
        name_check("network_type", network_type, NETWORK_TYPES)
        | {f"power is {power}, expected 1 to {MAX_POWER}": 1.0 <= power <= MAX_POWER}
    )
    kind = canonical(network_type, NETWORK_TYPES)
    rows = correlation_rows(features, options=options)
    change = partial(powered, network_type=kind, power=power, keep_sign=keep_sign)
    out = correlation_matrix(rows, rows, options=options, threads=threads, change=change, progress=progress)
    np.fill_diagonal(out, np.where(np.isnan(rows.units).any(axis=1), np.nan, 1.0))
    return out


def powered(r: Matrix, network_type: str, power: float, *, keep_sign: bool) -> Matrix:
    """Replace correlations by adjacencies, in place, and return them. network_type: as R spells it."""
    from isograph.kernels.overlap import signed_power

    if not keep_sign:
        similarity(r, network_type)
    signed_power(r, float(power))
    return r


def similarity(r: Matrix, network_type: str) -> Matrix:
    """Replace correlations by similarities, in place, and return them. network_type: as R spells it."""
    if network_type == "unsigned":
        return np.abs(r, out=r)
    if network_type == "signed":
        r += 1.0
        r /= 2.0
        return r
    return np.maximum(r, 0.0, out=r)


def topological_overlap(
    adjacency: Matrix,
    *,
    tom_type: str = "unsigned",
    tom_denom: str = "min",
    suppress_zero_adjacencies: bool = False,
    suppress_negative: bool = False,
    threads: int = 1,
) -> Matrix:
    """Return the topological overlap of every pair of features; R: ``TOMsimilarity``.

    Parameters
    ----------
    adjacency : (p, p), symmetric, in [0, 1], or [−1, 1] for the signed kinds; its diagonal is not read. A missing
        adjacency counts as 0.
    tom_type : ``unsigned``, ``signed``, ``signed Nowick``, each also with `` 2``, or ``none``.
    tom_denom : ``min`` or ``mean`` of the two connectivities.
    suppress_zero_adjacencies : signed kinds: 0 for pairs whose adjacency is not positive.
    suppress_negative : Nowick kinds: 0 instead of a negative overlap.

    Returns
    -------
    (p, p), symmetric, diagonal 1.

    Raises
    ------
    InputError
        The adjacency is not square, not symmetric or out of range.
    """
    require(name_check("tom_type", tom_type, TOM_TYPES) | name_check("tom_denom", tom_denom, TOM_DENOMS))
    kind, denominator = canonical(tom_type, TOM_TYPES), canonical(tom_denom, TOM_DENOMS)
    a = np.array(adjacency, dtype=np.float64)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise InputError("adjacency", f"its shape is {a.shape}, expected (p, p).")
    a[np.isnan(a)] = 0.0
    np.fill_diagonal(a, 1.0)
    problems = []
    if np.abs(a - a.T).max(initial=0.0) > SYMMETRY_TOLERANCE:
        problems.append("it is not symmetric.")
    lowest = -1.0 if kind.startswith("signed") else 0.0
    if outside := int(((a < lowest) | (a > 1.0)).sum()):
        problems.append(f"{outside} values are outside {lowest:g} to 1.")
    if problems:
        raise InputError("adjacency", problems)
    if kind == "none":
        return a
    distance = overlap_dissimilarity(a, tom_type=kind, tom_denom=denominator, threads=threads)
    overlap = np.subtract(1.0, square_of(distance, threads=threads))
    if suppress_zero_adjacencies and not kind.startswith("unsigned"):
        overlap[a <= 0] = 0.0
    if suppress_negative and "nowick" in kind.lower():
        np.maximum(overlap, 0.0, out=overlap)
    np.fill_diagonal(overlap, 1.0)
    return overlap


def overlap_dissimilarity(
    adjacency: Matrix, *, tom_type: str, tom_denom: str = "min", threads: int = 1, progress: Progress = None
) -> Vector:
    """Return 1 − topological overlap of every pair, as the upper triangle row by row.

    adjacency: (p, p), symmetric, diagonal 1, finite; it is only read. tom_type: as R spells it. The formula is in
    ``isograph.kernels.overlap.overlap_tile``.
    """
    from isograph.kernels.overlap import overlap_tile

    p = len(adjacency)
    out = np.empty(p * (p - 1) // 2)
    if tom_type == "none":
        for i in range(p - 1):
            start = i * (2 * p - i - 1) // 2
            np.subtract(1.0, adjacency[i, i + 1 :], out=out[start : start + p - i - 1])
        return out
    connectivity = np.empty(p)
    # NOTE: a few rows at a time, since their absolute values are a copy.
    for row in range(0, p, TILE):
        np.abs(adjacency[row : row + TILE]).sum(axis=1, out=connectivity[row : row + TILE])
    second = tom_type.endswith(" 2")
    absolute = tom_type.startswith("signed") and "Nowick" not in tom_type
    mean = tom_denom == "mean"

    def fill(row: int, column: int) -> None:
        shared = adjacency[row : row + TILE] @ adjacency[column : column + TILE].T
        overlap_tile(shared, adjacency, connectivity, row, column, mean, second, absolute, out)

    calls = [partial(fill, row, column) for row, column in tile_corners(p, p, upper=True)]
    run_calls(calls, threads=threads, progress=progress)
    return out


def name_check(option: str, name: str, known: tuple[str, ...]) -> dict[str, bool]:
    """Return the check, for ``require``, that a name is known however it is spelled."""
    sentence = f"{option} is '{name}', expected {', '.join(known[:-1])} or {known[-1]}"
    return {sentence: canonical(name, known) in known}

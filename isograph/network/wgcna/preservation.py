"""Whether modules found in one data set are modules in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.special

from isograph.arrays import Index, Matrix, Vector
from isograph.config.check import require
from isograph.config.wgcna import NETWORK_TYPES, canonical
from isograph.errors import InputError, examples
from isograph.network.wgcna.connectivity import signed_kme
from isograph.network.wgcna.correlation_matrix import MIN_PRESENT, correlation
from isograph.network.wgcna.eigengene import Labels, is_grey, module_eigengenes
from isograph.network.wgcna.tom import powered
from isograph.runtime.threads import run_calls

N_PERMUTATIONS = 100
SEED = 12345
MAX_GOLD_SIZE = 1000
MAX_MODULE_SIZE = 1000
POWERS = {"unsigned": 6.0, "signed": 12.0, "signed hybrid": 6.0}
DENSITY = ("prop_var_explained", "mean_sign_aware_kme", "mean_sign_aware_cor", "mean_adjacency")
CONNECTIVITY = ("cor_kim", "cor_kme", "cor_cor")
STATISTICS = (*DENSITY, "mean_mar", *CONNECTIVITY, "cor_kme_all", "cor_mar")


@dataclass(frozen=True, slots=True)
class ModulePreservation:
    """Preservation statistics of every module; R: ``modulePreservation``.

    Attributes
    ----------
    modules : (m,) labels as text, in the order of text; the random module is ``0.1`` (or ``gold`` among colours).
    sizes : (m,) features that were used.
    observed : statistic → (m,), of the test data against the reference.
    quality : density statistic → (m,), of the reference against itself.
    z, z_quality : the same in standard deviations from the mean over permutations.
    log10_p, log10_p_quality : the same as log10 of the upper tail of a normal distribution.
    z_density, z_connectivity, z_summary, z_summary_quality : (m,), medians of z and their mean.
    log10_p_density, log10_p_connectivity, log10_p_summary : (m,), medians of the log10 p they are made of.
    median_rank, median_rank_density, median_rank_connectivity : (m,), 1 for the best preserved.
    separability : (m,), 1 − the largest r of the module's eigengene with another's, in the test data.
    """

    modules: tuple[str, ...]
    sizes: Index
    observed: Mapping[str, Vector]
    quality: Mapping[str, Vector]
    z: Mapping[str, Vector]
    z_quality: Mapping[str, Vector]
    log10_p: Mapping[str, Vector]
    log10_p_quality: Mapping[str, Vector]
    z_density: Vector
    z_connectivity: Vector
    z_summary: Vector
    z_summary_quality: Vector
    log10_p_density: Vector
    log10_p_connectivity: Vector
    log10_p_summary: Vector
    median_rank: Vector
    median_rank_density: Vector
    median_rank_connectivity: Vector
    separability: Vector


@dataclass(frozen=True, slots=True)
class _Modules:
    """The features used, the module number of each, and the modules' labels; a random module is one of them."""

    rows: Index
    number: Index
    levels: list[str]


def module_preservation(
    reference: Matrix,
    test: Matrix,
    labels: Labels,
    *,
    network_type: str = "unsigned",
    n_permutations: int = N_PERMUTATIONS,
    seed: int = SEED,
    threads: int = 1,
) -> ModulePreservation:
    """Return how well modules of a reference are preserved in test data of the same features.

    Density statistics ask whether the module's features still hang together, connectivity statistics whether in the
    same way. z-summary above 10 is read as strong preservation, 2 to 10 as weak to moderate, below 2 as none; it grows
    with the module, median ranks do not. Random numbers are not R's: z differs as between two seeds.
    Langfelder et al. 2011, doi:10.1371/journal.pcbi.1001057.

    Parameters
    ----------
    reference, test : (p, n), (p, m), the same features in the same order, NaN where missing.
    labels : (p,), numbers (0: no module) or colour names (grey: no module), found in the reference.
    network_type : ``unsigned``, ``signed`` or ``signed hybrid``.
    n_permutations : of the features of the test data against the labels.
    seed : of the random module and of the permutations.

    Raises
    ------
    InputError
        The features differ in number, or some are constant or have fewer than 4 values.
    """
    from scipy.stats import rankdata

    kind = canonical(network_type, NETWORK_TYPES)
    require(
        {
            f"network_type is '{network_type}', expected {', '.join(NETWORK_TYPES)}": kind in NETWORK_TYPES,
            f"n_permutations is {n_permutations}, expected 2 or more": n_permutations >= 2,
        }
    )
    _check(reference, test, labels)
    rng = np.random.default_rng(seed)
    modules = _with_gold(np.asarray(labels), rng)
    both = partial(_both, np.asarray(reference, dtype=np.float64), np.asarray(test, dtype=np.float64), kind)
    observed, quality = both(modules, np.arange(len(reference)))
    calls: list[Callable[[], tuple[dict[str, Vector], dict[str, Vector]]]] = []
    for _ in range(n_permutations):
        drawn = _with_gold(np.asarray(labels), rng)
        calls.append(partial(both, drawn, rng.permutation(len(reference))))
    permuted = run_calls(calls, threads=threads)
    z = _z(observed, [pair[0] for pair in permuted], STATISTICS)
    z_quality = _z(quality, [pair[1] for pair in permuted], DENSITY)
    log_p, log_p_quality = _log10_p(z), _log10_p(z_quality)
    ranks = {name: rankdata(-observed[name]) for name in (*DENSITY, *CONNECTIVITY)}
    density, connectivity = _median(z, DENSITY), _median(z, CONNECTIVITY)
    log_density, log_connectivity = _median(log_p, DENSITY), _median(log_p, CONNECTIVITY)
    return ModulePreservation(
        modules=tuple(modules.levels),
        sizes=np.bincount(modules.number),
        observed={name: observed[name] for name in STATISTICS},
        quality={name: quality[name] for name in (*DENSITY, "mean_mar")},
        z=z,
        z_quality=z_quality,
        log10_p=log_p,
        log10_p_quality=log_p_quality,
        z_density=density,
        z_connectivity=connectivity,
        z_summary=(density + connectivity) / 2.0,
        z_summary_quality=_median(z_quality, DENSITY),
        log10_p_density=log_density,
        log10_p_connectivity=log_connectivity,
        log10_p_summary=np.median([log_density, log_connectivity], axis=0),
        median_rank=_median(ranks, (*DENSITY, *CONNECTIVITY)),
        median_rank_density=_median(ranks, DENSITY),
        median_rank_connectivity=_median(ranks, CONNECTIVITY),
        separability=_separability(test, np.asarray(labels), modules.levels),
    )


def _check(reference: Matrix, test: Matrix, labels: Labels) -> None:
    problems = []
    if not len(reference) == len(test) == len(labels):
        problems.append(
            f"{len(reference)} features in the reference, {len(test)} in the test data, {len(labels)} labels, expected "
            "as many of each."
        )
    for name, features in (("reference", reference), ("test data", test)):
        there = ~np.isnan(features)
        lowest = np.min(features, axis=1, where=there, initial=np.inf)
        highest = np.max(features, axis=1, where=there, initial=-np.inf)
        bad = np.flatnonzero((highest <= lowest) | (there.sum(axis=1) < MIN_PRESENT))
        if len(bad):
            problems.append(
                f"{len(bad)} features of the {name} are constant or have fewer than {MIN_PRESENT} values: rows "
                f"{examples(bad)}. Leave them out of both."
            )
    if problems:
        raise InputError("preservation", problems)


def _with_gold(labels: Labels, rng: np.random.Generator) -> _Modules:
    """Return the modules and one of random features; large ones are sampled."""
    gold = "gold" if labels.dtype.kind == "U" else "0.1"
    texts = labels.astype(str)
    levels = sorted({*texts.tolist(), gold})
    rows, numbers = [], []
    for number, level in enumerate(levels):
        if level == gold:
            chosen = rng.choice(len(labels), size=min(MAX_GOLD_SIZE, len(labels) // 2), replace=False)
        else:
            chosen = np.flatnonzero(texts == level)
            if len(chosen) > MAX_MODULE_SIZE:
                chosen = np.sort(rng.choice(chosen, size=MAX_MODULE_SIZE, replace=False))
        rows.append(chosen)
        numbers.append(np.full(len(chosen), number))
    return _Modules(np.concatenate(rows), np.concatenate(numbers), levels)


def _both(
    reference: Matrix, test: Matrix, kind: str, modules: _Modules, order: Index
) -> tuple[dict[str, Vector], dict[str, Vector]]:
    """Return the statistics of test data and of the reference; feature order[i] stands in both for feature i."""
    x = reference[modules.rows]
    rows = order[modules.rows]
    return (
        _statistics(x, test[rows], modules, kind, is_test=True),
        _statistics(x, reference[rows], modules, kind, is_test=False),
    )


def _statistics(x: Matrix, y: Matrix, modules: _Modules, kind: str, *, is_test: bool) -> dict[str, Vector]:
    """Return every statistic of every module; rows of x are those of the reference, rows of y stand for them."""
    kme = [signed_kme(side, module_eigengenes(side, modules.number).eigengenes) for side in (x, y)]
    out = {name: np.full(len(modules.levels), np.nan) for name in STATISTICS}
    for module in range(len(modules.levels)):
        members = np.flatnonzero(modules.number == module)
        own = [k[members, module] for k in kme]
        found = _of_kme(own) | _of_pairs(x[members], y[members], kind, sign_aware=is_test or kind == "unsigned")
        found["cor_kme_all"] = abs(_r(kme[0][:, module], kme[1][:, module]))
        for name, value in found.items():
            out[name][module] = value
    return out


def _of_kme(kme: list[Vector]) -> dict[str, float]:
    """Return the statistics of one module's kME in the reference and in the other data."""
    return {
        "prop_var_explained": float(np.mean(np.square(kme[1]))),
        "mean_sign_aware_kme": abs(float(np.mean(np.sign(kme[0]) * kme[1]))),
        "cor_kme": abs(_r(*kme)),
    }


def _of_pairs(x: Matrix, y: Matrix, kind: str, *, sign_aware: bool) -> dict[str, float]:
    """Return the statistics of one module's pairs of features.

    NOTE: as in R, the quality of a signed network's module is the mean r itself.
    """
    pairs = np.triu_indices(len(x), 1)
    if len(pairs[0]) == 0:
        return {}
    r = [correlation(side) for side in (x, y)]
    r_x, r_y = (matrix[pairs] for matrix in r)
    adjacent = [powered(matrix, kind, POWERS[kind], keep_sign=False) for matrix in r]
    for matrix in adjacent:
        np.fill_diagonal(matrix, 1.0)
    sums = [a.sum(axis=0) for a in adjacent]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = [(np.square(a).sum(axis=0) - 1.0) / (k - 1.0) for a, k in zip(adjacent, sums, strict=True)]
    return {
        "mean_sign_aware_cor": float(np.mean(np.sign(r_x) * r_y if sign_aware else r_y)),
        "mean_adjacency": float(np.mean(adjacent[1][pairs])),
        "mean_mar": float(np.mean(ratios[1])),
        "cor_kim": _r(*sums),
        "cor_cor": _r(r_x, r_y),
        "cor_mar": _r(*ratios),
    }


def _r(one: Vector, other: Vector) -> float:
    """Return Pearson r of two vectors, NaN where there is none."""
    if len(one) < 2:
        return float("nan")
    return float(correlation(one[None, :], other[None, :])[0, 0])


def _z(observed: Mapping[str, Vector], permuted: list[dict[str, Vector]], names: tuple[str, ...]) -> dict[str, Vector]:
    """Return the observed statistics in standard deviations from the mean over permutations."""
    out = {}
    for name in names:
        drawn = np.stack([statistics[name] for statistics in permuted])
        with np.errstate(invalid="ignore", divide="ignore"):
            out[name] = (observed[name] - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1)
    return out


def _log10_p(z: Mapping[str, Vector]) -> dict[str, Vector]:
    return {name: scipy.special.log_ndtr(-value) / np.log(10.0) for name, value in z.items()}


def _median(values: Mapping[str, Vector], names: tuple[str, ...]) -> Vector:
    median: Vector = np.median([values[name] for name in names], axis=0)
    return median


def _separability(features: Matrix, labels: Labels, levels: list[str]) -> Vector:
    """Return 1 − the largest r (0 at least) of each module's eigengene with another module's; NaN for gold and grey."""
    found = module_eigengenes(features, labels)
    proper = ~is_grey(found.labels)
    r = correlation(found.eigengenes[proper])
    np.fill_diagonal(r, 0.0)
    values = dict(zip(found.labels[proper].astype(str).tolist(), (1.0 - r.max(axis=1)).tolist(), strict=True))
    return np.array([values.get(level, np.nan) for level in levels])

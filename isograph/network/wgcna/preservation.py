"""Whether modules found in one data set are modules in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.special

from isograph.arrays import Index, Matrix, Vector
from isograph.config.check import require
from isograph.config.wgcna import NETWORK_TYPES, canonical
from isograph.errors import InputError, examples
from isograph.network.wgcna.connectivity import signed_kme
from isograph.network.wgcna.correlation_matrix import correlation
from isograph.network.wgcna.eigengene import Labels, is_grey, module_eigengenes
from isograph.network.wgcna.good_features import MIN_SAMPLES, varying
from isograph.network.wgcna.tom import name_check, powered
from isograph.runtime.threads import run_calls

N_PERMUTATIONS = 100
SEED = 12345
MAX_GOLD_SIZE = 1000
MAX_MODULE_SIZE = 1000
POWERS = {"unsigned": 6.0, "signed": 12.0, "signed hybrid": 6.0}
DENSITY = ("prop_var_explained", "mean_sign_aware_kme", "mean_sign_aware_cor", "mean_adjacency")
CONNECTIVITY = ("cor_kim", "cor_kme", "cor_cor")
STATISTICS = (*DENSITY, "mean_mar", *CONNECTIVITY, "cor_kme_all", "cor_mar")
Statistics = Mapping[str, Vector]


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
    # NOTE: a large library that nothing else here needs.
    from scipy.stats import rankdata

    require(
        name_check("network_type", network_type, NETWORK_TYPES)
        | {f"n_permutations is {n_permutations}, expected 2 or more": n_permutations >= 2}
    )
    kind = canonical(network_type, NETWORK_TYPES)
    _check(reference, test, labels)
    rng = np.random.default_rng(seed)
    data = np.asarray(reference, dtype=np.float64), np.asarray(test, dtype=np.float64)
    labels = np.asarray(labels)
    rows, module_of, levels = _with_random_module(labels, rng)
    observed, quality = _in_test_and_reference(*data, kind, rows, module_of, order=np.arange(len(reference)))
    calls: list[Callable[[], tuple[Statistics, Statistics]]] = []
    for _ in range(n_permutations):
        drawn, module_of_drawn, _ = _with_random_module(labels, rng)
        order = rng.permutation(len(reference))
        calls.append(partial(_in_test_and_reference, *data, kind, drawn, module_of_drawn, order=order))
    permuted, permuted_quality = zip(*run_calls(calls, threads=threads), strict=True)
    z, z_quality = _z(observed, permuted, STATISTICS), _z(quality, permuted_quality, DENSITY)
    log_p, log_p_quality = _log10_p(z), _log10_p(z_quality)
    ranks = {name: rankdata(-observed[name]) for name in (*DENSITY, *CONNECTIVITY)}
    density, connectivity = _median(z, DENSITY), _median(z, CONNECTIVITY)
    log_density, log_connectivity = _median(log_p, DENSITY), _median(log_p, CONNECTIVITY)
    return ModulePreservation(
        modules=tuple(levels),
        sizes=np.bincount(module_of),
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
        separability=_separability(test, labels, levels),
    )


def _check(reference: Matrix, test: Matrix, labels: Labels) -> None:
    problems = []
    if not len(reference) == len(test) == len(labels):
        problems.append(
            f"{len(reference)} features in the reference, {len(test)} in the test data, {len(labels)} labels, expected "
            "as many of each."
        )
    for name, features in (("reference", reference), ("test data", test)):
        too_few = (~np.isnan(features)).sum(axis=1) < MIN_SAMPLES
        bad = np.flatnonzero(too_few | ~varying(features))
        if len(bad):
            problems.append(
                f"{len(bad)} features of the {name} are constant or have fewer than {MIN_SAMPLES} values: rows "
                f"{examples(bad)}. Leave them out of both."
            )
    if problems:
        raise InputError("preservation", problems)


def _with_random_module(labels: Labels, rng: np.random.Generator) -> tuple[Index, Index, list[str]]:
    """Return the features used, the module number of each and the modules' labels; large modules are sampled.

    A module of random features, R's gold, is one of them.
    """
    gold = "gold" if labels.dtype.kind == "U" else "0.1"
    texts = labels.astype(str)
    levels = sorted({*texts.tolist(), gold})
    rows, numbers = [], []
    for number, level in enumerate(levels):
        if level == gold:
            members = rng.choice(len(labels), size=min(MAX_GOLD_SIZE, len(labels) // 2), replace=False)
        else:
            members = np.flatnonzero(texts == level)
            if len(members) > MAX_MODULE_SIZE:
                members = np.sort(rng.choice(members, size=MAX_MODULE_SIZE, replace=False))
        rows.append(members)
        numbers.append(np.full(len(members), number))
    return np.concatenate(rows), np.concatenate(numbers), levels


def _in_test_and_reference(
    reference: Matrix, test: Matrix, kind: str, rows: Index, module_of: Index, *, order: Index
) -> tuple[Statistics, Statistics]:
    """Return the statistics of test data and of the reference; feature order[i] stands in both for feature i.

    rows: the features used. module_of: the module number of each of them.
    """
    x, permuted = reference[rows], order[rows]
    # NOTE: as in R, the quality of a signed network's module is the mean r itself.
    return (
        _statistics(x, test[permuted], module_of, kind, sign_aware=True),
        _statistics(x, reference[permuted], module_of, kind, sign_aware=kind == "unsigned"),
    )


def _statistics(x: Matrix, y: Matrix, module_of: Index, kind: str, *, sign_aware: bool) -> Statistics:
    """Return every statistic of every module; rows of x are those of the reference, rows of y stand for them."""
    kme_x, kme_y = (signed_kme(data, module_eigengenes(data, module_of).eigengenes) for data in (x, y))
    n_modules = int(module_of.max()) + 1
    out = {name: np.full(n_modules, np.nan) for name in STATISTICS}
    for module in range(n_modules):
        members = np.flatnonzero(module_of == module)
        own_x, own_y = kme_x[members, module], kme_y[members, module]
        statistics = {
            "prop_var_explained": float(np.mean(np.square(own_y))),
            "mean_sign_aware_kme": abs(float(np.mean(np.sign(own_x) * own_y))),
            "cor_kme": abs(_r(own_x, own_y)),
            "cor_kme_all": abs(_r(kme_x[:, module], kme_y[:, module])),
            **_pair_statistics(x[members], y[members], kind, sign_aware=sign_aware),
        }
        for name, value in statistics.items():
            out[name][module] = value
    return out


def _pair_statistics(x: Matrix, y: Matrix, kind: str, *, sign_aware: bool) -> dict[str, float]:
    """Return the statistics of one module's pairs of features; none of a module of one feature."""
    pairs = np.triu_indices(len(x), 1)
    if len(pairs[0]) == 0:
        return {}
    r = [correlation(data) for data in (x, y)]
    r_x, r_y = (matrix[pairs] for matrix in r)
    adjacencies = [powered(matrix, kind, POWERS[kind], keep_sign=False) for matrix in r]
    for a in adjacencies:
        np.fill_diagonal(a, 1.0)
    sums = [a.sum(axis=0) for a in adjacencies]
    with np.errstate(invalid="ignore", divide="ignore"):
        # NOTE: the maximum adjacency ratio of each feature, without the diagonal.
        ratios = [(np.square(a).sum(axis=0) - 1.0) / (k - 1.0) for a, k in zip(adjacencies, sums, strict=True)]
    return {
        "mean_sign_aware_cor": float(np.mean(np.sign(r_x) * r_y if sign_aware else r_y)),
        "mean_adjacency": float(np.mean(adjacencies[1][pairs])),
        "mean_mar": float(np.mean(ratios[1])),
        "cor_kim": _r(*sums),
        "cor_cor": _r(r_x, r_y),
        "cor_mar": _r(*ratios),
    }


def _r(x: Vector, y: Vector) -> float:
    """Return Pearson r of two vectors, NaN where there is none."""
    return float(correlation(x[None, :], y[None, :])[0, 0]) if len(x) > 1 else float("nan")


def _z(observed: Statistics, permuted: Sequence[Statistics], names: tuple[str, ...]) -> dict[str, Vector]:
    """Return the observed statistics in standard deviations from the mean over permutations."""
    z = {}
    for name in names:
        drawn = np.stack([statistics[name] for statistics in permuted])
        with np.errstate(invalid="ignore", divide="ignore"):
            z[name] = (observed[name] - drawn.mean(axis=0)) / drawn.std(axis=0, ddof=1)
    return z


def _log10_p(z: Statistics) -> dict[str, Vector]:
    """Return log10 of the upper tail of the standard normal distribution at z."""
    return {name: scipy.special.log_ndtr(-values) / np.log(10.0) for name, values in z.items()}


def _median(statistics: Statistics, names: tuple[str, ...]) -> Vector:
    median: Vector = np.median([statistics[name] for name in names], axis=0)
    return median


def _separability(features: Matrix, labels: Labels, levels: list[str]) -> Vector:
    """Return 1 − the largest r (0 at least) of each module's eigengene with another module's; NaN for gold and grey."""
    modules = module_eigengenes(features, labels)
    proper = ~is_grey(modules.labels)
    r = correlation(modules.eigengenes[proper])
    np.fill_diagonal(r, 0.0)
    values = dict(zip(modules.labels[proper].astype(str).tolist(), (1.0 - r.max(axis=1)).tolist(), strict=True))
    return np.array([values.get(level, np.nan) for level in levels])

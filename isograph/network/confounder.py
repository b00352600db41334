"""Hidden confounders: factors that features of many modules share, found and projected out when that explains the data.

A module's features share one factor. A batch, a cell composition or a degradation acts on features of many modules at
once, and so hides or splits them. Such a factor is told from biology by two rules. It has to lower the Bayesian
information criterion of the whole description, and the description has to come to an end: a few factors and then
modules with one factor each, with nothing left over. Tissue, where programmes overlap in dozens of factors, never comes
to that end, and there nothing is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.special
from numpy.typing import NDArray

from isograph.arrays import Index, Matrix, Vector
from isograph.config import FactorConfig
from isograph.errors import examples
from isograph.features.channel import Channels
from isograph.network.communities import Partition, best_partition, similar_pairs
from isograph.network.modules import community_eigengenes
from isograph.network.result import Confounder
from isograph.network.shared_factor import (
    MOST_PRINCIPAL,
    MOST_VARIMAX,
    SMALLEST_RESIDUAL,
    fit_bifactor,
    module_breadth,
    module_differences,
    noise_edge,
    principal_directions,
    refined_factor,
    unit_norm,
    varimax_directions,
)
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls, single_threaded_blas
from isograph.stats import unit_rows

logger = logging.getLogger(__name__)

MOST_CONFOUNDERS = 5
LOADING_PVALUE = 1e-3
LEAST_BREADTH = 3
BREADTH_SHARE = 0.3
# NOTE: a factor that splits modules reaches all of one part, and less of the whole once the parts are one again.
BREADTH_SHARE_OF_WHOLE = 0.15
# NOTE: a confounder reaches many features, so a part of them shows it, and the time of a search stays bounded.
MOST_SEARCHED = 3000
TRIALS = 4
TRIALS_OF_DIFFERENCES = 3
REFINEMENTS = 2
FACTOR_STEPS = 3
# NOTE: signs that modules do not tell everything: a left-over factor well above the edge of noise, or a network whose
# pairs lead out of their modules.
LEFTOVER_RATIO = 1.5
CROSSING_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Search:
    """What the search found: the confounders, the features without the removed ones, and why it ended as it did."""

    confounders: tuple[Confounder, ...]
    z: Matrix
    reason: str

    @property
    def n_removed(self) -> int:
        """How many confounders were projected out."""
        return sum(confounder.removed for confounder in self.confounders)


@dataclass(frozen=True, slots=True)
class _State:
    """Features with some factors taken out.

    ``scale`` is the norm that is left of each feature, ``loadings`` are those of the features as they were, and ``bic``
    is the criterion of the modules of what is left.
    """

    unit: Matrix
    scale: Vector
    community_of: Index
    eigengenes: Matrix
    bic: float
    confounders: tuple[Confounder, ...] = ()
    loadings: tuple[Vector, ...] = ()


@dataclass(frozen=True, slots=True)
class _Setting:
    """What does not change during a search."""

    channels: Channels
    config: FactorConfig
    seed: int
    threads: int

    def infer(self, unit: Matrix, n_removed: int) -> Partition:
        """Return the partition of the features that have ``unit`` rows."""
        n = unit.shape[1]
        changed = replace(
            self.channels, z=unit * np.sqrt(n - 1), residual_dof=self.channels.residual_dof - n_removed, missing=None
        )
        similar = similar_pairs(changed, self.config, threads=1, steps=Steps(logged=False))
        return best_partition(changed, similar, self.config, self.config.search_cuts, seed=self.seed, threads=1)

    def eigengenes(self, unit: Matrix, found: Partition) -> Matrix:
        """Return the eigengenes of a partition, (n_modules, n_samples)."""
        return community_eigengenes(unit, found.community_of, found.n_modules, threads=1).eigengenes

    def least_r(self, n_removed: int) -> float:
        """Return the |r| at which a feature loads on a factor (p ≤ 0.001)."""
        dof = self.channels.residual_dof - n_removed
        return float(np.sqrt(1.0 - scipy.special.betaincinv(dof / 2.0, 0.5, LOADING_PVALUE)))


def hidden_confounders(
    channels: Channels,
    found: Partition,
    config: FactorConfig,
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> Search:
    """Return the hidden confounders of the features and the features without them.

    found: the partition of the features as they are. Nothing is searched where modules tell everything
    (no left-over factor and no pairs across modules), where fewer than three modules were found, where values are
    missing, or where more factors are left over than a search may remove. ``config.remove_factors`` 0 turns the search
    off; a number above 0 removes that many, whatever the rules say; ``config.keep_factors`` are left in.
    """
    forced = config.remove_factors
    reason = _no_search(channels, found, forced)
    if reason:
        if config.keep_factors:
            logger.warning("keep_factors has nothing to keep: hidden confounders were %s", reason)
        return Search((), channels.z, reason)
    kept = _searched_features(found)
    subset = replace(channels, z=channels.z[kept], gene_of=channels.gene_of[kept])
    setting = _Setting(subset, config, seed, threads)
    most = MOST_CONFOUNDERS if forced is None else forced
    with single_threaded_blas():
        state, ended = _searched(setting, most, by_rule=forced is None, progress=progress)
        state, reason = _decided(state, config, ended=ended or forced is not None)
        z = _without(channels.z, kept, state, setting.least_r(0))
    return Search(state.confounders, z, reason)


def _searched_features(found: Partition) -> Index:
    """Return the numbers of the features the search works on: those with a pair, evenly thinned where they are many."""
    paired = found.similar.paired
    if len(paired) <= MOST_SEARCHED:
        return paired
    return paired[np.linspace(0, len(paired) - 1, MOST_SEARCHED).astype(np.int64)]


def _no_search(channels: Channels, found: Partition, forced: int | None) -> str:
    """Return why there is nothing to search, empty when there is."""
    barred = {
        "not searched: remove_factors is 0": forced == 0,
        "not searched: fewer than 3 modules to begin with": found.n_modules < LEAST_BREADTH,
        "not searched: values are missing": channels.missing is not None,
    }
    for reason, holds in barred.items():
        if holds:
            return reason
    return _complete(channels, found) if forced is None else ""


def _complete(channels: Channels, found: Partition) -> str:
    """Return why the rule removes nothing without a search, empty when a search is worth it."""
    n_left, ratio = _left_over(channels, found)
    if n_left > MOST_CONFOUNDERS:
        return (
            f"not searched: the modules leave {n_left} factors, more than the {MOST_CONFOUNDERS} that may be removed; "
            "programmes overlap, and none can be told from a confounder"
        )
    pairs, community_of = found.similar.pairs, found.community_of
    a, b = community_of[pairs.source], community_of[pairs.target]
    if ratio <= LEFTOVER_RATIO and float(np.mean((a != b) | (a < 0))) <= CROSSING_SHARE:
        return "not searched: the modules leave nothing to explain"
    return ""


def _left_over(channels: Channels, found: Partition) -> tuple[int, float]:
    """Return how many factors above the edge of noise the modules leave, and the largest in units of the edge."""
    kept = found.similar.paired
    unit, community_of = unit_rows(channels.z[kept]), found.community_of[kept]
    with single_threaded_blas():
        eigengenes = community_eigengenes(channels.z, found.community_of, found.n_modules, threads=1).eigengenes
        none = np.zeros(len(unit), dtype=np.bool_)
        own = fit_bifactor(unit, eigengenes[0], none, eigengenes, community_of).own
        left = unit_rows(unit - own[:, None] * eigengenes[community_of])
        values = np.linalg.eigvalsh(left.T @ left)
    edge = noise_edge(len(kept), channels.residual_dof)
    return int((values > edge).sum()), float(values[-1] / edge)


def _searched(
    setting: _Setting, most: int, *, by_rule: bool, progress: Callable[[int, int], None]
) -> tuple[_State, bool]:
    """Return the state after taking out one factor after the other, and whether nothing more is to be taken out."""
    unit = unit_rows(setting.channels.z)
    found = setting.infer(unit, 0)
    eigengenes = setting.eigengenes(unit, found)
    state = _State(unit, np.ones(len(unit)), found.community_of, eigengenes, found.bic)
    while True:
        progress(len(state.confounders), most)
        if not by_rule and len(state.confounders) == most:
            return state, True
        following = _best_trial(setting, state)
        if following is None or (by_rule and _gain(following) >= 0):
            return state, True
        if len(state.confounders) == most:
            return state, False
        state = following


def _best_trial(setting: _Setting, state: _State) -> _State | None:
    """Return the state after the trial that lowers the criterion most; None when no direction is broad enough."""
    if len(state.eigengenes) < LEAST_BREADTH:
        return None
    trials = [partial(_trial, setting, state, factor) for factor in _options(setting, state)]
    states = run_calls(trials, threads=setting.threads)
    return min((tried for tried in states if tried is not None), key=_gain, default=None)


def _options(setting: _Setting, state: _State) -> list[Vector]:
    """Return the directions worth a trial.

    Directions by which modules differ come first, then the varimax and principal directions that explain most by
    themselves; only those that reach several modules.
    """
    n_removed = len(state.confounders)
    least_r, dof = setting.least_r(n_removed), setting.channels.residual_dof - n_removed
    differences = module_differences(state.eigengenes, least_r)
    principal, _ = principal_directions(state.unit, dof)
    others = np.concatenate([varimax_directions(state.unit, principal[:MOST_VARIMAX]), principal[:MOST_PRINCIPAL]])
    broad: list[tuple[float, Vector]] = []
    for number, direction in enumerate([*differences, *others]):
        factor = unit_norm(direction)
        r = state.unit @ factor
        loads = np.abs(r) >= least_r
        if module_breadth(loads, state.community_of, setting.channels.gene_of, BREADTH_SHARE) >= LEAST_BREADTH:
            explained = np.log(np.maximum(1.0 - r[loads] ** 2, SMALLEST_RESIDUAL)).sum()
            broad.append((-np.inf if number < len(differences) else float(explained), factor))
    first = [option for option in broad if np.isinf(option[0])][:TRIALS_OF_DIFFERENCES]
    then = sorted((option for option in broad if np.isfinite(option[0])), key=lambda option: option[0])[:TRIALS]
    return [factor for _, factor in (*first, *then)]


def _trial(setting: _Setting, state: _State, factor: Vector) -> _State | None:
    """Return the state with one factor more, the factor refined against the modules found without it.

    The criterion is n Σᵢ log(residual variance) + (modules) n log p' + n log p + (loadings beyond the first of a
    feature) log n.
    """
    n_removed = len(state.confounders)
    least_r = setting.least_r(n_removed)
    unit = state.unit
    loads = np.abs(unit @ factor) >= least_r
    without = unit_rows(unit - np.where(loads, unit @ factor, 0.0)[:, None] * factor)
    for _ in range(REFINEMENTS):
        found = setting.infer(without, n_removed + 1)
        if found.n_modules == 0:
            return None
        community_of, eigengenes = found.community_of, setting.eigengenes(without, found)
        for _ in range(FACTOR_STEPS):
            fit = fit_bifactor(unit, factor, loads, eigengenes, community_of)
            own = eigengenes[community_of]
            factor = refined_factor(unit, fit, factor, loads, own)
            loads = np.abs((unit - fit.own[:, None] * own) @ factor) >= least_r
        fit = fit_bifactor(unit, factor, loads, eigengenes, community_of)
        without = unit_rows(unit - fit.shared[:, None] * factor)
    found = setting.infer(without, n_removed + 1)
    if found.n_modules == 0:
        return None
    community_of, eigengenes = found.community_of, setting.eigengenes(without, found)
    fit = fit_bifactor(unit, factor, loads, eigengenes, community_of)
    breadth = module_breadth(loads, community_of, setting.channels.gene_of, BREADTH_SHARE_OF_WHOLE)
    if breadth < LEAST_BREADTH:
        return None
    bic = _criterion(fit.residual, loads, found, n_samples=len(factor))
    left = unit - fit.shared[:, None] * factor
    confounder = Confounder(factor, breadth, int(loads.sum()), bic - state.bic, removed=True)
    return _State(
        unit=unit_rows(left),
        scale=state.scale * np.linalg.norm(left, axis=1),
        community_of=community_of,
        eigengenes=eigengenes,
        bic=found.bic,
        confounders=(*state.confounders, confounder),
        loadings=(*state.loadings, fit.shared * state.scale),
    )


def _gain(state: _State) -> float:
    """Return by how much the last factor of the state changes the criterion."""
    return state.confounders[-1].bic_change


def _criterion(residual: Vector, loads: NDArray[np.bool_], found: Partition, *, n_samples: int) -> float:
    n = n_samples
    in_module = found.community_of >= 0
    explained = loads | in_module
    second = int((loads & in_module).sum())
    return float(
        n * np.log(residual[explained]).sum()
        + found.n_modules * n * np.log(max(1, len(found.similar.paired)))
        + n * np.log(len(residual))
        + second * np.log(n)
    )


def _decided(state: _State, config: FactorConfig, *, ended: bool) -> tuple[_State, str]:
    """Return the state with what is to be removed marked, and the reason."""
    n_found = len(state.confounders)
    if absent := [f"H{number}" for number in config.keep_factors if number > n_found]:
        logger.warning("keep_factors names %s, but %d hidden confounders were found", examples(absent), n_found)
    kept_in = {number - 1 for number in config.keep_factors}
    marked = tuple(
        replace(confounder, removed=ended and number not in kept_in)
        for number, confounder in enumerate(state.confounders)
    )
    if not ended:
        reason = (
            f"none removed: after {MOST_CONFOUNDERS} factors there were still more to remove; "
            "programmes overlap, and none can be told from a confounder"
        )
    elif config.remove_factors is not None:
        reason = f"{n_found} of the {config.remove_factors} factors asked for were found"
    elif n_found == 0:
        reason = "no factor lowers the criterion"
    else:
        plural = "" if n_found == 1 else "s"
        reason = f"the criterion falls with {n_found} factor{plural} and with no further one"
    return replace(state, confounders=marked), reason


def _without(z: Matrix, kept: Index, state: _State, least_r: float) -> Matrix:
    """Return all features without the removed confounders, sample sd 1.

    The searched features lose the loadings that were fitted beside their modules; any other feature that correlates
    with a confounder loses its projection.
    """
    removed = [number for number, confounder in enumerate(state.confounders) if confounder.removed]
    if not removed:
        return z
    unit = unit_rows(z)
    searched = np.zeros(len(z), dtype=np.bool_)
    searched[kept] = True
    for number in removed:
        score = state.confounders[number].score
        r = unit @ score
        loading = np.where(~searched & (np.abs(r) >= least_r), r, 0.0)
        loading[kept] = state.loadings[number]
        unit = unit - loading[:, None] * score
    standardised: Matrix = unit_rows(unit) * np.sqrt(z.shape[1] - 1)
    return standardised

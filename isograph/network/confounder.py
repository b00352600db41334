"""Hidden confounders: factors that features of many modules share, found and projected out when that explains the data.

A module's features share one factor. A batch, a cell composition or a degradation acts on features of many modules at
once, and so hides or splits them. Two rules distinguish such a factor from biology. It has to lower the Bayesian
information criterion of the whole description, and the description has to come to an end: a few factors and then
modules with one factor each, with nothing left over. Tissue, where programmes overlap in dozens of factors, never comes
to that end, and there nothing is removed.

The search is greedy. Each round tries several directions (``_candidates``), refines each against the modules that are
found without it (``_refined``), and takes the one that lowers the criterion most (``_with_factor``), until none does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np
import scipy.special

from isograph.arrays import Flags, Index, Matrix, Vector
from isograph.config import FactorConfig
from isograph.errors import examples
from isograph.features.channel import Channels
from isograph.network.communities import Division, division_of_lowest_bic
from isograph.network.modules import community_eigengenes
from isograph.network.pairs import SimilarPairs, similar_pairs
from isograph.network.result import Confounder
from isograph.network.shared_factor import (
    SMALLEST_RESIDUAL,
    fit_bifactor,
    module_breadth,
    module_differences,
    principal_directions,
    refined_factor,
    unit_norm,
    varimax_directions,
)
from isograph.runtime.progress import Steps
from isograph.runtime.threads import run_calls, single_threaded_blas
from isograph.stats import marchenko_pastur_edge, unit_rows

logger = logging.getLogger(__name__)

MOST_CONFOUNDERS = 5
LOADING_PVALUE = 1e-3
LEAST_BREADTH = 3
BREADTH_SHARE = 0.3
# NOTE: a factor that splits modules reaches all of one part, and less of the whole once the parts are one again.
BREADTH_SHARE_OF_WHOLE = 0.15
# NOTE: a confounder reaches many features, so a part of them shows it, and the time of a search stays bounded.
MOST_SEARCHED = 3000
MOST_VARIMAX = 40
MOST_PRINCIPAL = 4
TRIALS = 4
TRIALS_OF_DIFFERENCES = 3
REFINEMENTS = 2
FACTOR_STEPS = 3
# NOTE: modules do not explain everything where a left-over factor is well above the edge of noise, or where pairs of
# the network lead out of their modules.
LEFTOVER_RATIO = 1.5
CROSSING_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class ConfounderSearch:
    """The confounders found, the features ``z`` without the removed ones, and why the search ended as it did."""

    confounders: tuple[Confounder, ...]
    z: Matrix
    reason: str

    @property
    def n_removed(self) -> int:
        """How many confounders were projected out."""
        return sum(confounder.removed for confounder in self.confounders)


def hidden_confounders(
    channels: Channels,
    similar: SimilarPairs,
    divided: Division,
    config: FactorConfig,
    *,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None],
) -> ConfounderSearch:
    """Return the hidden confounders of the features and the features without them.

    similar, divided: pairs and division of the features as they are. Nothing is searched where modules explain
    everything (no left-over factor and no pairs across modules), where fewer than three modules were found, where
    values are missing, or where more factors are left over than a search may remove. ``config.remove_factors`` 0 turns
    the search off; a number above 0 removes that many, whatever the rules say; ``config.keep_factors`` are left in.
    """
    if reason := _reason_not_to_search(channels, similar, divided, config.remove_factors):
        if config.keep_factors:
            logger.warning("keep_factors has nothing to keep: hidden confounders were %s", reason)
        return ConfounderSearch((), channels.z, reason)
    searched = _searched_features(similar)
    subset = replace(channels, z=channels.z[searched], gene_of=channels.gene_of[searched])
    finder = _ModuleFinder(subset, config, seed)
    with single_threaded_blas():
        state, is_complete = _searched_state(finder, config.remove_factors, threads=threads, progress=progress)
        confounders = _with_removals(state.confounders, config, is_complete=is_complete)
        z = _without_removed(channels.z, searched, confounders, state.loadings, finder.least_r(0))
    return ConfounderSearch(confounders, z, _reason_of_end(len(confounders), config, is_complete=is_complete))


def _reason_not_to_search(channels: Channels, similar: SimilarPairs, divided: Division, forced: int | None) -> str:
    """Return why nothing is searched, empty for a search; a ``forced`` number of factors overrides the rules."""
    if forced == 0:
        return "not searched: remove_factors is 0"
    if divided.n_modules < LEAST_BREADTH:
        return "not searched: fewer than 3 modules to begin with"
    if channels.missing is not None:
        return "not searched: values are missing"
    return "" if forced is not None else _reason_of_rules(channels, similar, divided)


def _reason_of_rules(channels: Channels, similar: SimilarPairs, divided: Division) -> str:
    """Return why no factor would be removed by rule, empty when a search has to show it."""
    n_left, ratio = _left_over_factors(channels, similar, divided)
    if n_left > MOST_CONFOUNDERS:
        return (
            f"not searched: the modules leave {n_left} factors, more than the {MOST_CONFOUNDERS} that may be removed; "
            "programmes overlap, and none can be told from a confounder"
        )
    a, b = divided.community_of[similar.pairs.source], divided.community_of[similar.pairs.target]
    if ratio <= LEFTOVER_RATIO and float(np.mean((a != b) | (a < 0))) <= CROSSING_SHARE:
        return "not searched: the modules leave nothing to explain"
    return ""


def _left_over_factors(channels: Channels, similar: SimilarPairs, divided: Division) -> tuple[int, float]:
    """Return how many factors above the edge of noise the modules leave, and the largest in units of the edge."""
    paired = similar.paired
    unit, community_of = unit_rows(channels.z[paired]), divided.community_of[paired]
    with single_threaded_blas():
        eigengenes = community_eigengenes(channels.z, divided.community_of, divided.n_modules, threads=1).eigengenes
        no_loadings = np.zeros(len(unit), dtype=np.bool_)
        own = fit_bifactor(unit, eigengenes[0], no_loadings, eigengenes, community_of).own
        residual = unit_rows(unit - own[:, None] * eigengenes[community_of])
        values = np.linalg.eigvalsh(residual.T @ residual)
    edge = marchenko_pastur_edge(len(paired) / channels.residual_dof)
    return int((values > edge).sum()), float(values[-1] / edge)


def _searched_features(similar: SimilarPairs) -> Index:
    """Return the numbers of the features the search works on: those with a pair, evenly thinned where they are many."""
    paired = similar.paired
    if len(paired) <= MOST_SEARCHED:
        return paired
    return paired[np.linspace(0, len(paired) - 1, MOST_SEARCHED).astype(np.int64)]


@dataclass(frozen=True, slots=True)
class _FeatureModules:
    """Modules of the searched features.

    Attributes
    ----------
    community_of : (p,) module of each feature, −1 for none.
    eigengenes : (n_modules, n_samples), unit norm.
    n_paired : features with a pair.
    bic : the criterion of one factor per module.
    """

    community_of: Index
    eigengenes: Matrix
    n_paired: int
    bic: float


@dataclass(frozen=True, slots=True)
class _ModuleFinder:
    """Finds modules among the searched ``channels``, whatever was already removed from them."""

    channels: Channels
    config: FactorConfig
    seed: int

    def modules(self, unit: Matrix, n_removed: int) -> _FeatureModules:
        """Return the modules of the features once they are the rows of ``unit``."""
        z = unit * np.sqrt(unit.shape[1] - 1)
        changed = replace(self.channels, z=z, residual_dof=self.channels.residual_dof - n_removed)
        similar = similar_pairs(changed, self.config, threads=1, steps=Steps(logged=False))
        divided, bic = division_of_lowest_bic(
            changed, similar, self.config, self.config.search_cuts, seed=self.seed, threads=1
        )
        eigengenes = community_eigengenes(unit, divided.community_of, divided.n_modules, threads=1).eigengenes
        return _FeatureModules(divided.community_of, eigengenes, len(similar.paired), bic)

    def least_r(self, n_removed: int) -> float:
        """Return the |r| at which a feature loads on a factor (p ≤ 0.001)."""
        dof = self.channels.residual_dof - n_removed
        return float(np.sqrt(1.0 - scipy.special.betaincinv(dof / 2.0, 0.5, LOADING_PVALUE)))


@dataclass(frozen=True, slots=True)
class _State:
    """The searched features after some factors were removed from them.

    Attributes
    ----------
    unit : (p, n_samples), what is left of each feature, at norm 1.
    scale : (p,) the norm that was left before that; 1 at first.
    modules : the modules of what is left.
    confounders : the factors removed, in order.
    loadings : for each of them the (p,) loadings of the features as they were at first.
    """

    unit: Matrix
    scale: Vector
    modules: _FeatureModules
    confounders: tuple[Confounder, ...] = ()
    loadings: tuple[Vector, ...] = ()

    @property
    def last_bic_change(self) -> float:
        """By how much the last factor changed the criterion."""
        return self.confounders[-1].bic_change


def _searched_state(
    finder: _ModuleFinder, forced: int | None, *, threads: int, progress: Callable[[int, int], None]
) -> tuple[_State, bool]:
    """Return the state after removing one factor after the other, and whether the search came to an end.

    By rule it ends with the factor after which no other lowers the criterion. Where even a sixth would, it does not
    end: that many factors are programmes rather than confounders. A ``forced`` number of factors is always an end.
    """
    limit = MOST_CONFOUNDERS if forced is None else forced
    unit = unit_rows(finder.channels.z)
    state = _State(unit, np.ones(len(unit)), finder.modules(unit, 0))
    for n_removed in range(limit):
        progress(n_removed, limit)
        best = _best_trial(finder, state, threads=threads)
        if best is None or (forced is None and best.last_bic_change >= 0):
            return state, True
        state = best
    progress(limit, limit)
    if forced is not None:
        return state, True
    further = _best_trial(finder, state, threads=threads)
    return state, further is None or further.last_bic_change >= 0


def _best_trial(finder: _ModuleFinder, state: _State, *, threads: int) -> _State | None:
    """Return the state after the trial that lowers the criterion most; None when no direction is broad enough."""
    if len(state.modules.eigengenes) < LEAST_BREADTH:
        return None
    trials = [partial(_with_factor, finder, state, direction) for direction in _candidates(finder, state)]
    states = [trial for trial in run_calls(trials, threads=threads) if trial is not None]
    return min(states, key=lambda trial: trial.last_bic_change, default=None)


def _candidates(finder: _ModuleFinder, state: _State) -> list[Vector]:
    """Return the directions worth a trial: only those that reach several modules.

    Directions by which modules differ come first: they hint at a factor that has split modules. Then the varimax and
    principal directions follow that explain most by themselves.
    """
    n_removed = len(state.confounders)
    least_r = finder.least_r(n_removed)

    def is_broad(direction: Vector) -> bool:
        loads = np.abs(state.unit @ direction) >= least_r
        breadth = module_breadth(loads, state.modules.community_of, finder.channels.gene_of, BREADTH_SHARE)
        return breadth >= LEAST_BREADTH

    def log_residual(direction: Vector) -> float:
        r = state.unit @ direction
        loads = np.abs(r) >= least_r
        return float(np.log(np.maximum(1.0 - r[loads] ** 2, SMALLEST_RESIDUAL)).sum())

    differences = module_differences(state.modules.eigengenes, least_r)
    principal, _ = principal_directions(state.unit, finder.channels.residual_dof - n_removed)
    varimax = varimax_directions(state.unit, principal[:MOST_VARIMAX])
    split = filter(is_broad, map(unit_norm, differences))
    spread = filter(is_broad, map(unit_norm, np.concatenate([varimax, principal[:MOST_PRINCIPAL]])))
    return [*islice(split, TRIALS_OF_DIFFERENCES), *sorted(spread, key=log_residual)[:TRIALS]]


def _with_factor(finder: _ModuleFinder, state: _State, direction: Vector) -> _State | None:
    """Return the state with one factor more, refined from the direction; None where it reaches too few modules."""
    refined = _refined(finder, state, direction)
    if refined is None:
        return None
    factor, loads, modules = refined
    gene_of = finder.channels.gene_of
    breadth = module_breadth(loads, modules.community_of, gene_of, BREADTH_SHARE_OF_WHOLE)
    if breadth < LEAST_BREADTH:
        return None
    fit = fit_bifactor(state.unit, factor, loads, modules.eigengenes, modules.community_of)
    bic_change = _criterion(fit.residual, loads, modules, n_samples=len(factor)) - state.modules.bic
    left = state.unit - fit.shared[:, None] * factor
    return _State(
        unit=unit_rows(left),
        scale=state.scale * np.linalg.norm(left, axis=1),
        modules=modules,
        confounders=(*state.confounders, Confounder(factor, breadth, int(loads.sum()), bic_change, removed=True)),
        loadings=(*state.loadings, fit.shared * state.scale),
    )


def _refined(finder: _ModuleFinder, state: _State, direction: Vector) -> tuple[Vector, Flags, _FeatureModules] | None:
    """Return the factor near a direction, the features that load on it, and the modules of the features without it.

    Factor and modules depend on each other: a factor that is still in the features distorts their modules, and modules
    whose own factor is not accounted for draw the factor towards themselves. So both are found in turns. None where
    the features without the factor have no module.
    """
    unit, factor = state.unit, direction
    n_removed = len(state.confounders)
    least_r = finder.least_r(n_removed)
    r = unit @ factor
    loads = np.abs(r) >= least_r
    without = unit_rows(unit - np.where(loads, r, 0.0)[:, None] * factor)
    modules = finder.modules(without, n_removed + 1)
    for _ in range(REFINEMENTS):
        if not len(modules.eigengenes):
            return None
        own_eigengenes = modules.eigengenes[modules.community_of]
        for _ in range(FACTOR_STEPS):
            fit = fit_bifactor(unit, factor, loads, modules.eigengenes, modules.community_of)
            factor = refined_factor(unit, fit, factor, loads, own_eigengenes)
            loads = np.abs((unit - fit.own[:, None] * own_eigengenes) @ factor) >= least_r
        fit = fit_bifactor(unit, factor, loads, modules.eigengenes, modules.community_of)
        without = unit_rows(unit - fit.shared[:, None] * factor)
        modules = finder.modules(without, n_removed + 1)
    return (factor, loads, modules) if len(modules.eigengenes) else None


def _criterion(residual: Vector, loads: Flags, modules: _FeatureModules, *, n_samples: int) -> float:
    """Return the criterion of modules and one shared factor: n Σᵢ log(residual variance) + the price of parameters.

    n scores at log p' for each module, p' features with a pair; n scores at log p for the factor, p features; log n for
    each feature that loads on both, as one loading of a feature is part of the description without a factor too.
    """
    in_module = modules.community_of >= 0
    explained = loads | in_module
    n_second_loadings = int((loads & in_module).sum())
    return float(
        n_samples * np.log(residual[explained]).sum()
        + len(modules.eigengenes) * n_samples * np.log(max(1, modules.n_paired))
        + n_samples * np.log(len(residual))
        + n_second_loadings * np.log(n_samples)
    )


def _with_removals(
    confounders: tuple[Confounder, ...], config: FactorConfig, *, is_complete: bool
) -> tuple[Confounder, ...]:
    """Return the confounders with what is removed: all but those to be kept, and none where the search did not end."""
    ids = range(1, len(confounders) + 1)
    if absent := [f"H{number}" for number in config.keep_factors if number not in ids]:
        logger.warning(
            "keep_factors names %s, but %d hidden confounders were found", examples(absent), len(confounders)
        )
    return tuple(
        replace(confounder, removed=is_complete and number not in config.keep_factors)
        for number, confounder in zip(ids, confounders, strict=True)
    )


def _reason_of_end(n_found: int, config: FactorConfig, *, is_complete: bool) -> str:
    """Return the sentence that says why the search removed what it did."""
    if not is_complete:
        return (
            f"none removed: after {MOST_CONFOUNDERS} factors there were still more to remove; "
            "programmes overlap, and none can be told from a confounder"
        )
    if config.remove_factors is not None:
        return f"{n_found} of the {config.remove_factors} factors asked for were found"
    if n_found == 0:
        return "no factor lowers the criterion"
    return f"the criterion falls with {n_found} factor{'' if n_found == 1 else 's'} and with no further one"


def _without_removed(
    z: Matrix, searched: Index, confounders: tuple[Confounder, ...], loadings: tuple[Vector, ...], least_r: float
) -> Matrix:
    """Return all features without the removed confounders, sample sd 1.

    The searched features lose the loadings that were fitted beside their modules; any other feature that correlates
    with a confounder loses its projection.
    """
    if not any(confounder.removed for confounder in confounders):
        return z
    unit = unit_rows(z)
    is_searched = np.zeros(len(z), dtype=np.bool_)
    is_searched[searched] = True
    for confounder, fitted in zip(confounders, loadings, strict=True):
        if confounder.removed:
            r = unit @ confounder.score
            loading = np.where(~is_searched & (np.abs(r) >= least_r), r, 0.0)
            loading[searched] = fitted
            unit = unit - loading[:, None] * confounder.score
    standardised: Matrix = unit_rows(unit) * np.sqrt(z.shape[1] - 1)
    return standardised

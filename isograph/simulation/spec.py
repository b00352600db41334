"""Fixture specs: what a fixture is simulated from, and the suites they are kept in as TOML files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

from isograph.config.redraw import NULLS
from isograph.config.values import setting_types, typed_values, value_text
from isograph.errors import ConfigError, UsageError, did_you_mean, examples, shown
from isograph.runtime.shipped import shipped_directory
from isograph.schemas.gate import GATES
from isograph.schemas.role import ACTIVE_ROLES, SWITCH_ONLY

ACTIVITIES = ("gaussian", "rings_and_quadrants")
SHAPED_MODULES = 4
SAMPLINGS = ("counts", "expected")
NOT_REDRAWN = "none"
REDRAWS = (NOT_REDRAWN, *NULLS)
STRENGTH_OF_COVARIATE = {
    "rin": "degradation_strength",
    "cell_fraction": "composition_strength",
    "batch": "batch_strength",
    "depth": "depth_sd",
}
MIN_SAMPLES = 3
MIN_MODULE = 2
MAX_ISOFORMS = 20
SUM_TOLERANCE = 1e-6
_REQUIRED = ("name", "suite", "n_genes", "n_samples")
_RANGES = {
    "n_genes": (1, 10_000_000),
    "n_samples": (MIN_SAMPLES, 1_000_000),
    "diagnosis_effect": (0.0, 10.0),
    "age_effect": (0.0, 10.0),
    "confounder_weight": (0.0, 10.0),
    "gene_mean": (1.0, 1e6),
    "gene_mean_sd": (0.0, 3.0),
    "dispersion": (0.01, inf),
    "abundance_effect": (0.0, 5.0),
    "switch_effect": (0.0, 20.0),
    "drive_noise": (0.0, 10.0),
    "isoform_imbalance": (1.0, 1e6),
    "usage_concentration": (0.1, inf),
    "interaction_strength": (0.0, 10.0),
    "degradation_strength": (0.0, 10.0),
    "composition_strength": (0.0, 5.0),
    "batch_strength": (0.0, 5.0),
    "depth_sd": (0.0, 3.0),
    "single_isoform_share": (0.0, 1.0),
    "interaction_share": (0.0, 1.0),
}
_FILE_NAME = re.compile(r"^\w[\w.+-]*$")


class SpecError(ConfigError):
    """A fixture spec is impossible; ``problems`` holds every reason, one sentence each."""

    def __init__(self, name: object, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"fixture '{shown(name)}': {'; '.join(self.problems)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureSpec:
    """One fixture: its sizes, its generator's settings and what an inference has to reach on it.

    Attributes
    ----------
    name : name of the data set.
    suite : suite it belongs to.
    description : what it is for, one sentence.
    n_genes : genes, planted and background.
    n_samples : samples; one half is diagnosed.
    module_sizes : genes of each planted module; the rest is background.
    role_shares : share of each module's genes with each role; they add up to 1.
    activity : gaussian, or rings_and_quadrants of two hidden latents.
    diagnosis_effect : largest effect of the diagnosis on a module, in sd; the smallest is half of it.
    age_effect : largest effect of a sd of age on a module, in sd; the smallest is half of it.
    confounder_weight : weight of one hidden variable in every module.
    gene_mean : median of the genes' mean counts.
    gene_mean_sd : sd of the log of the genes' mean counts.
    dispersion : size of the negative binomial: variance = mean + mean² / size; inf for Poisson.
    abundance_effect : change of a gene's log mean with a sd of its module.
    switch_effect : change of a gene's log odds of isoforms with a sd of its module.
    drive_noise : sd of what each gene's channel adds to its module's activity, which has sd 1.
    isoform_shares : shares of 2, 3, 4 … isoforms among the genes with several; they add up to 1.
    isoform_imbalance : baseline usage of a gene's most used isoform over that of its least used.
    single_isoform_share : share of single-isoform genes among those that do not switch.
    usage_concentration : concentration of the Dirichlet noise of usage; inf for counting noise only.
    interaction_strength : change of log odds with a sd of one product of two latents, in the genes it acts on.
    interaction_share : share of the switching genes it acts on.
    degradation_strength : loss of log odds of the longest isoform with a sd of RIN, in an average gene.
    composition_strength : sd over genes of the effect of a sd of cell fraction, on log mean and log odds.
    batch_strength : sd over genes and 4 batches of the batch's effect, on log mean and log odds.
    depth_sd : sd of the log of the samples' library size.
    recorded_covariates : which of rin, cell_fraction, batch, depth the sample table holds.
    balanced_noise : draw the noise of a planted gene's silent channel uncorrelated with its module in the sample.
    sampling : counts, or expected for the expected counts without any noise.
    redraw : draw the transcript counts again so that no gene switches, multinomial or overdispersed; or none.
    gates : what an inference has to reach or must not exceed, by the names of ``isograph.schemas.gate.GATES``.

    Raises
    ------
    SpecError
        Values out of range, or that do not go together; all are named.
    """

    name: str
    suite: str
    n_genes: int
    n_samples: int
    description: str = ""
    module_sizes: tuple[int, ...] = ()
    role_shares: Mapping[str, float] = field(default_factory=lambda: {SWITCH_ONLY: 1.0})
    activity: str = "gaussian"
    diagnosis_effect: float = 0.5
    age_effect: float = 0.25
    confounder_weight: float = 0.0
    gene_mean: float = 300.0
    gene_mean_sd: float = 0.4
    dispersion: float = 10.0
    abundance_effect: float = 0.6
    switch_effect: float = 2.0
    drive_noise: float = 0.0
    isoform_shares: tuple[float, ...] = (0.45, 0.30, 0.15, 0.10)
    isoform_imbalance: float = 1.0
    single_isoform_share: float = 0.0
    usage_concentration: float = 60.0
    interaction_strength: float = 0.0
    interaction_share: float = 0.0
    degradation_strength: float = 0.0
    composition_strength: float = 0.0
    batch_strength: float = 0.0
    depth_sd: float = 0.0
    recorded_covariates: tuple[str, ...] = ()
    balanced_noise: bool = False
    sampling: str = "counts"
    redraw: str = NOT_REDRAWN
    gates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks = (_value_problems, _module_problems, _share_and_covariate_problems)
        if problems := [problem for check in checks for problem in check(self)]:
            raise SpecError(self.name, problems)

    @property
    def values(self) -> dict[str, object]:
        """Every field by name, in the order they are declared."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


def spec_of(values: Mapping[str, object], base: FixtureSpec | None = None) -> FixtureSpec:
    """Return the spec with these fields; the others are those of ``base``, or the defaults without one.

    Raises
    ------
    SpecError
        Unknown fields, values of another type, missing sizes, or values out of range; all are named.
    """
    typed, problems = typed_values(values, setting_types(FixtureSpec), noun="field")
    complete: dict[str, Any] = {**(base.values if base is not None else {}), **typed}
    name = complete.get("name", "")
    problems += [f"{required} is missing" for required in _REQUIRED if required not in {**complete, **values}]
    if any(required not in complete for required in _REQUIRED):
        raise SpecError(name, problems)
    try:
        spec = FixtureSpec(**complete)
    except SpecError as error:
        raise SpecError(name, [*problems, *error.problems]) from None
    if problems:
        raise SpecError(name, problems)
    return spec


def fixture_directory() -> Path:
    """Return the directory of the suites."""
    return shipped_directory("fixtures", "fixtures")


def suites() -> tuple[str, ...]:
    """Return the names of the suites, ascending."""
    return tuple(sorted({path.parent.name for path in fixture_directory().glob("*/*.toml")}))


def fixture_specs(suite: str) -> tuple[FixtureSpec, ...]:
    """Return the fixtures of a suite, the smallest first.

    Raises
    ------
    UsageError
        There is no such suite.
    """
    specs = (_read_spec(path) for path in _fixture_files(suite))
    return tuple(sorted(specs, key=lambda spec: (spec.n_genes, spec.n_samples, spec.name)))


def fixture_spec(name: str, suite: str | None = None) -> FixtureSpec:
    """Return the fixture of that name, of ``suite`` or of the only suite that has it.

    Raises
    ------
    UsageError
        There is no such suite or fixture, or several suites have it and none is named.
    """
    paths = [path for entry in (suites() if suite is None else (suite,)) for path in _fixture_files(entry)]
    named = [path for path in paths if path.stem == name]
    if not named:
        where = "" if suite is None else f" in suite {suite}"
        groups = groupby(paths, key=lambda path: path.parent.name)
        lines = [f"  {entry}: {', '.join(path.stem for path in group)}" for entry, group in groups]
        meant = did_you_mean(name, [path.stem for path in paths])
        raise UsageError("\n".join([f"no fixture '{shown(name)}'{where}{meant} There are:", *lines]))
    if len(named) > 1:
        having = examples(path.parent.name for path in named)
        raise UsageError(f"fixture '{name}' is in several suites: {having}. Name one.")
    return _read_spec(named[0])


def _fixture_files(suite: str) -> list[Path]:
    """Return the files of a suite, ascending."""
    known = suites()
    if suite not in known:
        raise UsageError(f"no suite '{shown(suite)}'{did_you_mean(suite, known)} There are: {', '.join(known)}.")
    return sorted((fixture_directory() / suite).glob("*.toml"))


def _read_spec(path: Path) -> FixtureSpec:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"fixture '{path.stem}': {path.name} is no TOML: {error}") from error
    return spec_of({**values, "name": path.stem, "suite": path.parent.name})


def _value_problems(spec: FixtureSpec) -> Iterable[str]:
    for name, (low, high) in _RANGES.items():
        value = getattr(spec, name)
        if not low <= value <= high:
            expected = f"{low:g} or more" if high == inf else f"{low:g} to {high:,.12g}"
            yield f"{name} is {value}, expected {expected}"
    if not _FILE_NAME.match(spec.name):
        yield f"name is '{shown(spec.name)}', expected letters, digits, '_', '.', '+' and '-'"
    for name, known in (("activity", ACTIVITIES), ("sampling", SAMPLINGS), ("redraw", REDRAWS)):
        if getattr(spec, name) not in known:
            yield f"{name} is '{shown(getattr(spec, name))}', expected {', '.join(known[:-1])} or {known[-1]}"
    if unknown := [gate for gate in spec.gates if gate not in GATES]:
        yield f"unknown gates {examples(unknown)}, expected {', '.join(GATES)}"


def _module_problems(spec: FixtureSpec) -> Iterable[str]:
    planted = sum(spec.module_sizes)
    if planted > spec.n_genes:
        yield f"the modules hold {planted:,} genes, expected at most n_genes = {spec.n_genes:,}"
    if small := [size for size in spec.module_sizes if size < MIN_MODULE]:
        yield f"{len(small)} modules have fewer than {MIN_MODULE} genes: {examples(small)}"
    if spec.activity == "rings_and_quadrants" and len(spec.module_sizes) != SHAPED_MODULES:
        yield f"rings_and_quadrants takes {SHAPED_MODULES} modules, got {len(spec.module_sizes)}"
    if spec.interaction_strength > 0 and len(spec.module_sizes) < 2:
        yield f"an interaction takes the latents of 2 modules, got {len(spec.module_sizes)}"


def _share_and_covariate_problems(spec: FixtureSpec) -> Iterable[str]:
    if unknown := [role for role in spec.role_shares if role not in ACTIVE_ROLES]:
        yield f"unknown roles {examples(unknown)}, expected {', '.join(ACTIVE_ROLES)}"
    if not 1 <= len(spec.isoform_shares) < MAX_ISOFORMS:
        yield f"isoform_shares has {len(spec.isoform_shares)} entries, expected 1 to {MAX_ISOFORMS - 1}"
    for name, shares in (("role_shares", list(spec.role_shares.values())), ("isoform_shares", spec.isoform_shares)):
        if not all(0 <= share <= 1 for share in shares) or not abs(sum(shares) - 1) <= SUM_TOLERANCE:
            yield f"{name} is {value_text(getattr(spec, name))}, expected shares from 0 to 1 that add up to 1"
    for name in spec.recorded_covariates:
        strength = STRENGTH_OF_COVARIATE.get(name)
        if strength is None:
            yield f"recorded covariate '{shown(name)}' is not known, expected {', '.join(STRENGTH_OF_COVARIATE)}"
        elif getattr(spec, strength) == 0:
            yield f"recorded covariate '{name}' has no effect: {strength} is 0"
    if len(set(spec.recorded_covariates)) < len(spec.recorded_covariates):
        yield f"recorded_covariates names one twice: {', '.join(spec.recorded_covariates)}"

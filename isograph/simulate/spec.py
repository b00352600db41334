"""Fixture specs: what a simulated bundle is made of, as data in ``fixtures/<suite>/<name>.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

from isograph.errors import ConfigError, UsageError, examples, shown
from isograph.runtime.shipped import shipped_directory
from isograph.simulate.limit import spec_problems
from isograph.simulate.value import typed_values


class SpecError(ConfigError):
    """A fixture spec cannot be; ``problems`` holds every reason, one sentence each."""

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
    gates : what an inference has to reach: min_ari, min_recovery, max_background_rate, min_role_recall, max_modules.

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
    role_shares: Mapping[str, float] = field(default_factory=lambda: {"switch_only": 1.0})
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
    gates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = spec_problems(self)
        if problems:
            raise SpecError(self.name, problems)

    @property
    def values(self) -> dict[str, object]:
        """Every field by name, in the order they are declared."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}


def spec_of(given: Mapping[str, object]) -> FixtureSpec:
    """Return the spec with the fields ``given``, each a value as TOML has them.

    Raises
    ------
    SpecError
        Unknown fields, values of another type, missing sizes, or values out of range; all are named.
    """
    typed, problems = typed_values(given, field_types())
    missing = [f"{name} is missing" for name in ("name", "suite", "n_genes", "n_samples") if name not in given]
    if missing:
        raise SpecError(given.get("name", ""), [*problems, *missing])
    return checked_spec(typed, problems)


def checked_spec(values: Mapping[str, Any], problems: Sequence[str]) -> FixtureSpec:
    """Return the spec with the fields ``values``, which have their types, unless there are ``problems`` already.

    Raises
    ------
    SpecError
        There are ``problems``, or values out of range; all are named.
    """
    try:
        spec = FixtureSpec(**values)
    except SpecError as error:
        raise SpecError(values["name"], [*problems, *error.problems]) from None
    if problems:
        raise SpecError(spec.name, problems)
    return spec


def field_types() -> dict[str, str]:
    """Return the annotation of every field of a spec, by name."""
    return {entry.name: str(entry.type) for entry in fields(FixtureSpec)}


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
    if suite not in suites():
        raise UsageError(f"no suite '{shown(suite)}'{_meant(suite, suites())} There are: {', '.join(suites())}.")
    specs = (_read_spec(path) for path in sorted((fixture_directory() / suite).glob("*.toml")))
    return tuple(sorted(specs, key=lambda spec: (spec.n_genes, spec.n_samples, spec.name)))


def fixture_spec(name: str, suite: str | None = None) -> FixtureSpec:
    """Return the fixture of that name, of ``suite`` or of whichever suite has it.

    Raises
    ------
    UsageError
        There is no such suite or fixture, or several suites have it and none is named.
    """
    if suite is not None and suite not in suites():
        raise UsageError(f"no suite '{shown(suite)}'{_meant(suite, suites())} There are: {', '.join(suites())}.")
    searched = suites() if suite is None else (suite,)
    paths = sorted(path for place in searched for path in (fixture_directory() / place).glob("*.toml"))
    found = [path for path in paths if path.stem == name]
    if not found:
        where = "" if suite is None else f" in suite {suite}"
        meant = _meant(name, [path.stem for path in paths])
        raise UsageError(f"no fixture '{shown(name)}'{where}{meant} There are:\n{_by_suite(paths)}")
    if len(found) > 1:
        having = examples(path.parent.name for path in found)
        raise UsageError(f"fixture '{name}' is in several suites: {having}. Name one.")
    return _read_spec(found[0])


def _read_spec(path: Path) -> FixtureSpec:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"fixture '{path.stem}': {path.name} is no TOML: {error}") from error
    return spec_of({**given, "name": path.stem, "suite": path.parent.name})


def _meant(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else "."


def _by_suite(paths: Sequence[Path]) -> str:
    groups = groupby(paths, key=lambda path: path.parent.name)
    return "\n".join(f"  {suite}: {', '.join(path.stem for path in group)}" for suite, group in groups)

"""Values of a spec's fields: from TOML, from the command line, and as text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

from isograph.errors import ConfigError, UsageError, examples, shown
from isograph.runtime.shipped import shipped_directory

_EXPECTED = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple[int, ...]": "whole numbers, as in [12, 12]",
    "tuple[float, ...]": "numbers, as in [0.5, 0.5]",
    "tuple[str, ...]": 'texts, as in ["rin"]',
    "Mapping[str, float]": "numbers by name, as in {switch_only = 1.0}",
}


def typed_values(given: Mapping[str, object], types: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the values as their fields' types, and what is wrong with the others.

    types: the annotation of every field there is, by name.
    """
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if name not in types:
            problems.append(f"there is no field '{shown(name)}'{_nearest(name, types)}")
            continue
        try:
            values[name] = _typed(value, types[name])
        except TypeError:
            problems.append(f"{name} is {shown(as_text(value))}, expected {_EXPECTED[types[name]]}")
    return values, problems


def given_value(text: str, annotation: str) -> object:
    """Return what ``text`` is in TOML; texts do without quotes, lists without brackets."""
    if annotation == "str":
        return text
    for candidate in (text, f"[{text}]"):
        try:
            document = tomllib.loads(f"value = {candidate}")
        except tomllib.TOMLDecodeError:
            continue
        if list(document) == ["value"]:
            return document["value"]
    return text.split(",") if annotation == "tuple[str, ...]" else text


def as_text(value: object) -> str:
    """Return a field's value as TOML has it, texts without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {as_text(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_text, value))}]"
    return str(value)


def _typed(value: object, annotation: str) -> object:
    """Return ``value`` as the annotation says, or raise TypeError."""
    if annotation.startswith("tuple["):
        entries = value if isinstance(value, list | tuple) else [value]
        return tuple(_typed(entry, annotation[len("tuple[") : -len(", ...]")]) for entry in entries)
    if annotation.startswith("Mapping["):
        if not isinstance(value, Mapping):
            raise TypeError
        return {str(key): _typed(entry, "float") for key, entry in value.items()}
    if annotation == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value).__name__ != annotation:
        raise TypeError
    return value


def _nearest(name: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f" ({', '.join(known)})"


PLANTED_ROLES = ("switch_only", "abundance_only", "coupled", "discordant")

SWITCHING_ROLES = ("switch_only", "coupled", "discordant")

ABUNDANT_ROLES = ("abundance_only", "coupled", "discordant")

ACTIVITIES = ("gaussian", "rings_and_quadrants")

SHAPED_MODULES = 4

SAMPLINGS = ("counts", "expected")

GATES = ("min_ari", "min_recovery", "max_background_rate", "min_role_recall", "max_modules")

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

_SHARES = ("single_isoform_share", "interaction_share")

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
}

_FILE_NAME = re.compile(r"^\w[\w.+-]*$")


def spec_problems(spec: FixtureSpec) -> list[str]:
    """Return everything that makes a spec impossible, one sentence each."""
    return [
        *_range_problems(spec),
        *_name_problems(spec),
        *_module_problems(spec),
        *_share_problems(spec),
        *_covariate_problems(spec),
    ]


def _range_problems(spec: FixtureSpec) -> Iterable[str]:
    for name, (low, high) in {**_RANGES, **dict.fromkeys(_SHARES, (0.0, 1.0))}.items():
        value = getattr(spec, name)
        if not low <= value <= high:
            yield f"{name} is {value}, expected {_between(low, high)}"


def _between(low: float, high: float) -> str:
    return f"{low:g} or more" if high == inf else f"{low:g} to {high:,.12g}"


def _name_problems(spec: FixtureSpec) -> Iterable[str]:
    if not _FILE_NAME.match(spec.name):
        yield f"name is '{shown(spec.name)}', expected letters, digits, '_', '.', '+' and '-'"
    for name, known in (("activity", ACTIVITIES), ("sampling", SAMPLINGS)):
        if getattr(spec, name) not in known:
            yield f"{name} is '{shown(getattr(spec, name))}', expected {' or '.join(known)}"
    unknown = [gate for gate in spec.gates if gate not in GATES]
    if unknown:
        yield f"unknown gates {examples(unknown)}, expected {', '.join(GATES)}"


def _module_problems(spec: FixtureSpec) -> Iterable[str]:
    planted = sum(spec.module_sizes)
    if planted > spec.n_genes:
        yield f"the modules hold {planted:,} genes, expected at most n_genes = {spec.n_genes:,}"
    small = [size for size in spec.module_sizes if size < MIN_MODULE]
    if small:
        yield f"{len(small)} modules have fewer than {MIN_MODULE} genes: {examples(small)}"
    if spec.activity == "rings_and_quadrants" and len(spec.module_sizes) != SHAPED_MODULES:
        yield f"rings_and_quadrants takes {SHAPED_MODULES} modules, got {len(spec.module_sizes)}"
    if spec.interaction_strength > 0 and len(spec.module_sizes) < 2:
        yield f"an interaction takes the latents of 2 modules, got {len(spec.module_sizes)}"


def _share_problems(spec: FixtureSpec) -> Iterable[str]:
    unknown = [role for role in spec.role_shares if role not in PLANTED_ROLES]
    if unknown:
        yield f"unknown roles {examples(unknown)}, expected {', '.join(PLANTED_ROLES)}"
    if not 1 <= len(spec.isoform_shares) < MAX_ISOFORMS:
        yield f"isoform_shares has {len(spec.isoform_shares)} entries, expected 1 to {MAX_ISOFORMS - 1}"
    for name, shares in (("role_shares", list(spec.role_shares.values())), ("isoform_shares", spec.isoform_shares)):
        if not all(0 <= share <= 1 for share in shares) or not abs(sum(shares) - 1) <= SUM_TOLERANCE:
            yield f"{name} is {as_text(getattr(spec, name))}, expected shares from 0 to 1 that add up to 1"


def _covariate_problems(spec: FixtureSpec) -> Iterable[str]:
    for name in spec.recorded_covariates:
        strength = STRENGTH_OF_COVARIATE.get(name)
        if strength is None:
            yield f"recorded covariate '{shown(name)}' is not known, expected {', '.join(STRENGTH_OF_COVARIATE)}"
        elif getattr(spec, strength) == 0:
            yield f"recorded covariate '{name}' has no effect: {strength} is 0"
    if len(set(spec.recorded_covariates)) < len(spec.recorded_covariates):
        yield f"recorded_covariates names one twice: {', '.join(spec.recorded_covariates)}"


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


def overridden_spec(spec: FixtureSpec, given: Mapping[str, object]) -> FixtureSpec:
    """Return ``spec`` with the fields ``given``.

    Texts are read as TOML values, ``12``, ``10,10`` or ``[10, 10]``, ``{coupled = 1.0}``; others stay as they are.

    Raises
    ------
    SpecError
        Unknown fields, values of another type or out of range; all are named.
    """
    types = field_types()
    values = {
        name: given_value(value, types.get(name, "str")) if isinstance(value, str) else value
        for name, value in given.items()
    }
    typed, problems = typed_values(values, types)
    return checked_spec({**spec.values, **typed}, problems)

"""What a benchmark runs: data sets, and the stages they make, checked in full before anything runs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import isograph
from isograph.bundle.manifest import read_bundle_manifest
from isograph.config.benchmark import GIVEN, BenchmarkConfig
from isograph.config.redraw import MULTINOMIAL, NULLS, OVERDISPERSED
from isograph.errors import InputError, UsageError, did_you_mean, examples, option, shown
from isograph.results.snapshot import SNAPSHOT
from isograph.simulation.redraw import redrawn_name
from isograph.simulation.spec import FixtureSpec, fixture_directory, fixture_specs, suites
from isograph.store.artifact import is_artifact

REAL_NAME = "ecoli_precise"
REAL_SUITE = "core_v1"
DEFAULT_SUITE = "core_v1"
# The suite in which no gene switches; real bundles drawn again join it.
NULL_USAGE_SUITE = "null_usage_v1"
GATES_OF_NULL = {
    MULTINOMIAL: {
        "max_switch_role_rate": 0.01,
        "max_supported_switch_rate": 0.01,
        "max_switch_abundance_excess": 0.02,
    },
    OVERDISPERSED: {"max_supported_switch_rate": 0.01},
}
LONGEST_NAME = 100
_STAGE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
_REPORTS = ("benchmark", "runtime-memory", "calibration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set to benchmark on.

    Attributes
    ----------
    gates : limits for the metrics of a run.
    recorded_covariates : sample columns that hold a confounder.
    spec : what it is simulated from; None for real data, of which no truth is known.
    bundle : real data whose transcript counts are drawn again; None for all others.
    null : how they are drawn again.
    """

    name: str
    suite: str
    gates: Mapping[str, float] = field(default_factory=dict)
    recorded_covariates: tuple[str, ...] = ()
    spec: FixtureSpec | None = None
    bundle: Path | None = None
    null: str = MULTINOMIAL

    @property
    def is_drawn(self) -> bool:
        """Whether another seed gives other data."""
        return self.spec is not None or self.bundle is not None

    @property
    def is_silent(self) -> bool:
        """Whether no gene of it switches."""
        return self.suite == NULL_USAGE_SUITE


@dataclass(frozen=True, slots=True)
class Run:
    """One data set with one seed: a simulation, a fit and a snapshot."""

    dataset: Dataset
    seed: int
    covariates: tuple[str, ...]
    snapshot: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The runs that share a report.

    Attributes
    ----------
    name : in the names of its directory and its reports.
    suites : of its data sets.
    covariates : ``given`` where recorded covariates were projected out, ``withheld`` where not.
    artifacts : directory of all artifacts.
    """

    name: str
    suites: tuple[str, ...]
    backend: str
    seeds: tuple[int, ...]
    covariates: str
    artifacts: Path
    runs: tuple[Run, ...] = ()

    @property
    def directory(self) -> Path:
        """Where the snapshots go."""
        return self.artifacts / "benchmarks" / self.name

    def report_path(self, kind: str) -> Path:
        """Return where the report of that kind goes."""
        return self.artifacts / "reports" / f"{self.name}-{kind}.json"

    def header(self) -> dict[str, Any]:
        """Return the fields that every report of the stage begins with."""
        return {
            "stage": self.name,
            "suite": ", ".join(self.suites),
            "backend": self.backend,
            "seed": self.seeds[0],
            "seeds": list(self.seeds),
            "covariates": self.covariates,
            "isograph_version": isograph.__version__,
        }


def benchmark_stages(config: BenchmarkConfig) -> list[Stage]:
    """Return the stages that ``config`` asks for, when every one of them can be run and written.

    Raises
    ------
    UsageError
        A suite or fixture does not exist, a name cannot be a stage's, data sets of one stage share a name, there is
        nothing to find the stability of, or a directory or file cannot be written.
    """
    datasets = chosen_datasets(config.suites, config.fixtures, redrawn_datasets(config))
    if config.stability and all(dataset.is_drawn for dataset in datasets):
        raise UsageError(
            f"{option('stability', value=True)} is for data of which no truth is known, and every data set chosen is "
            f"simulated. Leave it out, or choose {REAL_NAME}."
        )
    # A part of a suite, and a suite with covariates given, are not to replace the reports of the suite as a whole.
    part = "-selection" if config.fixtures else ""
    added = ("-bundles" if config.bundles else "") + ("-covariates" if config.covariates == GIVEN else "")
    members: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        name = config.stage_name
        if name is None:
            name = f"{dataset.suite}{part}-{config.backend}{added}"
        members.setdefault(name, []).append(dataset)
    stages = [_stage(name, datasets, config) for name, datasets in members.items()]
    for stage in stages:
        _require_writable(stage)
    return stages


def redrawn_datasets(config: BenchmarkConfig) -> list[Dataset]:
    """Return the bundles that are drawn again, each by either null.

    Raises
    ------
    UsageError
        The suite that they join is not asked for.
    InputError
        One is no bundle, has no transcript counts, or is of a data set whose name cannot be that of a directory or is
        there twice; everything found is listed.
    """
    flag = option("bundles", flag="--bundle")
    if config.bundles and NULL_USAGE_SUITE not in config.suites:
        raise UsageError(
            f"{flag} is for the suite {NULL_USAGE_SUITE}: name it with {option('suites', flag='--suite')}."
        )
    path_of: dict[str, Path] = {}
    problems = []
    for path in config.bundles:
        name, faults = _redrawable(path)
        if name in path_of:
            faults.append(f"its data set is named '{shown(name)}', and so is that of {shown(path_of[name])}.")
        problems += [f"{shown(path)}: {fault}" for fault in faults]
        path_of.setdefault(name, path)
    if problems:
        raise InputError(flag, problems)
    return [
        Dataset(
            name=redrawn_name(name, null), suite=NULL_USAGE_SUITE, gates=GATES_OF_NULL[null], bundle=path, null=null
        )
        for name, path in path_of.items()
        for null in NULLS
    ]


def _redrawable(path: Path) -> tuple[str, list[str]]:
    """Return the name of the data set of a bundle, and why its counts cannot be drawn again for a benchmark."""
    try:
        manifest = read_bundle_manifest(path)
    except InputError as error:
        return str(path), list(error.violations)
    name = manifest.dataset_name
    faults = [str(finding) for finding in manifest.findings if finding.level == "error"]
    if "transcript_counts" not in {entry.assay_name for entry in manifest.matrices}:
        faults.append("has no transcript counts, and without them no usage to draw again.")
    if not _STAGE_NAME.match(name):
        faults.append(f"its data set is named '{shown(name)}', which is no name for a directory.")
    return name, faults


def chosen_datasets(
    suite_names: tuple[str, ...], fixture_names: tuple[str, ...], redrawn: Sequence[Dataset] = ()
) -> list[Dataset]:
    """Return the data sets of the suites, or of them (or of any suite) the named fixtures; one suite after another.

    redrawn: data sets that join their suite.

    Raises
    ------
    UsageError
        A suite or a fixture does not exist; all are named, with those that do and the nearest.
    """
    known = suites()
    unknown = [f"no suite '{shown(name)}'{did_you_mean(name, known)}" for name in suite_names if name not in known]
    if unknown:
        raise UsageError("\n".join([*unknown, f"The suites are {', '.join(known)}."]))
    searched = suite_names or (known if fixture_names else (DEFAULT_SUITE,))
    by_suite = {
        suite: [*datasets_of(suite), *(entry for entry in redrawn if entry.suite == suite)] for suite in searched
    }
    available = [dataset for datasets in by_suite.values() for dataset in datasets]
    if not fixture_names:
        return available
    names = [dataset.name for dataset in available]
    if unknown := [name for name in fixture_names if name not in names]:
        lines = []
        for name in unknown:
            having = [suite for suite in known if name in {dataset.name for dataset in datasets_of(suite)}]
            hint = f" there; it is in suite {', '.join(having)}." if having else did_you_mean(name, names)
            lines.append(f"no fixture '{shown(name)}'{hint}")
        listing = [f"  {suite}: {', '.join(entry.name for entry in members)}" for suite, members in by_suite.items()]
        raise UsageError("\n".join([*lines, "The fixtures are", *listing]))
    return [dataset for dataset in available if dataset.name in fixture_names]


def datasets_of(suite: str) -> list[Dataset]:
    """Return the data sets of a suite; the real one where its files are, which a wheel does not hold."""
    simulated = [
        Dataset(name=spec.name, suite=suite, gates=spec.gates, recorded_covariates=spec.recorded_covariates, spec=spec)
        for spec in fixture_specs(suite)
    ]
    has_real = suite == REAL_SUITE and real_directory().is_dir()
    return [*simulated, Dataset(name=REAL_NAME, suite=REAL_SUITE)] if has_real else simulated


def real_directory() -> Path:
    """Return where the files of the real data set are in a checkout."""
    return fixture_directory() / REAL_NAME


def _stage(name: str, datasets: list[Dataset], config: BenchmarkConfig) -> Stage:
    if not _STAGE_NAME.match(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"'{shown(name)}' cannot be a stage name: use letters, digits and . _ + -, begin with a letter or digit, "
            f"and keep to {LONGEST_NAME} characters. It becomes the name of a directory and of files."
        )
    names = [dataset.name for dataset in datasets]
    if repeated := sorted({dataset for dataset in names if names.count(dataset) > 1}):
        raise UsageError(
            f"several suites have fixtures named {examples(repeated)}, and one stage holds one of each name. "
            f"Choose one suite, or leave {option('stage_name')} out."
        )
    directory = config.artifacts / "benchmarks" / name
    # NOTE: real data is the same with every seed.
    runs = tuple(
        Run(
            dataset=dataset,
            seed=seed,
            covariates=dataset.recorded_covariates if config.covariates == GIVEN else (),
            snapshot=directory / (dataset.name if number == 0 else f"{dataset.name}-seed{seed}"),
        )
        for dataset in datasets
        for number, seed in enumerate(config.seeds if dataset.is_drawn else config.seeds[:1])
    )
    return Stage(
        name=name,
        suites=tuple(dict.fromkeys(dataset.suite for dataset in datasets)),
        backend=config.backend,
        seeds=config.seeds,
        covariates=config.covariates,
        artifacts=config.artifacts,
        runs=runs,
    )


def _require_writable(stage: Stage) -> None:
    for directory in (stage.directory, stage.report_path("benchmark").parent):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            raise UsageError(
                f"{directory} cannot be written: {error.strerror}. Name another place with {option('artifacts')}."
            ) from error
    if taken := [path for kind in _REPORTS if (path := stage.report_path(kind)).is_dir()]:
        raise UsageError(f"directories where reports go: {examples(taken)}. Remove them, or name another stage.")
    occupied = [run.snapshot for run in stage.runs if run.snapshot.exists() or run.snapshot.is_symlink()]
    foreign = [
        path
        for path in occupied
        if path.is_symlink() or not path.is_dir() or (any(path.iterdir()) and not is_artifact(path, SNAPSHOT))
    ]
    if foreign:
        raise UsageError(
            f"{len(foreign)} places of snapshots hold something else: {examples(foreign)}. "
            "Remove it, or name another stage."
        )

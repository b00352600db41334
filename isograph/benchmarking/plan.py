"""What ``isograph benchmark`` was asked for, checked in full before anything runs."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from isograph.benchmarking.dataset import Dataset, chosen_datasets
from isograph.benchmarking.gate import require_known_gates
from isograph.benchmarking.report import Stage
from isograph.config import FitConfig
from isograph.errors import ConfigError, InputError, UsageError, examples, shown
from isograph.results.snapshot import SNAPSHOT
from isograph.store.artifact import read_manifest

GIVEN = "given"
WITHHELD = "withheld"
DEFAULT_ARTIFACTS = Path("artifacts")
LONGEST_NAME = 100
_STAGE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")
_REPORTS = ("benchmark", "runtime-memory", "calibration")


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkConfig:
    """What ``isograph benchmark`` runs and where its results go.

    Attributes
    ----------
    suites, fixtures : what is run; fixtures are looked up in the suites, or in all of them.
    stage_name : name of the stage; None for ``<suite>-<backend>``, one stage a suite.
    seeds : seeds of the simulation and of the fit; one run each.
    stability : also find out how stable the fits of data without a known truth are.
    covariates : ``given`` projects out the confounders that a fixture records, ``withheld`` does not.
    artifacts : directory of all artifacts.
    jobs : fits at once.
    """

    suites: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()
    backend: str = "factor"
    stage_name: str | None = None
    seeds: tuple[int, ...] = (0,)
    stability: bool = False
    covariates: str = WITHHELD
    artifacts: Path = DEFAULT_ARTIFACTS
    jobs: int = 1

    def __post_init__(self) -> None:
        problems = []
        if not self.seeds:
            problems.append("no seed, expected one or more")
        if repeated := sorted({seed for seed in self.seeds if self.seeds.count(seed) > 1}):
            problems.append(f"seeds named more than once: {examples(repeated)}")
        if self.covariates not in (GIVEN, WITHHELD):
            problems.append(f"covariates is '{self.covariates}', expected {GIVEN} or {WITHHELD}")
        if self.jobs < 1:
            problems.append(f"jobs is {self.jobs}, expected 1 or more")
        if problems:
            raise ConfigError("; ".join(problems))
        for seed in self.seeds:
            FitConfig(backend=self.backend, seed=seed)


@dataclass(frozen=True, slots=True)
class Run:
    """One data set with one seed: a simulation, a fit and a snapshot."""

    dataset: Dataset
    seed: int
    covariates: tuple[str, ...]
    snapshot: Path


@dataclass(frozen=True, slots=True)
class StagePlan:
    """The runs of one stage, and where its reports go."""

    stage: Stage
    directory: Path
    reports: Path
    runs: tuple[Run, ...]

    def report_path(self, kind: str) -> Path:
        """Return where the report of that kind goes."""
        return self.reports / f"{self.stage.name}-{kind}.json"


def benchmark_plan(config: BenchmarkConfig) -> list[StagePlan]:
    """Return the stages that ``config`` asks for, when every one of them can be run and written.

    Raises
    ------
    UsageError
        A suite, fixture or gate that does not exist, a name that cannot be a stage's, data sets of one name in one
        stage, nothing to find the stability of, or a place that cannot be written.
    """
    datasets = chosen_datasets(config.suites, config.fixtures)
    for dataset in datasets:
        require_known_gates(dataset.gates, dataset.name)
    if config.stability and all(dataset.spec is not None for dataset in datasets):
        raise UsageError(
            "--stability is for data of which no truth is known, and every data set chosen is simulated. "
            "Leave it out, or choose geuvadis_ceu_chr19."
        )
    plans = [_stage_plan(name, members, config) for name, members in _by_stage(datasets, config).items()]
    for plan in plans:
        _require_writable(plan)
    return plans


def _by_stage(datasets: list[Dataset], config: BenchmarkConfig) -> dict[str, list[Dataset]]:
    stages: dict[str, list[Dataset]] = {}
    for dataset in datasets:
        name = _default_name(dataset.suite, config) if config.stage_name is None else config.stage_name
        stages.setdefault(name, []).append(dataset)
    for name, members in stages.items():
        _require_stage_name(name)
        names = [dataset.name for dataset in members]
        if repeated := sorted({dataset for dataset in names if names.count(dataset) > 1}):
            raise UsageError(
                f"several suites have fixtures named {examples(repeated)}, and one stage holds one of each name. "
                "Choose one suite, or leave --stage-name out."
            )
    return stages


def _default_name(suite: str, config: BenchmarkConfig) -> str:
    """Return a name that tells a part of a suite, and one with covariates given, from the suite as a whole."""
    part = "-selection" if config.fixtures else ""
    given = "-covariates" if config.covariates == GIVEN else ""
    return f"{suite}{part}-{config.backend}{given}"


def _require_stage_name(name: str) -> None:
    if not _STAGE_NAME.match(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"'{shown(name)}' cannot be a stage name: use letters, digits and . _ + -, begin with a letter or digit, "
            f"and keep to {LONGEST_NAME} characters. It becomes the name of a directory and of files."
        )


def _stage_plan(name: str, datasets: list[Dataset], config: BenchmarkConfig) -> StagePlan:
    suite_names = tuple(dict.fromkeys(dataset.suite for dataset in datasets))
    directory = config.artifacts / "benchmarks" / name
    # NOTE: real data is the same with every seed.
    runs = [
        Run(
            dataset=dataset,
            seed=seed,
            covariates=dataset.recorded_covariates if config.covariates == GIVEN else (),
            snapshot=directory / (dataset.name if number == 0 else f"{dataset.name}-seed{seed}"),
        )
        for dataset in datasets
        for number, seed in enumerate(config.seeds if dataset.spec is not None else config.seeds[:1])
    ]
    stage = Stage(name, suite_names, config.backend, config.seeds, config.covariates)
    return StagePlan(stage, directory, config.artifacts / "reports", tuple(runs))


def _require_writable(plan: StagePlan) -> None:
    for directory in (plan.directory, plan.reports):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            raise UsageError(
                f"{directory} cannot be written: {error.strerror}. Name another place with --artifacts."
            ) from error
    taken = [path for kind in _REPORTS if (path := plan.report_path(kind)).is_dir()]
    if taken:
        raise UsageError(f"directories where reports go: {examples(taken)}. Remove them, or name another stage.")
    foreign = [run.snapshot for run in plan.runs if not _may_be_replaced(run.snapshot)]
    if foreign:
        raise UsageError(
            f"{len(foreign)} places of snapshots hold something else: {examples(foreign)}. "
            "Remove it, or name another stage."
        )


def _may_be_replaced(path: Path) -> bool:
    """Whether a snapshot may go to ``path``: there is nothing, or a snapshot."""
    if path.is_symlink() or not path.is_dir():
        return not path.exists() and not path.is_symlink()
    if not any(path.iterdir()):
        return True
    try:
        return read_manifest(path).get("artifact") == SNAPSHOT
    except InputError:
        return False

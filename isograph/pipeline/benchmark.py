"""``isograph benchmark``: fixtures through a backend, snapshots kept, reports written."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from isograph.benchmarking.outcome import Outcome
from isograph.benchmarking.plan import Run, Stage, benchmark_stages
from isograph.benchmarking.report import benchmark_report, calibration_report, runtime_report
from isograph.benchmarking.run import fixture_run, write_dataset
from isograph.benchmarking.stability import StabilityRequest, stability_report
from isograph.config.benchmark import WITHHELD, BenchmarkConfig
from isograph.config.values import names_given
from isograph.errors import EXAMPLES_SHOWN, ConvergenceError, IsographError, ResourceError
from isograph.pipeline.fit import fit
from isograph.pipeline.import_ import import_bundle
from isograph.runtime.progress import Display, Silent, Steps
from isograph.runtime.threads import usable_cores
from isograph.store.artifact import JSON_STYLE
from isograph.store.output import write_output_file

logger = logging.getLogger(__name__)

_ERROR_OF_CODE: Mapping[int, type[IsographError]] = {
    error.exit_code: error for error in (ResourceError, ConvergenceError)
}


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """What a benchmark gave.

    Attributes
    ----------
    outcomes : what each run gave.
    """

    stages: tuple[Stage, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def reports(self) -> tuple[Path, ...]:
        """Path of each stage's report of metrics."""
        return tuple(stage.report_path("benchmark") for stage in self.stages)

    def raise_failed(self) -> None:
        """Raise when a fit failed.

        Raises
        ------
        IsographError
            Names the first few; of the class that goes with the exit code of the first.
        """
        failed = [outcome for outcome in self.outcomes if outcome.error is not None]
        if failed:
            total = len(self.outcomes)
            lines = [f"{len(failed)} of {total} fits did not end well; the reports are written and say which."]
            lines += [
                f"  {outcome.dataset}, seed {outcome.seed}: {outcome.error}" for outcome in failed[:EXAMPLES_SHOWN]
            ]
            lines += ["  …"] if len(failed) > EXAMPLES_SHOWN else []
            raise _ERROR_OF_CODE.get(failed[0].process.code, IsographError)("\n".join(lines))


def benchmark(
    *,
    suites: str | Iterable[str] = (),
    fixtures: str | Iterable[str] = (),
    bundles: str | Path | Iterable[str | Path] = (),
    backend: str = "factor",
    stage_name: str | None = None,
    seeds: Iterable[int] = (0,),
    stability: bool = False,
    covariates: str = WITHHELD,
    artifacts: str | Path = "artifacts",
    jobs: int = 1,
    display: Display | None = None,
) -> Benchmarked:
    """Fit fixtures, measure how much of what was planted is found, write the reports, and return what every run gave.

    Each run is one data set with one seed: it is simulated (real data: imported), fitted with the defaults of the
    backend in a process of its own, and measured. Reports are written when every run of a stage has ended.

    Parameters
    ----------
    suites : suites to run; empty for ``core_v1``, or for all where fixtures are named.
    fixtures : data sets of the suites to run; empty for all of them.
    bundles : bundles whose transcript counts are drawn again by either null and join the suite ``null_usage_v1``.
    backend : how networks are inferred: ``factor``, ``vae`` or ``wgcna``.
    stage_name : name of the reports and of the directory of snapshots; None for one a suite, ``<suite>-<backend>``.
    seeds : seeds of the simulation and of the fit; one run each.
    stability : also refit data without a known truth on halves of its samples.
    covariates : ``given`` projects out the confounders that a fixture records, ``withheld`` does not.
    artifacts : directory of ``benchmarks/`` and ``reports/``.
    jobs : fits at once, which share the cores: their seconds then compare with nothing else.
    display : shows the progress of the fits on halves; None shows nothing.

    Raises
    ------
    UsageError
        The request cannot be carried out as a whole; nothing has run then.
    InputError
        One of ``bundles`` cannot be drawn again; nothing has run then.
    """
    config = BenchmarkConfig(
        suites=names_given(suites),
        fixtures=names_given(fixtures),
        bundles=(Path(bundles),) if isinstance(bundles, str | Path) else tuple(map(Path, bundles)),
        backend=backend,
        stage_name=stage_name,
        seeds=tuple(seeds),
        stability=stability,
        covariates=covariates,
        artifacts=Path(artifacts),
        jobs=jobs,
    )
    stages = benchmark_stages(config)
    return Benchmarked(tuple(stages), tuple(benchmark_outcomes(stages, config, display)))


def benchmark_outcomes(
    stages: Sequence[Stage], config: BenchmarkConfig, display: Display | None = None
) -> Iterator[Outcome]:
    """Run the stages and yield what each run gave, in the order of the runs; write the reports of every stage."""
    threads = max(1, usable_cores() // config.jobs)
    for stage in stages:
        run = partial(fixture_run, stage=stage, importer=import_bundle, threads=threads if config.jobs > 1 else None)
        outcomes = []
        # NOTE: fits are processes, and a thread only waits for one. Leaving the loop early waits for those that run and
        # starts no other.
        with ThreadPoolExecutor(max_workers=config.jobs) as pool:
            for outcome in pool.map(run, stage.runs):
                outcomes.append(outcome)
                yield outcome
        _write_report(stage, "benchmark", benchmark_report(stage, outcomes))
        _write_report(stage, "runtime-memory", runtime_report(stage, outcomes, jobs=config.jobs, threads=threads))
        _write_report(stage, "calibration", calibration_report(stage, outcomes))
    if config.stability:
        steps = Steps(display or Silent())
        for stage in stages:
            for of_real in (entry for entry in stage.runs if not entry.dataset.is_drawn):
                _report_stability(stage, of_real, config.jobs, steps)


def _report_stability(stage: Stage, run: Run, jobs: int, steps: Steps) -> None:
    """Write the report of the stability of a data set of which no truth is known."""
    name = run.dataset.name
    with (
        tempfile.TemporaryDirectory(prefix=".work-", dir=stage.directory, ignore_cleanup_errors=True) as temporary,
        steps.step(f"{name} on halves") as progress,
    ):
        directory = Path(temporary)
        write_dataset(run.dataset, directory / "bundle", seed=run.seed, importer=import_bundle)
        request = StabilityRequest(
            fit=fit,
            bundle=directory / "bundle",
            directory=directory,
            backend=stage.backend,
            seed=run.seed,
            covariates=run.covariates,
        )
        report = stability_report(request, workers=jobs if jobs > 1 else usable_cores(), progress=progress)
    _write_report(stage, f"{name}-stability", {**stage.header(), "dataset": name, **report})


def _write_report(stage: Stage, kind: str, report: Mapping[str, Any]) -> None:
    path = stage.report_path(kind)
    write_output_file(path, orjson.dumps(report, option=JSON_STYLE | orjson.OPT_APPEND_NEWLINE), overwrite=True)
    logger.info("report %s", path.name)

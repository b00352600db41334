"""``isograph benchmark``: fixtures through a backend, snapshots kept, reports written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from isograph.benchmarking.dataset import write_dataset
from isograph.benchmarking.outcome import Outcome
from isograph.benchmarking.plan import BenchmarkConfig, Run, StagePlan, benchmark_plan
from isograph.benchmarking.report import benchmark_report, calibration_report, runtime_report
from isograph.benchmarking.run import RunSettings, fixture_run, workplace
from isograph.benchmarking.stability_report import StabilityRequest, stability_report
from isograph.errors import EXAMPLES_SHOWN, ConvergenceError, IsographError, ResourceError
from isograph.pipeline.fit import fit
from isograph.pipeline.import_ import import_bundle
from isograph.runtime.threads import run_calls, usable_cores
from isograph.store.artifact import JSON_STYLE
from isograph.store.output import write_output_file

logger = logging.getLogger(__name__)

_ERRORS: Mapping[int, type[IsographError]] = {4: ResourceError, 5: ConvergenceError}


@dataclass(frozen=True, slots=True)
class Benchmarked:
    """What a benchmark gave.

    Attributes
    ----------
    reports : path of each stage's report of metrics.
    outcomes : what each run gave.
    """

    reports: tuple[Path, ...]
    outcomes: tuple[Outcome, ...]

    def raise_failed(self) -> None:
        """Raise when a fit did not end well.

        Raises
        ------
        IsographError
            Names the first few; of the class that goes with the exit code of the first.
        """
        failed = [outcome for outcome in self.outcomes if outcome.error is not None]
        if failed:
            lines = [
                f"  {outcome.dataset}, seed {outcome.seed}: {outcome.error}" for outcome in failed[:EXAMPLES_SHOWN]
            ]
            lines += ["  …"] if len(failed) > EXAMPLES_SHOWN else []
            told = (
                f"{len(failed)} of {len(self.outcomes)} fits did not end well; the reports are written and say which."
            )
            raise _ERRORS.get(failed[0].ended.code, IsographError)("\n".join([told, *lines]))


def benchmark(
    config: BenchmarkConfig,
    *,
    told: Callable[[Outcome], None] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Benchmarked:
    """Run what ``config`` asks for, write the reports, and return what every run gave.

    Each run is one data set with one seed: it is simulated (real data: imported), fitted with the defaults of the
    backend in a process of its own, and measured. Reports are written when every run of a stage has ended.

    Parameters
    ----------
    told : called with each outcome as soon as there is one.
    progress : called with a data set and how many fits of its halves are done, out of how many.

    Raises
    ------
    UsageError
        The request cannot be carried out as a whole; nothing has run then.
    """
    plans = benchmark_plan(config)
    outcomes = [outcome for plan in plans for outcome in _run_stage(plan, config, told or _nobody)]
    if config.stability:
        for plan in plans:
            _report_stability(plan, config, progress)
    return Benchmarked(tuple(plan.report_path("benchmark") for plan in plans), tuple(outcomes))


def _nobody(_: Outcome) -> None:
    """Tell nobody."""


def _run_stage(plan: StagePlan, config: BenchmarkConfig, told: Callable[[Outcome], None]) -> list[Outcome]:
    threads = max(1, usable_cores() // config.jobs)
    settings = RunSettings(plan.stage.name, config.backend, threads if config.jobs > 1 else None)
    one_at_a_time = threading.Lock()

    def run(entry: Run) -> Outcome:
        outcome = fixture_run(entry, settings, import_bundle)
        with one_at_a_time:
            told(outcome)
        return outcome

    outcomes = run_calls([partial(run, entry) for entry in plan.runs], threads=config.jobs)
    reports = {
        "benchmark": benchmark_report(plan.stage, outcomes),
        "runtime-memory": runtime_report(plan.stage, outcomes, jobs=config.jobs, threads=threads),
        "calibration": calibration_report(plan.stage, outcomes),
    }
    for kind, report in reports.items():
        _write_report(plan.report_path(kind), report)
    return outcomes


def _report_stability(
    plan: StagePlan, config: BenchmarkConfig, progress: Callable[[str, int, int], None] | None
) -> None:
    """Write the report of stability of every data set of which no truth is known."""
    for run in plan.runs:
        if run.dataset.spec is not None:
            continue
        name = run.dataset.name
        with workplace(plan.directory) as place:
            write_dataset(run.dataset, place / "bundle", seed=run.seed, importer=import_bundle)
            request = StabilityRequest(
                fit=fit,
                bundle=place / "bundle",
                place=place,
                backend=config.backend,
                seed=run.seed,
                covariates=run.covariates,
            )
            workers = config.jobs if config.jobs > 1 else usable_cores()
            report = stability_report(request, workers=workers, progress=progress and partial(progress, name))
        header = {**plan.stage.header(), "dataset": name}
        _write_report(plan.report_path(f"{name}-stability"), {**header, **report})


def _write_report(path: Path, report: Mapping[str, Any]) -> None:
    write_output_file(path, orjson.dumps(report, option=JSON_STYLE | orjson.OPT_APPEND_NEWLINE), overwrite=True)
    logger.info("report %s", path.name)

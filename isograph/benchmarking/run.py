"""One run of a benchmark: make the data set, fit it in a fresh process, measure, keep a snapshot."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from isograph.benchmarking.dataset import Importer, Truth, truth_of, write_dataset
from isograph.benchmarking.gate import Measured, gate_failures
from isograph.benchmarking.metrics import ari, background_rate, recovery, role_recall
from isograph.benchmarking.outcome import Outcome
from isograph.benchmarking.plan import Run
from isograph.benchmarking.process import Ended, measured_run
from isograph.benchmarking.report import metric_row
from isograph.bundle.bundle import Bundle
from isograph.results.fit import Fit
from isograph.results.snapshot import save_snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What all runs of a stage share.

    Attributes
    ----------
    threads : threads of each fit; None for all the machine lends.
    """

    stage: str
    backend: str
    threads: int | None


@contextmanager
def workplace(directory: Path) -> Iterator[Path]:
    """Yield a temporary directory inside ``directory`` that is removed at the end."""
    place = Path(tempfile.mkdtemp(prefix=".work-", dir=directory))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def fixture_run(run: Run, settings: RunSettings, importer: Importer) -> Outcome:
    """Return what one run gave; its snapshot is kept unless the fit did not end well."""
    with workplace(run.snapshot.parent) as place:
        bundle = write_dataset(run.dataset, place / "bundle", seed=run.seed, importer=importer)
        truth = truth_of(bundle, is_real=run.dataset.spec is None)
        ended = measured_run(_fit_command(run, settings, place), place)
        fit = Fit(place / "fit") if ended.code == 0 else None
        outcome = _outcome(run, truth, bundle.samples.height, ended, fit)
        if fit is not None:
            config = _run_config(run, settings, bundle, fit)
            save_snapshot(fit, run.snapshot, metrics=metric_row(outcome), run_config=config, overwrite=True)
    logger.info("%s, seed %d: %.2f s", run.dataset.name, run.seed, ended.wall_seconds)
    return outcome


def _fit_command(run: Run, settings: RunSettings, place: Path) -> list[str]:
    command = [sys.executable, "-m", "isograph", "fit", str(place / "bundle"), "--output-dir", str(place / "fit")]
    command += ["--quiet", "--backend", settings.backend, "--seed", str(run.seed)]
    command += [part for covariate in run.covariates for part in ("--covariate", covariate)]
    return command + (["--threads", str(settings.threads)] if settings.threads is not None else [])


def _outcome(run: Run, truth: Truth, n_samples: int, ended: Ended, fit: Fit | None) -> Outcome:
    measured = None if fit is None else _measured(truth, fit)
    return Outcome(
        dataset=run.dataset.name,
        suite=run.dataset.suite,
        seed=run.seed,
        covariates=run.covariates,
        n_samples=n_samples,
        n_genes=len(truth.genes),
        n_planted_genes=len(truth.planted) if truth.planted is not None else None,
        n_planted_modules=len(set(truth.planted.values())) if truth.planted is not None else None,
        ended=ended,
        measured=measured,
        calibration={} if fit is None else fit.calibration,
        gates=run.dataset.gates,
        failures=tuple(gate_failures(run.dataset.gates, measured)),
    )


def _measured(truth: Truth, fit: Fit) -> Measured:
    found = dict(fit.modules.select("gene_id", "module_id").collect(engine="in-memory").iter_rows())
    roles = dict(fit.module_gene_roles.select("gene_id", "module_role").collect(engine="in-memory").iter_rows())
    planted = truth.planted
    return Measured(
        recovery=None if planted is None else recovery(planted, found),
        ari=None if planted is None else ari(planted, found),
        background_rate=None if planted is None else background_rate(planted, found, truth.genes),
        role_recall=role_recall(truth.roles, roles),
        n_modules=len(set(found.values())),
    )


def _run_config(run: Run, settings: RunSettings, bundle: Bundle, fit: Fit) -> dict[str, object]:
    """Return everything needed to make the run again; where it was made is left out."""
    return {
        "stage": settings.stage,
        "dataset": run.dataset.name,
        "suite": run.dataset.suite,
        "seed": run.seed,
        "covariates": list(run.covariates),
        "provenance": dict(bundle.provenance),
        "bundle_sha256": fit.config["bundle"]["sha256"],
        "fit": {key: value for key, value in fit.config.items() if key != "bundle"},
    }

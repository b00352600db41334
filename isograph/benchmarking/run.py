"""One run of a benchmark: make the data set, fit it in a fresh process, measure, keep a snapshot."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from isograph.benchmarking.metrics import ari, background_rate, recovery, role_recall
from isograph.benchmarking.outcome import Metrics, Outcome, gate_failures
from isograph.benchmarking.plan import REAL_NAME, Dataset, Run, Stage, real_directory
from isograph.benchmarking.process import FinishedProcess, measured_run
from isograph.benchmarking.report import metric_row
from isograph.benchmarking.switching import SwitchCalls, switch_calls
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config import ImportConfig
from isograph.config.redraw import RedrawConfig
from isograph.features.covariate import covariate_design
from isograph.results.fit import Fit
from isograph.results.snapshot import save_snapshot
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.redraw import redrawn_bundle

logger = logging.getLogger(__name__)

Importer = Callable[[Path, Path, ImportConfig], object]


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes
    ----------
    genes : every gene of the bundle.
    planted : gene → module of the planted genes; None where no truth is known.
    roles : gene → role, of the planted genes; empty where no roles were planted.
    """

    genes: list[str]
    planted: Mapping[str, str] | None
    roles: Mapping[str, str]


def fixture_run(run: Run, stage: Stage, importer: Importer, *, threads: int | None) -> Outcome:
    """Return what one run gave; its snapshot is kept unless the fit failed.

    importer: as for ``write_dataset``. threads: of the fit; None for the cores it may use.
    """
    parent = run.snapshot.parent
    with tempfile.TemporaryDirectory(prefix=".work-", dir=parent, ignore_cleanup_errors=True) as temporary:
        directory = Path(temporary)
        bundle = write_dataset(run.dataset, directory / "bundle", seed=run.seed, importer=importer)
        truth = truth_of(bundle, is_real=run.dataset.spec is None)
        process = measured_run(_fit_command(run, stage, threads, directory), directory)
        fit = Fit(directory / "fit") if process.code == 0 else None
        outcome = _outcome(run, truth, bundle, process, fit)
        if fit is not None:
            # Everything needed to make the run again; where it was made is left out.
            config = {
                "stage": stage.name,
                "dataset": run.dataset.name,
                "suite": run.dataset.suite,
                "seed": run.seed,
                "covariates": list(run.covariates),
                "provenance": dict(bundle.provenance),
                "bundle_sha256": fit.config["bundle"]["sha256"],
                "fit": {key: value for key, value in fit.config.items() if key != "bundle"},
            }
            save_snapshot(fit, run.snapshot, metrics=metric_row(outcome), run_config=config, overwrite=True)
    logger.info("%s, seed %d: %.2f s", run.dataset.name, run.seed, process.wall_seconds)
    return outcome


def write_dataset(dataset: Dataset, out: Path, *, seed: int, importer: Importer) -> Bundle:
    """Write the data set as a bundle to ``out`` and return it. Real data as it is does not depend on the seed.

    importer: imports the files of real data, ``isograph.pipeline.import_.import_bundle``.
    """
    if dataset.spec is not None:
        bundle = simulated_bundle(dataset.spec, seed=seed)
        write_bundle(bundle, out)
        return bundle
    if dataset.bundle is not None:
        bundle = redrawn_bundle(read_bundle(dataset.bundle), RedrawConfig(null=dataset.null, seed=seed))
        write_bundle(bundle, out)
        return bundle
    source = real_directory()
    config = ImportConfig(samples=source / "samples.tsv", scale="log", dataset_name=REAL_NAME)
    importer(source / "values.tsv.gz", out, config)
    return read_bundle(out)


def truth_of(bundle: Bundle, *, is_real: bool) -> Truth:
    """Return what was planted in a simulated bundle; of real data the genes alone."""
    table = bundle.genes if bundle.genes is not None else bundle.transcripts
    genes = [] if table is None else table.get_column("gene_id").unique(maintain_order=True).to_list()
    if is_real:
        return Truth(genes, None, {})
    modules = bundle.feature_tables.get("truth_module")
    roles = bundle.feature_tables.get("truth_channel_role")
    module_of = {} if modules is None else dict(modules.select("gene_id", "module_id").iter_rows())
    role_of = {} if roles is None else dict(roles.select("gene_id", "truth_role").iter_rows())
    return Truth(
        genes=genes,
        planted={gene: str(module) for gene, module in module_of.items()},
        roles={gene: role for gene, role in role_of.items() if gene in module_of},
    )


def _fit_command(run: Run, stage: Stage, threads: int | None, directory: Path) -> list[str]:
    paths = [str(directory / "bundle"), "--output-dir", str(directory / "fit")]
    command = [sys.executable, "-m", "isograph", "fit", *paths]
    command += ["--quiet", "--backend", stage.backend, "--seed", str(run.seed)]
    command += [part for covariate in run.covariates for part in ("--covariate", covariate)]
    return command + (["--threads", str(threads)] if threads is not None else [])


def _switching(run: Run, bundle: Bundle, fit: Fit) -> SwitchCalls | None:
    """Return what the fit calls switching in data in which no gene switches."""
    if not run.dataset.is_silent:
        return None
    return switch_calls(fit, residual_dof=covariate_design(bundle.samples, run.covariates).residual_dof)


def _outcome(run: Run, truth: Truth, bundle: Bundle, process: FinishedProcess, fit: Fit | None) -> Outcome:
    planted = truth.planted
    metrics = None
    if fit is not None:
        modules = dict(fit.modules.select("gene_id", "module_id").collect(engine="in-memory").iter_rows())
        roles = dict(fit.module_gene_roles.select("gene_id", "module_role").collect(engine="in-memory").iter_rows())
        metrics = Metrics(
            recovery=None if planted is None else recovery(planted, modules),
            ari=None if planted is None else ari(planted, modules),
            background_rate=None if planted is None else background_rate(planted, modules, truth.genes),
            role_recall=role_recall(truth.roles, roles),
            n_modules=len(set(modules.values())),
            switching=_switching(run, bundle, fit),
        )
    return Outcome(
        dataset=run.dataset.name,
        suite=run.dataset.suite,
        seed=run.seed,
        covariates=run.covariates,
        n_samples=bundle.samples.height,
        n_genes=len(truth.genes),
        n_planted_genes=len(planted) if planted is not None else None,
        n_planted_modules=len(set(planted.values())) if planted is not None else None,
        process=process,
        metrics=metrics,
        calibration={} if fit is None else fit.calibration,
        gates=run.dataset.gates,
        failures=tuple(gate_failures(run.dataset.gates, metrics)),
    )

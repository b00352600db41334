"""How stable a fit is: the same data set fitted on random halves of its samples, in parallel processes."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from isograph.arrays import Index, Vector
from isograph.benchmarking.report import rounded
from isograph.benchmarking.stability import (
    FREQUENT,
    Agreement,
    Division,
    agreement,
    best_jaccard,
    co_assignment,
    edge_frequencies,
    most_reproducible,
    sample_halves,
)
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config import backend_settings
from isograph.errors import UsageError
from isograph.results.fit import Fit

N_SPLITS = 10
# NOTE: backend → the setting whose values are compared.
SETTINGS = {
    "factor": ("fdr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)),
    "vae": ("fdr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)),
    "wgcna": ("merge_cut_height", (0.05, 0.1, 0.15, 0.2, 0.25)),
}
MIN_SAMPLES = 16
DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityRequest:
    """A fit whose stability is asked for.

    Attributes
    ----------
    fit : makes a fit, ``isograph.fit``; it is called in other processes.
    bundle : directory of the bundle.
    place : directory for what is made on the way.
    covariates : sample columns projected out.
    n_splits : pairs of halves.
    values : the settings compared, beside the default; None for those of the backend.
    """

    fit: Callable[..., Fit]
    bundle: Path
    place: Path
    backend: str
    seed: int
    covariates: tuple[str, ...]
    n_splits: int = N_SPLITS
    values: tuple[float, ...] | None = None

    @property
    def setting(self) -> str:
        """The setting whose values are compared."""
        return SETTINGS[self.backend][0]


@dataclass(frozen=True, slots=True)
class _Task:
    """A fit of some of the samples with one value of the setting."""

    request: StabilityRequest
    number: int
    samples: Index
    value: float


def stability_report(
    request: StabilityRequest, *, workers: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Return how stable the modules and edges of a data set are, and which setting reproduces itself best.

    Every half is fitted as any data set is, apart from the setting. The result does not depend on ``workers``.

    Raises
    ------
    UsageError
        There are too few samples to halve, or the backend has no setting to compare.
    """
    if request.backend not in SETTINGS:
        raise UsageError(
            f"backend '{request.backend}' has no setting whose stability is compared ({', '.join(SETTINGS)})."
        )
    bundle = read_bundle(request.bundle)
    n_samples = bundle.samples.height
    if n_samples < MIN_SAMPLES:
        raise UsageError(
            f"{bundle.dataset_name} has {n_samples} samples; at least {MIN_SAMPLES} are needed for halves to say much."
        )
    default = float(getattr(backend_settings(request.backend, {}), request.setting))
    splits = sample_halves(n_samples, request.n_splits, seed=request.seed)
    halves = [half for pair in splits for half in pair]
    compared = SETTINGS[request.backend][1] if request.values is None else request.values
    values = sorted({*compared, default})
    everything = [(default, np.arange(n_samples)), *((value, samples) for value in values for samples in halves)]
    tasks = [_Task(request, number, samples, value) for number, (value, samples) in enumerate(everything)]
    reference, *divisions = _fitted(tasks, workers, progress)
    batches = (divisions[start : start + len(halves)] for start in range(0, len(divisions), len(halves)))
    by_value = dict(zip(values, batches, strict=True))
    return _report(bundle, request, reference, by_value, default)


def _report(
    bundle: Bundle,
    request: StabilityRequest,
    reference: Division,
    by_value: dict[float, list[Division]],
    default: float,
) -> dict[str, Any]:
    agreements = {value: agreement(_pairs(divisions)) for value, divisions in by_value.items()}
    chosen = most_reproducible({value: entry.ari_of_all for value, entry in agreements.items()}, default)
    report = {
        "n_samples": bundle.samples.height,
        "n_genes": len(reference.module_of),
        "projected_out": list(request.covariates),
        "n_halves": 2 * request.n_splits,
        "samples_in_a_half": bundle.samples.height // 2,
        "edges": _edge_stability(reference, by_value[default]),
        "modules": _module_stability(reference, by_value[default]),
        "agreement_of_halves": _agreement_row(agreements[default]),
        "settings": [{request.setting: value, **_agreement_row(entry)} for value, entry in agreements.items()],
        "default": {request.setting: default},
        "recommended": {request.setting: chosen},
        "recommended_reason": (
            "halves agree best (ari_of_all), by more than one standard error over the default"
            if chosen != default
            else "no other value makes halves agree better (ari_of_all) by more than one standard error"
        ),
    }
    rounded_report: dict[str, Any] = {
        key: value if key in ("settings", "default", "recommended") else rounded(value, DIGITS)
        for key, value in report.items()
    }
    return rounded_report


def _pairs(divisions: Sequence[Division]) -> list[tuple[Division, Division]]:
    return list(zip(divisions[::2], divisions[1::2], strict=True))


def _agreement_row(entry: Agreement) -> dict[str, float | None]:
    means = {
        "ari": entry.ari,
        "nmi": entry.nmi,
        "ari_of_all": entry.ari_of_all,
        "share_in_both": entry.share_in_both,
        "n_modules": entry.n_modules,
    }
    row = {name: _mean(values) for name, values in means.items()}
    row["ari_of_all_se"] = float(entry.ari_of_all.std(ddof=1) / np.sqrt(len(entry.ari_of_all)))
    return {name: rounded(value, DIGITS) for name, value in row.items()}


def _mean(values: Vector) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _edge_stability(reference: Division, divisions: Sequence[Division]) -> dict[str, Any]:
    """Return how often the reference's edges are in a half, and how many edges of a half are not the reference's."""
    frequency = edge_frequencies(reference.edges, divisions)
    counts, _ = np.histogram(frequency, bins=10, range=(0.0, 1.0))
    return {
        "n_edges": len(reference.edges),
        "n_edges_in_a_half": _mean(np.array([len(division.edges) for division in divisions], dtype=np.float64)),
        "mean_frequency": _mean(frequency),
        **{f"n_with_frequency_{share}": int((frequency >= share).sum()) for share in FREQUENT},
        "frequency_histogram": counts.tolist(),
    }


def _module_stability(reference: Division, divisions: Sequence[Division]) -> list[dict[str, Any]]:
    together = co_assignment(reference.module_of, divisions)
    jaccard = best_jaccard(reference.module_of, divisions)
    sizes = np.bincount(reference.module_of[reference.module_of >= 0], minlength=len(together))
    return [
        {"module_id": module, "n_genes": int(size), "co_assignment": float(share), "jaccard": float(index)}
        for module, size, share, index in zip(reference.module_ids, sizes, together, jaccard, strict=True)
    ]


def _fitted(tasks: Sequence[_Task], workers: int, progress: Callable[[int, int], None] | None) -> list[Division]:
    """Return the divisions of the tasks, in their order, made in fresh processes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(workers, len(tasks)), mp_context=context) as pool:
        futures = [pool.submit(_division, task) for task in tasks]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                if progress is not None:
                    progress(done, len(futures))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


@lru_cache(maxsize=1)
def _bundle(path: Path) -> Bundle:
    return read_bundle(path)


def _division(task: _Task) -> Division:
    """Return what a fit of the task's samples finds; runs in a process of its own."""
    bundle = _bundle(task.request.bundle)
    half = replace(
        bundle,
        samples=bundle.samples[task.samples.tolist()],
        matrices={name: np.ascontiguousarray(matrix[:, task.samples]) for name, matrix in bundle.matrices.items()},
    )
    place = task.request.place / f"half-{task.number}"
    try:
        fitted = task.request.fit(
            write_bundle(half, place / "bundle"),
            output_dir=place / "fit",
            backend=task.request.backend,
            covariates=task.request.covariates,
            seed=task.request.seed,
            threads=1,
            settings=backend_settings(task.request.backend, {task.request.setting: task.value}),
        )
        return division_of(fitted, bundle)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def division_of(fitted: Fit, bundle: Bundle) -> Division:
    """Return the modules and edges of a fit over the bundle's genes, ascending."""
    table = bundle.genes if bundle.genes is not None else bundle.transcripts
    names = sorted(set(table.get_column("gene_id"))) if table is not None else []
    number = {gene: row for row, gene in enumerate(names)}
    modules = fitted.modules.select("gene_id", "module_id").collect(engine="in-memory")
    edges = fitted.edges.select("source", "target").collect(engine="in-memory")
    module_ids = sorted(set(modules.get_column("module_id")))
    module_number = {module: row for row, module in enumerate(module_ids)}
    module_of = np.full(len(names), -1, dtype=np.int64)
    for gene, module in modules.iter_rows():
        module_of[number[gene]] = module_number[module]
    codes = (number[source] * len(names) + number[target] for source, target in edges.iter_rows())
    return Division(module_of, np.array(sorted(codes), dtype=np.int64), tuple(module_ids))

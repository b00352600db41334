"""How stable a fit is: what of it is found again in random halves of the samples, and which setting agrees best.

Halves come in pairs without a sample in common, so that the agreement inside a pair is that of two independent studies
of half the size.

Shah & Samworth 2013, J R Stat Soc B 75:55-80, doi:10.1111/j.1467-9868.2011.01034.x, section 2;
Meinshausen & Bühlmann 2010, J R Stat Soc B 72:417-473, doi:10.1111/j.1467-9868.2010.00740.x.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from isograph.arrays import Index, Vector
from isograph.benchmarking.metrics import best_jaccard, shared_genes
from isograph.benchmarking.report import rounded
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config import backend_settings
from isograph.errors import UsageError
from isograph.results.fit import Fit
from isograph.stats import labelling_agreement

N_SPLITS = 10
MIN_SAMPLES = 16
FREQUENT = (0.5, 0.9)
DIGITS = 4
# Backend → the setting whose values are compared.
SETTINGS = {
    "factor": ("fdr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)),
    "vae": ("fdr", (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)),
    "wgcna": ("merge_cut_height", (0.05, 0.1, 0.15, 0.2, 0.25)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityRequest:
    """A fit whose stability is asked for.

    Attributes
    ----------
    fit : makes a fit, ``isograph.fit``; with several workers it is called in other processes.
    bundle : directory of the bundle.
    directory : where the halves and their fits are made; they are removed.
    covariates : sample columns projected out.
    n_splits : pairs of halves.
    values : the settings compared, beside the default; None for those of the backend.
    """

    fit: Callable[..., Fit]
    bundle: Path
    directory: Path
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
class GeneNetwork:
    """What one fit found, over a fixed list of genes.

    Attributes
    ----------
    module_of : (n_genes,) module number, −1 for none.
    edges : (n_edges,) distinct, ascending; first gene × n_genes + second gene.
    module_ids : name of each module.
    """

    module_of: Index
    edges: Index
    module_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much the two halves of each split agree.

    Attributes
    ----------
    ari, nmi : (n_splits,) over the genes in a module of both halves; NaN where there is none.
    ari_of_all : (n_splits,) adjusted Rand index over the genes in a module of either half, a gene in none being a
        module of its own; 0 where no gene is in one. Finding less does not raise it.
    share_in_both : (n_splits,) share of all genes that are in a module of both halves.
    n_modules : (n_splits,) modules of a half, mean of the two.
    """

    ari: Vector
    nmi: Vector
    ari_of_all: Vector
    share_in_both: Vector
    n_modules: Vector


def stability_report(
    request: StabilityRequest, *, workers: int, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Return how stable the modules and edges of a data set are, and which setting reproduces itself best.

    Every half is fitted as any data set is, apart from the setting. The result does not depend on ``workers``: with
    more than one, fits are made in processes of their own.

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
    halves = [half for pair in sample_halves(n_samples, request.n_splits, seed=request.seed) for half in pair]
    compared = SETTINGS[request.backend][1] if request.values is None else request.values
    values = sorted({*compared, default})
    tasks = [(np.arange(n_samples), default), *((half, value) for value in values for half in halves)]
    reference, *networks = _fitted(request, tasks, bundle, workers, progress or (lambda *_: None))
    by_value = {
        value: networks[number * len(halves) : (number + 1) * len(halves)] for number, value in enumerate(values)
    }
    return {
        "n_samples": n_samples,
        "n_genes": len(reference.module_of),
        "projected_out": list(request.covariates),
        "n_halves": len(halves),
        "samples_in_a_half": n_samples // 2,
        **rounded(_reference_stability(reference, by_value[default]), DIGITS),
        **_setting_comparison(by_value, request.setting, default),
    }


def sample_halves(n_samples: int, n_splits: int, *, seed: int) -> list[tuple[Index, Index]]:
    """Return ``n_splits`` random pairs of disjoint halves of the samples, each ascending.

    With an odd number of samples one is left out of each split.
    """
    halves = []
    for split in range(n_splits):
        order = np.random.default_rng([seed, split]).permutation(n_samples)
        half = n_samples // 2
        halves.append((np.sort(order[:half]), np.sort(order[half : 2 * half])))
    return halves


def _fitted(
    request: StabilityRequest,
    tasks: Sequence[tuple[Index, float]],
    bundle: Bundle,
    workers: int,
    progress: Callable[[int, int], None],
) -> list[GeneNetwork]:
    """Return the networks of the tasks, each some samples and a value of the setting, in their order."""
    if workers == 1:
        networks = []
        for number, task in enumerate(tasks):
            networks.append(_network(request, number, *task, bundle))
            progress(len(networks), len(tasks))
        return networks
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=min(workers, len(tasks)), mp_context=context) as pool:
        futures = [pool.submit(_network, request, number, *task) for number, task in enumerate(tasks)]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                progress(done, len(tasks))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


# A worker process fits many halves of one bundle, and reads it once.
_worker_bundle = lru_cache(maxsize=1)(read_bundle)


def _network(
    request: StabilityRequest, number: int, samples: Index, value: float, bundle: Bundle | None = None
) -> GeneNetwork:
    """Return what a fit of the samples finds with this value of the setting. bundle: None in a worker process."""
    bundle = _worker_bundle(request.bundle) if bundle is None else bundle
    half = replace(
        bundle,
        samples=bundle.samples[samples.tolist()],
        matrices={name: np.ascontiguousarray(matrix[:, samples]) for name, matrix in bundle.matrices.items()},
    )
    directory = request.directory / f"half-{number}"
    try:
        fit = request.fit(
            write_bundle(half, directory / "bundle"),
            output_dir=directory / "fit",
            backend=request.backend,
            covariates=request.covariates,
            seed=request.seed,
            threads=1,
            settings={request.setting: value},
        )
        return gene_network(fit, bundle)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def gene_network(fit: Fit, bundle: Bundle) -> GeneNetwork:
    """Return the modules and edges of a fit over the bundle's genes, ascending."""
    table = bundle.genes if bundle.genes is not None else bundle.transcripts
    genes = sorted(set(table.get_column("gene_id"))) if table is not None else []
    number = {gene: index for index, gene in enumerate(genes)}
    modules = fit.modules.select("gene_id", "module_id").sort("module_id").collect(engine="in-memory")
    module_ids = modules.get_column("module_id").unique(maintain_order=True).to_list()
    index_of = {module: index for index, module in enumerate(module_ids)}
    module_of = np.full(len(genes), -1, dtype=np.int64)
    for gene, module in modules.iter_rows():
        module_of[number[gene]] = index_of[module]
    edges = fit.edges.select("source", "target").collect(engine="in-memory")
    codes = (number[source] * len(genes) + number[target] for source, target in edges.iter_rows())
    return GeneNetwork(module_of, np.array(sorted(codes), dtype=np.int64), tuple(module_ids))


def _reference_stability(reference: GeneNetwork, networks: Sequence[GeneNetwork]) -> dict[str, Any]:
    """Return how often the edges and the modules of the reference are in a half, and how many edges a half has."""
    frequency = edge_frequencies(reference.edges, networks)
    counts, _ = np.histogram(frequency, bins=10, range=(0.0, 1.0))
    edges = {
        "n_edges": len(reference.edges),
        "n_edges_in_a_half": _mean(np.array([len(network.edges) for network in networks], dtype=np.float64)),
        "mean_frequency": _mean(frequency),
        **{f"n_with_frequency_{share}": int((frequency >= share).sum()) for share in FREQUENT},
        "frequency_histogram": counts.tolist(),
    }
    together = co_assignment(reference.module_of, networks)
    jaccard = mean_best_jaccard(reference.module_of, networks)
    sizes = np.bincount(reference.module_of[reference.module_of >= 0], minlength=len(together))
    modules = [
        {"module_id": module, "n_genes": int(size), "co_assignment": float(share), "jaccard": float(index)}
        for module, size, share, index in zip(reference.module_ids, sizes, together, jaccard, strict=True)
    ]
    return {"edges": edges, "modules": modules}


def edge_frequencies(reference: Index, networks: Sequence[GeneNetwork]) -> Vector:
    """Return, for each edge of the reference, the share of the networks that have it."""
    n_with = np.zeros(len(reference))
    for network in networks:
        n_with += np.isin(reference, network.edges, assume_unique=True)
    return n_with / max(1, len(networks))


def co_assignment(reference: Index, networks: Sequence[GeneNetwork]) -> Vector:
    """Return, for each module of the reference, the mean share of its gene pairs that a network keeps in one module.

    reference: (n_genes,) module number, −1 for none. A pair with a gene in no module is not kept.
    """
    n_modules = int(reference.max(initial=-1)) + 1
    sizes = np.bincount(reference[reference >= 0], minlength=n_modules)
    n_kept = np.zeros(n_modules)
    for network in networks:
        counts, modules, _ = shared_genes(reference, network.module_of)
        np.add.at(n_kept, modules, counts * (counts - 1) / 2)
    return n_kept / np.maximum(1, len(networks) * sizes * (sizes - 1) / 2)


def mean_best_jaccard(reference: Index, networks: Sequence[GeneNetwork]) -> Vector:
    """Return, for each module of the reference, the mean over networks of its best Jaccard index with a module.

    Hennig 2007, Comput Stat Data Anal 52:258-271, doi:10.1016/j.csda.2006.11.025, section 2.
    """
    total = np.zeros(int(reference.max(initial=-1)) + 1)
    for network in networks:
        total += best_jaccard(reference, network.module_of)
    return total / max(1, len(networks))


def _setting_comparison(by_value: Mapping[float, list[GeneNetwork]], setting: str, default: float) -> dict[str, Any]:
    """Return how well halves agree with each value of the setting, and which value is recommended."""
    agreements = {value: halves_agreement(networks) for value, networks in by_value.items()}
    best = most_reproducible({value: agreement.ari_of_all for value, agreement in agreements.items()}, default)
    return {
        "agreement_of_halves": _agreement_row(agreements[default]),
        "settings": [{setting: value, **_agreement_row(agreement)} for value, agreement in agreements.items()],
        "default": {setting: default},
        "recommended": {setting: best},
        "recommended_reason": (
            "halves agree best (ari_of_all), by more than one standard error over the default"
            if best != default
            else "no other value makes halves agree better (ari_of_all) by more than one standard error"
        ),
    }


def halves_agreement(halves: Sequence[GeneNetwork]) -> Agreement:
    """Return how much the two halves of each split agree; those of one split follow one another."""
    measures = []
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        labels = first.module_of, second.module_of
        ari, nmi, ari_of_all = labelling_agreement(*labels)
        n_modules = sum(len(np.unique(numbers[numbers >= 0])) for numbers in labels) / 2
        share_in_both = float(((labels[0] >= 0) & (labels[1] >= 0)).mean())
        measures.append((ari, nmi, 0.0 if np.isnan(ari_of_all) else ari_of_all, share_in_both, n_modules))
    return Agreement(*np.ascontiguousarray(np.array(measures).T))


def most_reproducible(scores: Mapping[float, Vector], default: float) -> float:
    """Return the setting whose halves agree best, unless the default's agree as well within the error of the mean.

    scores: for each setting, (n_splits,) agreement of the two halves of each split, the same splits for all. Another
    setting than the default is returned only if its mean is larger by more than one standard error of the difference.
    """
    best = max(scores, key=lambda setting: (float(scores[setting].mean()), setting == default))
    gain = scores[best] - scores[default]
    error = float(gain.std(ddof=1) / np.sqrt(len(gain))) if len(gain) > 1 else np.inf
    return best if best != default and float(gain.mean()) > error else default


def _agreement_row(agreement: Agreement) -> dict[str, float | None]:
    """Return the means over the splits, and the standard error of that of ``ari_of_all``."""
    row = {name: _mean(getattr(agreement, name)) for name in Agreement.__slots__}
    row["ari_of_all_se"] = float(agreement.ari_of_all.std(ddof=1) / np.sqrt(len(agreement.ari_of_all)))
    return {name: rounded(value, DIGITS) for name, value in row.items()}


def _mean(values: Vector) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None

"""What each choice of the ``factor`` backend is worth: the default, and one change of it at a time.

    python benchmarks/ablation.py [--choice NAME ...] [--threads N]

Fixtures are simulated once, and halves of the bundled real data are drawn once; every variant infers modules of all of
them. Writes artifacts/reports/ablation.json and docs/ablation.png; ``docs/generate.py`` makes docs/ablation.md of the
report. With ``--choice`` only those variants run, and nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from choices import CHOICES, DEFAULT, Variant

import isograph
from isograph.bundle.bundle import Bundle
from isograph.config import FactorConfig
from isograph.evaluate.metrics import ari, background_rate
from isograph.evaluate.stability import Division, agreement, sample_halves
from isograph.features.channel import Assays, Channels, channels
from isograph.features.covariate import covariate_design
from isograph.kernels._jit import Index
from isograph.network.factor import factor_network
from isograph.network.membership import gene_modules
from isograph.pipeline.assays import bundle_assays
from isograph.pipeline.dataset import REAL_NAME, REAL_SUITE, Dataset, chosen_datasets, truth_of, write_dataset
from isograph.runtime.progress import Steps
from isograph.runtime.threads import resolve_threads

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "artifacts" / "reports" / "ablation.json"
FIGURE = ROOT / "docs" / "ablation.png"
LARGEST_PLANTED = 900
STRESS = (
    "stress_interaction_2_on_50_v1", "stress_interaction_2_on_75_v1", "stress_interaction_3_on_50_v1",
    "stress_interaction_3_on_75_v1", "stress_imbalance_25_v1", "stress_switching_05_v1",
    "stress_dispersion_03_noise_0p5_v1", "stress_batch_v1", "stress_composition_v1", "stress_depth_v1",
    "stress_degradation_multiplex_v1", "stress_degradation_switch_v1",
)  # fmt: skip
NULL = ("null_200x20_v1", "null_200x200_v1", "null_1000x50_v1", "null_library_400x60_v1")
# NOTE: one seed of stress, whose searches for hidden confounders take nearly all of the time.
SEEDS = {"planted": (0, 1), "stress": (0,), "null": (0, 1, 2)}
N_SPLITS = 5
HALVES = ("ari", "nmi", "share_in_both", "ari_of_all")
SHORT_KEYS = ("dataset", "seed", "ari", "background")
DRAWN = ("planted_ari", "stress_ari", "stress_background", "halves_ari_of_all", "halves_share_in_both", "real_modules")
REAL_COVARIATES = ("performer",)
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of the table.

    Attributes
    ----------
    sign : 1 where more is better, −1 where less is, 0 where neither.
    limit : differences up to this count for nothing; not used for split halves, which have a standard error.
    """

    key: str
    title: str
    sign: int
    limit: float = 0.0


METRICS = (
    Metric("planted_ari", "planted ari", 1, 0.001),
    Metric("planted_ari_least", "least planted ari", 1, 0.005),
    Metric("planted_background", "planted background", -1, 0.001),
    Metric("stress_ari", "stress ari", 1, 0.001),
    Metric("stress_ari_least", "least stress ari", 1, 0.005),
    Metric("stress_background", "stress background", -1, 0.001),
    Metric("null_with_module", "null runs with a module", -1),
    Metric("halves_ari", "halves ari", 1),
    Metric("halves_nmi", "halves nmi", 1),
    Metric("halves_share_in_both", "halves in both", 1),
    Metric("halves_ari_of_all", "halves ari of all", 1),
    Metric("real_modules", "real modules", 0),
    Metric("real_share_assigned", "real assigned", 0),
    Metric("seconds", "seconds", 0),
)


@dataclass(frozen=True, slots=True)
class Case:
    """Features to infer modules of, and what is known of them.

    Attributes
    ----------
    group : planted, stress, null, real or halves; of halves, the two of a split follow one another.
    genes : every gene of the bundle.
    planted : gene → module; None where no truth is known.
    """

    name: str
    group: str
    seed: int
    features: Channels
    genes: list[str]
    planted: Mapping[str, str] | None


def cases(place: Path, threads: int) -> Iterator[Case]:
    """Yield every case, made from scratch."""
    small = [
        dataset
        for dataset in chosen_datasets(("core_v1", "multiplex_v1"), ())
        if dataset.spec is not None and dataset.spec.n_genes <= LARGEST_PLANTED
    ]
    groups = {"planted": small, "stress": chosen_datasets((), STRESS), "null": chosen_datasets((), NULL)}
    for group, datasets in groups.items():
        for dataset in datasets:
            for seed in SEEDS[group]:
                bundle, assays = made(dataset, place, seed)
                truth = truth_of(bundle, is_real=False)
                yield Case(
                    dataset.name, group, seed, features_of(bundle, assays, (), threads), truth.genes, truth.planted
                )
    (real,) = chosen_datasets((REAL_SUITE,), (REAL_NAME,))
    bundle, assays = made(real, place, 0)
    n_samples = bundle.samples.height
    halves = [half for split in sample_halves(n_samples, N_SPLITS, seed=0) for half in split]
    for number, samples in enumerate([np.arange(n_samples), *halves]):
        features = features_of(*of_samples(bundle, assays, samples), REAL_COVARIATES, threads)
        genes = truth_of(bundle, is_real=True).genes
        yield Case(f"{REAL_NAME} {number}", "halves" if number else "real", 0, features, genes, None)


def made(dataset: Dataset, place: Path, seed: int) -> tuple[Bundle, Assays]:
    """Return the bundle of a data set and its assays."""
    where = place / f"{dataset.name}-{seed}"
    bundle = write_dataset(dataset, where, seed=seed)
    return bundle, bundle_assays(bundle, where)


def features_of(bundle: Bundle, assays: Assays, covariates: tuple[str, ...], threads: int) -> Channels:
    """Return the features of a bundle, covariates projected out."""
    return channels(assays, covariate_design(bundle.samples, covariates), threads=threads)


def of_samples(bundle: Bundle, assays: Assays, samples: Index) -> tuple[Bundle, Assays]:
    """Return the bundle's sample table and the assays of some of its samples."""
    counts, values = assays.transcript_counts, assays.gene_values
    taken = replace(
        assays,
        transcript_counts=None if counts is None else np.ascontiguousarray(counts[:, samples]),
        gene_values=None if values is None else np.ascontiguousarray(values[:, samples]),
    )
    return replace(bundle, samples=bundle.samples[samples.tolist()]), taken


@dataclass(slots=True)
class Inference:
    """Infers modules; what variants have in common is inferred once."""

    threads: int
    known: dict[tuple[int, int, FactorConfig], tuple[Any, float]] = field(default_factory=dict)

    def modules(self, number: int, case: Case, variant: Variant) -> tuple[dict[str, str], float | None]:
        """Return gene → module of a case, and the seconds; None where the variant is not a whole inference."""
        config, seed = variant.config, case.seed + variant.seed
        network, seconds = self._network(number, case, replace(config, min_kme=DEFAULT.min_kme), seed)
        community_of = network.community_of
        if variant.regroup is not None:
            community_of = variant.regroup(network.channels, config, seed, self.threads)
        found = gene_modules(
            network.channels,
            community_of,
            min_module_size=config.min_module_size,
            min_kme=config.min_kme,
            threads=self.threads,
        )
        names = network.channels.gene_ids
        home = {
            names[gene]: found.module_ids[module] for gene, module in enumerate(found.module_of.tolist()) if module >= 0
        }
        return home, seconds if variant.regroup is None else None

    def _network(self, number: int, case: Case, config: FactorConfig, seed: int) -> tuple[Any, float]:
        key = (number, seed, config)
        if key in self.known:
            return self.known[key]
        started = time.perf_counter()
        network = factor_network(case.features, config, seed=seed, threads=self.threads, steps=Steps(logged=False))
        result = network, time.perf_counter() - started
        if config == DEFAULT and seed == case.seed:
            self.known[key] = result
        return result


def measured(case: Case, found: Mapping[str, str]) -> dict[str, float | None]:
    """Return the metrics of one case."""
    planted = case.planted or {}
    return {
        "n_modules": len(set(found.values())),
        "share_assigned": len(found) / len(case.genes),
        "ari": ari(planted, found),
        "background": background_rate(planted, found, case.genes) if planted else None,
    }


def division(case: Case, found: Mapping[str, str]) -> Division:
    """Return the modules found as numbers over the genes of the bundle."""
    number = {module: index for index, module in enumerate(sorted(set(found.values())))}
    module_of = np.array([number[found[gene]] if gene in found else -1 for gene in case.genes], dtype=np.int64)
    return Division(module_of, np.empty(0, dtype=np.int64))


def row_of(variant: Variant, everything: Sequence[Case], inference: Inference) -> dict[str, Any]:
    """Return what a variant gives on all cases."""
    inferred = [inference.modules(number, case, variant) for number, case in enumerate(everything)]
    rows: list[dict[str, Any]] = [
        {"dataset": case.name, "group": case.group, "seed": case.seed, **measured(case, found)}
        for case, (found, _) in zip(everything, inferred, strict=True)
    ]

    def values(group: str, key: str) -> list[Any]:
        return [row[key] for row in rows if row["group"] == group and row[key] is not None]

    halves = [
        division(case, found) for case, (found, _) in zip(everything, inferred, strict=True) if case.group == "halves"
    ]
    agreed = agreement(list(zip(halves[::2], halves[1::2], strict=True)))
    seconds = [taken for _, taken in inferred if taken is not None]
    return {
        "planted_ari": float(np.mean(values("planted", "ari"))),
        "planted_ari_least": min(values("planted", "ari")),
        "planted_background": float(np.mean(values("planted", "background"))),
        "stress_ari": float(np.mean(values("stress", "ari"))),
        "stress_ari_least": min(values("stress", "ari")),
        "stress_background": float(np.mean(values("stress", "background"))),
        "null_with_module": sum(count > 0 for count in values("null", "n_modules")),
        **{f"halves_{name}": getattr(agreed, name).tolist() for name in HALVES},
        "real_modules": values("real", "n_modules")[0],
        "real_share_assigned": values("real", "share_assigned")[0],
        "seconds": float(np.sum(seconds)) if len(seconds) == len(inferred) else None,
        "short": [
            {key: row[key] if isinstance(row[key], (str, int)) else round(row[key], DIGITS) for key in SHORT_KEYS}
            for row in rows
            if row["ari"] is not None and (row["ari"] < 0.99 or (row["background"] or 0.0) > 0.01)
        ],
    }


def compared(row: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with means in place of lists, and the metrics in which it is better and worse than the default.

    A metric of split halves differs if the mean difference over splits is more than two standard errors of it; any
    other differs by more than its own limit.
    """
    told: dict[str, Any] = {"better": [], "worse": [], "errors": {}}
    values = dict(row)
    for metric in METRICS:
        if isinstance(row[metric.key], list):
            gain = np.subtract(row[metric.key], default[metric.key])
            limit = 2.0 * float(gain.std(ddof=1) / np.sqrt(len(gain)))
            difference, values[metric.key] = float(gain.mean()), float(np.mean(row[metric.key]))
            told["errors"][metric.key] = round(limit / 2.0, DIGITS)
        elif metric.sign and row[metric.key] is not None:
            difference, limit = row[metric.key] - default[metric.key], metric.limit
        else:
            continue
        if metric.sign and abs(difference) > limit:
            told["better" if difference * metric.sign > 0 else "worse"].append(metric.key)
    rounded_values = {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in values.items()}
    return {**rounded_values, **told}


def report_of(
    everything: Sequence[Case], default: Mapping[str, Any], rows: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the report: the data, the metrics, the default's row and those of every choice."""
    groups = dict.fromkeys(case.group for case in everything)
    return {
        "isograph_version": isograph.__version__,
        "data": {
            group: {
                "runs": sum(case.group == group for case in everything),
                "datasets": list(dict.fromkeys(case.name for case in everything if case.group == group)),
            }
            for group in groups
            if group != "halves"
        },
        "n_splits": N_SPLITS,
        "projected_out": list(REAL_COVARIATES),
        "metrics": [asdict(metric) for metric in METRICS],
        "default": compared(default, default),
        "choices": [
            {
                "name": choice.name,
                "default": choice.default,
                "told": choice.told,
                "variants": [
                    {"name": variant.name, **compared(rows[choice.name, variant.name], default)}
                    for variant in choice.variants
                    if (choice.name, variant.name) in rows
                ],
            }
            for choice in CHOICES
            if any(choice.name == name for name, _ in rows)
        ],
    }


def figure(report: Mapping[str, Any]) -> bytes:
    """Draw every variant beside the default, a panel for each of the metrics drawn, as PNG."""
    from isograph.report.style import BLUE, GREY, house_style, new_figure, rendered

    variants = [(f"{choice['name']}: {row['name']}", row) for choice in report["choices"] for row in choice["variants"]]
    places = np.arange(len(variants))[::-1]
    with house_style():
        canvas = new_figure(11.0, 1.2 + 0.21 * len(variants))
        panels = canvas.subplots(1, len(DRAWN), sharey=True)
        for panel, metric in zip(panels, (metric for metric in METRICS if metric.key in DRAWN), strict=True):
            values = [row[metric.key] for _, row in variants]
            errors = [2.0 * row["errors"].get(metric.key, 0.0) for _, row in variants]
            panel.axvline(report["default"][metric.key], color=GREY, linewidth=0.8)
            panel.errorbar(values, places, xerr=errors if any(errors) else None, fmt="o", color=BLUE, markersize=4)
            panel.set_title(metric.title)
            panel.grid(visible=True, axis="y", alpha=0.25)
        panels[0].set_yticks(places, [name for name, _ in variants])
        return rendered(canvas, "png")


def told(row: Mapping[str, Any]) -> str:
    """Return the metrics of a row in one line."""
    values = ((metric.title, np.mean(row[metric.key]) if row[metric.key] is not None else None) for metric in METRICS)
    return "  ".join(f"{title} {'–' if value is None else format(value, '.3f')}" for title, value in values)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [choice.name for choice in CHOICES]
    parser.add_argument("--choice", action="append", choices=names, help="run the variants of this choice only")
    parser.add_argument("--threads", type=int, help="threads to use; all there are unless told")
    arguments = parser.parse_args()
    threads = resolve_threads(arguments.threads)
    print("making the data sets", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as place:
        everything = list(cases(Path(place), threads))
    chosen = [choice for choice in CHOICES if choice.name in (arguments.choice or names)]
    variants = [(choice.name, variant) for choice in chosen for variant in choice.variants]
    inference, rows = Inference(threads), {}
    inference.modules(0, everything[0], Variant("compilation"))
    started = time.monotonic()
    for number, (name, variant) in enumerate([("", Variant("default")), *variants]):
        print(f"{number + 1} of {len(variants) + 1}: {name} {variant.name}", file=sys.stderr, flush=True)
        rows[name, variant.name] = row_of(variant, everything, inference)
        spent = time.monotonic() - started
        left = spent / (number + 1) * (len(variants) - number)
        print(
            f"  {told(rows[name, variant.name])}\n  {spent:.0f} s, about {left:.0f} s left", file=sys.stderr, flush=True
        )
    if not arguments.choice:
        report = report_of(everything, rows.pop(("", "default")), rows)
        REPORT.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        FIGURE.write_bytes(figure(report))
        print(REPORT)


if __name__ == "__main__":
    main()

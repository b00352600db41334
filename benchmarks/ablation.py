"""What each choice of the ``factor`` backend is worth: the default, and one change of it at a time.

    python benchmarks/ablation.py [--choice NAME ...] [--threads N]
    python benchmarks/ablation.py --data BUNDLE [--where COLUMN=VALUE] [--covariate COLUMN ...] [--choice NAME ...]

Fixtures are simulated once, and halves of the bundled real data are drawn once; every variant infers modules of all of
them. Writes artifacts/reports/ablation.json and docs/ablation.png; ``docs/generate.py`` makes docs/ablation.md of the
report. With ``--choice`` only those variants run, and with ``--data`` all run on halves of that bundle alone; both
print the report and write nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import scipy.stats
from cases import N_SPLITS, REAL_COVARIATES, Case, bundled_data, real_cases, simulated_cases
from choices import CHOICES, DEFAULT, Variant
from split_half import samples_where

import isograph
from isograph.benchmarking.metrics import ari, background_rate
from isograph.benchmarking.stability import GeneNetwork, halves_agreement
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config import FactorConfig
from isograph.network.factor import factor_network
from isograph.network.modules import gene_modules
from isograph.runtime.progress import Steps
from isograph.runtime.threads import resolve_threads
from isograph.stats import label_numbers

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "artifacts" / "reports" / "ablation.json"
FIGURE = ROOT / "docs" / "ablation.png"
HALVES = ("ari", "nmi", "share_in_both", "ari_of_all")
SHORT_KEYS = ("dataset", "seed", "ari", "background")
DRAWN = ("planted_ari", "stress_ari", "stress_background", "halves_ari_of_all", "halves_share_in_both", "real_modules")
# NOTE: runs below the first or above the second are named in the report.
SHORT_ARI, SHORT_BACKGROUND = 0.99, 0.01
DIGITS = 4

Rows = dict[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of the table.

    Attributes
    ----------
    sign : 1 where more is better, −1 where less is, 0 where neither.
    limit : differences up to this count for nothing.
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
    Metric("halves_ari", "halves ari", 1, 0.01),
    Metric("halves_nmi", "halves nmi", 1, 0.01),
    Metric("halves_share_in_both", "halves in both", 1, 0.01),
    Metric("halves_ari_of_all", "halves ari of all", 1, 0.01),
    Metric("real_modules", "real modules", 0),
    Metric("real_share_assigned", "real assigned", 0),
    Metric("seconds", "seconds", 0),
)


@dataclass(slots=True)
class Inference:
    """Infers modules; what variants have in common is inferred once."""

    threads: int
    known: dict[tuple[int, int, FactorConfig], tuple[Any, float]] = field(default_factory=dict)

    def modules(self, number: int, case: Case, variant: Variant) -> tuple[dict[str, str], float | None]:
        """Return gene → module of a case, and the seconds; None where the variant is not a whole inference."""
        config, seed = variant.config, case.seed + variant.seed
        whole = config if variant.regroup is None else DEFAULT
        network, seconds = self._network(number, case, replace(whole, min_kme=DEFAULT.min_kme), seed)
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


def row_of(variant: Variant, everything: Sequence[Case], inference: Inference) -> dict[str, Any]:
    """Return what a variant gives on all cases."""
    inferred = [inference.modules(number, case, variant) for number, case in enumerate(everything)]
    rows: list[dict[str, Any]] = [
        {"dataset": case.name, "group": case.group, "seed": case.seed, **measured(case, found)}
        for case, (found, _) in zip(everything, inferred, strict=True)
    ]

    def of(group: str, key: str, summary: Callable[[list[Any]], float]) -> float | None:
        values = [row[key] for row in rows if row["group"] == group and row[key] is not None]
        return float(summary(values)) if values else None

    no_edges = np.empty(0, dtype=np.int64)
    halves = [
        GeneNetwork(label_numbers(found, case.genes), no_edges)
        for case, (found, _) in zip(everything, inferred, strict=True)
        if case.group == "halves"
    ]
    agreed = halves_agreement(halves)
    seconds = [taken for _, taken in inferred if taken is not None]
    return {
        "planted_ari": of("planted", "ari", np.mean),
        "planted_ari_least": of("planted", "ari", min),
        "planted_background": of("planted", "background", np.mean),
        "stress_ari": of("stress", "ari", np.mean),
        "stress_ari_least": of("stress", "ari", min),
        "stress_background": of("stress", "background", np.mean),
        "null_with_module": of("null", "n_modules", np.count_nonzero),
        **{f"halves_{name}": getattr(agreed, name).tolist() for name in HALVES},
        "real_modules": of("real", "n_modules", sum),
        "real_share_assigned": of("real", "share_assigned", sum),
        "seconds": sum(seconds) if len(seconds) == len(inferred) else None,
        "short": [
            {key: round(row[key], DIGITS) if isinstance(row[key], float) else row[key] for key in SHORT_KEYS}
            for row in rows
            if row["ari"] is not None and (row["ari"] < SHORT_ARI or (row["background"] or 0.0) > SHORT_BACKGROUND)
        ],
    }


def compared(row: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with means in place of lists, and the metrics in which it is better and worse than the default.

    A metric differs if it does by more than its limit; one of split halves only if the 95 % interval of its mean
    difference over the splits (Student's t) leaves out 0 too. ``intervals`` holds half the width of the intervals.
    """
    verdict: dict[str, Any] = {"better": [], "worse": [], "intervals": {}}
    values = dict(row)
    for metric in METRICS:
        if isinstance(row[metric.key], list):
            gain = np.subtract(row[metric.key], default[metric.key])
            limit = float(scipy.stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain)))
            difference, values[metric.key] = float(gain.mean()), float(np.mean(row[metric.key]))
            verdict["intervals"][metric.key] = round(limit, DIGITS)
            limit = max(limit, metric.limit)
        elif metric.sign and row[metric.key] is not None and default[metric.key] is not None:
            difference, limit = row[metric.key] - default[metric.key], metric.limit
        else:
            continue
        if metric.sign and abs(difference) > limit:
            verdict["better" if difference * metric.sign > 0 else "worse"].append(metric.key)
    rounded_values = {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in values.items()}
    return {**rounded_values, **verdict}


def report_of(everything: Sequence[Case], covariates: Sequence[str], rows: Rows) -> dict[str, Any]:
    """Return the report: the data, the metrics, the default's row and those of the choices."""
    default = rows["", "default"]
    groups = dict.fromkeys(case.group for case in everything if case.group != "halves")
    return {
        "isograph_version": isograph.__version__,
        "data": {
            group: {
                "runs": sum(case.group == group for case in everything),
                "datasets": list(dict.fromkeys(case.name for case in everything if case.group == group)),
            }
            for group in groups
        },
        "n_splits": N_SPLITS,
        "projected_out": list(covariates),
        "metrics": [asdict(metric) for metric in METRICS],
        "default": compared(default, default),
        "choices": [
            {
                "name": choice.name,
                "default": choice.default,
                "told": choice.reason,
                "variants": [
                    {"name": variant.name, **compared(rows[choice.name, variant.name], default)}
                    for variant in choice.variants
                ],
            }
            for choice in CHOICES
            if any(choice.name == name for name, _ in rows)
        ],
    }


def figure(report: Mapping[str, Any]) -> bytes:
    """Draw every variant beside the default, a panel for each of the metrics drawn, as PNG."""
    from isograph.reporting.style import BLUE, GREY, house_style, new_figure, rendered

    variants = [(f"{choice['name']}: {row['name']}", row) for choice in report["choices"] for row in choice["variants"]]
    places = np.arange(len(variants))[::-1]
    with house_style():
        canvas = new_figure(11.0, 1.2 + 0.21 * len(variants))
        panels = canvas.subplots(1, len(DRAWN), sharey=True)
        for panel, metric in zip(panels, (metric for metric in METRICS if metric.key in DRAWN), strict=True):
            values = [row[metric.key] for _, row in variants]
            errors = [row["intervals"].get(metric.key, 0.0) for _, row in variants]
            panel.axvline(report["default"][metric.key], color=GREY, linewidth=0.8)
            panel.errorbar(values, places, xerr=errors if any(errors) else None, fmt="o", color=BLUE, markersize=4)
            panel.set_title(metric.title.replace(" ", "\n", 1))
            panel.grid(visible=True, axis="y", alpha=0.25)
        panels[0].set_yticks(places, [name for name, _ in variants])
        return rendered(canvas, "png")


def metrics_line(row: Mapping[str, Any]) -> str:
    """Return the metrics of a row in one line."""
    values = ((metric.title, np.mean(row[metric.key]) if row[metric.key] is not None else None) for metric in METRICS)
    return "  ".join(f"{title} {'–' if value is None else format(value, '.3f')}" for title, value in values)


def rows_of(everything: Sequence[Case], names: Sequence[str], threads: int) -> Rows:
    """Return the rows of the default and of every variant of the named choices, telling how far it is."""
    chosen = [choice for choice in CHOICES if choice.name in names]
    variants = [("", Variant("default")), *((choice.name, variant) for choice in chosen for variant in choice.variants)]
    inference = Inference(threads)
    rows: Rows = {}
    Inference(threads).modules(0, everything[0], Variant("default"))
    started = time.monotonic()
    for number, (name, variant) in enumerate(variants, start=1):
        print(f"{number} of {len(variants)}: {name} {variant.name}", file=sys.stderr, flush=True)
        row = rows[name, variant.name] = row_of(variant, everything, inference)
        spent = time.monotonic() - started
        left = spent / number * (len(variants) - number)
        print(f"  {metrics_line(row)}\n  {spent:.0f} s, about {left:.0f} s left", file=sys.stderr, flush=True)
    return rows


def parsed() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [choice.name for choice in CHOICES]
    parser.add_argument("--choice", action="append", choices=names, help="run the variants of this choice only")
    parser.add_argument("--data", type=Path, metavar="BUNDLE", help="run on halves of this bundle only")
    parser.add_argument("--where", metavar="COLUMN=VALUE", help="use the samples of the bundle with this value only")
    parser.add_argument("--covariate", action="append", default=[], help="sample column of the bundle to project out")
    parser.add_argument("--threads", type=int, help="threads to use; all there are unless given")
    arguments = parser.parse_args()
    if arguments.data is None and (arguments.where or arguments.covariate):
        parser.error("--where and --covariate go with --data")
    return arguments


def main() -> None:
    """Run from the command line."""
    arguments = parsed()
    threads = resolve_threads(arguments.threads)
    covariates = tuple(arguments.covariate) if arguments.data else REAL_COVARIATES
    print("making the data sets", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        real = arguments.data or bundled_data(place)
        if arguments.where:
            real = write_bundle(samples_where(read_bundle(real), arguments.where), place / "chosen")
        everything = [] if arguments.data else list(simulated_cases(place, threads))
        everything += real_cases(real, covariates, threads)
    rows = rows_of(everything, arguments.choice or [choice.name for choice in CHOICES], threads)
    report = report_of(everything, covariates, rows)
    written = orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments.choice or arguments.data:
        sys.stdout.write(written.decode())
        return
    REPORT.write_bytes(written)
    FIGURE.write_bytes(figure(report))
    print(REPORT)


if __name__ == "__main__":
    main()

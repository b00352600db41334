"""How well the explanation of a module finds what was planted in it.

    python benchmarks/explain.py [--output artifacts/reports/explain-truth.json]

Fixtures with planted modules are simulated, fitted by ``factor`` and by ``vae``, and explained in a temporary
directory; the report holds one row a fixture, seed and backend.

* least_average_precision: of each planted module's genes among all genes, by |r|, by |decoder response| and by mean
  |integrated gradient|, the least over the modules.
* agreement: share of the planted genes among the first n of all three rankings, n the number planted in the module.
* lead_top1: share of the four-isoform genes whose planted lead transcript has the largest |r|.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import orjson
import polars as pl

import isograph
from isograph.pipeline.simulate import simulate
from isograph.results.explanation import Explanation
from isograph.simulation.bundle import simulation
from isograph.simulation.genes import GenePlan
from isograph.simulation.spec import fixture_spec

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = (
    "toy_multiplex_v1",
    "medium_multiplex_v1",
    "large_multiplex_v1",
    "noisy_multiplex_v1",
    "xxlarge_multiplex_v1",
    "stress_four_isoforms_v1",
)
SEEDS = (0, 1, 2)
BACKENDS = ("factor", "vae")
RANKED = ("gene_driver_table", "vae_drivers", "ig_attributions")
DIGITS = 6
LIMIT = 0.99


def average_precision(hit: np.ndarray) -> float:
    """Return the mean, over the hits of a ranking, of the share of hits down to each of them; 0 without any hit."""
    if not hit.any():
        return 0.0
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float(precision[hit].mean())


def matched_modules(planted: pl.DataFrame, modules: pl.DataFrame) -> dict[int, str]:
    """Return the module of the fit with the highest Jaccard index with each planted one."""
    rows = modules.group_by("module_id", maintain_order=True).agg("gene_id").iter_rows()
    sets = {name: set(genes) for name, genes in rows}
    matched = {}
    for module, genes in planted.group_by("module_id", maintain_order=True).agg("gene_id").iter_rows():
        members = set(genes)
        matched[module] = max(sets, key=lambda name: len(members & sets[name]) / len(members | sets[name]))
    return matched


def planted_leads(plan: GenePlan) -> pl.DataFrame:
    """Return, of the genes that switch, the transcript that moves against all others, and how many there are."""
    rows = []
    for gene in np.flatnonzero(plan.switches):
        first, last = plan.offsets[gene], plan.offsets[gene + 1]
        lead = int(np.argmax(np.abs(plan.direction[first:last])))
        rows.append((f"G{gene:0{max(5, len(str(len(plan.roles) - 1)))}d}", lead + 1, int(last - first)))
    leads = pl.DataFrame(rows, schema={"gene_id": pl.String, "lead": pl.Int64, "n": pl.Int64}, orient="row")
    return leads.with_columns(transcript_id=pl.format("{}_T{}", "gene_id", "lead"))


def ranked_genes(explained: Explanation, table: str) -> dict[str, list[str]]:
    """Return the genes of each module's table in its order."""
    genes = explained.scan(table).select("module_id", "gene_id").collect(engine="in-memory")
    return dict(genes.group_by("module_id", maintain_order=True).agg("gene_id").iter_rows())


def rankings(explained: Explanation, planted: pl.DataFrame, matched: dict[int, str]) -> dict[str, object]:
    """Return how well the rankings of each table find the planted genes, and how far they agree on them."""
    ranked = {table: ranked_genes(explained, table) for table in RANKED if table in explained.tables}
    precision: dict[str, list[float]] = {table: [] for table in ranked}
    agreed = total = 0
    for module, module_id in matched.items():
        genes = set(planted.filter(pl.col("module_id") == module).get_column("gene_id"))
        first = []
        for table, of_module in ranked.items():
            precision[table].append(average_precision(np.array([gene in genes for gene in of_module[module_id]])))
            first.append(set(of_module[module_id][: len(genes)]))
        agreed += len(genes.intersection(*first))
        total += len(genes)
    return {
        "least_average_precision": {table: round(min(values), DIGITS) for table, values in precision.items()},
        "mean_average_precision": {table: round(float(np.mean(values)), DIGITS) for table, values in precision.items()},
        "agreement": round(agreed / total, DIGITS) if len(ranked) > 1 else None,
    }


def lead_recovery(explained: Explanation, plan: GenePlan) -> dict[str, float | int | None]:
    """Return the share of four-isoform genes whose planted lead is the transcript with the largest |r|."""
    first = (
        explained.scan("transcript_polarity_table")
        .sort(-pl.col("r").abs(), "transcript_id")
        .unique("gene_id", keep="first", maintain_order=True)
        .select("gene_id", top=pl.col("transcript_id"))
        .collect(engine="in-memory")
    )
    leads = planted_leads(plan).filter(pl.col("n") == 4)
    ranked = leads.join(first, on="gene_id", how="left", validate="1:1", maintain_order="left")
    hits = int((ranked.get_column("top") == ranked.get_column("transcript_id")).fill_null(value=False).sum())
    return {
        "n_four_isoform_genes": leads.height,
        "lead_top1": round(hits / leads.height, DIGITS) if leads.height else None,
    }


def row(fixture: str, seed: int, backend: str, directory: Path) -> dict[str, object]:
    """Return the result of one fixture, seed and backend."""
    bundle = simulate(fixture, directory / "bundle", seed=seed)
    fit = isograph.fit(bundle, output_dir=directory / "fit", seed=seed, backend=backend)
    with_model = backend == "vae"
    explained = isograph.explain(
        fit, output_dir=directory / "explanation", vae_attribution=with_model, integrated_gradients=with_model
    )
    planted = bundle.scan("truth_modules").collect(engine="in-memory")
    matched = matched_modules(planted, fit.modules.select("gene_id", "module_id").collect(engine="in-memory"))
    measured = rankings(explained, planted, matched)
    if with_model:
        deltas = explained.scan("ig_attributions").select(pl.col("convergence_delta").max()).collect(engine="in-memory")
        measured["converged"] = bool(deltas.item() <= 0.01)
    return {
        "dataset": fixture,
        "seed": seed,
        "backend": backend,
        "n_planted_modules": len(matched),
        **measured,
        **lead_recovery(explained, simulation(fixture_spec(fixture), seed=seed).plan),
    }


def shortfalls(results: list[dict[str, object]]) -> list[str]:
    """Return where the report is below its limit."""
    below = []
    for result in results:
        where = f"{result['dataset']} seed {result['seed']} {result['backend']}"
        values = {**result["least_average_precision"], "lead_top1": result["lead_top1"]}  # type: ignore[dict-item]
        below += [f"{where}: {name} {value}" for name, value in values.items() if value is not None and value < LIMIT]
    return below


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "artifacts" / "reports" / "explain-truth.json")
    parser.add_argument("--fixture", action="append", help="run these only")
    arguments = parser.parse_args()
    results = []
    for fixture in arguments.fixture or FIXTURES:
        for seed in SEEDS:
            for backend in BACKENDS:
                with tempfile.TemporaryDirectory() as directory:
                    results.append(row(fixture, seed, backend, Path(directory)))
                print(orjson.dumps(results[-1]).decode(), flush=True)
    below = shortfalls(results)
    report = {"isograph_version": isograph.__version__, "limit": LIMIT, "below_limit": below, "results": results}
    arguments.output.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    sys.exit("\n".join(below) if below else 0)


if __name__ == "__main__":
    main()

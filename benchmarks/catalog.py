"""Time questions over a catalog of many large fits.

    python benchmarks/catalog.py [--fits 50] [--runs 5] [--fixture xxlarge_multiplex_v1]

One fixture (12,000 genes × 240 samples) is simulated and fitted; the fits are copies of it in which every gene, module
and trait keeps its name and every number is moved a little, so that no two fits hold the same bytes. Each question is
asked of the catalog file on a fresh connection of this process, views bound and files opened anew; then as a whole
process of `isograph sql`, which also looks for the runs and compares every file it reads with its sha256.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

import isograph as ig
from isograph.pipeline.catalog import catalog
from isograph.schemas import FIT_TABLES
from isograph.store.artifact import artifact_directory

QUESTIONS = {
    "modules joined with edges and traits, all fits": """
        SELECT m.run, m.module_id, count(*) AS n_edges, avg(abs(e.weight)) AS mean_weight, max(abs(t.effect)) AS effect
        FROM modules AS m
        JOIN edges AS e ON e.run = m.run AND e.source = m.gene_id
        JOIN traits AS t ON t.run = m.run AND t.module_id = m.module_id
        GROUP BY ALL ORDER BY ALL""",
    "the same, edges inside significant modules": """
        SELECT t.run, t.trait, m.module_id, count(*) AS n_edges
        FROM traits AS t
        JOIN modules AS m ON m.run = t.run AND m.module_id = t.module_id
        JOIN modules AS n ON n.run = m.run AND n.module_id = m.module_id
        JOIN edges AS e ON e.run = m.run AND e.source = m.gene_id AND e.target = n.gene_id
        WHERE t.qvalue < 0.05
        GROUP BY ALL ORDER BY ALL""",
    "a gene's story": "FROM gene_story('{gene}')",
    "the edges of a gene": "FROM edges_of('{gene}')",
    "modules two fits share": "FROM shared_modules('fit_00', 'fit_01')",
}


def copy_of(fit: object, out: Path, seed: int) -> None:
    """Write a fit whose numbers differ a little from those of ``fit``."""
    rng = np.random.default_rng(seed)
    with artifact_directory(out, "fit", overwrite=False) as writer:
        for name, contract in FIT_TABLES.items():
            frame = fit.scan(name).collect(engine="in-memory")
            moved = [
                pl.Series(column, frame[column].to_numpy() * (1 + 1e-6 * rng.random(frame.height)))
                for column in ("weight", "kme", "effect", "eigengene", "loading")
                if column in frame.columns
            ]
            writer.table(contract, frame.with_columns(moved))
        for name in ("fit_config.json", "calibration.json", "run.log"):
            writer.file(name, (fit.path / name).read_bytes())


def seconds(work: object, runs: int) -> list[float]:
    """Return what each of several runs took."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return taken


def median_and_range(taken: list[float]) -> str:
    """Return the median of seconds, and the fastest and slowest."""
    return f"{statistics.median(taken):.3f} ({min(taken):.3f}–{max(taken):.3f})"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fixture", default="xxlarge_multiplex_v1")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="isograph-bench-"))
    try:
        measure(options, directory)
    finally:
        shutil.rmtree(directory)


def measure(options: argparse.Namespace, directory: Path) -> None:
    """Print the table of what was measured."""
    bundle = ig.simulate(options.fixture, directory / "bundle")
    fit = ig.fit(getattr(bundle, "path", bundle), output_dir=directory / "first")
    tree = directory / "artifacts"
    for number in range(options.fits):
        copy_of(fit, tree / f"fit_{number:02d}", number)
    n_edges = fit.calibration["n_edges"]
    gene = fit.summary.modules.get_column("hub gene")[0]
    n_bytes = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file())
    started = time.perf_counter()
    written = catalog(tree)
    made = time.perf_counter() - started
    print(f"{os.cpu_count()} cores, DuckDB {duckdb.__version__}; {options.fits} fits of {options.fixture}:")
    print(f"{options.fits * n_edges:,} edges, {n_bytes / 1e6:,.0f} MB; the catalog was made in {made:.2f} s,")
    print("every byte compared with its sha256.")
    print(f"Median (fastest–slowest) of {options.runs} runs, files in the page cache.")
    print("\n| question | rows | on the catalog file, s | `isograph sql`, whole process, s |\n|---|---:|---:|---:|")
    for name, template in QUESTIONS.items():
        question = template.replace("{gene}", gene)
        rows = answer(written.path, question)
        in_process = seconds(lambda question=question: answer(written.path, question), options.runs)
        command = [sys.executable, "-m", "isograph", "sql", "--artifacts", str(tree), "--format", "csv", question]
        whole = seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True), options.runs)
        print(f"| {name} | {rows:,} | {median_and_range(in_process)} | {median_and_range(whole)} |", flush=True)


def answer(path: Path, question: str) -> int:
    """Return the number of rows of the answer, read to the end on a connection of its own."""
    with duckdb.connect(str(path), read_only=True) as database:
        return len(database.sql(question).fetchall())


if __name__ == "__main__":
    main()

"""Time whole fits of growing size and write docs/scaling.md and its figure: ``make bench-scaling``."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from page import write_section
from peak import BYTES_OF_PEAK

from isograph.bundle.bundle import Bundle
from isograph.bundle.write import write_bundle

DOCS = Path(__file__).resolve().parents[1] / "docs"
BY_FEATURES = [(1_000, 240), (4_000, 240), (15_000, 240), (60_000, 240)]
BY_SAMPLES = [(4_000, 50), (4_000, 200), (4_000, 1_000), (4_000, 2_000)]
LARGEST = (60_000, 1_000)
MODULE = 100


def written_bundle(place: Path, n_features: int, n_samples: int) -> Path:
    """Write gene values on a log scale: a fifteenth of the genes in modules of 100, the rest noise."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n_features, n_samples))
    for first in range(0, max(MODULE, n_features // 15 // MODULE * MODULE), MODULE):
        values[first : first + MODULE] += 1.2 * rng.normal(size=n_samples)
    bundle = Bundle(
        dataset_name="scaling",
        samples=pl.DataFrame({"sample_id": [f"S{number:05d}" for number in range(n_samples)]}),
        feature_tables={"gene": pl.DataFrame({"gene_id": [f"G{number:05d}" for number in range(n_features)]})},
        matrices={"gene_log": values},
    )
    return write_bundle(bundle, place)


def written_counts(place: Path, n_features: int, n_samples: int) -> Path:
    """Write counts of which a fourth of the features are switches: every third gene has two transcripts."""
    rng = np.random.default_rng(0)
    n_genes = n_features * 3 // 4
    genes = [f"G{number:05d}" for number in range(n_genes)]
    gene_of = np.repeat(np.arange(n_genes), np.where(np.arange(n_genes) % 3 == 0, 2, 1))
    activity = np.zeros((n_genes // MODULE + 1, n_samples))
    activity[: n_genes // 15 // MODULE] = rng.normal(size=(n_genes // 15 // MODULE, n_samples))
    expected = np.exp(3.0 + 0.3 * activity[np.arange(n_genes) // MODULE])
    counts = rng.poisson(expected[gene_of]).astype(np.float64)
    starts = np.searchsorted(gene_of, np.arange(n_genes))
    transcripts = {
        "transcript_id": [f"T{row:05d}" for row in range(len(gene_of))],
        "gene_id": [genes[g] for g in gene_of],
    }
    bundle = Bundle(
        dataset_name="scaling",
        samples=pl.DataFrame({"sample_id": [f"S{number:05d}" for number in range(n_samples)]}),
        feature_tables={"transcript": pl.DataFrame(transcripts), "gene": pl.DataFrame({"gene_id": genes})},
        matrices={"transcript_counts": counts, "gene_counts": np.add.reduceat(counts, starts, axis=0)},
    )
    return write_bundle(bundle, place)


def timed_fit(write: Callable[[Path, int, int], Path], n_features: int, n_samples: int) -> tuple[float, float]:
    """Return seconds and peak GB of a whole fit in a process of its own."""
    with tempfile.TemporaryDirectory() as workplace:
        bundle = write(Path(workplace) / "bundle", n_features, n_samples)
        command = [sys.executable, "-m", "isograph", "fit", str(bundle), "-q", "--output-dir", f"{workplace}/fit"]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os_wait(process.pid)
        seconds = time.perf_counter() - started
        if status:
            raise SystemExit(f"the fit of {n_features} × {n_samples} failed")
    return seconds, usage.ru_maxrss * BYTES_OF_PEAK / 1e9


def os_wait(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """Wait for the process; return what the system counted of it."""
    return os.wait4(pid, 0)


def figure(rows: list[tuple[int, int, float, float]], path: Path) -> None:
    """Draw seconds and memory against features and against samples."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(8, 6), layout="constrained")
    axes = canvas.subplots(2, 2)
    for column, (sizes, position, name) in enumerate(
        ((BY_FEATURES, 0, "features (240 samples)"), (BY_SAMPLES, 1, "samples (4,000 features)"))
    ):
        points = [row for row in rows if row[:2] in sizes]
        for line, (value, unit) in enumerate(((2, "seconds"), (3, "peak GB"))):
            panel = axes[line][column]
            panel.plot([row[position] for row in points], [row[value] for row in points], "o-", color="#0072b2")
            panel.set(xscale="log", yscale="log", xlabel=name, ylabel=unit)
            panel.grid(visible=True, which="both", alpha=0.25)
    canvas.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    """Time every size and write the page."""
    timed_fit(written_bundle, *BY_FEATURES[0])
    rows = []
    for size in [*BY_FEATURES, *BY_SAMPLES, LARGEST]:
        rows.append((*size, *timed_fit(written_bundle, *size)))
        print(f"{size[0]:,} × {size[1]:,}: {rows[-1][2]:.1f} s, {rows[-1][3]:.2f} GB", file=sys.stderr)
    counts = timed_fit(written_counts, *LARGEST)
    figure(rows, DOCS / "scaling.png")
    lines = [f"| {p:,} | {n:,} | {seconds:.1f} | {peak:.2f} |" for p, n, seconds, peak in rows]
    p, n = LARGEST
    lines.append(f"| {p:,}, a fourth of them switches, from counts | {n:,} | {counts[0]:.1f} | {counts[1]:.2f} |")
    write_section(
        DOCS / "scaling.md",
        "growth",
        "Whole `isograph fit` processes of the `factor` backend with compiled kernels, one run each, on "
        f"{os.cpu_count()} cores:\n"
        "`make bench-scaling`. One abundance feature a gene, a fifteenth of the genes in modules of 100.\n\n"
        "| features | samples | seconds | peak GB |\n|---:|---:|---:|---:|\n" + "\n".join(lines) + "\n\n"
        "![seconds and memory against features and samples](scaling.png)\n\n"
        "Up to some 5,000 features the time is that of starting: loading the libraries, then the compiled kernels.\n"
        "From there on it is the correlation of all pairs, which grows with features² × samples, and the partition.\n"
        "Memory grows with features × samples: at its peak a fit holds the scores, their table and its file, or the\n"
        "bundle's matrices and the scores twice, whichever is more.\n",
    )


if __name__ == "__main__":
    main()

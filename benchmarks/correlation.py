"""Compare the correlation of all pairs with the machine's matrix product: ``make bench-correlation``.

    python benchmarks/correlation.py [--runs 5]

Writes its section of docs/scaling.md. A multiplication and an addition are two operations. Counted is every pair once,
as BLAS computes one half of the tiles on the diagonal: features × (features + 1) × samples operations.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from isograph.runtime.threads import run_calls, set_thread_environment, usable_cores

THREADS = usable_cores()
set_thread_environment(THREADS)

import numpy as np  # noqa: E402
from page import write_section  # noqa: E402

from isograph.network import pairs  # noqa: E402

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scaling.md"
SIZES = [(20_000, 240), (20_000, 1_000)]
SQUARE = 6_144
MODULE = 100
NEIGHBOURS = 60
FDR = 1e-4


def scores(n_features: int, n_samples: int) -> np.ndarray:
    """Return z-scores of features of which a fifteenth are in modules of 100."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n_features, n_samples))
    for first in range(0, n_features // 15 // MODULE * MODULE, MODULE):
        z[first : first + MODULE] += 1.2 * rng.normal(size=n_samples)
    z -= z.mean(axis=1, keepdims=True)
    return z / z.std(axis=1, ddof=1, keepdims=True)


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def tiles_of(n_features: int) -> list[tuple[slice, slice]]:
    """Return the tiles that the scan multiplies."""
    starts = range(0, n_features, pairs.TILE)
    span = {start: slice(start, min(start + pairs.TILE, n_features)) for start in starts}
    return [(span[row], span[column]) for row in starts for column in starts if column >= row]


def products(unit: np.ndarray, tiles: list[tuple[slice, slice]]) -> None:
    """Multiply the tiles in threads and do nothing with them."""
    buffers = [np.empty((pairs.TILE, pairs.TILE), dtype=np.float32) for _ in range(THREADS)]

    def multiply(rows: slice, columns: slice) -> None:
        buffer = buffers.pop()
        left, right = unit[rows], unit[columns]
        np.matmul(left, right.T, out=buffer.reshape(-1)[: len(left) * len(right)].reshape(len(left), len(right)))
        buffers.append(buffer)

    run_calls([partial(multiply, *tile) for tile in tiles], threads=THREADS)


def measured(n_features: int, n_samples: int, runs: int) -> str:
    """Return a line of the table: medians over alternating runs, in 10⁹ operations a second."""
    z = scores(n_features, n_samples)
    unit = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype(np.float32)
    # NOTE: of a matrix with itself turned over, BLAS computes half.
    first, second = np.random.default_rng(1).random((2, SQUARE, SQUARE), dtype=np.float32)
    out = np.empty_like(first)
    tiles = tiles_of(n_features)
    floor = pairs._smallest_cut(n_samples - 2, FDR)
    gene_of = np.arange(n_features)
    scan = partial(
        pairs._scan,
        z,
        gene_of,
        neighbours=NEIGHBOURS,
        floor=floor,
        threads=THREADS,
        progress=None,
    )
    multiplied = n_features * (n_features + 1) * n_samples
    scan()
    found = []
    for _ in range(runs):
        limit = 2 * SQUARE**3 / seconds(lambda: np.matmul(first, second.T, out=out))
        alone = multiplied / seconds(lambda: products(unit, tiles))
        found.append((limit, alone, multiplied / seconds(scan)))
    limit, alone, whole = (statistics.median(values) / 1e9 for values in zip(*found, strict=True))
    share_alone = statistics.median(a / most for most, a, _ in found)
    share_whole = statistics.median(w / most for most, _, w in found)
    time_of_scan = multiplied / whole / 1e9
    return (
        f"| {n_features:,} | {n_samples:,} | {limit:.0f} | {alone:.0f} ({share_alone:.0%}) "
        f"| {whole:.0f} ({share_whole:.0%}) | {time_of_scan:.2f} |"
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    lines = []
    for size in SIZES:
        lines.append(measured(*size, runs))
        print(lines[-1], file=sys.stderr)
    write_section(
        PAGE,
        "correlation",
        "## How far the correlation is from the machine's limit\n\n"
        "10⁹ float32 operations a second, medians of alternating runs (`make bench-correlation`): one product of two\n"
        f"{SQUARE:,} × {SQUARE:,} matrices by BLAS on all {THREADS} threads, which is the limit; the tiles that the\n"
        "correlation of all pairs multiplies, alone; the whole scan, which also counts every |r| into a histogram and\n"
        "keeps each feature's strongest partners. In brackets the share of the limit.\n\n"
        "| features | samples | limit | tiles alone | whole scan | seconds |\n|---:|---:|---:|---:|---:|---:|\n"
        + "\n".join(lines)
        + "\n\nFrom the limit to the tiles: a product over few samples writes more than it computes. From the tiles\n"
        "to the scan: rows are brought to unit norm, every r is read again and compared with the smallest possible\n"
        "cut, and what passes goes into heaps, one a thread, which are put together at the end.\n",
    )


if __name__ == "__main__":
    main()

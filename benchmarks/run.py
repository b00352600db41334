"""Time the main jobs as whole processes: wall and CPU seconds and peak memory, median of several runs.

    python benchmarks/run.py [--runs 5]

The first run after an installation also compiles the kernels; it is shown apart, with an empty compile cache. Other
tools that are installed (benchmarks/peer.py says how they are found) then do the same as ``isograph fit --backend
wgcna`` on the same data, in turns with it.
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
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from peak import BYTES_OF_PEAK
from peer import LOOKED_FOR, N_GENES, N_SAMPLES, Peer, peers, write_values

ROOT = Path(__file__).resolve().parent.parent
ISOGRAPH = [sys.executable, "-m", "isograph"]
FIXTURES = {
    "large_multiplex_v1": "900 genes × 140 samples",
    "xxlarge_multiplex_v1": "12,000 genes × 240 samples",
}


@dataclass(frozen=True)
class Run:
    """One finished process: seconds and bytes as the operating system counted them."""

    wall: float
    cpu: float
    peak: int


def timed(command: list[str], environment: dict[str, str] | None = None) -> Run:
    """Return what running ``command`` took; a failing command stops the benchmark."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(environment or {})}
    )
    errors = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode(errors='replace')}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * BYTES_OF_PEAK)


def row(name: str, runs: list[Run]) -> str:
    """Return one line of the table: medians, and the range of the wall time."""
    wall = [run.wall for run in runs]
    return (
        f"| {name} | {statistics.median(wall):.2f} ({min(wall):.2f}–{max(wall):.2f}) "
        f"| {statistics.median(run.cpu for run in runs):.2f} | {max(run.peak for run in runs) / 1e6:.0f} |"
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="isograph-bench-"))
    try:
        for line in chain(measurements(asked, place), comparisons(asked, place)):
            print(line, flush=True)
    finally:
        shutil.rmtree(place)


def measurements(asked: argparse.Namespace, place: Path) -> Iterator[str]:
    """Yield the lines of the table as they are measured."""
    data = ROOT / "fixtures" / "ecoli_precise"
    demo = place / "demo"
    options = ["--samples", str(data / "samples.tsv"), "--scale", "log", "--overwrite"]
    importing = [*ISOGRAPH, "import", str(data / "values.tsv.gz"), str(demo), *options]
    fitting = [*ISOGRAPH, "fit", str(demo), "--output-dir", str(place / "fit"), "--overwrite"]
    yield f"{os.cpu_count()} cores, medians of {asked.runs} runs of the whole process (fastest–slowest)"
    yield ""
    yield "| job | wall s | CPU s | peak MB |"
    yield "|---|---|---|---|"
    yield row("`isograph --help`", [timed([*ISOGRAPH, "--help"]) for _ in range(asked.runs)])
    yield row("import the demo set", [timed(importing) for _ in range(asked.runs)])
    yield row("fit it, kernels not yet compiled", [timed(fitting, {"NUMBA_CACHE_DIR": str(place / "cache")})])
    timed(fitting)
    yield row("fit it", [timed(fitting) for _ in range(asked.runs)])
    for name, size in FIXTURES.items():
        bundle = place / name
        timed([*ISOGRAPH, "simulate", name, str(bundle)])
        fitting = [*ISOGRAPH, "fit", str(bundle), "--output-dir", str(place / "fixture_fit"), "--overwrite"]
        yield row(f"fit {name} ({size})", [timed(fitting) for _ in range(asked.runs)])


def comparisons(asked: argparse.Namespace, place: Path) -> Iterator[str]:
    """Yield the lines of the table of the peers that are installed."""
    bundle = write_values(place)
    found = peers(place)
    yield ""
    if not found:
        yield f"No other tool to compare with. Looked for: {LOOKED_FOR}."
        return
    yield f"Modules of {N_GENES:,} genes × {N_SAMPLES} samples, whole processes in turns; ratios are medians of pairs"
    yield ""
    yield "| job | wall s | CPU s | peak MB | its wall time / isograph's |"
    yield "|---|---|---|---|---|"
    for peer in found:
        yield from compared(peer, bundle, place, asked.runs)


def compared(peer: Peer, bundle: Path, place: Path, runs: int) -> Iterator[str]:
    """Yield the lines of one peer and of isograph with the same settings."""
    settings = [argument for setting in peer.settings for argument in ("--set", setting)]
    fit = [*ISOGRAPH, "fit", str(bundle), "--backend", "wgcna", *settings, "--output-dir", str(place / "peer_fit")]
    pairs = [(timed(peer.command), timed([*fit, "--overwrite"])) for _ in range(runs + 1)][1:]
    ratio = statistics.median(theirs.wall / ours.wall for theirs, ours in pairs)
    yield f"{row(peer.name, [theirs for theirs, _ in pairs])} {ratio:.1f} |"
    yield f"{row('`isograph fit --backend wgcna` likewise', [ours for _, ours in pairs])} 1 |"


if __name__ == "__main__":
    main()

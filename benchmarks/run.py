"""Time the main jobs as whole processes: wall and CPU seconds and peak memory, median of several runs.

    python benchmarks/run.py [--runs 5]

The first run after an installation also compiles the kernels; it is shown apart, with an empty compile cache.
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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ISOGRAPH = [sys.executable, "-m", "isograph"]
LARGE = "xxlarge_multiplex_v1"


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
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


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
        for line in measurements(asked, place):
            print(line, flush=True)
    finally:
        shutil.rmtree(place)


def measurements(asked: argparse.Namespace, place: Path):
    """Yield the lines of the table as they are measured."""
    data = ROOT / "fixtures" / "geuvadis_ceu_chr19"
    sheets = ["--samples", str(data / "samples.tsv"), "--tx2gene", str(data / "tx2gene.tsv")]
    demo, large = place / "demo", place / "large"
    importing = [*ISOGRAPH, "import", str(data / "counts.tsv.gz"), str(demo), "--overwrite", *sheets]
    fitting = [
        *ISOGRAPH,
        "fit",
        str(demo),
        "--output-dir",
        str(place / "fit"),
        "--overwrite",
        "--covariate",
        "performer",
    ]
    fitting_large = [*ISOGRAPH, "fit", str(large), "--output-dir", str(place / "large_fit"), "--overwrite"]
    yield f"{os.cpu_count()} cores, medians of {asked.runs} runs of the whole process (fastest–slowest)"
    yield ""
    yield "| job | wall s | CPU s | peak MB |"
    yield "|---|---|---|---|"
    yield row("`isograph --help`", [timed([*ISOGRAPH, "--help"]) for _ in range(asked.runs)])
    yield row("import the demo set", [timed(importing) for _ in range(asked.runs)])
    yield row("fit it, kernels not yet compiled", [timed(fitting, {"NUMBA_CACHE_DIR": str(place / "cache")})])
    timed(fitting)
    yield row("fit it", [timed(fitting) for _ in range(asked.runs)])
    timed([*ISOGRAPH, "simulate", LARGE, str(large)])
    yield row(f"fit {LARGE} (12,000 genes × 240 samples)", [timed(fitting_large) for _ in range(asked.runs)])


if __name__ == "__main__":
    main()

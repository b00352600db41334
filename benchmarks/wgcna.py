"""Time ``blockwise_modules`` as a whole process: wall and CPU seconds, peak memory, seconds of each step.

    python benchmarks/wgcna.py [--sizes 4000x200 13000x200] [--runs 3] [--threads 2]

Simulated features follow 40 latents, a third follows none. R WGCNA 1.72 with OpenBLAS on two cores takes 20 s and
0.92 GB for 4,000 × 200.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from peak import BYTES_OF_PEAK

SIZES = ("4000x200", "13000x200")
N_LATENTS = 40


def worker(size: str, threads: int) -> None:
    """Make the data, find the modules and print what it took; the parent times the process."""
    import numpy as np

    from isograph.network.wgcna import WgcnaConfig, blockwise_modules
    from isograph.runtime.progress import Steps

    n_features, n_samples = map(int, size.split("x"))
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(N_LATENTS, n_samples))
    home = rng.integers(0, N_LATENTS * 3 // 2, size=n_features)
    features = rng.normal(size=(n_features, n_samples))
    member = home < N_LATENTS
    features[member] += rng.uniform(0.4, 2.0, size=member.sum())[:, None] * latents[home[member]]
    steps = Steps()
    started = time.perf_counter()
    modules = blockwise_modules(features, WgcnaConfig(power=6), threads=threads, steps=steps)
    inside = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_PEAK
    measured = {"inside": inside, "peak": peak, "modules": int(modules.labels.max()), "steps": steps.seconds}
    print(json.dumps(measured))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.threads)
        return
    print("| features × samples | s (whole process) | CPU s | in blockwise_modules | peak MB | modules | steps |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for size in arguments.sizes:
        for _ in range(arguments.runs):
            print(row(size, arguments.threads), flush=True)


def row(size: str, threads: int) -> str:
    """Return the line of one run."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    command = [sys.executable, str(Path(__file__)), "--worker", size, "--threads", str(threads)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed")
    measured = json.loads(output)
    steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in measured["steps"].items())
    cpu = usage.ru_utime + usage.ru_stime
    return (
        f"| {size.replace('x', ' × ')} | {wall:.1f} | {cpu:.1f} | {measured['inside']:.1f} "
        f"| {measured['peak'] / 1e6:.0f} | {measured['modules']} | {steps} |"
    )


if __name__ == "__main__":
    main()

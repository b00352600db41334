"""Make the committed snapshots of the toy fixtures again, and show what changed: ``make snapshots``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from isograph.errors import InputError
from isograph.pipeline.benchmark import benchmark
from isograph.pipeline.compare import compare
from isograph.results.snapshot import load_snapshot, save_snapshot

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "fixtures" / "snapshots"
STAGE = "snapshots"
FIXTURES = ("toy_v1", "toy_multiplex_v1")


def made_snapshots(place: Path) -> dict[str, Path]:
    """Run the toy fixtures through ``isograph benchmark`` inside ``place``; return fixture → snapshot."""
    benchmark(fixtures=FIXTURES, stage_name=STAGE, artifacts=place).raise_failed()
    return {name: place / "benchmarks" / STAGE / name for name in FIXTURES}


def renewed(name: str, made: Path, reference: Path) -> str:
    """Replace a reference snapshot that is absent or differs; return what changed."""
    if not reference.exists():
        change = "new"
    else:
        try:
            comparison = compare(reference, made)
        except InputError as error:
            change = f"the old one cannot be compared: {error}"
        else:
            if comparison.passed:
                return f"{name}: no differences, kept as it is"
            change = comparison.as_text()
    snapshot = load_snapshot(made)
    save_snapshot(
        snapshot, reference, metrics=snapshot.metrics, run_config=snapshot.run_config, overwrite=reference.exists()
    )
    # NOTE: a log holds times of day; a committed one would change with every run.
    (reference / "run.log").unlink()
    return f"{name}: written\n{change}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as workplace:
        for fixture, snapshot_path in made_snapshots(Path(workplace)).items():
            sys.stdout.write(f"{renewed(fixture, snapshot_path, REFERENCE / fixture)}\n\n")

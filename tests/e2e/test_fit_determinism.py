from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import isograph as ig

# Everything that may differ between two runs on one machine, and must change no number.
RUNS = {
    "one": (1, {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"}),
    "more": (3, {"PYTHONHASHSEED": "random", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"}),
}

SECONDS = ["confounders", "correlation", "features", "modules", "read", "similarity", "tables", "write"]


def fit_in_a_process(bundle: Path, out: Path, threads: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "isograph", "fit", str(bundle), "--output-dir", str(out), "-q", "--threads"]
    return subprocess.Popen(
        [*command, str(threads)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=out.parent,
    )


@pytest.fixture(params=["toy_multiplex_v1", "simulated"])
def bundle(request, earlier_bundles, simulated):
    if request.param == "simulated":
        return simulated(11, n_genes=700, n_samples=48, modules={"one": 60, "two": 30, "three": 8})
    return earlier_bundles / request.param


def test_fit__writes_the_same_bytes_at_any_number_of_threads(tmp_path, bundle, digests):
    processes = {name: fit_in_a_process(bundle, tmp_path / name, *run) for name, run in RUNS.items()}
    for name, process in processes.items():
        stdout, stderr = process.communicate(timeout=120)
        assert (process.returncode, stdout, stderr) == (0, f"{tmp_path / name}\n", "")
    expected = digests(tmp_path / "one", ".parquet")
    assert len(expected) == 11
    assert digests(tmp_path / "more", ".parquet") == expected


def test_fit__in_a_notebook_writes_what_the_command_line_does(tmp_path, bundle, digests):
    process = fit_in_a_process(bundle, tmp_path / "command", 2, {})
    fitted = ig.fit(bundle, output_dir=tmp_path / "notebook", threads=2)
    assert process.wait(timeout=120) == 0
    process.stdout.close()
    process.stderr.close()
    assert digests(fitted.path, ".parquet") == digests(tmp_path / "command", ".parquet")
    recorded = [json.loads((tmp_path / name / "fit_config.json").read_text()) for name in ("notebook", "command")]
    assert recorded[0] == recorded[1]
    said = [json.loads((tmp_path / name / "calibration.json").read_text()) for name in ("notebook", "command")]
    for calibration in said:
        assert list(calibration.pop("seconds")) == SECONDS
    assert said[0] == said[1]


def test_fit__does_not_change_its_bundle(tmp_path, bundle, digests):
    before = digests(bundle, "")
    ig.fit(bundle, output_dir=tmp_path / "fit")
    assert digests(bundle, "") == before

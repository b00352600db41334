from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import isograph as ig
from isograph.errors import ResourceError
from isograph.store import artifact, output

# Nine tables, fit_config.json, calibration.json, run.log and the manifest.
N_FILES = 15
STEPS = ("read", "features", "modules", "write")


@pytest.fixture
def bundle(earlier_bundles):
    return earlier_bundles / "toy_v1"


@pytest.fixture(scope="module")
def earlier_fit(earlier_bundles, tmp_path_factory) -> Path:
    return ig.fit(earlier_bundles / "toy_v1", output_dir=tmp_path_factory.mktemp("earlier") / "fit", seed=7).path


@pytest.fixture(params=["nothing before", "a fit before"])
def out(request, tmp_path, earlier_fit) -> Path:
    """Where the fit goes: a directory that is not there, or a whole fit."""
    if request.param == "a fit before":
        shutil.copytree(earlier_fit, tmp_path / "fit")
    return tmp_path / "fit"


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def failing_at(number: int, function, error: BaseException):
    calls = 0

    def call(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number:
            raise error
        return function(*arguments)

    return call


def temporaries(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir() if entry.name.startswith(".")]


@pytest.mark.parametrize("number", range(1, N_FILES + 1))
@pytest.mark.parametrize(
    ("out", "error", "raised"),
    [
        ("nothing before", OSError(errno.ENOSPC, "No space left on device"), ResourceError),
        ("a fit before", KeyboardInterrupt(), KeyboardInterrupt),
    ],
    indirect=["out"],
    ids=["disk full", "interrupt"],
)
def test_fit__that_cannot_write_a_file_leaves_everything_as_it_was(
    tmp_path, bundle, out, monkeypatch, number, error, raised
):
    before = contents(tmp_path)
    monkeypatch.setattr(artifact, "write_file", failing_at(number, artifact.write_file, error))
    with pytest.raises(raised):
        ig.fit(bundle, output_dir=out, overwrite=True)
    assert contents(tmp_path) == before
    assert temporaries(tmp_path) == []


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), MemoryError("broken"), SystemExit("broken")])
def test_fit__leaves_everything_as_it_was_whatever_the_error(tmp_path, bundle, out, monkeypatch, error):
    before = contents(tmp_path)
    monkeypatch.setattr(artifact, "write_file", failing_at(5, artifact.write_file, error))
    with pytest.raises(type(error), match="broken"):
        ig.fit(bundle, output_dir=out, overwrite=True)
    assert contents(tmp_path) == before
    assert temporaries(tmp_path) == []


# Each file is synced, then the directory; the sync of its parent comes when the fit is in place.
@pytest.mark.parametrize("number", [1, N_FILES, N_FILES + 1])
def test_fit__that_cannot_be_synced_leaves_everything_as_it_was(tmp_path, bundle, out, monkeypatch, number):
    before = contents(tmp_path)
    monkeypatch.setattr(os, "fsync", failing_at(number, os.fsync, OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"):
        ig.fit(bundle, output_dir=out, overwrite=True)
    assert contents(tmp_path) == before
    assert temporaries(tmp_path) == []


# The first rename takes an earlier fit away, or puts the new one in place where there is none.
@pytest.mark.parametrize(
    ("out", "number"), [("nothing before", 1), ("a fit before", 1), ("a fit before", 2)], indirect=["out"]
)
def test_fit__that_cannot_be_put_in_place_leaves_everything_as_it_was(tmp_path, bundle, out, monkeypatch, number):
    before = contents(tmp_path)
    monkeypatch.setattr(Path, "rename", failing_at(number, Path.rename, OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"):
        ig.fit(bundle, output_dir=out, overwrite=True)
    assert contents(tmp_path) == before
    assert temporaries(tmp_path) == []


def test_fit__writes_as_many_files_as_these_tests_fail(tmp_path, bundle, monkeypatch):
    written: list[str] = []
    write_file = output.write_file
    monkeypatch.setattr(artifact, "write_file", lambda path, data: (written.append(path.name), write_file(path, data)))
    fitted = ig.fit(bundle, output_dir=tmp_path / "fit")
    assert len(written) == N_FILES
    assert written[-1] == "manifest.json"
    assert sorted(written) == sorted(file.name for file in fitted.path.iterdir())


def fit_until(bundle: Path, out: Path, step: str, number: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Run a fit in a process and send it a signal when it has done ``step``."""
    command = [sys.executable, "-m", "isograph", "fit", str(bundle), "--output-dir", str(out), "--overwrite"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.split()[:1] == [step]:
                process.send_signal(number)
                break
        stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, stdout, "".join(lines) + stderr)


@pytest.mark.parametrize("step", STEPS)
def test_fit__that_was_killed_is_made_again(tmp_path, bundle, digests, step):
    out = tmp_path / "fit"
    killed = fit_until(bundle, out, step, signal.SIGKILL)
    assert killed.returncode in (-signal.SIGKILL, 0)
    if out.exists():
        ig.open(out)
    fitted = ig.fit(bundle, output_dir=out, overwrite=True)
    whole = ig.fit(bundle, output_dir=tmp_path / "whole")
    assert digests(fitted.path, ".parquet") == digests(whole.path, ".parquet")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["fit", "whole"]


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted; nothing was written"),
        (signal.SIGTERM, 143, "terminated; nothing was written"),
    ],
)
def test_fit__that_was_stopped_says_so_and_writes_nothing(tmp_path, simulated, number, code, said):
    bundle = simulated(1, n_genes=1500, n_samples=100)
    started = time.monotonic()
    result = fit_until(bundle, tmp_path / "fit", "read", number)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1] == said
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["simulated_1"]
    assert time.monotonic() - started < 20

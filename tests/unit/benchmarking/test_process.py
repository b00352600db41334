from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from isograph.benchmarking.process import measured_run

MB = 1_000_000


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def test_measured_run__counts_the_memory_of_the_command_and_not_of_its_caller(tmp_path):
    held = np.ones(15 * MB)
    small = measured_run(python("pass"), tmp_path)
    large = measured_run(python("held = b'x' * 100_000_000"), tmp_path)
    assert held.nbytes > 100 * MB
    assert small.peak_bytes < 60 * MB
    assert 100 * MB < large.peak_bytes < 160 * MB


def test_measured_run__counts_seconds(tmp_path):
    finished = measured_run(python("import time; time.sleep(0.3)"), tmp_path)
    assert finished.code == 0
    assert 0.3 <= finished.wall_seconds < 5
    assert finished.user_seconds < 0.3


def test_measured_run__keeps_the_last_lines_and_the_code(tmp_path):
    code = "import sys\nfor i in range(9): print(i)\nprint()\nsys.stdout.flush()\nsys.exit('no \\udcff luck')"
    finished = measured_run(python(code), tmp_path)
    assert finished.code == 1
    assert finished.last_lines.split("\n")[:4] == ["5", "6", "7", "8"]
    assert finished.last_lines.split("\n")[4].startswith("no ")


def test_measured_run__tells_a_command_that_was_killed(tmp_path):
    finished = measured_run(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), tmp_path)
    assert (finished.code, finished.last_lines) == (-signal.SIGKILL, "")


def test_measured_run__explains_that_a_command_cannot_be_started(tmp_path, capfd):
    with pytest.raises(RuntimeError, match=r"the process that starts no-such-command ended with 1"):
        measured_run(["no-such-command"], tmp_path)
    assert "no-such-command" in capfd.readouterr().err


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_measured_run__ends_the_command_when_it_is_interrupted(tmp_path):
    pid_file = tmp_path / "pid"
    waiting = f"import os, time, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    caller = (
        "from pathlib import Path\nfrom isograph.benchmarking.process import measured_run\n"
        f"measured_run({python(waiting)!r}, Path({str(tmp_path)!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", caller], stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        pid = int(pid_file.read_text())
        os.kill(process.pid, signal.SIGINT)
        process.wait(timeout=20)
    assert process.returncode != 0
    until = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"

"""A command run in a fresh process, with the seconds and the memory the operating system counted for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LINES_KEPT = 5


@dataclass(frozen=True, slots=True)
class FinishedProcess:
    """How a command ended and what it took.

    Attributes
    ----------
    code : exit code; −N where signal N ended it.
    last_lines : the last lines it wrote.
    wall_seconds, user_seconds, system_seconds : time from start to end, and processor time.
    peak_bytes : largest resident size.
    """

    code: int
    last_lines: str
    wall_seconds: float
    user_seconds: float
    system_seconds: float
    peak_bytes: int


def measured_run(command: Sequence[str], directory: Path) -> FinishedProcess:
    """Run ``command`` and return how it ended; what it writes goes to a file in ``directory``.

    When the wait is interrupted, the command is ended too.
    """
    result, log = directory / "result.json", directory / "output.log"
    launcher = [sys.executable, "-m", "isograph.benchmarking.launcher", str(result), str(log)]
    process = subprocess.Popen([*launcher, *command], stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise RuntimeError(f"the process that starts {command[0]} ended with {code}")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    last_lines = "\n".join([line for line in lines if line.strip()][-LINES_KEPT:])
    return FinishedProcess(last_lines=last_lines, **json.loads(result.read_text(encoding="utf-8")))

"""Run a command as a child and write what the operating system counted for it: ``launcher RESULT LOG COMMAND…``.

It is a small process of its own because a child's peak memory, as the kernel counts it, is never below the resident
size of the process that forked it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Run the command with its output in the log, and write the result as JSON."""
    result, log, *command = sys.argv[1:]
    with Path(log).open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # noqa: S603
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    counted = {
        "code": process.returncode,
        "wall_seconds": seconds,
        "user_seconds": usage.ru_utime,
        "system_seconds": usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }
    Path(result).write_text(json.dumps(counted), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The peak memory of processes."""

from __future__ import annotations

import sys

# NOTE: what the operating system counts ``ru_maxrss`` in: bytes on macOS, KiB elsewhere.
BYTES_OF_PEAK = 1 if sys.platform == "darwin" else 1024

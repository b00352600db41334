"""The log of a run, written while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isograph.errors import shown

PACKAGE = "isograph"


class PrintableFormatter(logging.Formatter):
    """A formatter whose lines hold no control characters, whatever an id or a file name contains."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as printable lines."""
        return "\n".join(shown(line) for line in super().format(record).split("\n"))


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Write everything isograph logs inside the block, from level INFO, to ``path``."""
    logger = logging.getLogger(PACKAGE)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setLevel(logging.INFO)
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
        handler.close()

"""What a run says while it goes on: its steps, how far each is, how long it took, and the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from isograph.errors import shown

PACKAGE = "isograph"

logger = logging.getLogger(__name__)


class Display(Protocol):
    """Shows progress to a person; the command line has one, the library's own is silent."""

    def begin(self, step: str) -> None:
        """Announce a step."""

    def advance(self, done: int, total: int) -> None:
        """Say how much of the step is done."""

    def end(self, step: str, seconds: float) -> None:
        """Say that the step is done."""


class Silent:
    """A display that shows nothing."""

    def begin(self, step: str) -> None:
        """Show nothing."""

    def advance(self, done: int, total: int) -> None:
        """Show nothing."""

    def end(self, step: str, seconds: float) -> None:
        """Show nothing."""


@dataclass(slots=True)
class Steps:
    """The steps of one run. ``seconds`` holds the wall time of each, in order; ``logged`` steps are in the log too."""

    display: Display = field(default_factory=Silent)
    seconds: dict[str, float] = field(default_factory=dict)
    logged: bool = True

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time the block as the step ``name``; yields the function that reports how far it is."""
        self.display.begin(name)
        started = time.perf_counter()
        yield self.display.advance
        elapsed = time.perf_counter() - started
        self.seconds[name] = round(self.seconds.get(name, 0.0) + elapsed, 3)
        if self.logged:
            logger.info("%s: %.2f s", name, elapsed)
        self.display.end(name, elapsed)


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Write everything isograph logs inside the block, from level INFO, to ``path``."""
    package = logging.getLogger(PACKAGE)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setLevel(logging.INFO)
    handler.setFormatter(_PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = package.level
    package.addHandler(handler)
    package.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        yield
    finally:
        package.setLevel(level)
        package.removeHandler(handler)
        handler.close()


class _PrintableFormatter(logging.Formatter):
    """A formatter whose lines hold no control characters, whatever an id or a file name contains."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(shown(line) for line in super().format(record).split("\n"))

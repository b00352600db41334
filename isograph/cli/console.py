"""What the command line shows on stderr: progress with time left, log lines, verbosity."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import click

from isograph.errors import shown

REFRESH_SECONDS = 0.2
VERBOSITY = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO}


def tell(message: str, *, nl: bool = True) -> None:
    """Write to stderr; if whoever read it went away, the run goes on without being watched."""
    with suppress(BrokenPipeError):
        click.echo(message, err=True, nl=nl)


class Console:
    """Progress on stderr: one line per step that is rewritten on a terminal, and written once when it is not one.

    Use it as a context manager; leaving it clears an unfinished line.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty() and not quiet
        self._step = ""
        self._started = 0.0
        self._shown = 0.0

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._clear()

    def begin(self, step: str) -> None:
        """Announce a step."""
        self._step, self._started, self._shown = step, time.monotonic(), 0.0
        if self._live:
            tell(f"  {step} …", nl=False)

    def advance(self, done: int, total: int) -> None:
        """Show how much of the step is done and the time left, a few times a second."""
        now = time.monotonic()
        if not self._live or now - self._shown < REFRESH_SECONDS or not done:
            return
        self._shown = now
        left = (now - self._started) * (total - done) / done
        self._clear()
        tell(f"  {self._step} {done / total:4.0%}, {left:.0f} s left", nl=False)

    def end(self, step: str, seconds: float) -> None:
        """Write the line of a finished step."""
        self._clear()
        if not self._quiet:
            tell(f"  {step:<12} {seconds:6.2f} s")

    def _clear(self) -> None:
        if self._live:
            tell("\r\x1b[K", nl=False)


class _Handler(logging.Handler):
    """Log records as lines on stderr, without control characters."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; the times of steps are the console's to show."""
        if record.name == "isograph.runtime.progress":
            return
        prefix = "warning: " if record.levelno == logging.WARNING else ""
        tell("\n".join(shown(line) for line in f"{prefix}{record.getMessage()}".split("\n")))


@contextmanager
def log_to_stderr(verbosity: int) -> Iterator[None]:
    """Show the library's log on stderr: errors at −1, warnings at 0, everything it tells at 1 and above."""
    level = VERBOSITY.get(min(verbosity, 1), logging.ERROR)
    logger = logging.getLogger("isograph")
    handler = _Handler(level)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)

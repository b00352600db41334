"""What an inspection of a bundle has to say: one finding per violation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from isograph.errors import InputError, shown


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation (``error``: the bundle cannot be used) or one doubt (``warning``).

    Attributes
    ----------
    where : the file, or ``file:column``.
    message : what is wrong, what was expected, what to do.
    """

    level: Literal["error", "warning"]
    where: str
    message: str

    def __str__(self) -> str:
        return f"{shown(self.where)}: {self.message}"


def error(where: str, message: str) -> Finding:
    """Return a finding that makes the bundle unusable."""
    return Finding("error", where, message)


def warning(where: str, message: str) -> Finding:
    """Return a finding that the bundle can be used in spite of."""
    return Finding("warning", where, message)


def findings_of(where: str, problem: InputError, level: Literal["error", "warning"] = "error") -> Iterable[Finding]:
    """Return one finding per violation of an exception raised while reading ``where``."""
    return (Finding(level, where, violation) for violation in problem.violations)


def reason(problem: BaseException) -> str:
    """Return the first line of another library's message, printable."""
    lines = str(problem).splitlines()
    return shown(lines[0]) if lines and lines[0] else type(problem).__name__

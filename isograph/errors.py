"""The few exceptions isograph raises; each carries the exit code the command line returns for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

EXAMPLES_SHOWN = 5


class IsographError(Exception):
    """Base of every error a user can act on."""

    exit_code = 1


class UsageError(IsographError, ValueError):
    """The request cannot be carried out: an unknown name, an output that exists, options that exclude each other."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is out of its range; all settings out of range are named at once."""


class InputError(IsographError, ValueError):
    """Input data is invalid. ``violations`` holds every violation found, one sentence each."""

    exit_code = 3

    def __init__(self, subject: str, violations: Sequence[str]) -> None:
        self.subject = subject
        self.violations = tuple(violations)
        super().__init__(_listing(subject, self.violations))


class SchemaError(InputError):
    """A table does not have the columns, types or keys of its contract."""


class ResourceError(IsographError, RuntimeError):
    """There is not enough memory or disk for the run; raised before anything is allocated."""

    exit_code = 4


class ConvergenceError(IsographError, RuntimeError):
    """A model did not converge to anything usable."""

    exit_code = 5


def _listing(subject: str, violations: Sequence[str]) -> str:
    if len(violations) == 1:
        return f"{subject}: {violations[0]}"
    lines = "\n".join(f"  {number}. {violation}" for number, violation in enumerate(violations, start=1))
    return f"{subject}: {len(violations)} problems\n{lines}"


def shown(value: object) -> str:
    """Return ``value`` as printable text: control, bidirectional and other invisible characters are escaped."""
    text = str(value)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def examples(values: Iterable[object], limit: int = EXAMPLES_SHOWN) -> str:
    """Return up to ``limit`` values quoted and joined by commas, with an ellipsis when there are more."""
    quoted: list[str] = []
    for value in values:
        if len(quoted) == limit:
            quoted.append("…")
            break
        quoted.append(f"'{shown(value)}'")
    return ", ".join(quoted)

"""The few exceptions isograph raises, each with the exit code of the command line, and the words of their messages."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches

EXAMPLES_SHOWN = 5


class IsographError(Exception):
    """Base of every error a user can act on."""

    exit_code = 1


class UsageError(IsographError, ValueError):
    """The request cannot be carried out: an unknown name, an output that exists, options that exclude each other."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting is out of its range; all settings out of range are named at once."""


class MissingExtraError(UsageError, ImportError):
    """The request needs a library that a plain installation does not bring; the message has the line that adds it."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs the extra '{extra}': pip install 'isograph-multiplex[{extra}]'")


class InputError(IsographError, ValueError):
    """Input data is invalid. ``violations`` holds every violation found, one sentence each; a text is one of them."""

    exit_code = 3

    def __init__(self, subject: str, violations: str | Sequence[str]) -> None:
        self.subject = subject
        self.violations = (violations,) if isinstance(violations, str) else tuple(violations)
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


def did_you_mean(name: str, known: Iterable[str], otherwise: str = ".") -> str:
    """Return ``; did you mean 'x'?`` with up to three of the ``known`` names, or ``otherwise`` when none is near.

    A name is near if it is spelled alike, whatever its case, or if one of the two contains the other.
    """
    folded = {entry.casefold(): entry for entry in known}
    wanted = name.casefold()
    near = get_close_matches(wanted, folded, n=3, cutoff=0.6)
    near += [
        entry for entry in folded if entry not in near and len(wanted) > 2 and (wanted in entry or entry in wanted)
    ]
    return f"; did you mean {examples((folded[entry] for entry in near[:3]), 3)}?" if near else otherwise


# NOTE: messages are made deep in the library and read on a terminal or in a notebook. Which of the two is a property
# of the process, so it is kept here once instead of being handed through every call.
_flags_spoken = [False]


@contextmanager
def speaking_flags() -> Iterator[None]:
    """Let messages that are made inside the block name options as the command line writes them, ``--min-cpm``."""
    before = _flags_spoken[0]
    _flags_spoken[0] = True
    try:
        yield
    finally:
        _flags_spoken[0] = before


def option(name: str, value: object = None, *, flag: str | None = None) -> str:
    """Return an option as the reader of a message writes it.

    ``--min-cpm 2`` on the command line, ``min_cpm=2`` in Python.

    Parameters
    ----------
    name : the keyword argument.
    value : the value to give, quoted for the shell on the command line; True is a flag without one. None names the
        option alone.
    flag : what the command line calls it; None for the name with hyphens. ``covariates`` is ``--covariate`` there.
    """
    if not _flags_spoken[0]:
        return name if value is None else f"{name}={value!r}"
    spelled = flag or f"--{name.replace('_', '-')}"
    return spelled if value is None or value is True else f"{spelled} {shlex.quote(str(value))}"


def setting(name: str, value: object = None, *, flag: str | None = None) -> str:
    """Return a setting of a backend as the reader of a message writes it.

    ``--set beta=0.5`` on the command line, ``settings={'beta': 0.5}`` in Python.

    Parameters
    ----------
    name : the setting.
    value : the value to give; None stands for a number, N.
    flag : the option of its own that the command line has for it, if any.
    """
    if not _flags_spoken[0]:
        return f"settings={{{name!r}: {'N' if value is None else repr(value)}}}"
    text = "N" if value is None else str(value)
    return f"{flag} {text}" if flag else f"--set {name}={text}"

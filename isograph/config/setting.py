"""Fields of configurations that are options of a command: default, help and range stand once, here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_KEY = "option"


@dataclass(frozen=True, slots=True)
class Option:
    """How the command line writes a field.

    Attributes
    ----------
    help : one sentence; what it says of a default that is None stands in it.
    flag : ``--min-cpm``; None for the name with hyphens.
    metavar : what stands for the value in a help text.
    choices : the texts that are allowed; empty for any.
    must_exist : whether a path has to be a file that is there.
    minimum, maximum : the smallest and the largest number allowed.
    """

    help: str
    flag: str | None = None
    metavar: str | None = None
    choices: Sequence[str] = ()
    must_exist: bool = False
    minimum: float | None = None
    maximum: float | None = None


def setting(default: object, help: str, **how: Any) -> Any:  # noqa: ANN401, A002 - a field may be of any type
    """Return a field with its default and how the command line writes it (the attributes of ``Option``)."""
    return field(default=default, metadata={_KEY: Option(help, **how)})


def option_of(metadata: Any) -> Option | None:  # noqa: ANN401 - the mapping of a dataclass field
    """Return how the command line writes a field, None where it does not."""
    return metadata.get(_KEY)  # type: ignore[no-any-return]

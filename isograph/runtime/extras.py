"""Libraries that a plain installation does not bring."""

from __future__ import annotations

from importlib.util import find_spec

from isograph.errors import MissingExtraError


def require_extra(module: str, purpose: str, extra: str) -> None:
    """Raise unless a library is installed; it is not imported.

    Parameters
    ----------
    module : the name it is imported by, ``matplotlib``.
    purpose : what needs it, at the beginning of a sentence.
    extra : the extra of the package that brings it, ``plot``.

    Raises
    ------
    MissingExtraError
        It is not installed; the message has the line that installs it.
    """
    if find_spec(module) is None:
        raise MissingExtraError(purpose, extra)

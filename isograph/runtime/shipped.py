"""Data that comes with the package: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

import isograph


def shipped_directory(name: str, what: str) -> Path:
    """Return the directory ``name`` of a checkout, or ``_name`` inside the installed package.

    Raises
    ------
    FileNotFoundError
        Neither is there: the installation is damaged.
    """
    package = Path(isograph.__file__).parent
    for candidate in (package / f"_{name}", package.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"no {what} beside {package}: the installation is damaged, install isograph again")

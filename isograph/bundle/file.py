"""Opening a file of a bundle, and only a file of that bundle."""

from __future__ import annotations

import os
import re
import stat
from contextlib import ExitStack
from pathlib import Path

from isograph.bundle.findings import reason
from isograph.errors import InputError, shown

_COMPONENT = re.compile(r"[A-Za-z0-9._-]+")
# NOTE: O_NONBLOCK, or opening a FIFO would wait for a writer that never comes.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def filename_problem(filename: str) -> str | None:
    """Return why ``filename`` may not stand in a manifest, or None when it may."""
    quoted = f"'{shown(filename)}'"
    if not filename:
        return "a file name is empty"
    if "://" in filename:
        return f"{quoted} is an address. A bundle names files inside its own directory"
    if filename.startswith("/"):
        return f"{quoted} is an absolute path. A bundle names files inside its own directory"
    components = filename.split("/")
    if ".." in components:
        return f"{quoted} leads out of the bundle. A bundle names files inside its own directory"
    if "." in components or not all(_COMPONENT.fullmatch(component) for component in components):
        return f"{quoted} is not a plain file name: only letters A-Z a-z, digits, '.', '_' and '-' are allowed"
    return None


def read_file(bundle: Path, filename: str, *, max_bytes: int) -> bytes:
    """Return the bytes of a regular file inside ``bundle``; no component below ``bundle`` may be a symbolic link.

    Raises
    ------
    InputError
        The name leads elsewhere, or what it names is absent, a link, not a regular file, unreadable, or too large.
    """
    problem = filename_problem(filename)
    if problem is not None:
        raise InputError(filename, f"{problem}.")
    *directories, name = filename.split("/")
    try:
        with ExitStack() as opened:
            parent = os.open(bundle, _DIRECTORY_FLAGS)
            opened.callback(os.close, parent)
            for directory in directories:
                _refuse_link(filename, directory, parent)
                parent = os.open(directory, _DIRECTORY_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
                opened.callback(os.close, parent)
            _refuse_link(filename, name, parent)
            with os.fdopen(os.open(name, _FILE_FLAGS, dir_fd=parent), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise InputError(filename, "is not a regular file.")
                if status.st_size > max_bytes:
                    size, limit = (f"{n_bytes / 2**20:,.1f} MiB" for n_bytes in (status.st_size, max_bytes))
                    raise InputError(filename, f"is {size}, expected at most {limit}.")
                return file.read(status.st_size)
    except OSError as failure:
        raise InputError(filename, f"cannot be read: {failure.strerror or reason(failure)}.") from failure


def _refuse_link(filename: str, component: str, parent: int) -> None:
    # NOTE: for the message only; what keeps a link from being followed is O_NOFOLLOW.
    try:
        mode = os.stat(component, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        raise InputError(filename, "there is no such file in the bundle.") from None
    if stat.S_ISLNK(mode):
        raise InputError(filename, f"'{component}' is a symbolic link. Put the file itself into the bundle.")

"""Single output files: written beside, synced, and put in place by one rename, so that nobody reads half a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isograph.errors import UsageError
from isograph.runtime.output import placed_file


@contextmanager
def replaced_file(out: Path) -> Iterator[Path]:
    """Yield the name of a sibling of ``out`` that becomes ``out`` only if the block ends without an exception.

    Whoever has the earlier file open goes on reading it.

    Raises
    ------
    UsageError
        ``out`` is no file, or cannot be made.
    """
    if out.is_dir() or out.is_symlink():
        raise UsageError(f"{out} is a {'link' if out.is_symlink() else 'directory'}. Name a file.")
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        with placed_file(out) as temporary:
            yield temporary
            _sync(temporary)
    except PermissionError as error:
        raise UsageError(f"{out} cannot be made: {error.strerror}. Name another file.") from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

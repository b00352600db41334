"""Single files that are written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

from isograph.errors import ResourceError, UsageError
from isograph.runtime.output import placed_file, write_file

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, replacing a file that is there; on any exception ``path`` is as it was.

    Raises
    ------
    UsageError
        ``path`` is a directory, or cannot be written.
    ResourceError
        The file system is full.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a directory. Name a file.")
    try:
        with placed_file(path) as temporary:
            write_file(temporary, data)
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise ResourceError(f"{path}: {error.strerror}. Nothing was written. Write elsewhere.") from error
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name another file.") from error

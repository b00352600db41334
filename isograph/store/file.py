"""Single files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path

from isograph.errors import ResourceError, UsageError
from isograph.runtime.output import write_file

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
    temporary = path.absolute().parent / f".{path.name[:100]}.tmp-{uuid.uuid4().hex}"
    try:
        write_file(temporary, data)
        os.replace(temporary, path)  # noqa: PTH105
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise ResourceError(f"{path}: {error.strerror}. Nothing was written. Write elsewhere.") from error
        raise UsageError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    finally:
        # NOTE: what could not be made cannot be removed, and the reason was told above.
        if temporary.exists():
            temporary.unlink()

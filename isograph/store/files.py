"""Reading files that isograph wrote: their digests, and JSON objects that may be anything."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import orjson

from isograph.errors import InputError

MAX_JSON_BYTES = 256 * 2**20


def data_digest(data: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text; the file is never held as a whole.

    Raises
    ------
    InputError
        There is no such file, or it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(str(path), "no such file.") from None
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}.") from None


def directory_digests(path: Path) -> dict[str, str]:
    """Return the sha256 of every visible file of a directory, by name."""
    files = (file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith("."))
    return {file.name: file_digest(file) for file in files}


def read_json_object(path: Path, *, absent: str, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Return the JSON object in a file.

    Parameters
    ----------
    absent : the sentence for a file that is not there.

    Raises
    ------
    InputError
        There is no such file, it is larger than ``max_bytes``, is not JSON, or holds something other than an object;
        the subject of the error is the directory of the file.
    """
    directory, name = str(path.parent), path.name
    try:
        status = path.stat()
        # NOTE: opening a FIFO would wait for a writer that never comes.
        if not stat.S_ISREG(status.st_mode):
            raise InputError(directory, f"{name} is not a regular file.")
        if status.st_size > max_bytes:
            size = f"{status.st_size / 2**20:.0f} MiB"
            raise InputError(directory, f"{name} is {size}, expected at most {max_bytes / 2**20:.0f}.")
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(directory, absent) from None
    except (OSError, orjson.JSONDecodeError) as error:
        raise InputError(directory, f"{name} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise InputError(directory, f"{name} holds no object.")
    return content

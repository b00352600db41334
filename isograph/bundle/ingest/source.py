"""The bytes of an input file as text: decompressed, without byte-order mark, with plain line ends."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from isograph.errors import InputError, ResourceError

MAX_TEXT_BYTES = 8 * 2**30
_CHUNK_BYTES = 2**22
_GZIP = b"\x1f\x8b"
_FOREIGN = {
    b"PK\x03\x04": "is an Excel or zip file. Save the table as CSV or TSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel file. Save the table as CSV or TSV",
    b"\xff\xfe": "is UTF-16 text. Save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text. Save it as UTF-8",
    b"BZh": "is compressed with bzip2. Uncompress it, or use gzip",
    b"\xfd7zXZ": "is compressed with xz. Uncompress it, or use gzip",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd. Uncompress it, or use gzip",
    b"\x89HDF": "is an HDF5 file. Export the table as CSV, TSV or parquet",
    b"RDX": "is an R data file. Write the table with write.csv in R",
}


def read_raw(path: Path) -> bytes:
    """Return the bytes of ``path``, gunzipped when it is gzip.

    Raises
    ------
    InputError
        There is no such file, it is a directory, it is empty, or it is a damaged gzip file.
    ResourceError
        It decompresses to more than ``MAX_TEXT_BYTES``.
    """
    if not path.exists():
        raise InputError(str(path), ["no such file"])
    if not path.is_file():
        raise InputError(str(path), ["is not a file; name the file itself"])
    with path.open("rb") as handle:
        magic = handle.read(2)
    data = _gunzipped(path) if magic == _GZIP else path.read_bytes()
    if not data.strip():
        raise InputError(path.name, ["is empty"])
    return data


def read_text(path: Path) -> bytes:
    r"""Return the UTF-8 text of ``path``: no byte-order mark, ``\n`` line ends, no blank lines, one final line end.

    Raises
    ------
    InputError
        As ``read_raw``; or the file is not UTF-8 text.
    """
    return plain_text(read_raw(path), path.name)


def plain_text(data: bytes, name: str) -> bytes:
    r"""Return ``data`` as ``read_text`` does; ``name`` is what messages call it."""
    for magic, sentence in _FOREIGN.items():
        if data.startswith(magic):
            raise InputError(name, [f"{sentence}."])
    text = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in text:
        raise InputError(name, ["holds NUL bytes: it is not a text table. Expected CSV, TSV or parquet."])
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise InputError(name, [f"line {line} is not UTF-8 text. Save the file as UTF-8."]) from None
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n\n" in text:
        text = re.sub(rb"\n\n+", b"\n", text)
    text = text.strip(b"\n")
    if not text.strip():
        raise InputError(name, ["is empty"])
    return text + b"\n"


def _gunzipped(path: Path) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(path, "rb") as handle:
            while part := handle.read(_CHUNK_BYTES):
                size += len(part)
                if size > MAX_TEXT_BYTES:
                    raise ResourceError(f"{path.name}: decompresses to more than {MAX_TEXT_BYTES / 2**30:.0f} GiB.")
                parts.append(part)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            path.name, [f"is a truncated or damaged gzip file ({error}). Copy or download it again."]
        ) from None
    return b"".join(parts)

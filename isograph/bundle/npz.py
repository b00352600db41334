"""Matrices in npz files: everything is checked against the header before a single value is unpacked."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from isograph.bundle.bundle import Matrix
from isograph.bundle.finding import reason
from isograph.errors import InputError, examples

MEMBER = "data.npy"
MAX_MATRIX_FILE_BYTES = 32 * 2**30
# NOTE: a small file that claims to unpack to much more than this is refused; real counts pack 2 to 20 times.
MAX_RATIO = 200
ALWAYS_ALLOWED_BYTES = 64 * 2**20
DTYPES = ("<f4", "<f8", "<i4", "<i8", "<u4")
_NPY_MAGIC = b"\x93NUMPY"
_HEADER_BYTES = 2**14
_CHUNK_BYTES = 2**20
_HEADER_PARSERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# NOTE: what zipfile and zlib are known to raise on damaged or hostile archives.
_ARCHIVE_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError)

_HEADER_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    SyntaxError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)


@dataclass(frozen=True, slots=True)
class MatrixHeader:
    """Shape and layout of a stored matrix, with the size of what precedes its values in the member."""

    shape: tuple[int, int]
    dtype: np.dtype[np.generic]
    fortran_order: bool
    n_header_bytes: int


def matrix_header(data: bytes) -> MatrixHeader:
    """Return the header of the only array of an npz file.

    Raises
    ------
    InputError
        Not an npz file with the one member ``data.npy``, an archive that unpacks to more than it may, or an array that
        is not two-dimensional, numeric and exactly as large as its header says.
    """
    if not data:
        raise InputError(MEMBER, ["the file is empty."])
    if data.startswith(_NPY_MAGIC):
        violation = "is an .npy file, expected .npz. Save it with numpy.savez_compressed(file, data=matrix)."
        raise InputError(MEMBER, [violation])
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = _only_member(archive)
            with archive.open(member) as stream:
                prefix = io.BytesIO(stream.read(_HEADER_BYTES))
    except InputError:
        raise
    except _ARCHIVE_ERRORS as problem:
        raise InputError(MEMBER, [f"is not an npz file, or is truncated: {reason(problem)}."]) from problem
    return _array_header(prefix, member.file_size)


def matrix_values(data: bytes, header: MatrixHeader) -> Matrix:
    """Return the values announced by ``header`` as a C-contiguous float64 matrix.

    Raises
    ------
    InputError
        The archive is damaged.
    """
    values = np.empty(math.prod(header.shape), dtype=header.dtype)
    target = values.view(np.uint8)
    filled = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(MEMBER) as stream:
            stream.read(header.n_header_bytes)
            while chunk := stream.read(_CHUNK_BYTES):
                target[filled : filled + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
                filled += len(chunk)
    except _ARCHIVE_ERRORS as problem:
        raise InputError(MEMBER, [f"the archive is damaged: {reason(problem)}."]) from problem
    if filled != target.size:
        raise InputError(MEMBER, [f"the archive is damaged: {filled} bytes of values, expected {target.size}."])
    matrix = values.reshape(header.shape, order="F" if header.fortran_order else "C")
    return np.ascontiguousarray(matrix, dtype=np.float64)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if names != [MEMBER]:
        violation = (
            f"holds {len(names)} arrays ({examples(names)}), expected exactly '{MEMBER}'. "
            "Save it with numpy.savez_compressed(file, data=matrix)."
        )
        raise InputError(MEMBER, [violation])
    member = archive.getinfo(MEMBER)
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(MEMBER, ["is encrypted or packed by a method other than deflate."])
    if member.file_size > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * member.compress_size):
        violation = (
            f"{member.compress_size:,} bytes would unpack to {member.file_size:,}, over {MAX_RATIO} times as many. "
            "Such a file is taken for an attack; save it uncompressed (numpy.savez) if it is real."
        )
        raise InputError(MEMBER, [violation])
    return member


def _array_header(prefix: io.BytesIO, member_size: int) -> MatrixHeader:
    try:
        version = np.lib.format.read_magic(prefix)
        shape, fortran_order, dtype = _HEADER_PARSERS[version](prefix)
    except _HEADER_ERRORS as problem:
        raise InputError(MEMBER, [f"has no readable npy header: {reason(problem)}."]) from problem
    violations = []
    if dtype.str not in DTYPES:
        kind = "Python objects" if dtype.hasobject else f"{dtype}"
        violations.append(f"holds {kind}, expected float64 or float32 (or 32- or 64-bit counts).")
    if len(shape) != 2 or min(shape) < 0:
        violations.append(f"has shape {shape}, expected two dimensions: features × samples.")
    expected = prefix.tell() + math.prod(shape) * dtype.itemsize
    if not violations and expected != member_size:
        violations.append(f"is {member_size:,} bytes unpacked, but its header announces {expected:,}.")
    if violations:
        raise InputError(MEMBER, violations)
    return MatrixHeader((shape[0], shape[1]), dtype, fortran_order, prefix.tell())

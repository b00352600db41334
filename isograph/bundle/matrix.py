"""Matrices in npz files: everything is checked against the header before a value is unpacked, and then every value."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from isograph.arrays import Flags, Matrix
from isograph.bundle.bundle import COUNT_ASSAYS, FEATURE_KIND_OF_ASSAY
from isograph.bundle.findings import Finding, error, findings_of, has_text, reason, warning
from isograph.bundle.manifest import ENCODING, MANIFEST, MatrixEntry
from isograph.bundle.validate import BundleTable
from isograph.errors import EXAMPLES_SHOWN, InputError, examples

MEMBER = "data.npy"
MAX_MATRIX_FILE_BYTES = 32 * 2**30
# NOTE: a small file that claims to unpack to much more than this is refused; real counts pack 2 to 20 times.
MAX_RATIO = 200
ALWAYS_ALLOWED_BYTES = 64 * 2**20
DTYPES = ("<f4", "<f8", "<i4", "<i8", "<u4")
LABEL_COLUMN = {"transcript": "transcript_id", "gene": "gene_id", "psi": "psi_uid"}
_MAY_BE_MISSING = ("gene_log", "psi")
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
        raise InputError(MEMBER, "the file is empty.")
    if data.startswith(_NPY_MAGIC):
        raise InputError(
            MEMBER, "is an .npy file, expected .npz. Save it with numpy.savez_compressed(file, data=matrix)."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            member = _only_member(archive)
            with archive.open(member) as stream:
                prefix = io.BytesIO(stream.read(_HEADER_BYTES))
    except InputError:
        raise
    except _ARCHIVE_ERRORS as problem:
        raise InputError(MEMBER, f"is not an npz file, or is truncated: {reason(problem)}.") from problem
    try:
        version = np.lib.format.read_magic(prefix)
        shape, fortran_order, dtype = _HEADER_PARSERS[version](prefix)
    except _HEADER_ERRORS as problem:
        raise InputError(MEMBER, f"has no readable npy header: {reason(problem)}.") from problem
    violations = []
    if dtype.str not in DTYPES:
        kind = "Python objects" if dtype.hasobject else f"{dtype}"
        violations.append(f"holds {kind}, expected float64 or float32 (or 32- or 64-bit counts).")
    if len(shape) != 2 or min(shape) < 0:
        violations.append(f"has shape {shape}, expected two dimensions: features × samples.")
    expected = prefix.tell() + math.prod(shape) * dtype.itemsize
    if not violations and expected != member.file_size:
        violations.append(f"is {member.file_size:,} bytes unpacked, but its header announces {expected:,}.")
    if violations:
        raise InputError(MEMBER, violations)
    return MatrixHeader((shape[0], shape[1]), dtype, fortran_order, prefix.tell())


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
        raise InputError(MEMBER, f"the archive is damaged: {reason(problem)}.") from problem
    if filled != target.size:
        raise InputError(MEMBER, f"the archive is damaged: {filled} bytes of values, expected {target.size}.")
    matrix = values.reshape(header.shape, order="F" if header.fortran_order else "C")
    return np.ascontiguousarray(matrix, dtype=np.float64)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if names != [MEMBER]:
        raise InputError(
            MEMBER,
            f"holds {len(names)} arrays ({examples(names)}), expected exactly '{MEMBER}'. "
            "Save it with numpy.savez_compressed(file, data=matrix).",
        )
    member = archive.getinfo(MEMBER)
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(MEMBER, "is encrypted or packed by a method other than deflate.")
    if member.file_size > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * member.compress_size):
        raise InputError(
            MEMBER,
            f"{member.compress_size:,} bytes would unpack to {member.file_size:,}, over {MAX_RATIO} times as many. "
            "Such a file is taken for an attack; save it uncompressed (numpy.savez) if it is real.",
        )
    return member


@dataclass(frozen=True, slots=True)
class Axes:
    """What the rows and columns of a matrix stand for, as far as the tables could be read."""

    features: BundleTable | None
    samples: BundleTable | None
    label_column: str | None

    @property
    def shape(self) -> tuple[int, int] | None:
        """(features, samples) by the tables; None when one of them could not be read."""
        if self.features is None or self.samples is None:
            return None
        return self.features.frame.height, self.samples.frame.height

    @property
    def shape_text(self) -> str:
        """How many rows the tables have."""
        tables = (table for table in (self.features, self.samples) if table is not None)
        return " and ".join(f"{table.filename} has {table.frame.height} rows" for table in tables)

    def sample(self, column: int) -> str:
        """The id of a sample, or its column number."""
        return _label(self.samples, "sample_id", column, "column")

    def cell(self, row: int, column: int) -> str:
        """``feature@sample``."""
        return f"{_label(self.features, self.label_column, row, 'row')}@{self.sample(column)}"


def _label(table: BundleTable | None, column: str | None, position: int, noun: str) -> str:
    if table is not None and column is not None and has_text(table.frame, column):
        value = table.frame.item(position, column)
        if value is not None:
            return str(value)
    return f"{noun} {position + 1}"


def axes_of(entry: MatrixEntry, samples: BundleTable | None, tables: Mapping[str, BundleTable]) -> Axes:
    """Return the tables that name the rows and columns of an assay."""
    kind = FEATURE_KIND_OF_ASSAY.get(entry.assay_name, "")
    return Axes(tables.get(kind), samples, LABEL_COLUMN.get(kind))


def entry_findings(entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    """Return what the manifest says of a matrix that its tables contradict."""
    if entry.encoding != ENCODING:
        yield error(MANIFEST, f"{entry.assay_name}: encoding is {examples([entry.encoding])}, expected '{ENCODING}'.")
    announced = (entry.n_features, entry.n_samples)
    if axes.shape is not None and announced != axes.shape:
        yield error(MANIFEST, f"{entry.assay_name}: n_features, n_samples are {announced}, but {axes.shape_text}.")


def inspected_matrix(data: bytes, entry: MatrixEntry, axes: Axes) -> tuple[Matrix | None, list[Finding]]:
    """Return the matrix and everything wrong with it; None when its values could not or should not be unpacked."""
    expected = axes.shape or (entry.n_features, entry.n_samples)
    try:
        header = matrix_header(data)
        if header.shape != expected:
            source = axes.shape_text if axes.shape is not None else "that is what the manifest says"
            advice = "Every feature needs a row and every sample a column."
            if header.shape == expected[::-1]:
                advice = "It is transposed: rows are features and columns are samples, so write matrix.T."
            message = f"{entry.assay_name} has shape {header.shape}, expected {expected}: {source}. {advice}"
            return None, [error(entry.filename, message)]
        matrix = matrix_values(data, header)
    except InputError as problem:
        return None, list(findings_of(entry.filename, problem))
    return matrix, list(_value_findings(matrix, entry, axes))


def _value_findings(matrix: Matrix, entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    """Return which values the assay may not hold, and which samples have none."""
    assay, where = entry.assay_name, entry.filename
    if matrix.size == 0:
        yield error(where, f"{assay} is empty: shape {matrix.shape}.")
        return
    # NOTE: these two see every NaN, infinity and negative value; the masks are made only for those that have some.
    low, high = float(matrix.min()), float(matrix.max())
    if not (low >= 0 and high < np.inf):
        if assay in _MAY_BE_MISSING:
            yield from _cells(np.isinf(matrix), "infinite", "Write a missing value as NaN.", where, axes)
        else:
            advice = "Counts are never missing; write 0 or leave the row out."
            yield from _cells(np.isnan(matrix), "NaN", advice, where, axes)
            yield from _cells(np.isinf(matrix), "infinite", "Counts are finite.", where, axes)
            advice = "Counts are 0 or more; values on a log scale belong to the assay gene_log."
            yield from _cells((matrix < 0) & np.isfinite(matrix), "negative", advice, where, axes)
    if assay == "psi":
        outside = ((matrix < 0) | (matrix > 1)) & np.isfinite(matrix)
        yield from _cells(outside, "outside 0 to 1", "psi is a proportion.", where, axes)
    if assay in COUNT_ASSAYS:
        # NOTE: not the column sums: those of huge counts overflow.
        if samples := _samples(np.asarray((matrix == 0).all(axis=0)), axes):
            yield error(
                where,
                f"{samples} without a single count in {assay}. Leave them out: they have no library size.",
            )
    elif assay == "gene_log" and (samples := _samples(np.asarray(np.isnan(matrix).all(axis=0)), axes)):
        yield warning(where, f"{samples} without a single value in {assay}.")


def _cells(mask: Flags, what: str, advice: str, where: str, axes: Axes) -> Iterable[Finding]:
    """Return one finding that counts the cells of ``mask`` and names the first few, row by row."""
    count = int(np.count_nonzero(mask))
    if count:
        first = np.flatnonzero(mask)[: EXAMPLES_SHOWN + 1].tolist()
        cells = examples(axes.cell(*divmod(position, mask.shape[1])) for position in first)
        yield error(where, f"{count} of {mask.size} values {'is' if count == 1 else 'are'} {what}: {cells}. {advice}")


def _samples(mask: Flags, axes: Axes) -> str:
    """Return how many samples ``mask`` (n_samples,) has and the first few of their ids; nothing for none."""
    columns = np.flatnonzero(mask).tolist()
    names = examples(axes.sample(column) for column in columns[: EXAMPLES_SHOWN + 1])
    return f"{len(columns)} {'sample' if len(columns) == 1 else 'samples'} ({names})" if columns else ""

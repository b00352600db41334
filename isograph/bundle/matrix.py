"""Matrices in npz files: everything is checked against the header before a single value is unpacked."""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from isograph.arrays import Matrix
from isograph.bundle.bundle import COUNT_ASSAYS, FEATURE_KIND_OF_ASSAY
from isograph.bundle.findings import Finding, error, findings_of, has_text, reason, warning
from isograph.bundle.manifest import ENCODING, MANIFEST, Manifest, MatrixEntry
from isograph.bundle.validate import Table
from isograph.errors import EXAMPLES_SHOWN, InputError, examples

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


LABEL_COLUMN = {"transcript": "transcript_id", "gene": "gene_id", "psi": "psi_uid"}

_MAY_BE_MISSING = ("gene_log", "psi")

_NEEDED = (*COUNT_ASSAYS, "gene_log")


@dataclass(frozen=True, slots=True)
class Axes:
    """What the rows and columns of a matrix stand for, as far as the tables could be read."""

    features: Table | None
    samples: Table | None
    label_column: str | None

    @property
    def shape(self) -> tuple[int, int] | None:
        """(features, samples) by the tables; None when one of them could not be read."""
        if self.features is None or self.samples is None:
            return None
        return self.features.frame.height, self.samples.frame.height

    def sample(self, column: int) -> str:
        """The id of a sample, or its column number."""
        return _label(self.samples, "sample_id", column, "column")

    def cell(self, row: int, column: int) -> str:
        """``feature@sample``."""
        return f"{_label(self.features, self.label_column, row, 'row')}@{self.sample(column)}"


def presence_findings(manifest: Manifest) -> Iterable[Finding]:
    """Assays that are missing, or that lack the table of their rows; for a manifest that is whole."""
    assays = {entry.assay_name for entry in manifest.matrices}
    kinds = {entry.kind for entry in manifest.feature_tables}
    if assays.isdisjoint(_NEEDED):
        there = f"the assays are {examples(sorted(assays))}" if assays else "there is no matrix"
        yield error(MANIFEST, f"none of {', '.join(_NEEDED)} among the matrices; {there}. A bundle needs one of them.")
    for entry in manifest.matrices:
        kind = FEATURE_KIND_OF_ASSAY.get(entry.assay_name)
        if kind is not None and kind not in kinds:
            message = f"{entry.assay_name} has no '{kind}' table to name its rows. Add one with a row per matrix row."
            yield error(MANIFEST, message)


def axes_of(entry: MatrixEntry, samples: Table | None, tables: Mapping[str, Table]) -> Axes:
    """Return the tables that name the rows and columns of an assay."""
    kind = FEATURE_KIND_OF_ASSAY.get(entry.assay_name, "")
    return Axes(tables.get(kind), samples, LABEL_COLUMN.get(kind))


def inspected_matrix(data: bytes, entry: MatrixEntry, axes: Axes) -> tuple[Matrix | None, list[Finding]]:
    """Return the matrix and everything wrong with it; None when its values could not or should not be unpacked."""
    try:
        header = matrix_header(data)
        findings = list(_shape_findings(header, entry, axes))
        if findings:
            return None, findings
        matrix = matrix_values(data, header)
    except InputError as problem:
        return None, list(findings_of(entry.filename, problem))
    return matrix, list(value_findings(matrix, entry, axes))


def value_findings(matrix: Matrix, entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    """Values that the assay may not hold, and samples or features without any."""
    assay, where = entry.assay_name, entry.filename
    if matrix.size == 0:
        yield error(where, f"{assay} is empty: shape {matrix.shape}.")
        return
    allowed_missing = assay in _MAY_BE_MISSING
    # NOTE: these two see every NaN, infinity and negative value; the masks are made only for those that have some.
    low, high = float(matrix.min()), float(matrix.max())
    if not (low >= 0 and high < np.inf):
        if not allowed_missing:
            yield from _cells(
                np.isnan(matrix), "NaN", "Counts are never missing; write 0 or leave the row out.", where, axes
            )
        advice = "Write a missing value as NaN." if allowed_missing else "Counts are finite."
        yield from _cells(np.isinf(matrix), "infinite", advice, where, axes)
        if assay not in _MAY_BE_MISSING:
            advice = "Counts are 0 or more; values on a log scale belong to the assay gene_log."
            yield from _cells(_finite(matrix < 0, matrix), "negative", advice, where, axes)
    if assay == "psi":
        outside = (matrix < 0) | (matrix > 1)
        yield from _cells(_finite(outside, matrix), "outside 0 to 1", "psi is a proportion.", where, axes)
    yield from _empty_sample_findings(matrix, entry, axes)


def entry_findings(entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    """What the manifest says of a matrix that its tables contradict."""
    if entry.encoding != ENCODING:
        yield error(MANIFEST, f"{entry.assay_name}: encoding is {examples([entry.encoding])}, expected '{ENCODING}'.")
    announced = (entry.n_features, entry.n_samples)
    if axes.shape is not None and announced != axes.shape:
        message = f"{entry.assay_name}: n_features, n_samples are {announced}, but {_rows(axes)}."
        yield error(MANIFEST, message)


def _shape_findings(header: MatrixHeader, entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    expected = axes.shape or (entry.n_features, entry.n_samples)
    if header.shape == expected:
        return
    source = _rows(axes) if axes.shape is not None else "that is what the manifest says"
    if header.shape == expected[::-1]:
        advice = "It is transposed: rows are features and columns are samples, so write matrix.T."
    else:
        advice = "Every feature needs a row and every sample a column."
    yield error(entry.filename, f"{entry.assay_name} has shape {header.shape}, expected {expected}: {source}. {advice}")


def _rows(axes: Axes) -> str:
    return " and ".join(
        f"{table.filename} has {table.frame.height} rows"
        for table in (axes.features, axes.samples)
        if table is not None
    )


def _cells(mask: NDArray[np.bool_], what: str, advice: str, where: str, axes: Axes) -> Iterable[Finding]:
    """One finding that counts the cells of ``mask`` and names the first few, row by row."""
    count = int(np.count_nonzero(mask))
    if count:
        first = np.flatnonzero(mask)[: EXAMPLES_SHOWN + 1].tolist()
        cells = examples(axes.cell(*divmod(position, mask.shape[1])) for position in first)
        yield error(where, f"{count} of {mask.size} values {'is' if count == 1 else 'are'} {what}: {cells}. {advice}")


def _finite(mask: NDArray[np.bool_], matrix: Matrix) -> NDArray[np.bool_]:
    return mask & np.isfinite(matrix)


def _empty_sample_findings(matrix: Matrix, entry: MatrixEntry, axes: Axes) -> Iterable[Finding]:
    if entry.assay_name in COUNT_ASSAYS:
        # NOTE: not the column sums: those of huge counts overflow.
        empty = np.flatnonzero((matrix == 0).all(axis=0))
        if len(empty):
            message = f"{_samples(empty, axes)} without a single count in {entry.assay_name}"
            yield error(entry.filename, f"{message}. Leave them out: they have no library size.")
    if entry.assay_name == "gene_log":
        empty = np.flatnonzero(np.isnan(matrix).all(axis=0))
        if len(empty):
            yield warning(entry.filename, f"{_samples(empty, axes)} without a single value in {entry.assay_name}.")


def _samples(columns: NDArray[np.intp], axes: Axes) -> str:
    names = examples(axes.sample(int(column)) for column in islice(columns, EXAMPLES_SHOWN + 1))
    return f"{len(columns)} {'sample' if len(columns) == 1 else 'samples'} ({names})"


def _label(table: Table | None, column: str | None, position: int, noun: str) -> str:
    if table is not None and column is not None and has_text(table.frame, column):
        value = table.frame.item(position, column)
        if value is not None:
            return str(value)
    return f"{noun} {position + 1}"

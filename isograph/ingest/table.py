"""Tables that a user brings: CSV, TSV or semicolon-separated text, plain or gzipped, parquet, or a frame."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import EXAMPLES_SHOWN, InputError, ResourceError, UsageError, examples

MAX_TEXT_BYTES = 8 * 2**30
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
GZIP = b"\x1f\x8b"
TRANSCRIPT_NAMES = (
    "transcript_id", "tx", "txname", "target_id", "name", "transcript", "tx_id", "tname",
    "feature_id", "isoform_id", "transcriptid", "ensembl_transcript_id", "ensembl_transcript_id_version",
    "transcript stable id", "transcript stable id version",
)  # fmt: skip
GENE_NAMES = (
    "gene_id", "geneid", "gene", "ensembl_gene_id", "ensembl_gene_id_version",
    "gene stable id", "gene stable id version",
)  # fmt: skip
GENE_SYMBOL_NAMES = (
    "gene_name", "gene_symbol", "symbol", "genename", "gene name", "external_gene_name", "hgnc_symbol",
)  # fmt: skip
_CHUNK_BYTES = 2**22
_SEPARATORS = ("\t", ",", ";")
_PARQUET = b"PAR1"
_PARQUET_SUFFIXES = (".parquet", ".pq")
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


@dataclass(frozen=True, slots=True)
class UserTable:
    """One table as it was read.

    Attributes
    ----------
    name : file name, as messages call it.
    header : column names as written; ``""`` for the unnamed row-name column that R leaves.
    frame : the typed columns of a parquet file or a frame; None for text.
    body : the lines below the header; empty where there is a frame.
    separator : the delimiter of ``body``.
    """

    name: str
    header: tuple[str, ...]
    frame: pl.DataFrame | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)
    separator: str = ","

    def text(self, columns: Sequence[int]) -> pl.DataFrame:
        """Return the columns at these positions as stripped strings, named by position; missing is null."""
        names = [str(column) for column in columns]
        if self.frame is None:
            strings = self._parsed(columns, pl.String, missing=())
        else:
            strings = self.frame.select(pl.nth(column).alias(str(column)) for column in columns)
            for column, kind in zip(columns, strings.dtypes, strict=True):
                if kind.is_nested() or kind in (pl.Binary, pl.Object):
                    sentence = f"column '{self.frame.columns[column]}' has type {kind}, expected text or numbers"
                    raise InputError(self.name, sentence)
            strings = strings.cast(pl.String)
        stripped = strings.select(pl.col(name).str.strip_chars() for name in names)
        return stripped.with_columns(pl.when(~pl.col(name).is_in(MISSING)).then(pl.col(name)) for name in names)

    def column(self, position: int) -> pl.Series:
        """Return the column at this position as stripped strings; missing is null."""
        return self.text([position]).to_series()

    def numbers(self, columns: Sequence[int]) -> tuple[Matrix, list[str]]:
        """Return the columns as a float matrix (n_rows, n_columns), missing as NaN, and a sentence per text column."""
        if self.frame is not None:
            picked = self.frame.select(pl.nth(column).alias(str(column)) for column in columns)
            if all(kind.is_numeric() for kind in picked.dtypes):
                return _matrix(picked.cast(pl.Float64)), []
        else:
            try:
                return _matrix(self._parsed(columns, pl.Float64, missing=MISSING[1:])), []
            except pl.exceptions.ComputeError:
                pass
        strings = self.text(columns)
        cast = strings.with_columns(pl.all().cast(pl.Float64, strict=False))
        violations = []
        for column in columns:
            cells = strings.get_column(str(column))
            bad = cells.filter(cast.get_column(str(column)).is_null() & cells.is_not_null())
            if bad.len():
                violations.append(
                    f"column '{self.header[column]}': {bad.len()} of {cells.len()} values are not numbers: "
                    f"{examples(bad.unique(maintain_order=True))}"
                )
        if len(violations) > EXAMPLES_SHOWN:
            more = len(violations) - EXAMPLES_SHOWN
            violations = [*violations[:EXAMPLES_SHOWN], f"… and {more} more columns that are not numbers"]
        return _matrix(cast), violations

    def _parsed(self, columns: Sequence[int], kind: type[pl.DataType], *, missing: Sequence[str]) -> pl.DataFrame:
        # NOTE: numbers are read with every column beside them, because only then is a line that is too long noticed.
        schema = {str(position): kind if position in columns else pl.String for position in range(len(self.header))}
        try:
            parsed = pl.read_csv(
                self.body,
                has_header=False,
                separator=self.separator,
                schema=schema,
                columns=sorted(columns) if kind == pl.String else None,
                null_values=list(missing),
            )
        except pl.exceptions.PolarsError as error:
            self.require_even_lines()
            if kind == pl.String:
                raise InputError(self.name, 'cannot be parsed as a table. Is a quote (") left open?') from None
            raise pl.exceptions.ComputeError(str(error)) from None
        return parsed.select(str(column) for column in columns)

    def require_columns(self, *names: str | None) -> None:
        """Raise a ``UsageError`` about names that are not columns; None is no name."""
        absent = [name for name in names if name is not None and name not in self.header]
        if absent:
            raise UsageError(f"{self.name} has no column {examples(absent)}; found {examples(self.header)}.")

    def require_even_lines(self) -> None:
        """Raise an ``InputError`` that names the first line with more fields than the header."""
        lines = csv.reader(io.StringIO(self.body.decode("utf-8")), delimiter=self.separator)
        for number, cells in enumerate(lines, start=2):
            if len(cells) > len(self.header):
                sentence = f"line {number} has {len(cells)} fields, the header has {len(self.header)}"
                raise InputError(self.name, sentence)


def read_user_table(source: Path | UserTable, *, headed: bool = True) -> UserTable:
    """Return the table in the file ``source``; a table that was read already is returned as it is.

    Without ``headed`` the first line of text is data too, and columns are called ``column_1``, ``column_2``, …

    Raises
    ------
    InputError
        The file is absent, empty, damaged, or no table.
    ResourceError
        It decompresses to more than ``MAX_TEXT_BYTES``.
    """
    if isinstance(source, UserTable):
        return source
    if not source.exists():
        raise InputError(str(source), "no such file")
    if not source.is_file():
        raise InputError(str(source), "is not a file; name the file itself")
    with source.open("rb") as handle:
        magic = handle.read(len(GZIP))
    data = _gunzipped(source) if magic == GZIP else source.read_bytes()
    if not data.strip():
        raise InputError(source.name, "is empty")
    if data.startswith(_PARQUET):
        try:
            frame = pl.read_parquet(io.BytesIO(data))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            reason = str(error).splitlines()[0]
            sentence = f"is a damaged parquet file ({reason}). Copy or write it again."
            raise InputError(source.name, sentence) from None
        return frame_table(source.name, frame)
    if source.suffix.lower() in _PARQUET_SUFFIXES:
        raise InputError(source.name, "is not a parquet file, despite its name. Write it again, or rename it.")
    return _text_table(source.name, _plain_text(data, source.name), headed=headed)


def frame_table(name: str, frame: pl.DataFrame) -> UserTable:
    """Return a frame as a table that messages call ``name``.

    Raises
    ------
    InputError
        It has no rows.
    """
    if not frame.height:
        raise InputError(name, "has columns and no rows")
    return UserTable(name, tuple(frame.columns), frame=frame)


def column_named(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the position of the first of ``names`` that ``header`` has, whatever its case; None when it has none."""
    folded = [name.casefold() for name in header]
    return next((folded.index(name) for name in names if name in folded), None)


def split_line(line: bytes, separator: str) -> tuple[str, ...]:
    """Return the stripped fields of one line of delimited text, quotes respected."""
    cells = next(csv.reader([line.decode("utf-8")], delimiter=separator), [])
    return tuple(cell.strip() for cell in cells)


def _text_table(name: str, text: bytes, *, headed: bool) -> UserTable:
    text = _without_preamble(name, text)
    first, _, rest = text.partition(b"\n")
    separator = _separator(first)
    fields = split_line(first, separator)
    if not headed:
        names = tuple(f"column_{n}" for n in range(1, len(fields) + 1))
        return UserTable(name, names, body=text, separator=separator)
    header = (fields[0].lstrip("#").strip(), *fields[1:])
    if not rest:
        raise InputError(name, "has a header and nothing below it")
    if len(split_line(rest.partition(b"\n")[0], separator)) == len(header) + 1:
        header = ("", *header)
    table = UserTable(name, header, body=rest, separator=separator)
    # NOTE: counting is quick; lines are looked at only where a quoted separator, or a line too long, is possible.
    n_lines = rest.count(b"\n")
    if rest.count(separator.encode()) + n_lines != len(header) * n_lines:
        table.require_even_lines()
    return table


def _without_preamble(name: str, text: bytes) -> bytes:
    if text.startswith(b"#1."):
        raise InputError(
            name, "is a GCT file. Remove its first two lines: the third is the header that is expected here."
        )
    while text.startswith(b"#"):
        first, _, rest = text.partition(b"\n")
        following = rest.partition(b"\n")[0]
        separator = _separator(following)
        if not following or len(split_line(first, separator)) == len(split_line(following, separator)) > 1:
            break
        text = rest
    return text


def _separator(line: bytes) -> str:
    # NOTE: the tab is asked first: commas turn up inside names of tab-separated tables, never the reverse.
    text = line.decode("utf-8")
    if "\t" in text:
        return "\t"
    return max(_SEPARATORS[1:], key=text.count)


def _plain_text(data: bytes, name: str) -> bytes:
    r"""Return UTF-8 text without byte-order mark, with ``\n`` line ends, no blank lines and one final line end."""
    for magic, sentence in _FOREIGN.items():
        if data.startswith(magic):
            raise InputError(name, f"{sentence}.")
    text = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in text:
        raise InputError(name, "holds NUL bytes: it is not a text table. Expected CSV, TSV or parquet.")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise InputError(name, f"line {line} is not UTF-8 text. Save the file as UTF-8.") from None
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n\n" in text:
        text = re.sub(rb"\n\n+", b"\n", text)
    text = text.strip(b"\n")
    if not text.strip():
        raise InputError(name, "is empty")
    return text + b"\n"


def _gunzipped(path: Path) -> bytes:
    """Return what a gzip file holds, refusing more than ``MAX_TEXT_BYTES`` before it is held."""
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
        sentence = f"is a truncated or damaged gzip file ({error}). Copy or download it again."
        raise InputError(path.name, sentence) from None
    return b"".join(parts)


def _matrix(frame: pl.DataFrame) -> Matrix:
    return np.ascontiguousarray(frame.fill_null(float("nan")).to_numpy().astype(np.float64, copy=False))

"""Tables in parquet files, read from bytes so that no name can be taken for a pattern or a partition."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from isograph.bundle.findings import reason
from isograph.errors import InputError, examples, shown

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_TABLE_FILE_BYTES = 2**30
MAX_ROWS = 10_000_000
MAX_CELL_BYTES = 2**16
MAX_COLUMN_BYTES = 2**30
# NOTE: a 47 kB file can hold a gigabyte of text; real tables pack at most some tens of times.
MAX_RATIO = 200
ALWAYS_ALLOWED_BYTES = 64 * 2**20
_MAGIC = b"PAR1"


def read_parquet_table(data: bytes) -> pl.DataFrame:
    """Return the table of a parquet file.

    Raises
    ------
    InputError
        Not a parquet file, truncated, damaged, unpacking to more than it may, or with columns of lists or records.
    """
    if not data:
        raise InputError("table", "the file is empty.")
    if not data.startswith(_MAGIC):
        raise InputError("table", "is not a parquet file.")
    if not data.endswith(_MAGIC):
        raise InputError("table", "is a truncated parquet file: its end is missing. Copy it again.")
    try:
        frame = _frame(data)
    except InputError:
        raise
    # NOTE: a panic inside Polars is a BaseException, unlike everything else that is raised here.
    except (Exception, pl.exceptions.PanicException) as problem:
        raise InputError("table", f"is a damaged parquet file: {reason(problem)}.") from problem
    _refuse_long_text(frame)
    return frame


def _frame(data: bytes) -> pl.DataFrame:
    # NOTE: Arrow decodes. One changed byte can make the reader of Polars ask for two exabytes and abort the process,
    # which nothing can catch; Arrow raises, and its full validation keeps invalid UTF-8 from passing for text.
    import pyarrow.parquet as pq
    from pyarrow import types

    with pq.ParquetFile(io.BytesIO(data)) as file:
        _refuse_bomb(file.metadata, len(data))
        schema = file.schema_arrow
    _refuse_columns(schema)
    # NOTE: as dictionaries, so that one long text in a million rows is held once. Not by read_table, which loads
    # Arrow's data sets and with them pandas where that is installed: a third of a second.
    texts = {field.name for field in schema if types.is_string(field.type) or types.is_large_string(field.type)}
    with pq.ParquetFile(io.BytesIO(data), read_dictionary=sorted(texts)) as file:
        columns = file.read(use_threads=False)
    columns.validate(full=True)
    others = pl.DataFrame(columns.select([name for name in columns.column_names if name not in texts]))
    return pl.DataFrame(
        [
            _text(name, columns.column(name)) if name in texts else others.get_column(name)
            for name in columns.column_names
        ]
    )


def _text(name: str, column: pa.ChunkedArray) -> pl.Series:
    chunks = [
        pl.Series(name, chunk.dictionary, dtype=pl.String).gather(pl.Series(chunk.indices)) for chunk in column.chunks
    ]
    return pl.concat(chunks) if chunks else pl.Series(name, [], dtype=pl.String)


def _refuse_bomb(footer: pq.FileMetaData, n_bytes: int) -> None:
    unpacked = sum(abs(footer.row_group(group).total_byte_size) for group in range(footer.num_row_groups))
    violations = []
    if footer.num_rows > MAX_ROWS:
        violations.append(f"has {footer.num_rows:,} rows, expected at most {MAX_ROWS:,}.")
    if unpacked > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * n_bytes):
        violations.append(
            f"{n_bytes:,} bytes would unpack to {unpacked:,}, over {MAX_RATIO} times as many. "
            "Such a file is taken for an attack."
        )
    if violations:
        raise InputError("table", violations)


def _refuse_columns(schema: pa.Schema) -> None:
    from pyarrow import types

    repeated = [name for name, count in Counter(schema.names).items() if count > 1]
    nested = [field.name for field in schema if types.is_nested(field.type)]
    violations = []
    if repeated:
        violations.append(f"several columns of the same name: {examples(repeated)}. Rename them.")
    if nested:
        violations.append(f"columns of lists or records: {examples(nested)}. Every cell is one value; split them.")
    if violations:
        raise InputError("table", violations)


def _refuse_long_text(frame: pl.DataFrame) -> None:
    texts = pl.col(pl.String).str.len_bytes().cast(pl.Int64)
    longest, total = frame.select(texts.max().fill_null(0)), frame.select(texts.sum())
    violations = []
    for sizes, limit, held in ((longest, MAX_CELL_BYTES, "a text of"), (total, MAX_COLUMN_BYTES, "text of together")):
        for name in sizes.columns:
            size = sizes.item(0, name)
            if size > limit:
                violations.append(f"column '{shown(name)}' holds {held} {size:,} bytes, expected at most {limit:,}.")
    if violations:
        raise InputError("table", violations)

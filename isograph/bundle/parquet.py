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
    return frame


def _frame(data: bytes) -> pl.DataFrame:
    # NOTE: Arrow decodes. One changed byte can make the reader of Polars ask for two exabytes and abort the process,
    # which nothing can catch; Arrow raises, and its full validation keeps invalid UTF-8 from passing for text.
    import pyarrow.parquet as pq
    from pyarrow import types

    with pq.ParquetFile(io.BytesIO(data)) as file:
        schema = file.schema_arrow
        _refuse_footer(file.metadata, schema, len(data))
    # NOTE: as dictionaries, so that one long text in a million rows is held once. Not by read_table, which loads
    # Arrow's data sets and with them pandas where that is installed: a third of a second.
    texts = {field.name for field in schema if types.is_string(field.type) or types.is_large_string(field.type)}
    with pq.ParquetFile(io.BytesIO(data), read_dictionary=sorted(texts)) as file:
        table = file.read(use_threads=False)
    table.validate(full=True)
    others = pl.DataFrame(table.select([name for name in table.column_names if name not in texts]))
    columns = {column.name: column for column in others}
    for name in texts:
        chunks = [
            pl.Series(name, chunk.dictionary, dtype=pl.String).gather(pl.Series(chunk.indices))
            for chunk in table.column(name).chunks
        ]
        columns[name] = pl.concat(chunks) if chunks else pl.Series(name, [], dtype=pl.String)
    return pl.DataFrame([columns[name] for name in table.column_names])


def _refuse_footer(footer: pq.FileMetaData, schema: pa.Schema, n_bytes: int) -> None:
    """Refuse by its footer a file that unpacks to more than it may, or whose columns are no columns of a table."""
    from pyarrow import types

    unpacked = sum(abs(footer.row_group(group).total_byte_size) for group in range(footer.num_row_groups))
    violations = []
    if footer.num_rows > MAX_ROWS:
        violations.append(f"has {footer.num_rows:,} rows, expected at most {MAX_ROWS:,}.")
    if unpacked > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * n_bytes):
        violations.append(
            f"{n_bytes:,} bytes would unpack to {unpacked:,}, over {MAX_RATIO} times as many. "
            "Such a file is taken for an attack."
        )
    if repeated := [name for name, count in Counter(schema.names).items() if count > 1]:
        violations.append(f"several columns of the same name: {examples(repeated)}. Rename them.")
    if nested := [field.name for field in schema if types.is_nested(field.type)]:
        violations.append(f"columns of lists or records: {examples(nested)}. Every cell is one value; split them.")
    if violations:
        raise InputError("table", violations)

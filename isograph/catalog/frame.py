"""The rows of a DuckDB relation as a Polars frame."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import polars as pl
import pyarrow as pa

# NOTE: types that Polars has no counterpart of, or none that it reads.
_AS_TEXT = ("INTERVAL", "UUID", "BIT", "TIME WITH TIME ZONE", "BIGNUM")
_BATCH_ROWS = 100_000


class TooManyRowsError(Exception):
    """A relation has more rows than were asked for."""


def relation_frame(relation: duckdb.DuckDBPyRelation, max_rows: int | None = None) -> pl.DataFrame:
    """Return the rows of a relation. Whole numbers beyond 64 bits stay decimals; intervals and the like become text.

    Raises
    ------
    TooManyRowsError
        There are more than ``max_rows``.
    """
    names = _distinct(relation.columns)
    if any(str(kind) in _AS_TEXT for kind in relation.types):
        relation = _readable(relation)
    reader = relation.to_arrow_reader(_BATCH_ROWS)
    batches, n_rows = [], 0
    for batch in reader:
        batches.append(batch)
        n_rows += batch.num_rows
        if max_rows is not None and n_rows > max_rows:
            raise TooManyRowsError
    frame = pl.from_arrow(pa.Table.from_batches(batches, reader.schema).rename_columns(names))
    assert isinstance(frame, pl.DataFrame)
    whole = (name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal) and kind.scale == 0)
    return frame.with_columns(pl.col(name).cast(pl.Int64) for name in whole if _fits(frame.get_column(name)))


def column(name: str) -> duckdb.Expression:
    """Return the column of that name, whatever characters it has."""
    return duckdb.ColumnExpression(name)


def _readable(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the relation with text in the place of the types Polars cannot read, its columns named by number."""
    names = [f"c{number}" for number in range(len(relation.columns))]
    as_text = (str(kind) in _AS_TEXT for kind in relation.types)
    listed = ", ".join(f"CAST({name} AS VARCHAR)" if text else name for name, text in zip(names, as_text, strict=True))
    # NOTE: by number, because two columns may have one name.
    query = " ".join(("SELECT", listed, "FROM answer AS numbered(", ", ".join(names), ")"))
    readable = relation.query("answer", query)
    assert readable is not None
    return readable


def _fits(values: pl.Series) -> bool:
    return values.cast(pl.Int64, strict=False).null_count() == values.null_count()


def _distinct(names: Iterable[str]) -> list[str]:
    """Return the names with a number after those that came before."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct

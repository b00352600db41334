"""Columns that a user's table adds to the tables of a module."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from isograph.errors import InputError, examples
from isograph.schemas import Table


@dataclass(frozen=True, slots=True)
class Annotation:
    """Columns by id.

    Attributes
    ----------
    key : ``transcript_id``, ``feature_id`` or ``gene_id``.
    rows : one row an id, the key first.
    """

    key: str
    rows: pl.DataFrame

    def refuse_clashes(self, tables: Iterable[Table], subject: str) -> None:
        """Raise where a column is called as one of the tables it would be added to.

        Raises
        ------
        InputError
            Names every such column.
        """
        taken = {name for table in tables if self.key in table.schema for name in table.schema}
        if clashing := [name for name in self.rows.columns[1:] if name in taken]:
            message = f"{len(clashing)} columns that the tables have already: {examples(clashing)}. Rename them."
            raise InputError(subject, [message])

    def added_to(self, rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
        """Return the rows of ``table`` with the columns added at their end; null where the id has no annotation."""
        if self.key not in table.schema:
            return rows
        return rows.join(self.rows.lazy(), on=self.key, how="left", validate="m:1", maintain_order="left")

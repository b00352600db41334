"""An explanation, opened: every table over all its modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from isograph.errors import InputError
from isograph.results.table_set import LazyTable, TableSet
from isograph.schemas.explanation import (
    EXPLAIN_TABLES,
    GENE_DRIVER_TABLE,
    HIGH_VS_LOW_TABLE,
    IG_ATTRIBUTIONS,
    TRANSCRIPT_POLARITY_TABLE,
    VAE_DRIVERS,
)
from isograph.store.artifact import verify
from isograph.store.explanation import KIND, read_explanation_manifest
from isograph.text import Section

if TYPE_CHECKING:
    import duckdb

DRIVERS_SHOWN = 3


class Explanation(TableSet):
    """The directory of an explanation; each of its tables is an attribute, a lazy frame, ``module_id`` first.

    Raises
    ------
    InputError
        The directory is no explanation, is not whole, or was changed since it was written.
    """

    what = "the explanation"

    gene_driver_table = LazyTable(GENE_DRIVER_TABLE.row)
    transcript_polarity_table = LazyTable(TRANSCRIPT_POLARITY_TABLE.row)
    high_vs_low_table = LazyTable(HIGH_VS_LOW_TABLE.row)
    vae_drivers = LazyTable(VAE_DRIVERS.row)
    ig_attributions = LazyTable(IG_ATTRIBUTIONS.row)

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest = read_explanation_manifest(self.path)
        if self.manifest.get("artifact") != KIND:
            raise InputError(str(self.path), "is one module of an explanation. Open the directory above it.")
        for part in self.manifest["parts"]:
            verify(self.path / part, read_explanation_manifest(self.path / part))

    @property
    def module_ids(self) -> tuple[str, ...]:
        """The modules explained."""
        return tuple(self.manifest["module_ids"])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that were asked for."""
        return tuple(name for name in EXPLAIN_TABLES if name in self.manifest["tables"])

    def _scan(self, table: str) -> pl.LazyFrame:
        frames = []
        for module_id in self.module_ids:
            file = f"{module_id}/{table}.parquet"
            if file in self.manifest["files"]:
                rows = pl.scan_parquet(self.path / file, glob=False, hive_partitioning=False)
                frames.append(rows.select(pl.lit(module_id).alias("module_id"), pl.all()))
        if not frames:
            return pl.LazyFrame(schema={"module_id": pl.String(), **EXPLAIN_TABLES[table].schema})
        return pl.concat(frames)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        from isograph.database.connection import frame_tables

        return frame_tables({table: self._scan(table).collect(engine="in-memory") for table in self.tables})

    def _sections(self) -> Iterator[Section]:
        """Yield a line per module: its strongest drivers."""
        yield f"Explanation({str(self.path)!r})", None
        best = (
            self._scan("gene_driver_table")
            .filter("in_module")
            .group_by("module_id", maintain_order=True)
            .head(DRIVERS_SHOWN)
            .collect(engine="in-memory")
        )
        drivers: dict[str, list[str]] = {}
        for module_id, feature_id, r in best.select("module_id", "feature_id", "r").iter_rows():
            drivers.setdefault(module_id, []).append(f"{feature_id} ({r:+.2f})")
        for module_id, strongest in drivers.items():
            yield f"{module_id}: {', '.join(strongest)}", None

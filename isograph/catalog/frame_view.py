"""DuckDB views over Polars frames, registered by name: no Python variable is ever looked up."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import polars as pl

from isograph.catalog.connection import connection


def frame_views(frames: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view of each name over its frame; its relations can be joined."""
    database = connection()
    for name, frame in frames.items():
        database.register(name, frame.to_arrow())
    return database

"""A bundle, opened."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from isograph.bundle.bundle import COUNT_ASSAYS, FEATURE_KIND_OF_ASSAY, IMPORT_REPORT, Bundle
from isograph.bundle.read import read_bundle
from isograph.results.table_set import LazyTable, TableSet
from isograph.store.files import read_json_object
from isograph.text import Section

if TYPE_CHECKING:
    import duckdb


class OpenedBundle(TableSet):
    """A bundle directory, validated; each of its tables is an attribute, a lazy frame.

    Raises
    ------
    InputError
        The bundle is not valid; every violation is listed.
    """

    what = "the bundle"

    samples = LazyTable("one row per sample, in the column order of the matrices")
    transcripts = LazyTable("one row per transcript, in the row order of transcript_counts")
    genes = LazyTable("one row per gene, in the row order of gene_counts")
    transcript_counts = LazyTable("one row per transcript and sample: the count")
    gene_counts = LazyTable("one row per gene and sample: the count")
    truth_modules = LazyTable("planted modules: one row per planted gene")
    truth_switch = LazyTable("planted switching: one row per gene")
    truth_abundance = LazyTable("planted abundance: one row per gene")
    truth_channel_role = LazyTable("planted roles: one row per gene")

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.bundle: Bundle = read_bundle(self.path)

    @cached_property
    def report(self) -> dict[str, Any] | None:
        """What its import found, matched, dropped and why; None for a bundle that was not imported."""
        path = self.path / IMPORT_REPORT
        return read_json_object(path, absent=f"no {IMPORT_REPORT}.") if path.is_file() else None

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that this bundle has."""
        from isograph.database.bundle_view import VIEW_OF_KIND

        views = (view for kind, view in VIEW_OF_KIND.items() if kind in self.bundle.feature_tables)
        return ("samples", *views, *(assay for assay in COUNT_ASSAYS if assay in self.bundle.matrices))

    def _scan(self, table: str) -> pl.LazyFrame:
        from isograph.database.bundle_view import VIEW_OF_KIND

        if table == "samples":
            return self.bundle.samples.lazy()
        if table not in COUNT_ASSAYS:
            kind = next(kind for kind, view in VIEW_OF_KIND.items() if view == table)
            return self.bundle.feature_tables[kind].lazy()
        # One row per feature and sample; the counts lie in the matrix until the frame is collected.
        features = self.bundle.feature_tables[FEATURE_KIND_OF_ASSAY[table]]
        keys = [name for name in ("transcript_id", "gene_id") if name in features.columns]
        listed = pl.lit(pl.Series([self.bundle.samples.get_column("sample_id")])).first().alias("sample_id")
        counts = pl.Series("count", self.bundle.matrices[table])
        return features.lazy().select(*keys, listed, counts).explode("sample_id", "count")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        from isograph.database.bundle_view import bundle_views

        return bundle_views(self.bundle)

    def _sections(self) -> Iterator[Section]:
        bundle = self.bundle
        shapes = [f"{name} {matrix.shape[0]} × {matrix.shape[1]}" for name, matrix in bundle.matrices.items()]
        yield f"OpenedBundle({str(self.path)!r})", None
        yield f"dataset: {bundle.dataset_name}", None
        yield f"samples: {bundle.samples.height}", None
        yield f"sample columns: {', '.join(bundle.samples.columns[1:]) or 'none'}", None
        yield f"assays: {', '.join(shapes)}", None
        yield f"tables: {', '.join(self.tables)}", None

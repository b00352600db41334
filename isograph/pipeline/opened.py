"""``isograph.open``: a bundle, a fit, an explanation or a tree of them, tables as lazy frames and relations."""

from __future__ import annotations

import html
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from isograph.bundle.bundle import COUNT_ASSAYS, FEATURE_KIND_OF_ASSAY, Bundle
from isograph.bundle.manifest import MANIFEST
from isograph.bundle.read import read_bundle
from isograph.errors import InputError, UsageError, examples
from isograph.pipeline.explained import Explanation
from isograph.pipeline.summary import FitSummary, fit_summary
from isograph.schemas import FIT_TABLES
from isograph.store.artifact import read_manifest, verify
from isograph.store.explanation import EXPLANATION_MANIFEST

if TYPE_CHECKING:
    import duckdb

    from isograph.pipeline.opened_tree import OpenedTree

FIT_FILES = (*(f"{table}.parquet" for table in FIT_TABLES), "fit_config.json", "calibration.json")


class Fit:
    """A fit directory. Each table of the fit (``modules``, ``edges``, ``traits`` …) is an attribute: a lazy frame.

    Raises
    ------
    InputError
        The directory is no fit, is not whole, or was changed since it was written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        manifest = read_manifest(self.path)
        if manifest.get("artifact") != "fit":
            what = "is a bundle" if "dataset_name" in manifest else "is not a fit"
            raise InputError(str(self.path), [f"{what}, expected a directory that isograph fit wrote."])
        verify(self.path, manifest, needed=FIT_FILES)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(FIT_TABLES)

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a lazy frame.

        Raises
        ------
        UsageError
            There is no table of that name.
        """
        return pl.scan_parquet(self._file(table), glob=False, hive_partitioning=False)

    def relation(self, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table as a DuckDB relation; ``filter``, ``join``, ``query`` … continue from there.

        The relations of one fit share a connection in which every table is a view of its name.
        """
        self._file(table)
        return self._database.table(table)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        from isograph.catalog.connection import file_views

        return file_views({table: self._file(table) for table in FIT_TABLES})

    @cached_property
    def config(self) -> dict[str, Any]:
        """``fit_config.json``: everything needed to make the fit again."""
        return self._json("fit_config.json")

    @cached_property
    def calibration(self) -> dict[str, Any]:
        """``calibration.json``: what the backend says about itself."""
        return self._json("calibration.json")

    @cached_property
    def summary(self) -> FitSummary:
        """The fit in short, as ``isograph show`` prints it."""
        tables = {name: self.scan(name) for name in ("modules", "module_summary", "module_gene_roles", "traits")}
        return fit_summary(tables, self.config, self.calibration)

    def __getattr__(self, name: str) -> pl.LazyFrame:
        if name not in FIT_TABLES:
            raise AttributeError(f"a fit has no '{name}'; its tables are {', '.join(FIT_TABLES)}")
        return self.scan(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *FIT_TABLES]

    def __repr__(self) -> str:
        return f"Fit({str(self.path)!r})\n{self.summary.as_text()}"

    def _repr_html_(self) -> str:
        return f"<p><b>Fit</b> {html.escape(str(self.path))}</p>{self.summary.as_html()}"

    def _file(self, table: str) -> Path:
        if table not in FIT_TABLES:
            raise UsageError(f"a fit has no table '{table}'. Its tables are {examples(FIT_TABLES, len(FIT_TABLES))}.")
        return self.path / f"{table}.parquet"

    def _json(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads((self.path / name).read_bytes())
        return content


class OpenedBundle:
    """A bundle directory, validated. ``samples``, ``transcripts`` and ``genes`` are lazy frames.

    Raises
    ------
    InputError
        The bundle is not valid; every violation is listed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.bundle: Bundle = read_bundle(self.path)

    @property
    def samples(self) -> pl.LazyFrame:
        """One row per sample, in the column order of the matrices."""
        return self.bundle.samples.lazy()

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the views that ``relation`` knows."""
        kinds = self.bundle.feature_tables
        from isograph.catalog.bundle_view import VIEW_OF_KIND

        views = (view for kind, view in VIEW_OF_KIND.items() if kind in kinds)
        return ("samples", *views, *(assay for assay in COUNT_ASSAYS if assay in self.bundle.matrices))

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a lazy frame.

        Raises
        ------
        UsageError
            The bundle has no table of that name.
        """
        from isograph.catalog.bundle_view import VIEW_OF_KIND

        if table == "samples":
            return self.samples
        kinds = {view: kind for kind, view in VIEW_OF_KIND.items()}
        if table not in self.tables:
            raise UsageError(f"the bundle has no table '{table}'. Its tables are {examples(self.tables, 10)}.")
        if table in COUNT_ASSAYS:
            return self._counts(table)
        return self.bundle.feature_tables[kinds[table]].lazy()

    def relation(self, table: str) -> duckdb.DuckDBPyRelation:
        """Return a table as a DuckDB relation: over the bundle's parquet file, of counts over the matrix in memory."""
        self.scan(table)
        return self._database.table(table)

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        from isograph.catalog.bundle_view import bundle_views
        from isograph.catalog.counts import create_counts_view

        database = bundle_views(self.path)
        for assay in COUNT_ASSAYS:
            if assay in self.bundle.matrices:
                create_counts_view(database, assay, self.bundle.matrices[assay])
        return database

    def _counts(self, assay: str) -> pl.LazyFrame:
        """Return counts as one row per feature and sample; they lie in the matrix until the frame is collected."""
        features = self.bundle.feature_tables[FEATURE_KIND_OF_ASSAY[assay]]
        keys = [name for name in ("transcript_id", "gene_id") if name in features.columns]
        samples = self.bundle.samples.get_column("sample_id")
        listed = pl.lit(pl.Series([samples])).first().alias("sample_id")
        counts = pl.Series("count", self.bundle.matrices[assay])
        return features.lazy().select(*keys, listed, counts).explode("sample_id", "count")

    def __getattr__(self, name: str) -> pl.LazyFrame:
        if name.startswith("_") or name in ("bundle", "path"):
            raise AttributeError(name)
        try:
            return self.scan(name)
        except UsageError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        return f"OpenedBundle({str(self.path)!r})\n" + "\n".join(f"{name}: {value}" for name, value in self._facts())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in self._facts()
        )
        return f"<p><b>Bundle</b> {html.escape(str(self.path))}</p><table>{rows}</table>"

    def _facts(self) -> list[tuple[str, str]]:
        bundle = self.bundle
        shapes = [f"{name} {matrix.shape[0]} × {matrix.shape[1]}" for name, matrix in bundle.matrices.items()]
        return [
            ("dataset", bundle.dataset_name),
            ("samples", str(bundle.samples.height)),
            ("sample columns", ", ".join(bundle.samples.columns[1:]) or "none"),
            ("assays", ", ".join(shapes)),
            ("tables", ", ".join(self.tables)),
        ]


def open(path: str | Path) -> Fit | OpenedBundle | Explanation | OpenedTree:  # noqa: A001
    """Open a bundle, a fit, an explanation, or a directory of them: a tree of runs.

    Raises
    ------
    InputError
        ``path`` is none of them, or is not whole.
    """
    from isograph.pipeline.opened_tree import OpenedTree

    place = Path(path)
    if (place / EXPLANATION_MANIFEST).is_file():
        return Explanation(place)
    if place.is_dir() and not (place / MANIFEST).exists():
        return OpenedTree(place)
    manifest = read_manifest(place)
    if manifest.get("artifact") == "fit":
        return Fit(path)
    if "artifact" in manifest:
        return OpenedTree(place)
    if "dataset_name" in manifest:
        return OpenedBundle(path)
    raise InputError(str(path), [f"{MANIFEST} is neither a bundle's nor a fit's."])

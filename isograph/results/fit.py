"""A fit, opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from isograph.bundle.manifest import MANIFEST
from isograph.errors import InputError, UsageError, examples, option
from isograph.results.summary import FitSummary, fit_summary
from isograph.results.table_set import LazyTable, TableSet
from isograph.schemas import (
    EDGES,
    EIGENGENES,
    EXCLUDED_FEATURES,
    FEATURE_QUALITY,
    FEATURE_SCORES,
    FIT_TABLES,
    HIDDEN_FACTORS,
    MODULE_GENE_ROLES,
    MODULE_SUMMARY,
    MODULES,
    SWITCH_LOADINGS,
    TRAITS,
)
from isograph.store.artifact import read_manifest, verify
from isograph.store.files import directory_digests, read_json_object
from isograph.text import Section

if TYPE_CHECKING:
    import duckdb

FIT_FILES = (*(f"{table}.parquet" for table in FIT_TABLES), "fit_config.json", "calibration.json")


class Fit(TableSet):
    """A fit directory; each of its tables is an attribute, a lazy frame.

    Parameters
    ----------
    verified_manifest : the manifest of a fit that was just written, whose files the writer has compared with it; None
        to read the manifest and compare every file with it.

    Raises
    ------
    InputError
        The directory is no fit, is not whole, or was changed since it was written.
    """

    what = "a fit"
    kind = "fit"
    files: tuple[str, ...] = FIT_FILES
    _writer = "isograph fit"
    # The only version that can be read; None for any, as the tables of a fit are checked one by one.
    _schema_version: int | None = None

    modules = LazyTable(MODULES.row)
    edges = LazyTable(EDGES.row)
    traits = LazyTable(TRAITS.row)
    feature_scores = LazyTable(FEATURE_SCORES.row)
    module_gene_roles = LazyTable(MODULE_GENE_ROLES.row)
    eigengenes = LazyTable(EIGENGENES.row)
    module_summary = LazyTable(MODULE_SUMMARY.row)
    switch_loadings = LazyTable(SWITCH_LOADINGS.row)
    excluded_features = LazyTable(EXCLUDED_FEATURES.row)
    feature_quality = LazyTable(FEATURE_QUALITY.row)
    hidden_factors = LazyTable(HIDDEN_FACTORS.row)

    def __init__(self, path: str | Path, *, verified_manifest: dict[str, Any] | None = None) -> None:
        self.path = Path(path)
        self.manifest = read_manifest(self.path) if verified_manifest is None else verified_manifest
        if self.manifest.get("artifact") != self.kind:
            problem = "is a bundle" if "dataset_name" in self.manifest else f"is not {self.what}"
            raise InputError(str(self.path), f"{problem}, expected a directory that {self._writer} wrote.")
        version = self.manifest.get("schema_version")
        if self._schema_version not in (None, version):
            message = (
                f"is {self.what} of schema version {version}, expected {self._schema_version}; isograph "
                f"{self.manifest.get('isograph_version')} wrote it. Read it with that version, or make it again."
            )
            raise InputError(str(self.path), message)
        if verified_manifest is None:
            verify(self.path, self.manifest, needed=self.files)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(FIT_TABLES)

    @cached_property
    def config(self) -> dict[str, Any]:
        """``fit_config.json``: everything needed to make the fit again."""
        return read_json_object(self.path / "fit_config.json", absent="no fit_config.json.")

    @cached_property
    def calibration(self) -> dict[str, Any]:
        """``calibration.json``: what the backend says about itself."""
        return read_json_object(self.path / "calibration.json", absent="no calibration.json.")

    @cached_property
    def summary(self) -> FitSummary:
        """The fit in short, as ``isograph show`` prints it."""
        names = ("modules", "module_summary", "module_gene_roles", "eigengenes", "traits")
        tables = {name: self.scan(name) for name in names}
        return fit_summary(tables, self.config, self.calibration)

    def chosen_modules(self, asked: Sequence[str] = ()) -> list[str]:
        """Return the modules asked for in the order of the fit, all where none is.

        Raises
        ------
        UsageError
            The fit has no module of a name; all such names are listed.
        """
        modules: list[str] = self.module_summary.select("module_id").collect(engine="in-memory").to_series().to_list()
        if unknown := [name for name in dict.fromkeys(asked) if name not in modules]:
            has = f"has {modules[0]} to {modules[-1]}" if modules else "has no module"
            named = examples(unknown, len(unknown))
            raise UsageError(f"{self.path}: {len(unknown)} modules not in the fit: {named}. The fit {has}.")
        return [name for name in modules if not asked or name in asked]

    def bundle_path(self, elsewhere: Path | None = None) -> Path:
        """Return where the bundle of the fit is, if it is there and unchanged.

        Parameters
        ----------
        elsewhere : where it is now, if it was moved; None for where it was when the fit was made.

        Raises
        ------
        InputError
            It is not there, or its files are not those that were fitted.
        """
        recorded = self.config["bundle"]
        path = elsewhere
        if path is None and (relative := recorded.get("path")) is not None:
            path = Path(os.path.normpath(self.path.absolute() / relative))
        if path is None or not (path / MANIFEST).is_file():
            where = "not known" if path is None else f"not at {os.path.relpath(path)}"
            message = f"its bundle '{recorded['dataset_name']}' is {where}. Say where it is with {option('bundle')}."
            raise InputError(str(self.path), message)
        now, then = directory_digests(path), recorded["sha256"]
        if changed := sorted(name for name in then if now.get(name) != then[name]):
            remedy = f"Restore them, name the bundle that was fitted with {option('bundle')}, or fit this one again."
            raise InputError(
                str(path), f"{len(changed)} files are not those that were fitted: {examples(changed)}. {remedy}"
            )
        return path

    def _scan(self, table: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.path / f"{table}.parquet", glob=False, hive_partitioning=False)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        from isograph.database.connection import file_views

        return file_views({table: self.path / f"{table}.parquet" for table in self.tables})

    def _sections(self) -> Iterator[Section]:
        yield f"{type(self).__name__}({str(self.path)!r})", None
        yield from self.summary.sections()

"""A fit on its way into other formats: what several of them need is read once."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.config.export import ExportConfig
from isograph.errors import InputError, UsageError, examples
from isograph.exporting.annotated import SLASH
from isograph.exporting.graph import Graph, graph
from isograph.exporting.membership import Scores, fit_scores
from isograph.features.assays import gene_names
from isograph.results.fit import Fit
from isograph.store.files import directory_digests
from isograph.store.spreadsheet import sheet
from isograph.traits.trait import Trait, read_traits


class Outgoing:
    """A fit and what is to be exported of it.

    Raises
    ------
    UsageError
        A module that was asked for is not in the fit.
    """

    def __init__(self, fit: Fit, config: ExportConfig) -> None:
        self.fit = fit
        self.config = config
        self._guarded: list[str] = []
        self._notes: list[str] = []
        known = self.fit.module_summary.select("module_id").collect(engine="in-memory").to_series().to_list()
        if unknown := [module for module in config.module_ids if module not in known]:
            there = f"It has {known[0]} to {known[-1]}" if known else "It has none"
            raise UsageError(f"{fit.path} has no module {examples(unknown)}. {there}.")
        self.module_ids = [module for module in known if not config.module_ids or module in config.module_ids]

    def table(self, name: str) -> pl.DataFrame:
        """Return a table of the fit."""
        return self.fit.scan(name).collect(engine="in-memory")

    def text(self, frame: pl.DataFrame, separator: str) -> bytes:
        """Return a table as text that is safe in a spreadsheet, and remember which cells were changed for that."""
        written = sheet(frame, separator=separator, raw=self.config.raw)
        self._guarded += written.guarded
        return written.data

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out or changed."""
        guarded = list(dict.fromkeys(self._guarded))
        if not guarded:
            return tuple(self._notes)
        told = (
            f"{len(guarded)} texts begin with ' so that no spreadsheet runs or rewrites them: {examples(guarded)}. "
            "--raw writes them as they are."
        )
        return (*self._notes, told)

    @cached_property
    def modules(self) -> pl.DataFrame:
        """The ``modules`` table."""
        return self.table("modules")

    @cached_property
    def scores(self) -> Scores:
        """Features and eigengenes as matrices."""
        return fit_scores(self.table("feature_scores"), self.table("eigengenes"))

    @cached_property
    def graph(self) -> Graph:
        """The part of the network that was asked for."""
        chosen = graph(self.table("edges"), self.modules, self.table("module_gene_roles"), self.config.selection)
        if chosen.edges.height < chosen.n_edges:
            all_of_them = "" if self.config.module_ids else " --top-edges 0 takes all."
            self._notes.append(f"{chosen.edges.height:,} of {chosen.n_edges:,} edges taken.{all_of_them}")
        return chosen

    @cached_property
    def names(self) -> dict[str, str]:
        """What genes are called in sets and lists, where that is not their id."""
        return _known_names(self.modules) if self.config.symbols else {}

    @cached_property
    def bundle(self) -> Bundle:
        """The bundle that the fit was made of.

        Raises
        ------
        InputError
            It is not where it was, or is not the same any more.
        """
        recorded = self.fit.config["bundle"]
        path = self.config.bundle or self._recorded_bundle()
        if path is None or not path.is_dir():
            where = "not known" if path is None else f"not at {os.path.relpath(path)}"
            raise InputError(str(self.fit.path), [f"its bundle is {where}. Name it with --bundle."])
        digests = directory_digests(path)
        changed = [name for name, digest in recorded["sha256"].items() if digests.get(name) != digest]
        if changed:
            raise InputError(
                str(path), [f"is not the bundle of this fit: {len(changed)} files differ: {examples(changed)}."]
            )
        return read_bundle(path)

    def _recorded_bundle(self) -> Path | None:
        recorded = self.fit.config["bundle"].get("path")
        return None if recorded is None else Path(os.path.normpath(self.fit.path.absolute() / recorded))

    @cached_property
    def symbols_of_bundle(self) -> dict[str, str]:
        """Symbols of all genes, those in no module too."""
        return _known_names(gene_names(self.bundle))

    @cached_property
    def traits(self) -> list[Trait]:
        """The traits of the fit that a correlation can be taken with: numbers, and those of two levels."""
        config = self.fit.config
        traits = read_traits(self.bundle.samples, config["traits"], config["covariates"]).traits
        left_out = [trait.name for trait in traits if len(trait.levels) > 2]
        if left_out:
            self._notes.append(f"no gene significance for traits of more than two levels: {examples(left_out)}.")
        return [trait for trait in traits if len(trait.levels) <= 2]

    def tell_of_renamed_columns(self) -> None:
        """Note which sample columns AnnData cannot hold under their name."""
        if renamed := [name for name in self.bundle.samples.columns if SLASH in name]:
            self._notes.append(f"in AnnData the / in names of sample columns is _: {examples(renamed)}.")


def _known_names(genes: pl.DataFrame) -> dict[str, str]:
    return dict(genes.select("gene_id", "gene_name").drop_nulls().iter_rows())

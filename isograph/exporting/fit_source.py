"""A fit on its way into other formats: what several of them need is read once."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.config.export import TOP_EDGES, ExportConfig
from isograph.errors import examples, option
from isograph.exporting.graph import Graph, graph
from isograph.exporting.membership import Scores, fit_scores
from isograph.results.fit import Fit
from isograph.store.spreadsheet import sheet
from isograph.traits.adjustment import Adjustment, adjustment
from isograph.traits.trait import Trait, read_traits


class FitSource:
    """A fit and what is to be exported of it.

    Raises
    ------
    UsageError
        A module that was asked for is not in the fit.
    """

    def __init__(self, fit: Fit, config: ExportConfig) -> None:
        self.fit = fit
        self.config = config
        self.module_ids = fit.chosen_modules(config.module_ids)
        self._guarded: list[str] = []
        self._notes: list[str] = []

    def table(self, name: str) -> pl.DataFrame:
        """Return a table of the fit."""
        return self.fit.scan(name).collect(engine="in-memory")

    def text(self, frame: pl.DataFrame, separator: str) -> bytes:
        """Return a table as text that is safe in a spreadsheet, and remember which cells were changed for that."""
        written = sheet(frame, separator=separator, raw=self.config.raw)
        self._guarded += written.guarded
        return written.data

    def note(self, sentence: str) -> None:
        """Remember a sentence on what was left out or changed."""
        self._notes.append(sentence)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what was left out or changed."""
        guarded = list(dict.fromkeys(self._guarded))
        if not guarded:
            return tuple(self._notes)
        why = "texts begin with ' so that no spreadsheet runs or rewrites them"
        remedy = f"{option('raw', value=True)} writes them as they are."
        return (*self._notes, f"{len(guarded)} {why}: {examples(guarded)}. {remedy}")

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
        config = self.config
        part = graph(
            self.table("edges"),
            self.modules,
            self.table("module_gene_roles"),
            module_ids=config.module_ids,
            top_edges=TOP_EDGES if config.top_edges is None else config.top_edges,
            min_weight=config.min_weight or 0.0,
        )
        if part.edges.height < part.n_edges:
            remedy = "" if config.module_ids else f" {option('top_edges', 0)} takes all."
            self.note(f"{part.edges.height:,} of {part.n_edges:,} edges taken.{remedy}")
        return part

    @cached_property
    def names(self) -> dict[str, str]:
        """What genes are called in sets and lists, where that is not their id."""
        return gene_symbols(self.modules) if self.config.symbols else {}

    @cached_property
    def bundle(self) -> Bundle:
        """The bundle that the fit was made of.

        Raises
        ------
        InputError
            It is not where it was, or is not the same any more.
        """
        return read_bundle(self.fit.bundle_path(self.config.bundle))

    @cached_property
    def traits(self) -> list[Trait]:
        """The traits of the fit that a correlation can be taken with: numbers, and those of two levels."""
        config = self.fit.config
        individual = config.get("individual")
        traits = read_traits(self.bundle.samples, config["traits"], config["covariates"], individual).traits
        if left_out := [trait.name for trait in traits if len(trait.levels) > 2]:
            self.note(f"no gene significance for traits of more than two levels: {examples(left_out)}.")
        return [trait for trait in traits if len(trait.levels) <= 2]

    @cached_property
    def adjustment(self) -> Adjustment:
        """What the fit projected out of its features."""
        removed = self.table("hidden_factors").filter("removed").group_by("factor_id", maintain_order=True)
        scores = {str(name): rows.get_column("score").to_numpy() for (name,), rows in removed}
        return adjustment(self.bundle.samples, self.fit.config["covariates"]).with_confounders(scores)


def gene_symbols(genes: pl.DataFrame) -> dict[str, str]:
    """Return the symbol of each gene that has one, of a table with ``gene_id`` and ``gene_name``."""
    return dict(genes.select("gene_id", "gene_name").drop_nulls().iter_rows())

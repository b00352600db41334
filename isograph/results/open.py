"""``isograph.open``: a bundle, a fit, an explanation, or a directory of them as one set of tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from isograph.bundle.manifest import MANIFEST
from isograph.database.catalog import make_views, with_counts
from isograph.database.connection import column, connection, relation_frame
from isograph.database.script import view_names
from isograph.database.tree import BUNDLE, EXPLANATION, FIT, REPORT, SNAPSHOT, Tree, tree
from isograph.database.verify import catalog_contents
from isograph.errors import InputError, UsageError, did_you_mean, shown
from isograph.results.bundle import OpenedBundle
from isograph.results.explanation import Explanation
from isograph.results.fit import Fit
from isograph.results.table_set import LazyTable, TableSet
from isograph.store.artifact import read_manifest
from isograph.store.explanation import EXPLANATION_MANIFEST
from isograph.text import Section

if TYPE_CHECKING:
    import duckdb

RUNS_SHOWN = 20


class OpenedTree(TableSet):
    """A directory of bundles, fits, explanations and reports; each view of ``isograph sql`` is a lazy frame of it.

    Every table begins with ``run``. ``tree["name"]`` opens one run.

    Raises
    ------
    InputError
        There is no such directory, no run in it, or it is itself a run that is not whole.
    """

    what = "a tree"

    edges = LazyTable("Pairs of genes joined in the network the modules were found in; source is the smaller id")
    eigengenes = LazyTable("Module eigengenes by sample")
    excluded_features = LazyTable("Channels that genes cannot carry, and why")
    feature_quality = LazyTable("Channels that genes could carry, how they vary, and which are features")
    feature_scores = LazyTable(
        "Features of the network, one column per sample of any run; null where the sample is of another run"
    )
    gene_driver_table = LazyTable(
        "Features of a module by their correlation with its eigengene: what drives the module"
    )
    genes = LazyTable("Genes of bundles; gene_row is the row of gene_counts and gene_log")
    hidden_factors = LazyTable("Hidden confounders by sample")
    high_vs_low_table = LazyTable("Features of a module compared between samples of high and of low eigengene")
    ig_attributions = LazyTable(
        "Features by their integrated gradients for the latent dimension that goes with a module"
    )
    module_gene_roles = LazyTable("Genes in their modules, with what drives their membership")
    module_summary = LazyTable("Modules, with their size, their hub gene and the variance their eigengene explains")
    modules = LazyTable("Genes in modules, with the strength of their membership; a gene in no module has no row")
    problems = LazyTable("What was left out of the views, and why")
    runs = LazyTable("Directories the views read: fits, snapshots, bundles and explanations")
    samples = LazyTable("Samples of bundles with every trait and covariate; null where a bundle has no such column")
    switch_loadings = LazyTable("Transcripts of genes with a switch feature, with their weight in the switch score")
    traits = LazyTable("Tests of module eigengenes against sample traits")
    transcript_polarity_table = LazyTable(
        "Transcripts of a module's genes by the correlation of their usage with its eigengene"
    )
    transcripts = LazyTable("Transcripts of bundles; transcript_row is the row of transcript_counts")
    truth_abundance = LazyTable("Whether abundance of a gene was made to follow its module, in simulated data")
    truth_channel_role = LazyTable(
        "Planted role of each gene: switch_only, abundance_only, coupled, discordant or background"
    )
    truth_modules = LazyTable("Planted module of each gene in simulated data")
    truth_switch = LazyTable("Whether isoform usage of a gene was made to follow its module, in simulated data")
    vae_drivers = LazyTable("Features by their response to the latent dimension that goes with a module")
    transcript_counts = LazyTable("Counts of transcripts by sample")
    gene_counts = LazyTable("Counts of genes by sample")
    gene_names = LazyTable("Genes of fits and bundles with their symbols: every gene that a table of the run names")
    feature_scores_long = LazyTable(
        "Scores of features by sample: mean 0, sample standard deviation 1 over the samples of a run"
    )
    config = LazyTable(
        "Settings of runs, one key a row: what fit_config.json, run_config.json or the manifest of an explanation holds"
    )
    calibration = LazyTable("What the backend said about each fit, one key a row: the content of calibration.json")
    metrics = LazyTable("Numbers of benchmark reports, one metric of one data set and seed a row; run is the stage")
    role_counts = LazyTable("Modules by the roles of their genes")
    trait_matrix = LazyTable(
        "Effects of modules on traits, one column per trait of any run; null where the trait was not tested in the run"
    )

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._tree: Tree = tree(self.path)
        if not self._tree.runs:
            problems = [f"{problem.path}: {problem.problem}" for problem in self._tree.problems]
            raise InputError(str(self.path), problems or ["no bundle, fit, explanation or report in it."])

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return view_names()

    def _scan(self, table: str) -> pl.LazyFrame:
        schema = relation_frame(self.relation(table).limit(0)).schema

        def batches(
            columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
        ) -> Iterator[pl.DataFrame]:
            relation = self.relation(table)
            if columns is not None:
                relation = relation.select(*(column(name) for name in columns))
            rows = relation_frame(relation)
            rows = rows if predicate is None else rows.filter(predicate)
            yield rows if n_rows is None else rows.head(n_rows)

        return pl.io.plugins.register_io_source(batches, schema=schema)

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return the answer to a query over the tables and macros as a DuckDB relation."""
        return self._database.sql(query)

    def __getitem__(self, name: str) -> Fit | OpenedBundle | Explanation | OpenedTree:
        """Open the run of that name; where a bundle and its fit share it, the fit.

        Raises
        ------
        InputError
            The run is not whole.
        UsageError
            There is none of that name.
        """
        if broken := [entry for entry in self._tree.problems if name in (entry.path, Path(entry.path).name)]:
            raise InputError(str(self.path / broken[0].path), [entry.problem for entry in broken])
        runs = [run for run in self._tree.runs if run.kind != REPORT]
        if name not in (names := [run.name for run in runs]):
            raise UsageError(f"there is no run '{shown(name)}'{did_you_mean(name, names)}")
        order = (FIT, SNAPSHOT, BUNDLE, EXPLANATION)
        run = min((run for run in runs if run.name == name), key=lambda run: order.index(run.kind))
        return open(self._tree.root / run.path)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        database = connection()
        make_views(database, with_counts(database, catalog_contents(self._tree)))
        return database

    def _sections(self) -> Iterator[Section]:
        runs = self._tree.runs
        rows = []
        for run in runs[:RUNS_SHOWN]:
            facts = (run.facts.get("dataset"), run.facts.get("backend"))
            rows.append((run.kind, shown(run.name), ", ".join(shown(fact) for fact in facts if fact is not None)))
        rows += [("…", f"{len(runs) - RUNS_SHOWN} more", "")] if len(runs) > RUNS_SHOWN else []
        yield f"OpenedTree({str(self.path)!r})", pl.DataFrame(rows, schema=["kind", "run", "data set"], orient="row")
        for problem in self._tree.problems:
            yield f"left out {shown(problem.path)}: {problem.problem}", None


def open(path: str | Path) -> Fit | OpenedBundle | Explanation | OpenedTree:  # noqa: A001
    """Open a bundle, a fit, an explanation, or a directory of them: a tree of runs.

    Raises
    ------
    InputError
        ``path`` is none of them, or is not whole.
    """
    directory = Path(path)
    if (directory / EXPLANATION_MANIFEST).is_file():
        return Explanation(directory)
    if directory.is_dir() and not (directory / MANIFEST).exists():
        return OpenedTree(directory)
    manifest = read_manifest(directory)
    if manifest.get("artifact") == FIT:
        return Fit(path)
    if "artifact" in manifest:
        return OpenedTree(directory)
    if "dataset_name" in manifest:
        return OpenedBundle(path)
    raise InputError(str(path), f"{MANIFEST} is neither a bundle's nor a fit's.")

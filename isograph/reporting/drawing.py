"""From the tables of an explanation to its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.explanation.explained_fit import Subject
from isograph.reporting.figure import eigengene_figure, module_figures
from isograph.reporting.style import house_style, rendered
from isograph.reporting.view import TOP_USAGE, ModuleView, turning_genes
from isograph.store.explanation import PartWriter

TRAITS_TOLD = 2
ROLES = ("coupled", "switch_only", "abundance_only", "discordant", "inactive")
TESTS = {"pearson": "r", "welch": "difference", "welch_anova": "η²"}


def draw_module(
    writer: PartWriter,
    subject: Subject,
    module_id: str,
    tables: Mapping[str, pl.DataFrame],
    formats: Sequence[str],
) -> None:
    """Draw every figure of a module and write it with the rows it shows, ``figure_<name>``."""
    polarity = tables["transcript_polarity_table"]
    view = ModuleView(
        module_id=module_id,
        facts=_facts(subject, module_id),
        drivers=tables["gene_driver_table"],
        polarity=polarity,
        contrasts=tables["high_vs_low_table"],
        usage=_usage(subject, module_id, turning_genes(polarity, TOP_USAGE)),
        value_name="value" if subject.is_given else "share of the gene",
        names=subject.modules.select("gene_id", label=pl.col("gene_name")),
    )
    with house_style():
        for name, figure, rows in module_figures(view):
            writer.beside(f"figure_{name}", rows)
            for image_format in formats:
                writer.file(f"figure_{name}.{image_format}", rendered(figure, image_format))


def draw_overview(
    writer: PartWriter, module_ids: Sequence[str], sample_ids: Sequence[str], eigengenes: Matrix, formats: Sequence[str]
) -> None:
    """Draw the eigengenes of all modules and write the figure with the rows it shows."""
    with house_style():
        name, figure, rows = eigengene_figure(module_ids, sample_ids, eigengenes)
        writer.beside(f"figure_{name}", rows)
        for image_format in formats:
            writer.file(f"figure_{name}.{image_format}", rendered(figure, image_format))


def _usage(subject: Subject, module_id: str, genes: Sequence[str]) -> pl.DataFrame:
    """Return the transcripts of ``genes`` sample by sample, gene by gene in the order given."""
    chosen = subject.usage.of_genes(pl.Series(genes, dtype=pl.String))
    n_samples = len(subject.sample_ids)
    eigengene = subject.eigengenes[subject.module_ids.index(module_id)]
    rows = chosen.rows.select("gene_id", "transcript_id")
    order = pl.DataFrame(
        {"gene_id": genes, "order": range(len(genes))}, schema={"gene_id": pl.String, "order": pl.Int64}
    )
    return (
        rows[np.repeat(np.arange(rows.height), n_samples)]
        .with_columns(
            sample_id=pl.Series(subject.sample_ids * rows.height, dtype=pl.String),
            eigengene=pl.Series(np.tile(eigengene, rows.height), dtype=pl.Float64),
            value=pl.Series(chosen.values.reshape(-1), dtype=pl.Float64),
        )
        .join(order, on="gene_id", how="left", validate="m:1", maintain_order="left")
        .sort("order", maintain_order=True)
        .drop("order")
    )


def _facts(subject: Subject, module_id: str) -> tuple[str, ...]:
    """Return what the head of the summary page says of a module."""
    fit = subject.fit
    of_module = pl.col("module_id") == module_id
    summary = fit.module_summary.filter(of_module).collect(engine="in-memory").row(0, named=True)
    roles = fit.module_gene_roles.filter(of_module).collect(engine="in-memory").get_column("module_role").to_list()
    counts = ", ".join(f"{roles.count(role)} {role}" for role in ROLES if role in roles)
    traits = (
        fit.traits.filter(of_module, pl.col("qvalue").is_not_nan())
        .sort("pvalue", "trait")
        .head(TRAITS_TOLD)
        .collect(engine="in-memory")
    )
    told = [
        f"{row['trait']}: {TESTS[row['test']]} {row['effect']:.2g}, q = {row['qvalue']:.1e}"
        for row in traits.iter_rows(named=True)
    ]
    dataset = fit.config["bundle"]["dataset_name"]
    size = f"{summary['n_genes']:,} genes over {len(subject.sample_ids):,} samples"
    explained = f"{summary['variance_explained']:.0%} of variance explained"
    return (
        f"{dataset}, {fit.config['backend']} backend: {size}, {explained}.",
        f"Hub gene {summary['hub_gene']}, mean |kME| {summary['mean_abs_kme']:.2f}. Roles: {counts}.",
        f"Strongest traits: {'; '.join(told)}." if told else "No trait was tested.",
    )

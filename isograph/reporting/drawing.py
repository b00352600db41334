"""From the tables of an explanation to its figures, written beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.explanation.explained_fit import ExplainedFit
from isograph.reporting.figure import (
    TOP_USAGE,
    DrawnFigure,
    ModuleView,
    eigengene_figure,
    module_figures,
    turning_genes,
)
from isograph.reporting.style import house_style, rendered
from isograph.schemas.effect import effect_of
from isograph.schemas.role import ROLES, shown_role
from isograph.store.explanation import PartWriter

TRAITS_SHOWN = 2


def draw_module(
    writer: PartWriter,
    explained: ExplainedFit,
    module_id: str,
    tables: Mapping[str, pl.DataFrame],
    formats: Sequence[str],
) -> None:
    """Draw every figure of a module and write it with the rows it shows, ``figure_<name>``."""
    polarity = tables["transcript_polarity_table"]
    view = ModuleView(
        module_id=module_id,
        facts=_facts(explained, module_id),
        drivers=tables["gene_driver_table"],
        polarity=polarity,
        contrasts=tables["high_vs_low_table"],
        usage=_usage(explained, module_id, turning_genes(polarity, TOP_USAGE)),
        value_name="value" if explained.has_user_features else "share of the gene",
        names=explained.modules.select("gene_id", label=pl.col("gene_name")),
    )
    with house_style():
        for drawn in module_figures(view):
            _write(writer, drawn, formats)


def draw_overview(
    writer: PartWriter, module_ids: Sequence[str], sample_ids: Sequence[str], eigengenes: Matrix, formats: Sequence[str]
) -> None:
    """Draw the eigengenes of all modules and write the figure with the rows it shows."""
    with house_style():
        _write(writer, eigengene_figure(module_ids, sample_ids, eigengenes), formats)


def _write(writer: PartWriter, drawn: DrawnFigure, formats: Sequence[str]) -> None:
    name, figure, rows = drawn
    writer.beside(f"figure_{name}", rows)
    for image_format in formats:
        writer.file(f"figure_{name}.{image_format}", rendered(figure, image_format))


def _usage(explained: ExplainedFit, module_id: str, genes: Sequence[str]) -> pl.DataFrame:
    """Return the transcripts of ``genes`` sample by sample, gene by gene in the order given."""
    usage = explained.usage.of_genes(pl.Series(genes, dtype=pl.String))
    n_samples = len(explained.sample_ids)
    eigengene = explained.eigengenes[explained.module_ids.index(module_id)]
    rows = usage.rows.select("gene_id", "transcript_id")
    order = pl.DataFrame(
        {"gene_id": genes, "order": range(len(genes))}, schema={"gene_id": pl.String, "order": pl.Int64}
    )
    return (
        rows[np.repeat(np.arange(rows.height), n_samples)]
        .with_columns(
            sample_id=pl.Series(explained.sample_ids * rows.height, dtype=pl.String),
            eigengene=pl.Series(np.tile(eigengene, rows.height), dtype=pl.Float64),
            value=pl.Series(usage.values.reshape(-1), dtype=pl.Float64),
        )
        .join(order, on="gene_id", how="left", validate="m:1", maintain_order="left")
        .sort("order", maintain_order=True)
        .drop("order")
    )


def _facts(explained: ExplainedFit, module_id: str) -> tuple[str, ...]:
    """Return the sentences at the head of the summary page: size, roles, hub gene, traits."""
    fit = explained.fit
    of_module = pl.col("module_id") == module_id
    summary = fit.module_summary.filter(of_module).collect(engine="in-memory").row(0, named=True)
    of_genes = fit.module_gene_roles.filter(of_module).collect(engine="in-memory")
    roles = of_genes.get_column(shown_role(of_genes.columns)).to_list()
    counts = ", ".join(f"{roles.count(role)} {role}" for role in ROLES if role in roles)
    shown_columns = ("trait", "effect", "qvalue", "test", "level", "reference")
    strongest = (
        fit.traits.filter(of_module, pl.col("qvalue").is_not_nan())
        .sort("pvalue", "trait")
        .head(TRAITS_SHOWN)
        .collect(engine="in-memory")
    )
    traits = [
        f"{trait}: {effect_of(*kind)} {effect:.2g}, q = {qvalue:.1e}"
        for trait, effect, qvalue, *kind in strongest.select(*shown_columns).iter_rows()
    ]
    dataset = fit.config["bundle"]["dataset_name"]
    size = f"{summary['n_genes']:,} genes over {len(explained.sample_ids):,} samples"
    variance = f"{summary['variance_explained']:.0%} of variance explained"
    return (
        f"{dataset}, {fit.config['backend']} backend: {size}, {variance}.",
        f"Hub gene {summary['hub_gene']}, mean |kME| {summary['mean_abs_kme']:.2f}. Roles: {counts}.",
        f"Strongest traits: {'; '.join(traits)}." if traits else "No trait was tested.",
    )

"""The edges and nodes of a fit that go into a picture."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from isograph.config.export import Selection
from isograph.schemas.color import GREY, module_colors


@dataclass(frozen=True, slots=True)
class Graph:
    """Part of the network of a fit.

    Attributes
    ----------
    edges : the ``edges`` table with ``source_module`` and ``target_module``, null for a gene in no module.
    nodes : genes with an edge: ``gene_id``, ``gene_name``, ``module_id``, ``colour``, ``kme``, ``module_role``,
        ``degree`` (edges of the gene among those taken).
    n_edges : edges of the whole network.
    """

    edges: pl.DataFrame
    nodes: pl.DataFrame
    n_edges: int


def graph(edges: pl.DataFrame, modules: pl.DataFrame, roles: pl.DataFrame, selection: Selection) -> Graph:
    """Return the part of the network that ``selection`` asks for, of a fit's ``edges``, ``modules`` and roles."""
    home = modules.lazy().select("gene_id", "module_id")
    placed = edges.lazy()
    for end in ("source", "target"):
        placed = placed.join(
            home.rename({"gene_id": end, "module_id": f"{end}_module"}),
            on=end,
            how="left",
            validate="m:1",
            maintain_order="left",
        )
    taken = placed.filter(pl.col("weight").abs() >= selection.min_weight)
    if selection.module_ids or selection.top_edges:
        taken = taken.filter(pl.col("source_module") == pl.col("target_module"))
    if selection.module_ids:
        taken = taken.filter(pl.col("source_module").is_in(list(selection.module_ids)))
    if selection.top_edges:
        rank = pl.struct(-pl.col("weight").abs(), "source", "target").rank("ordinal").over("source_module")
        taken = taken.filter(rank <= selection.top_edges)
    chosen = taken.sort("source", "target").collect(engine="in-memory")
    return Graph(chosen, _nodes(chosen, modules, roles), edges.height)


def _nodes(edges: pl.DataFrame, modules: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    colours = module_colors(modules.get_column("module_id").unique().sort().to_list())
    ends = pl.concat([edges.lazy().select(gene_id="source"), edges.lazy().select(gene_id="target")])
    return (
        ends.group_by("gene_id", maintain_order=True)
        .agg(degree=pl.len().cast(pl.Int64))
        .join(modules.lazy(), on="gene_id", how="left", validate="1:1", maintain_order="left")
        .join(
            roles.lazy().select("gene_id", "module_role"),
            on="gene_id",
            how="left",
            validate="1:1",
            maintain_order="left",
        )
        .with_columns(colour=pl.col("module_id").replace_strict(colours, default=GREY, return_dtype=pl.String))
        .select("gene_id", "gene_name", "module_id", "colour", "kme", "module_role", "degree")
        .sort("gene_id")
        .collect(engine="in-memory")
    )

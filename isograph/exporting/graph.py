"""The network of a fit as a graph: which edges are taken, as tables for Cytoscape, as GraphML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from isograph.config.export import TOP_EDGES
from isograph.errors import shown
from isograph.schemas.color import GREY, module_colors
from isograph.schemas.role import shown_role

# NOTE: R names the column after the expression it was made with; scripts and imports know it by that name.
NODE_ATTRIBUTE = "nodeAttr[nodesPresent, ]"
_GRAPHML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">"""
_NODE_KEYS = {
    "gene_name": "string",
    "module_id": "string",
    "colour": "string",
    "kme": "double",
    "supported_role": "string",
    "module_role": "string",
    "degree": "long",
}
_EDGE_KEYS = {
    "weight": "double",
    "signed_weight": "double",
    "similarity": "double",
    "source_feature_type": "string",
    "target_feature_type": "string",
}


@dataclass(frozen=True, slots=True)
class Graph:
    """Part of the network of a fit.

    Attributes
    ----------
    edges : the ``edges`` table with ``source_module`` and ``target_module``, null for a gene in no module.
    nodes : genes with an edge: ``gene_id``, ``gene_name``, ``module_id``, ``colour``, ``kme``,
        ``supported_role``, ``module_role``, ``degree`` (edges of the gene among those taken).
    n_edges : edges of the whole network.
    """

    edges: pl.DataFrame
    nodes: pl.DataFrame
    n_edges: int


def graph(
    edges: pl.DataFrame,
    modules: pl.DataFrame,
    roles: pl.DataFrame,
    *,
    module_ids: Sequence[str] = (),
    top_edges: int = TOP_EDGES,
    min_weight: float = 0.0,
) -> Graph:
    """Return part of the network, of a fit's ``edges``, ``modules`` and ``module_gene_roles``.

    Parameters
    ----------
    module_ids : only edges inside these modules; empty for every module.
    top_edges : so many edges of each module, those of the largest |weight|; 0 for every edge, those between modules and
        of genes in no module included.
    min_weight : only edges with |weight| of at least this.
    """
    module_of = modules.lazy().select("gene_id", "module_id")
    taken = edges.lazy()
    for end in ("source", "target"):
        taken = taken.join(
            module_of.rename({"gene_id": end, "module_id": f"{end}_module"}),
            on=end,
            how="left",
            validate="m:1",
            maintain_order="left",
        )
    taken = taken.filter(pl.col("weight").abs() >= min_weight)
    if module_ids or top_edges:
        taken = taken.filter(pl.col("source_module") == pl.col("target_module"))
    if module_ids:
        taken = taken.filter(pl.col("source_module").is_in(list(module_ids)))
    if top_edges:
        rank = pl.struct(-pl.col("weight").abs(), "source", "target").rank("ordinal").over("source_module")
        taken = taken.filter(rank <= top_edges)
    rows = taken.sort("source", "target").collect(engine="in-memory")
    return Graph(rows, _nodes(rows, modules, roles), edges.height)


def _nodes(edges: pl.DataFrame, modules: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    colours = module_colors(modules.get_column("module_id").unique().sort().to_list())
    ends = pl.concat([edges.lazy().select(gene_id="source"), edges.lazy().select(gene_id="target")])
    return (
        ends.group_by("gene_id", maintain_order=True)
        .agg(degree=pl.len().cast(pl.Int64))
        .join(modules.lazy(), on="gene_id", how="left", validate="1:1", maintain_order="left")
        .join(
            roles.lazy().select("gene_id", "module_role", supported_role=pl.col(shown_role(roles.columns))),
            on="gene_id",
            how="left",
            validate="1:1",
            maintain_order="left",
        )
        .with_columns(colour=pl.col("module_id").replace_strict(colours, default=GREY, return_dtype=pl.String))
        .select("gene_id", "gene_name", "module_id", "colour", "kme", "supported_role", "module_role", "degree")
        .sort("gene_id")
        .collect(engine="in-memory")
    )


def edge_table(graph: Graph) -> pl.DataFrame:
    """Return one row an edge with the columns of WGCNA's ``exportNetworkToCytoscape`` and a few more behind them.

    ``weight`` is |weight|, as R's is never negative, ``signedWeight`` has the sign.
    """
    names = graph.nodes.lazy().select("gene_id", "gene_name")
    rows = graph.edges.lazy()
    for end, alias in (("source", "fromAltName"), ("target", "toAltName")):
        rows = rows.join(
            names.rename({"gene_id": end, "gene_name": alias}),
            on=end,
            how="left",
            validate="m:1",
            maintain_order="left",
        )
    return rows.select(
        pl.col("source").alias("fromNode"),
        pl.col("target").alias("toNode"),
        pl.col("weight").abs(),
        pl.lit("undirected").alias("direction"),
        "fromAltName",
        "toAltName",
        pl.col("weight").alias("signedWeight"),
        pl.col("source_module").alias("fromModule"),
        pl.col("target_module").alias("toModule"),
        pl.col("source_feature_type").alias("fromFeatureType"),
        pl.col("target_feature_type").alias("toFeatureType"),
    ).collect(engine="in-memory")


def node_table(graph: Graph) -> pl.DataFrame:
    """Return one row a gene with an edge, likewise; its attribute is the module's colour, grey for none."""
    return graph.nodes.select(
        pl.col("gene_id").alias("nodeName"),
        pl.col("gene_name").alias("altName"),
        pl.col("colour").alias(NODE_ATTRIBUTE),
        pl.col("module_id").alias("module"),
        pl.col("kme").alias("kME"),
        pl.col("supported_role").alias("supportedRole"),
        pl.col("module_role").alias("role"),
        "degree",
    )


def graphml(graph: Graph) -> bytes:
    """Return the graph as GraphML, which Cytoscape, Gephi, igraph and yEd read.

    ``weight`` is |weight|, as layouts want it, ``signed_weight`` has the sign. What is not known has no element.
    Control characters, which XML cannot hold, are escaped.
    """
    lines = [_GRAPHML_HEAD]
    for kind, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        lines += [
            f'  <key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="{dtype}"/>'
            for name, dtype in keys.items()
        ]
    lines.append('  <graph id="isograph" edgedefault="undirected">')
    lines += [
        f"    <node id={quoteattr(shown(node['gene_id']))}>{_data('node', _NODE_KEYS, node)}</node>"
        for node in graph.nodes.iter_rows(named=True)
    ]
    edges = graph.edges.with_columns(signed_weight="weight", weight=pl.col("weight").abs())
    lines += [
        f"    <edge source={quoteattr(shown(edge['source']))} target={quoteattr(shown(edge['target']))}>"
        f"{_data('edge', _EDGE_KEYS, edge)}</edge>"
        for edge in edges.iter_rows(named=True)
    ]
    lines += ["  </graph>", "</graphml>", ""]
    return "\n".join(lines).encode()


def _data(kind: str, keys: Mapping[str, str], values: Mapping[str, object]) -> str:
    return "".join(
        f'<data key="{kind}_{name}">{escape(shown(values[name]))}</data>' for name in keys if values[name] is not None
    )

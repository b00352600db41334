"""Edge and node tables with the column names of WGCNA's ``exportNetworkToCytoscape``, and a few more behind them."""

from __future__ import annotations

import polars as pl

from isograph.exporting.graph import Graph

# NOTE: R names the column after the expression it was made with; scripts and imports know it by that name.
NODE_ATTRIBUTE = "nodeAttr[nodesPresent, ]"


def edge_table(graph: Graph) -> pl.DataFrame:
    """Return one row an edge; ``weight`` is |weight|, as R's is never negative, ``signedWeight`` has the sign."""
    names = graph.nodes.lazy().select("gene_id", "gene_name")
    placed = graph.edges.lazy()
    for end, alias in (("source", "fromAltName"), ("target", "toAltName")):
        placed = placed.join(
            names.rename({"gene_id": end, "gene_name": alias}),
            on=end,
            how="left",
            validate="m:1",
            maintain_order="left",
        )
    return placed.select(
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
    """Return one row a gene with an edge; its attribute is the module's colour, grey for none."""
    return graph.nodes.select(
        pl.col("gene_id").alias("nodeName"),
        pl.col("gene_name").alias("altName"),
        pl.col("colour").alias(NODE_ATTRIBUTE),
        pl.col("module_id").alias("module"),
        pl.col("kme").alias("kME"),
        pl.col("module_role").alias("role"),
        "degree",
    )

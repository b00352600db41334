"""GraphML, which Cytoscape, Gephi, igraph and yEd read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from isograph.errors import shown
from isograph.exporting.graph import Graph

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">"""
_NODE_KEYS = {
    "gene_name": "string",
    "module_id": "string",
    "colour": "string",
    "kme": "double",
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


def graphml(graph: Graph) -> bytes:
    """Return the graph as GraphML; ``weight`` is |weight|, as layouts want it, ``signed_weight`` has the sign.

    What is not known has no element. Control characters, which XML cannot hold, are escaped.
    """
    return ("\n".join(_lines(graph)) + "\n").encode()


def _lines(graph: Graph) -> Iterator[str]:
    yield _HEAD
    for kind, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for name, dtype in keys.items():
            yield f'  <key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="{dtype}"/>'
    yield '  <graph id="isograph" edgedefault="undirected">'
    for node in graph.nodes.iter_rows(named=True):
        yield f"    <node id={quoteattr(shown(node['gene_id']))}>{_data('node', _NODE_KEYS, node)}</node>"
    edges = graph.edges.with_columns(signed_weight="weight", weight=pl.col("weight").abs())
    for edge in edges.iter_rows(named=True):
        ends = f"source={quoteattr(shown(edge['source']))} target={quoteattr(shown(edge['target']))}"
        yield f"    <edge {ends}>{_data('edge', _EDGE_KEYS, edge)}</edge>"
    yield "  </graph>"
    yield "</graphml>"


def _data(kind: str, keys: Mapping[str, str], values: Mapping[str, object]) -> str:
    return "".join(
        f'<data key="{kind}_{name}">{escape(shown(values[name]))}</data>' for name in keys if values[name] is not None
    )

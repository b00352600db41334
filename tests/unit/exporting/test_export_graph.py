from __future__ import annotations

from xml.etree import ElementTree as ET

import polars as pl
import pytest

from isograph.exporting.graph import Graph, edge_table, graph, graphml, node_table

NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


def pairs(part: Graph) -> list[str]:
    return [source + target for source, target in part.edges.select("source", "target").iter_rows()]


@pytest.fixture
def take(edges, modules, roles):
    def taken(**selection):
        return graph(edges, modules, roles, **selection)

    return taken


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["ab", "ac", "bc", "de"]),
        ({"top_edges": 1}, ["ab", "de"]),
        ({"top_edges": 2}, ["ab", "bc", "de"]),
        ({"top_edges": 0}, ["ab", "ac", "bc", "cd", "de", "ef"]),
        ({"top_edges": 0, "min_weight": 0.7}, ["ab", "bc", "de"]),
        ({"module_ids": ["M001"]}, ["de"]),
        ({"module_ids": ["M000"], "top_edges": 0}, ["ab", "ac", "bc"]),
        ({"min_weight": 0.95}, []),
    ],
)
def test_graph__takes_the_edges_that_are_asked_for(take, selection, expected):
    part = take(**selection)
    assert (pairs(part), part.n_edges) == (expected, 6)


def test_graph__breaks_ties_by_name(edges, modules, roles):
    tied = edges.with_columns(weight=pl.lit(-0.5)).reverse()
    assert pairs(graph(tied, modules, roles, top_edges=1)) == ["ab", "de"]


def test_graph__has_the_genes_with_an_edge(take):
    part = take(top_edges=0, min_weight=0.55)
    assert part.nodes.select("gene_id", "module_id", "colour", "degree").rows() == [
        ("a", "M000", "turquoise", 1), ("b", "M000", "turquoise", 2), ("c", "M000", "turquoise", 1),
        ("d", "M001", "blue", 1), ("e", "M001", "blue", 2), ("f", None, "grey", 1),
    ]  # fmt: skip


def test_cytoscape__has_the_columns_of_r_first(take):
    edge_rows, node_rows = edge_table(take()), node_table(take())
    assert edge_rows.columns[:6] == ["fromNode", "toNode", "weight", "direction", "fromAltName", "toAltName"]
    assert node_rows.columns[:3] == ["nodeName", "altName", "nodeAttr[nodesPresent, ]"]
    assert edge_rows.row(0)[:9] == ("a", "b", 0.9, "undirected", "ALPHA", None, -0.9, "M000", "M000")
    assert node_rows.row(0) == ("a", "ALPHA", "turquoise", "M000", 1.0, "switch_only", "coupled", 2)


def test_cytoscape__of_a_gene_in_no_module(take):
    rows = edge_table(take(top_edges=0)).filter(toNode="f").to_dicts()
    assert [(row["toModule"], row["toAltName"]) for row in rows] == [(None, None)]


def test_graphml__is_xml_with_every_node_and_edge(take):
    root = ET.fromstring(graphml(take(top_edges=0)))
    nodes = {node.get("id"): node for node in root.iter(f"{NAMESPACE}node")}
    edges = list(root.iter(f"{NAMESPACE}edge"))
    assert sorted(nodes) == list("abcdef")
    assert {data.get("key"): data.text for data in nodes["e"]}["node_gene_name"] == "<&\">'"
    assert [data.get("key") for data in nodes["f"]] == ["node_colour", "node_degree"]
    first = {data.get("key"): data.text for data in edges[0]}
    assert (edges[0].get("source"), edges[0].get("target"), len(edges)) == ("a", "b", 6)
    assert (first["edge_weight"], first["edge_signed_weight"], first["edge_similarity"]) == ("0.9", "-0.9", "0.75")
    declared = {key.get("id") for key in root.iter(f"{NAMESPACE}key")}
    assert {data.get("key") for data in root.iter(f"{NAMESPACE}data")} <= declared


def test_graphml__holds_hostile_ids_as_text(edges, modules, roles):
    names = {"a": '"><node id="x"/>', "b": "\x00\x1b", "c": "ünï"}
    renamed = edges.with_columns(pl.col("source", "target").replace(names))
    root = ET.fromstring(graphml(graph(renamed, modules, roles, top_edges=0)))
    assert {node.get("id") for node in root.iter(f"{NAMESPACE}node")} == {
        '"><node id="x"/>', "\\x00\\x1b", "ünï", "d", "e", "f"
    }  # fmt: skip


def test_graphs__of_nothing_are_empty(edges, modules, roles):
    nothing = graph(edges.clear(), modules.clear(), roles.clear())
    assert (edge_table(nothing).height, node_table(nothing).height) == (0, 0)
    assert not list(ET.fromstring(graphml(nothing)).iter(f"{NAMESPACE}node"))

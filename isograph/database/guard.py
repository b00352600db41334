"""A query in SQL, looked at before anything runs: one SELECT over the views, and nothing else.

DuckDB 2 types ``WITH t AS (COPY … TO …)`` and ``WITH t AS (INSERT …)`` as SELECT statements, so the type of a statement
does not tell whether it writes. The parsed tree does: only nodes, views and table functions that are listed here pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson

from isograph.database.connection import connection
from isograph.database.statement import Statement, statements
from isograph.errors import UsageError, did_you_mean, shown

MAX_CHARACTERS = 100_000
_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "generate_subscripts", "repeat", "json_each", "json_tree",
    "duckdb_columns", "duckdb_views", "duckdb_functions",
}  # fmt: skip
_REFUSED_FUNCTIONS = {"write_log", "getenv", "nextval"}
_READ = re.compile(r"(?:files\.)?([a-z_]+)\(")


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT that may be asked.

    Attributes
    ----------
    views : those it names, or macros it calls name.
    tables : whose files these views read, in the end.
    params : names of its parameters.
    """

    sql: str
    views: tuple[str, ...]
    tables: frozenset[str]
    params: frozenset[str]


def checked_queries(text: str) -> list[Query]:
    """Return the statements of a text, each one SELECT over the views.

    Raises
    ------
    UsageError
        A statement is not one, cannot be parsed, or names a view or macro that does not exist; the message suggests
        similar names.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the query has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}.")
    with connection() as database:
        try:
            parsed = database.extract_statements(text)
        except duckdb.Error as error:
            raise UsageError(f"the query cannot be read: {plain_message(error)}") from None
        return [_query(database, statement) for statement in parsed]


def plain_message(error: BaseException) -> str:
    """Return the message of DuckDB without its kind and without the lines that point into the query."""
    message = str(error).partition("\n\nLINE ")[0].partition(": ")[2] or str(error)
    return shown(message.replace("\n", " ").strip())


def _query(database: duckdb.DuckDBPyConnection, parsed: duckdb.Statement) -> Query:
    if parsed.type != duckdb.StatementType.SELECT:
        kind = parsed.type.name
        # NOTE: a PIVOT that has to look for its values is several statements.
        remedy = "A PIVOT needs its values listed: ON column IN (…)." if kind == "MULTI" else "Nothing here can write."
        raise UsageError(f"expected a SELECT, got {kind.replace('_', ' ')}. {remedy}")
    views, macros = statements("artifact"), statements("macro")
    nodes = list(_nodes(database, parsed.query))
    ctes = {name.casefold() for node in nodes for name in _cte_names(node)}
    named: dict[str, Statement] = {}
    for node in nodes:
        _refuse(node, macros)
        if node.get("type") == "BASE_TABLE":
            name = ".".join(node["qualified_name"]["path"])
            if name.casefold() in ctes:
                continue
            if name.casefold() not in views:
                raise UsageError(f"there is no view '{shown(name)}'{did_you_mean(name, {**views, **macros})}")
            named[name.casefold()] = views[name.casefold()]
        elif node.get("type") == "TABLE_FUNCTION" and (macro := macros.get(_function_name(node))) is not None:
            named |= {view: views[view] for view in _READ.findall(macro.reads)}
    return Query(parsed.query, tuple(named), frozenset(_tables(named, views)), frozenset(parsed.named_parameters))


def _nodes(database: duckdb.DuckDBPyConnection, sql: str) -> Iterator[dict[str, Any]]:
    """Yield every node of a parsed query."""
    (text,) = database.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone() or ("{}",)
    tree = orjson.loads(text)
    if tree.get("error", True):
        raise UsageError(f"the query cannot be read: {shown(tree.get('error_message', 'it is no SELECT'))}")
    waiting: list[Any] = [tree["statements"]]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, dict):
            yield entry
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _cte_names(node: Mapping[str, Any]) -> list[str]:
    """Return the names that a node gives to queries by WITH."""
    ctes = node.get("cte_map")
    names = [str(entry["key"]) for entry in ctes["map"]] if isinstance(ctes, dict) else []
    return [*names, str(node["cte_name"])] if "cte_name" in node else names


def _refuse(node: Mapping[str, Any], macros: Mapping[str, object]) -> None:
    """Raise where a node is not one that a query may have."""
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in _QUERY_NODES:
        raise UsageError(f"expected a SELECT, got one with {kind.partition('_')[0]} in it. Nothing here can write.")
    if kind == "TABLE_FUNCTION" and (name := _function_name(node)) not in {*_TABLE_FUNCTIONS, *macros}:
        near = did_you_mean(name, macros)
        raise UsageError(f"'{shown(name)}' is none of the macros{near} isograph sql --list names them.")
    if kind == "FUNCTION" and str(node.get("function_name", "")).casefold() in _REFUSED_FUNCTIONS:
        raise UsageError(f"'{shown(node['function_name'])}' may not be called here.")


def _function_name(node: Mapping[str, Any]) -> str:
    path = node["function"]["qualified_name"]["path"]
    return str(path[-1]).casefold() if len(path) == 1 else ".".join(path)


def _tables(named: Mapping[str, Statement], views: Mapping[str, Statement]) -> set[str]:
    """Return the tables whose files the views read, directly or through other views."""
    tables: set[str] = set()
    waiting, seen = list(named), set(named)
    while waiting:
        view = views[waiting.pop()]
        for name in _READ.findall(view.reads):
            if name == view.name or name not in views:
                tables.add(name)
            elif name not in seen:
                seen.add(name)
                waiting.append(name)
    if tables & {"transcript_counts", "gene_counts"}:
        tables |= {"transcripts", "genes", "samples", "transcript_counts"}
    return tables

"""A question in SQL, looked at before anything runs: one SELECT over the views, and nothing else.

DuckDB 2 types ``WITH t AS (COPY … TO …)`` and ``WITH t AS (INSERT …)`` as SELECT statements, so the type of a statement
does not tell whether it writes. The parsed tree does: only nodes, views and table functions that are listed here pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import duckdb
import orjson

from isograph.database.connection import connection
from isograph.database.statement import Statement, statements
from isograph.errors import UsageError, examples, shown

MAX_CHARACTERS = 100_000
_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {
    "range", "generate_series", "unnest", "generate_subscripts", "repeat", "json_each", "json_tree",
    "duckdb_columns", "duckdb_views", "duckdb_functions",
}  # fmt: skip
_REFUSED_FUNCTIONS = {"write_log", "getenv", "nextval"}
_READ = re.compile(r"(?:files\.)?([a-z_]+)\(")


@dataclass(frozen=True, slots=True)
class Question:
    """One SELECT.

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


def questions(text: str) -> list[Question]:
    """Return the statements of a text, each one SELECT over the views.

    Raises
    ------
    UsageError
        A statement is not one, cannot be parsed, or names what is not there; the message says what is near.
    """
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the query has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}.")
    with connection() as database:
        try:
            parsed = database.extract_statements(text)
        except duckdb.Error as error:
            raise UsageError(f"the query cannot be read: {plain(error)}") from None
        return [_question(database, found) for found in parsed]


def question(text: str) -> Question:
    """Return the one statement of a text.

    Raises
    ------
    UsageError
        As of ``questions``, or there is not exactly one.
    """
    found = questions(text)
    if len(found) != 1:
        raise UsageError(f"expected one SELECT, got {len(found)} statements. Ask them one at a time.")
    return found[0]


def plain(error: BaseException) -> str:
    """Return the message of DuckDB without its kind and without the lines that point into the query."""
    told = str(error).partition("\n\nLINE ")[0].partition(": ")[2] or str(error)
    return shown(told.replace("\n", " ").strip())


def near(name: str, known: Mapping[str, object] | list[str]) -> str:
    """Return ``; did you mean …?`` with the nearest names, or a full stop when none is near."""
    folded = {entry.casefold(): entry for entry in known}
    wanted = name.casefold()
    close = get_close_matches(wanted, folded, n=3, cutoff=0.6)
    close += [
        entry for entry in folded if entry not in close and len(wanted) > 2 and (wanted in entry or entry in wanted)
    ]
    return f"; did you mean {examples((folded[entry] for entry in close[:3]), 3)}?" if close else "."


def _question(database: duckdb.DuckDBPyConnection, parsed: duckdb.Statement) -> Question:
    if parsed.type != duckdb.StatementType.SELECT:
        told = "A PIVOT needs its values listed: ON column IN (…)." if _is_pivot(parsed) else "Nothing here can write."
        raise UsageError(f"expected a SELECT, got {_kind(parsed)}. {told}")
    tree = _tree(database, parsed.query)
    views, macros = statements("artifact"), statements("macro")
    named: dict[str, Statement] = {}
    ctes = {str(entry["key"]).casefold() for node in _nodes(tree) for entry in _cte_entries(node)}
    for node in _nodes(tree):
        _refuse(node, macros)
        name = _table_name(node)
        if name is not None and name.casefold() not in ctes:
            if name.casefold() not in views:
                raise UsageError(f"there is no view '{shown(name)}'{near(name, {**views, **macros})}")
            named[name.casefold()] = views[name.casefold()]
        if node.get("type") == "TABLE_FUNCTION" and (called := macros.get(_function_name(node))) is not None:
            named |= {read: views[read] for read in _READ.findall(called.reads)}
    return Question(
        parsed.query, tuple(named), frozenset(_tables(list(named), views)), frozenset(parsed.named_parameters)
    )


def _kind(parsed: duckdb.Statement) -> str:
    return parsed.type.name.replace("_", " ")


def _is_pivot(parsed: duckdb.Statement) -> bool:
    return parsed.type.name == "MULTI"


def _tree(database: duckdb.DuckDBPyConnection, sql: str) -> Any:  # noqa: ANN401
    (text,) = database.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone() or ("{}",)
    tree = orjson.loads(text)
    if tree.get("error", True):
        raise UsageError(f"the query cannot be read: {shown(tree.get('error_message', 'it is no SELECT'))}")
    return tree["statements"]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    waiting = [tree]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, dict):
            yield entry
            waiting += entry.values()
        elif isinstance(entry, list):
            waiting += entry


def _cte_entries(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    ctes = node.get("cte_map")
    found = list(ctes["map"]) if isinstance(ctes, dict) else []
    return [*found, *([{"key": node["cte_name"]}] if "cte_name" in node else [])]


def _refuse(node: Mapping[str, Any], macros: Mapping[str, object]) -> None:
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in _QUERY_NODES:
        raise UsageError(f"expected a SELECT, got one with {kind.partition('_')[0]} in it. Nothing here can write.")
    if kind == "TABLE_FUNCTION" and (name := _function_name(node)) not in {*_TABLE_FUNCTIONS, *macros}:
        raise UsageError(
            f"'{shown(name)}' is none of the macros{near(name, list(macros))} isograph sql --list names them."
        )
    if kind == "FUNCTION" and str(node.get("function_name", "")).casefold() in _REFUSED_FUNCTIONS:
        raise UsageError(f"'{shown(node['function_name'])}' may not be called here.")


def _function_name(node: Mapping[str, Any]) -> str:
    path = node["function"]["qualified_name"]["path"]
    return str(path[-1]).casefold() if len(path) == 1 else ".".join(path)


def _table_name(node: Mapping[str, Any]) -> str | None:
    if node.get("type") != "BASE_TABLE":
        return None
    return ".".join(node["qualified_name"]["path"])


def _tables(named: list[str], views: Mapping[str, Statement]) -> set[str]:
    """Return the tables whose files the views read, directly or through other views."""
    tables: set[str] = set()
    waiting, seen = list(named), set(named)
    while waiting:
        view = views[waiting.pop()]
        for read in _READ.findall(view.reads):
            if read == view.name or read not in views:
                tables.add(read)
            elif read not in seen:
                seen.add(read)
                waiting.append(read)
    if tables & {"transcript_counts", "gene_counts"}:
        tables |= {"transcripts", "genes", "samples", "transcript_counts"}
    return tables

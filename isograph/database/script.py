"""The script of a catalog: the statements that make its views, macros and comments.

What is put into a statement is a literal or quoted name of ``isograph.database.literal``, or text of a file of ``sql``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import isograph
from isograph.database import literal
from isograph.database.column_docs import column_comment
from isograph.database.contents import Contents
from isograph.database.source import COUNT_TABLES, JSON_TABLES, ROOT_VARIABLE, empty_query, json_query, source_query
from isograph.database.statement import Statement, statements

SCHEMA = "files"
MADE_BY = "-- Made by isograph"
# NOTE: views that read other views come after them.
DERIVED = ("feature_scores_long", "config", "calibration", "metrics", "role_counts", "trait_matrix")
_PARAMETER = re.compile(r"\$([a-z_]+)")
_TRAIT_PLACE = "IN ('trait')"


def view_names() -> tuple[str, ...]:
    """Return the names of the views, those that read others last."""
    plain = (name for name in statements("artifact") if name not in (*DERIVED, *COUNT_TABLES))
    return (*plain, *COUNT_TABLES, *DERIVED)


def script(contents: Contents) -> Iterator[str]:
    """Yield the statements of the catalog, each without its semicolon."""
    views = statements("artifact")
    yield f"CREATE SCHEMA {SCHEMA}"
    for table in JSON_TABLES:
        yield _lines(f"CREATE VIEW {SCHEMA}.{table} AS", json_query(contents, table))
    for name in view_names():
        if name not in DERIVED:
            yield _lines(f"CREATE VIEW {SCHEMA}.{name} AS", source_query(contents, views[name]))
        yield from _view(views[name], contents)
    for macro in statements("macro").values():
        yield from _macro(macro)


def script_text(contents: Contents) -> str:
    """Return the catalog as a script that any DuckDB since 1.3 can run: ``duckdb -init catalog.sql``."""
    root = literal.text(contents.tree.root)
    head = (
        f"{MADE_BY} {isograph.__version__}; made again by isograph catalog.",
        "-- If the directory moves, this is the line to edit:",
        f"SET VARIABLE {ROOT_VARIABLE} = {root};",
        "",
    )
    return "\n".join((*head, *(f"{made};\n" for made in script(contents))))


def _view(view: Statement, contents: Contents) -> Iterator[str]:
    body = view.body
    if view.name == "trait_matrix" and contents.traits:
        body = body.replace(_TRAIT_PLACE, f"IN ({', '.join(map(literal.text, contents.traits))})")
    if view.name == "feature_scores_long" and not contents.files.get("feature_scores"):
        # NOTE: DuckDB refuses to unpivot a table without a sample.
        body = empty_query(view)
    yield _lines(f"CREATE VIEW {view.name} AS", body)
    comment = f"{view.definition} {view.grain[0].upper()}{view.grain[1:]}."
    yield f"COMMENT ON VIEW {view.name} IS {literal.text(comment)}"
    for column in view.columns:
        told = literal.text(column_comment(view.name, column))
        yield f"COMMENT ON COLUMN {view.name}.{literal.name(column)} IS {told}"


def _macro(macro: Statement) -> Iterator[str]:
    params = (f"{name} := {macro.defaults[name]}" if name in macro.defaults else name for name in macro.params)
    yield _lines(f"CREATE MACRO {macro.name}({', '.join(params)}) AS TABLE", _PARAMETER.sub(r"\1", macro.body))
    comment = f"{macro.definition} {macro.grain[0].upper()}{macro.grain[1:]}."
    yield f"COMMENT ON MACRO TABLE {macro.name} IS {literal.text(comment)}"


def _lines(*parts: str) -> str:
    return "\n".join(parts)

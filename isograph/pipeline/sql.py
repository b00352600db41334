"""``isograph sql``: questions about bundles and artifacts, answered by DuckDB."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from isograph.database.column_docs import column_comment
from isograph.database.guard import Query, checked_queries
from isograph.database.script import view_names
from isograph.database.session import Limits, query_rows
from isograph.database.statement import statements
from isograph.database.tree import Tree, joined, tree
from isograph.database.verify import catalog_contents
from isograph.errors import InputError, UsageError, did_you_mean, option, shown
from isograph.pipeline.catalog import DEFAULT_ARTIFACTS

logger = logging.getLogger(__name__)


def sql(
    query: str,
    artifacts: str | Path | None = None,
    *,
    bundles: Sequence[str | Path] = (),
    params: Mapping[str, object] | None = None,
    max_rows: int = 1_000_000,
    timeout: float = 60.0,
    memory: int = 4_096,
) -> pl.DataFrame:
    """Return the answer to one SELECT over the tables of bundles, fits, explanations and reports.

    Nothing can be written or changed by a query. ``isograph sql --list`` names the tables.

    Parameters
    ----------
    query : one SELECT over the views and macros.
    artifacts : a directory of runs, or one run; None for ``artifacts`` below the working directory, unless bundles
        are named.
    bundles : more bundles, wherever they are.
    params : values of the parameters ``$name`` in the query.
    max_rows : most rows of the answer.
    timeout : most seconds; 0 for no limit.
    memory : most megabytes of memory.

    Raises
    ------
    UsageError
        The query is not one SELECT over the views, or cannot be answered; the message suggests similar names.
    InputError
        There is nothing to ask about.
    ResourceError
        The answer needs more memory or disk than it may have.
    """
    queries = checked_queries(query)
    if len(queries) > 1:
        raise UsageError(f"expected one SELECT, got {len(queries)} statements. Ask them one at a time.")
    limits = Limits(rows=max_rows, seconds=timeout, memory=memory)
    root = None if artifacts is None else Path(artifacts)
    (rows,) = _answers(queries, root, [Path(bundle) for bundle in bundles], params or {}, limits)
    return rows


def answers(
    text: str,
    artifacts: Path | None = None,
    bundles: Sequence[Path] = (),
    *,
    params: Mapping[str, object] | None = None,
    limits: Limits | None = None,
) -> Iterator[pl.DataFrame]:
    """Yield the answer to each SELECT of ``text``, which are all checked before the first is asked.

    Parameters
    ----------
    params : values of the parameters ``$name``; each statement takes those it names.

    Raises
    ------
    UsageError, InputError, ResourceError
        As of ``sql``.
    """
    return _answers(checked_queries(text), artifacts, bundles, params or {}, limits or Limits())


def _answers(
    queries: Sequence[Query],
    artifacts: Path | None,
    bundles: Sequence[Path],
    params: Mapping[str, object],
    limits: Limits,
) -> Iterator[pl.DataFrame]:
    if not queries:
        raise UsageError("the query is empty. isograph sql --list names what there is to ask about.")
    if unknown := sorted(set(params).difference(*(query.params for query in queries))):
        raise UsageError(f"no statement takes a parameter '{shown(unknown[0])}'. Write it as ${shown(unknown[0])}.")
    roots = [*([artifacts] if artifacts is not None else []), *bundles] or [DEFAULT_ARTIFACTS]
    trees = [tree(root) for root in roots]
    if empty := [str(runs.root) for runs in trees if not runs.runs]:
        remedy = f"Name a directory that holds some with {option('artifacts')}."
        raise InputError(", ".join(empty), f"no bundle, fit, explanation or report in it. {remedy}")
    runs = joined(trees)
    return (_answer(runs, query, params, limits) for query in queries)


def _answer(runs: Tree, query: Query, params: Mapping[str, object], limits: Limits) -> pl.DataFrame:
    contents = catalog_contents(runs, None if "problems" in query.tables else query.tables)
    for problem in contents.problems:
        logger.warning("%s is left out: %s", shown(problem.path), problem.problem)
    return query_rows(contents, query, {name: params[name] for name in params if name in query.params}, limits)


def listing() -> pl.DataFrame:
    """Return the views and macros: ``name``, ``what``."""
    views, macros = statements("artifact"), statements("macro").values()
    return pl.DataFrame(
        {
            "name": [*view_names(), *(macro.signature for macro in macros)],
            "what": [*(views[name].definition for name in view_names()), *(macro.definition for macro in macros)],
        }
    )


def description(name: str, artifacts: Path | None = None, bundles: Sequence[Path] = ()) -> pl.DataFrame:
    """Return the columns of a view, or of what a macro returns: ``column``, ``type``, ``meaning``.

    Raises
    ------
    UsageError
        There is neither a view nor a macro of that name; the message suggests similar names.
    """
    views, macros = statements("artifact"), statements("macro")
    wanted = name.casefold().partition("(")[0].strip()
    if wanted in macros:
        types = macros[wanted].columns
        meanings = dict.fromkeys(types, "")
    elif wanted in views:
        (rows,) = answers(f"DESCRIBE {views[wanted].name}", artifacts, bundles)
        types = dict(rows.select("column_name", "column_type").iter_rows())
        described = views[wanted].columns
        meanings = {
            column: column_comment(wanted, column) if column in described else "as the files hold it"
            for column in types
        }
    else:
        raise UsageError(f"there is no view '{shown(name)}'{did_you_mean(name, {**views, **macros})}")
    columns = {"column": list(types), "type": list(types.values()), "meaning": list(meanings.values())}
    return pl.DataFrame(columns)

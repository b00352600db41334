"""``isograph sql``: questions about bundles and artifacts, answered by DuckDB."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isograph.database.catalog import catalog_contents
from isograph.database.column_docs import column_comment
from isograph.database.guard import Question, near, questions
from isograph.database.script import view_names
from isograph.database.session import Limits, answered
from isograph.database.statement import Statement, statements
from isograph.database.tree import Tree, joined, tree
from isograph.errors import InputError, UsageError, shown
from isograph.pipeline.catalog import DEFAULT_ARTIFACTS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the runs are that a question is about.

    Attributes
    ----------
    artifacts : a directory of runs, or one run; None for ``artifacts`` unless bundles are named.
    bundles : more of them, mostly bundles that are elsewhere.
    """

    artifacts: Path | None = None
    bundles: Sequence[Path] = field(default=())

    def tree(self) -> Tree:
        """Return the runs.

        Raises
        ------
        InputError
            A directory is not there, is not whole, or holds no run.
        """
        roots = [*([self.artifacts] if self.artifacts is not None else []), *self.bundles]
        trees = [tree(root) for root in roots or [DEFAULT_ARTIFACTS]]
        if empty := [str(one.root) for one in trees if not one.runs]:
            raise InputError(
                ", ".join(empty),
                ["no bundle, fit, explanation or report in it. Name a directory that holds some with --artifacts."],
            )
        return joined(trees)


def answers(
    text: str, place: Place, params: Mapping[str, str] | None = None, limits: Limits | None = None
) -> Iterator[pl.DataFrame]:
    """Yield the answer to each SELECT of ``text``, which are all looked at before the first is asked.

    Parameters
    ----------
    params : values of the parameters ``$name``, as text; each statement takes those it names.

    Raises
    ------
    UsageError
        A statement is not one SELECT over the views, or cannot be answered; the message says what is near.
    InputError
        There is nothing to ask about.
    ResourceError
        An answer needs more memory or disk than it may have.
    """
    asked = questions(text)
    given = dict(params or {})
    if not asked:
        raise UsageError("the query is empty. isograph sql --list names what there is to ask about.")
    if unknown := sorted(set(given) - {name for one in asked for name in one.params}):
        raise UsageError(f"no statement takes a parameter '{shown(unknown[0])}'. Write it as ${shown(unknown[0])}.")
    found = place.tree()
    return (_answered(found, one, given, limits) for one in asked)


def _answered(found: Tree, asked: Question, given: Mapping[str, str], limits: Limits | None) -> pl.DataFrame:
    contents = catalog_contents(found, None if "problems" in asked.tables else asked.tables)
    for problem in contents.problems:
        logger.warning("%s is left out: %s", shown(problem.path), problem.problem)
    taken = {name: value for name, value in given.items() if name in asked.params}
    return answered(contents, asked, taken, limits)


def listing() -> pl.DataFrame:
    """Return the views and macros: ``name``, ``what``."""
    macros = statements("macro")
    return pl.DataFrame(
        {
            "name": [*view_names(), *(_signature(macro) for macro in macros.values())],
            "what": [
                *(statements("artifact")[name].definition for name in view_names()),
                *(macro.definition for macro in macros.values()),
            ],
        }
    )


def description(name: str, place: Place) -> pl.DataFrame:
    """Return the columns of a view, or of what a macro returns: ``column``, ``type``, ``meaning``.

    Raises
    ------
    UsageError
        There is neither a view nor a macro of that name; the message says what is near.
    """
    views, macros = statements("artifact"), statements("macro")
    wanted = name.casefold().partition("(")[0].strip()
    if wanted in macros:
        types, meanings = macros[wanted].columns, {}
    elif wanted in views:
        (rows,) = answers(f"DESCRIBE {wanted}", place)
        types = dict(rows.select("column_name", "column_type").iter_rows())
        meanings = {column: column_comment(wanted, column) for column in views[wanted].columns}
    else:
        raise UsageError(f"there is no view '{shown(name)}'{near(name, {**views, **macros})}")
    told = [meanings.get(column, "as the files hold it" if wanted in views else "") for column in types]
    return pl.DataFrame({"column": list(types), "type": list(types.values()), "meaning": told})


def _signature(macro: Statement) -> str:
    params = (f"{name} := {macro.defaults[name]}" if name in macro.defaults else name for name in macro.params)
    return f"{macro.name}({', '.join(params)})"

"""What an inspection of a bundle reports: one finding per violation, and what can be wrong with ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from isograph.errors import InputError, examples, shown

MAX_ID_BYTES = 256
# NOTE: control characters, line and paragraph separators, and what turns the direction of text around.
_UNPRINTABLE = r"[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]"


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation (``error``: the bundle cannot be used) or one doubt (``warning``).

    Attributes
    ----------
    where : the file, or ``file:column``.
    message : what is wrong, what was expected, what to do.
    """

    level: Literal["error", "warning"]
    where: str
    message: str

    def __str__(self) -> str:
        return f"{shown(self.where)}: {self.message}"


def error(where: str, message: str) -> Finding:
    """Return a finding that makes the bundle unusable."""
    return Finding("error", where, message)


def warning(where: str, message: str) -> Finding:
    """Return a finding in spite of which the bundle can be used."""
    return Finding("warning", where, message)


def findings_of(where: str, problem: InputError, level: Literal["error", "warning"] = "error") -> Iterable[Finding]:
    """Return one finding per violation of an exception raised while reading ``where``."""
    return (Finding(level, where, violation) for violation in problem.violations)


def reason(problem: BaseException) -> str:
    """Return the first line of another library's message, printable."""
    lines = str(problem).splitlines()
    return shown(lines[0]) if lines and lines[0] else type(problem).__name__


def has_text(table: pl.DataFrame, column: str) -> bool:
    """Return whether the table has this column and it holds text."""
    return table.schema.get(column) == pl.String


def key_findings(table: pl.DataFrame, column: str, filename: str) -> list[Finding]:
    """Return everything wrong with ``column`` as the key of ``table``: one finding per kind of violation."""
    findings = column_findings(table, column, filename)
    if findings:
        return findings
    ids = table.get_column(column)
    where = f"{filename}:{column}"
    advice = ". Every row needs an id of its own."
    problems = id_problems(ids, column.replace("_", " "), advice=advice, names_rows=True)
    return [error(where, problem) for problem in problems] + text_findings(ids, where)


def column_findings(table: pl.DataFrame, column: str, filename: str) -> list[Finding]:
    """Return whether an id column is absent or holds something else than text."""
    if column not in table.columns:
        columns = f"the columns are {examples(table.columns, limit=20)}" if table.columns else "there is no column"
        return [error(filename, f"no column '{column}'; {columns}. Rename the column that holds these ids.")]
    if not has_text(table, column):
        message = f"is {table.schema[column]}, expected text. Write ids as text, so that 001 stays 001."
        return [error(f"{filename}:{column}", message)]
    return []


def text_findings(ids: pl.Series, where: str) -> list[Finding]:
    """Return what is wrong with the text of ids: errors, and a warning about ids that look alike."""
    distinct = ids.filter(ids.is_not_null() & (ids != "")).unique(maintain_order=True)
    return [
        *(error(where, problem) for problem in text_problems(distinct)),
        *(warning(where, problem) for problem in case_problems(distinct)),
    ]


def id_problems(ids: pl.Series, noun: str, *, advice: str = "", names_rows: bool = False) -> list[str]:
    """Return a sentence about missing ids and one about repeated ids; neither where there are none.

    Parameters
    ----------
    ids : text; null and empty are missing.
    noun : what one is, without article: ``transcript id``.
    advice : the end of each sentence.
    names_rows : name the first rows without an id, counted from 1.
    """
    missing = (ids.is_null() | (ids == "")).arg_true()
    repeated = repeated_values(ids.filter(ids != ""))
    problems = []
    if missing.len():
        rows = f" (rows {', '.join(map(str, missing.head(5) + 1))}{', …' if missing.len() > 5 else ''})"
        problems.append(f"rows without a {noun}: {missing.len()}{rows if names_rows else ''}{advice}")
    if repeated.len():
        problems.append(f"repeated {noun}s: {repeated.len()} ({examples(repeated)}){advice}")
    return problems


def repeated_values(values: pl.Series) -> pl.Series:
    """Return the values that occur more than once, each once, in order; null is no value."""
    present = values.drop_nulls()
    return present.filter(present.is_duplicated()).unique(maintain_order=True)


def text_problems(ids: pl.Series) -> list[str]:
    """Return a sentence about ids that must not be sent to a terminal, and one about ids too long to be ids."""
    problems = []
    unprintable = ids.filter(ids.str.contains(_UNPRINTABLE))
    long = ids.filter(ids.str.len_bytes() > MAX_ID_BYTES)
    if n := unprintable.len():
        holds = "id holds" if n == 1 else "ids hold"
        problems.append(
            f"{n} {holds} control or text-direction characters: {examples(unprintable)}. Replace these characters."
        )
    if n := long.len():
        holds = "id holds" if n == 1 else "ids hold"
        shortened = examples(long.str.slice(0, 40) + "…")
        problems.append(f"{n} {holds} more than {MAX_ID_BYTES} bytes: {shortened}. Shorten them.")
    return problems


def case_problems(ids: pl.Series) -> list[str]:
    """Return a sentence about different ids that are equal when case and Unicode composition are ignored.

    ids: unique, none missing.
    """
    folded = ids.str.normalize("NFC").str.to_lowercase()
    alike = ids.to_frame("id").with_columns(folded=folded).filter(pl.col("folded").is_duplicated())
    if not alike.height:
        return []
    named = examples(alike.sort("folded", maintain_order=True).get_column("id"))
    problem = f"{alike.height} ids differ from another only in case or in Unicode composition: {named}."
    return [f"{problem} They are kept apart here; other programs may take them for one."]

"""What an inspection of a bundle has to say: one finding per violation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from isograph.errors import InputError, examples, shown


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
    """Return a finding that the bundle can be used in spite of."""
    return Finding("warning", where, message)


def findings_of(where: str, problem: InputError, level: Literal["error", "warning"] = "error") -> Iterable[Finding]:
    """Return one finding per violation of an exception raised while reading ``where``."""
    return (Finding(level, where, violation) for violation in problem.violations)


def reason(problem: BaseException) -> str:
    """Return the first line of another library's message, printable."""
    lines = str(problem).splitlines()
    return shown(lines[0]) if lines and lines[0] else type(problem).__name__


MAX_ID_BYTES = 256

# NOTE: control characters, line and paragraph separators, and what turns the direction of text around.
_UNPRINTABLE = r"[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]"


def with_text_ids(table: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Return ``table`` with those of ``columns`` that are categorical as plain text."""
    categorical = [name for name in columns if isinstance(table.schema.get(name), pl.Categorical | pl.Enum)]
    return table.with_columns(pl.col(categorical).cast(pl.String))


def has_text(table: pl.DataFrame, column: str) -> bool:
    """Return whether ``column`` is there and holds text."""
    return table.schema.get(column) == pl.String


def column_findings(table: pl.DataFrame, column: str, filename: str) -> Iterable[Finding]:
    """Whether the id column is there and holds text."""
    if column not in table.columns:
        columns = f"the columns are {examples(table.columns, limit=20)}" if table.columns else "there is no column"
        yield error(filename, f"no column '{column}'; {columns}. Rename the column that holds these ids.")
    elif not has_text(table, column):
        message = f"is {table.schema[column]}, expected text. Write ids as text, so that 001 stays 001."
        yield error(f"{filename}:{column}", message)


def key_findings(table: pl.DataFrame, column: str, filename: str) -> list[Finding]:
    """Everything wrong with ``column`` as the key of ``table``: one finding per kind of violation."""
    findings = list(column_findings(table, column, filename))
    if findings:
        return findings
    ids = table.get_column(column)
    where = f"{filename}:{column}"
    missing = (ids.is_null() | (ids == "")).arg_true()
    if len(missing):
        rows = examples(missing + 1)
        findings.append(error(where, f"{len(missing)} of {len(ids)} are null or empty, in rows {rows}. Name them."))
    present = ids.filter(ids.is_not_null() & (ids != ""))
    findings += text_findings(present, where)
    repeated = present.filter(present.is_duplicated()).unique(maintain_order=True)
    if len(repeated):
        count = f"{len(repeated)} {'id stands' if len(repeated) == 1 else 'ids stand'} in more than one row"
        findings.append(error(where, f"{count}: {examples(repeated)}. Every row needs an id of its own."))
    return findings + list(case_findings(present.unique(maintain_order=True), where))


def text_findings(ids: pl.Series, where: str) -> Iterable[Finding]:
    """Ids no terminal should be sent, and ids that are no ids."""
    control = ids.filter(ids.str.contains(_UNPRINTABLE))
    if len(control):
        message = (
            f"{_ids(control)} control or text-direction characters: {examples(control)}. Replace these characters."
        )
        yield error(where, message)
    long = ids.filter(ids.str.len_bytes() > MAX_ID_BYTES)
    if len(long):
        shortened = examples(long.str.slice(0, 40) + "…")
        yield error(where, f"{_ids(long)} more than {MAX_ID_BYTES} bytes: {shortened}. Shorten them.")


def case_findings(ids: pl.Series, where: str) -> Iterable[Finding]:
    """Distinct ``ids`` that are one id to whoever ignores case or Unicode composition."""
    folded = pl.col("id").str.normalize("NFC").str.to_lowercase().alias("folded")
    named = ids.alias("id").to_frame().with_columns(folded).filter(pl.col("folded").is_duplicated())
    alike = named.sort("folded", maintain_order=True).get_column("id")
    if len(alike):
        message = f"{len(alike)} ids differ from another only in case or in Unicode composition: {examples(alike)}. "
        yield warning(where, message + "They are kept apart here; other programs may take them for one.")


def _ids(ids: pl.Series) -> str:
    return f"{len(ids)} {'id holds' if len(ids) == 1 else 'ids hold'}"

"""Text for people: numbers, aligned tables, HTML tables."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

NOTHING = "–"
LARGEST_WHOLE = 1e15


def glob_literal(name: str) -> str:
    """Return a name as it stands in a glob pattern that matches it alone."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)


def number_text(value: float | None, digits: int = 4) -> str:
    """Return a number for a person: whole numbers with separators, others to some digits, a dash for none."""
    if value is None:
        return NOTHING
    is_whole = float(value).is_integer() and abs(value) < LARGEST_WHOLE
    return f"{value:,.0f}" if is_whole else f"{value:.{digits}g}"


def aligned_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    indent: str = "  ",
    has_rule: bool = False,
) -> list[str]:
    """Return a table of texts as lines of aligned columns, the header first.

    Parameters
    ----------
    right : numbers of the columns that are aligned to the right.
    has_rule : draw a line of hyphens below the header.
    """
    columns = [[name, *(row[number] for row in rows)] for number, name in enumerate(header)]
    widths = [max(map(len, column)) for column in columns]
    rules = [["-" * width for width in widths]] if has_rule else []
    lines = []
    for row in (header, *rules, *rows):
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def aligned_table(frame: pl.DataFrame) -> list[str]:
    """Return a frame of texts as indented lines of left-aligned columns."""
    return aligned_rows(frame.columns, frame.rows())


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts as HTML, every value escaped."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


# A sentence for a person, and the table of texts below it if there is one.
Section = tuple[str, "pl.DataFrame | None"]


def sections_text(sections: Iterable[Section]) -> str:
    """Return sentences and tables as lines for a terminal, an empty line before each table's sentence and after it."""
    lines: list[str] = []
    after_table = False
    for sentence, table in sections:
        lines += [""] if lines and (table is not None or after_table) else []
        lines += [sentence, *([] if table is None else aligned_table(table))]
        after_table = table is not None
    return "\n".join(lines)


def sections_html(sections: Iterable[Section]) -> str:
    """Return sentences and tables as HTML, every value escaped."""
    return "".join(
        f"<p>{html.escape(sentence)}</p>{'' if table is None else html_table(table.columns, table.rows())}"
        for sentence, table in sections
    )

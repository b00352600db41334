"""Text as SQL takes it: the one place where a value or a name becomes part of a statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# SQL that is safe to run: written here or in a file of sql/, with every value and name put in by the functions below.
Sql = str


def text(value: object) -> Sql:
    """Return a string literal; None is NULL.

    Raises
    ------
    ValueError
        The text holds a NUL character, which SQL text cannot.
    """
    if value is None:
        return "NULL"
    written = str(value)
    if "\0" in written:
        raise ValueError("SQL text cannot hold a NUL character")
    return f"'{written.replace(chr(39), chr(39) * 2)}'"


def name(value: str) -> Sql:
    """Return a quoted identifier."""
    if "\0" in value:
        raise ValueError("SQL names cannot hold a NUL character")
    return f'"{value.replace(chr(34), chr(34) * 2)}"'


def texts(values: Iterable[object]) -> Sql:
    """Return a list of string literals."""
    return f"[{', '.join(map(text, values))}]"


def mapping(values: Mapping[str, object]) -> Sql:
    """Return a map from text to text."""
    return f"MAP {{{', '.join(f'{text(key)}: {text(value)}' for key, value in values.items())}}}"

"""How an option names a column of the sample table: ``column``, ``column:ref=LEVEL`` and so on."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

SPLINE = "spline"
FACTOR = "factor"
_REFERENCE = ":ref="


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """A column and how it is to be read.

    Attributes
    ----------
    reading : ``spline`` or ``factor``; empty for the way its type says.
    reference : the level that others are compared with; None for the first.
    """

    name: str
    reading: str = ""
    reference: str | None = None


def sample_column(entry: str) -> SampleColumn:
    """Return what an entry names; an ending that is no reading is part of the name."""
    name, separator, level = entry.rpartition(_REFERENCE)
    if separator:
        return SampleColumn(name, reference=level)
    name, separator, reading = entry.rpartition(":")
    return SampleColumn(name, reading) if separator and reading in (SPLINE, FACTOR) else SampleColumn(entry)


def column_names(entries: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that entries name."""
    return tuple(sample_column(entry).name for entry in entries)


def advice_on_name(name: str, columns: Collection[str], forms: Sequence[str]) -> str:
    """Return what to do about a name that is no column but joins columns by ``:`` or ``*``; empty for other names.

    columns: the columns of the sample table. forms: how the option may be written.
    """
    parts = re.split(r"[:*]", name)
    if len(parts) < 2 or parts[0] not in columns:
        return ""
    if all(part in columns for part in parts):
        return (
            "Interactions are out of scope: put the combinations into a column of their own and name that, or fit "
            "the groups apart."
        )
    return f"Write {' or '.join(forms)}."

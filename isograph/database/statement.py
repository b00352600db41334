"""The statements under ``sql/``: one query a file, found the same way in a checkout and in a wheel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from isograph.runtime.shipped import shipped_directory

_HEADER_FIELD = re.compile(r"^-- (reads|params|returns|grain|order):\s*(.*)$")
_CONTINUED = re.compile(r"^--\s{4,}(\S.*)$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Statement:
    """One query with what its header declares.

    Attributes
    ----------
    topic, name : folder and file name without ``.sql``.
    definition : what a row is, in prose.
    reads, params, returns, grain, order : the header fields as written; ``params`` by name without type.
    sql : the file's whole text.
    defaults : parameter → the value it has when it is not given, as SQL writes it.
    """

    topic: str
    name: str
    definition: str
    reads: str
    params: tuple[str, ...]
    returns: str
    grain: str
    order: str
    sql: str
    defaults: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Name → DuckDB type of the columns that are always returned."""
        listed = (column.split() for column in self.returns.split(", ") if column != "...")
        return {name: " ".join(kind) for name, *kind in listed}

    @property
    def more_columns(self) -> bool:
        """Whether there may be columns beside ``columns``."""
        return "..." in self.returns.split(", ")

    @property
    def comment(self) -> str:
        """The definition and the grain as sentences."""
        return f"{self.definition} {self.grain[0].upper()}{self.grain[1:]}."

    @property
    def signature(self) -> str:
        """The statement as a macro is called: its name, its parameters and their defaults."""
        params = (f"{name} := {self.defaults[name]}" if name in self.defaults else name for name in self.params)
        return f"{self.name}({', '.join(params)})"

    @property
    def body(self) -> str:
        """The query without its header."""
        return "\n".join(line for line in self.sql.splitlines() if not line.startswith("--")).strip()


def sql_directory() -> Path:
    """Return the directory of the statements."""
    return shipped_directory("sql", "SQL statements")


def statement(topic: str, name: str) -> Statement:
    """Return the statement ``sql/<topic>/<name>.sql``."""
    if not (_NAME.match(topic) and _NAME.match(name)):
        raise ValueError(f"statement names are lower-case words, got '{topic}/{name}'")
    return statements(topic)[name]


def statements(topic: str) -> dict[str, Statement]:
    """Return every statement of a topic by name, in order of the names."""
    return _statements(sql_directory() / topic)


@cache
def _statements(directory: Path) -> dict[str, Statement]:
    # NOTE: by directory, and not by topic, because another installation has other statements.
    return {file.stem: _parsed(file) for file in sorted(directory.glob("*.sql"))}


def _parsed(file: Path) -> Statement:
    """Return the statement of a file: prose first, then the fields of the header, which may go on in further lines."""
    sql = file.read_text(encoding="utf-8")
    fields: dict[str, str] = {}
    prose: list[str] = []
    last = ""
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        if match := _HEADER_FIELD.match(line):
            last = match[1]
            fields[last] = match[2].strip()
        elif last and (match := _CONTINUED.match(line)):
            fields[last] += f" {match[1].strip()}"
        else:
            prose.append(line.removeprefix("--").strip())
    declared = [] if fields["params"] == "none" else [entry.strip() for entry in fields["params"].split(",")]
    return Statement(
        topic=file.parent.name,
        name=file.stem,
        definition=" ".join(prose),
        reads=fields["reads"],
        params=tuple(entry.split()[0] for entry in declared),
        returns=fields["returns"],
        grain=fields["grain"],
        order=fields["order"],
        sql=sql,
        defaults={entry.split()[0]: entry.partition("=")[2].strip() for entry in declared if "=" in entry},
    )

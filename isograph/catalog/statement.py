"""The statements under ``sql/``: one query a file, found the same way in a checkout and in a wheel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from isograph.runtime.shipped import shipped_directory

_HEADER_FIELD = re.compile(r"^-- (reads|params|returns|grain|order):\s*(.*)$")
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


def sql_directory() -> Path:
    """Return the directory of the statements."""
    return shipped_directory("sql", "SQL statements")


def statement(topic: str, name: str) -> Statement:
    """Return the statement ``sql/<topic>/<name>.sql``."""
    if not (_NAME.match(topic) and _NAME.match(name)):
        raise ValueError(f"statement names are lower-case words, got '{topic}/{name}'")
    return _parsed(topic, name, (sql_directory() / topic / f"{name}.sql").read_text(encoding="utf-8"))


def _parsed(topic: str, name: str, sql: str) -> Statement:
    fields: dict[str, str] = {}
    prose: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        match = _HEADER_FIELD.match(line)
        if match:
            fields[match[1]] = match[2].strip()
        else:
            prose.append(line.removeprefix("--").strip())
    declared = fields["params"]
    params = () if declared == "none" else tuple(entry.split()[0] for entry in declared.split(","))
    return Statement(
        topic=topic,
        name=name,
        definition=" ".join(prose),
        reads=fields["reads"],
        params=params,
        returns=fields["returns"],
        grain=fields["grain"],
        order=fields["order"],
        sql=sql,
    )

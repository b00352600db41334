"""Write the reference pages that are made from the code."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.app import COMMANDS, app
from isograph.config import FactorConfig
from isograph.schemas import FIT_TABLES, Table

DOCS = Path(__file__).resolve().parent
WIDTH = 100


def table_page() -> str:
    """Return the page of every table of a fit."""
    parts = [
        "# Tables of a fit",
        "One parquet file per table, made by `isograph fit`. Keys are text. NaN: not estimable. Null: does not apply.",
    ]
    return "\n\n".join([*parts, *map(_table_section, FIT_TABLES.values())]) + "\n"


def _table_section(table: Table) -> str:
    lines = [
        f"## {table.name}",
        "",
        f"`{table.name}.parquet`: {table.row}.",
        f"Key: {', '.join(f'`{name}`' for name in table.key)}. Order: {table.order}.",
        "",
        "| column | type | meaning | null |",
        "|---|---|---|---|",
    ]
    for column in table.columns:
        cells = (f"`{column.name}`", str(column.dtype), column.meaning, column.null or "never")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    if table.more is not None:
        lines.append(f"| one per sample | {table.more} | {table.more_meaning} | never |")
    return "\n".join(lines)


def command_page() -> str:
    """Return the page of every command's help, and of the backend settings."""
    sizes = {"max_content_width": WIDTH, "terminal_width": WIDTH, "help_option_names": ["-h", "--help"]}
    root = click.Context(app, info_name="isograph", **sizes)
    parts = ["# Commands", _help(app, root)]
    for name in COMMANDS:
        command = app.get_command(root, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=root, **sizes)
        parts += [f"## isograph {name}", _help(command, context)]
    return "\n\n".join([*parts, _settings()]) + "\n"


def _help(command: click.Command, context: click.Context) -> str:
    return f"```\n{command.get_help(context)}\n```"


def _settings() -> str:
    described = (FactorConfig.__doc__ or "").partition("----------\n")[2].strip().splitlines()
    lines = [
        "## Settings of the factor backend",
        "",
        "`isograph fit --set key=value`; the defaults are meant for every data set.",
        "",
    ]
    lines += ["| setting | default | meaning |", "|---|---|---|"]
    for line in described:
        name, _, meaning = line.strip().partition(" : ")
        lines.append(f"| `{name}` | {getattr(FactorConfig(), name)} | {meaning} |")
    return "\n".join(lines)


PAGES = {"tables.md": table_page, "commands.md": command_page}

if __name__ == "__main__":
    for filename, page in PAGES.items():
        (DOCS / filename).write_text(page(), encoding="utf-8")

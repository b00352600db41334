"""``isograph sql``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, verbosity_options
from isograph.errors import IsographError, UsageError, shown
from isograph.text import aligned_rows

if TYPE_CHECKING:
    import polars as pl

    Ask = Callable[..., Iterator[pl.DataFrame]]
    Describe = Callable[[str], pl.DataFrame]

FORMATS = ("table", "csv", "json", "parquet")
ROWS_SHOWN = 200
NUMBER_DIGITS = 6
PROMPT, MORE = "isograph> ", "     ...> "
HELP = "End a query with ; . Besides: .list (views and macros), .describe NAME, .quit"


@click.command("sql")
@click.argument("query", required=False)
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    help="Directory of bundles, fits, explanations and reports, or one of them.  [default: artifacts]",
)
@click.option(
    "--bundle", "bundles", multiple=True, type=click.Path(path_type=Path), help="A bundle elsewhere; repeat for more."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="How rows are written.  [default: as --output ends, or table]",
)
@click.option("--output", type=click.Path(path_type=Path), help="File the rows go to, in the place of standard output.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="File that holds the query.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of $NAME in the query; repeat for more."
)
@click.option("--list", "listed", is_flag=True, help="List views and macros, and stop.")
@click.option("--describe", metavar="VIEW", help="Show the columns of a view or macro, and stop.")
@click.option(
    "--max-rows", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Most rows of an answer."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Most seconds of a query; 0: no limit.",
)
@click.option(
    "--memory", type=click.IntRange(min=64), default=4096, show_default=True, help="Most megabytes of a query."
)
@verbosity_options
def command(
    *,
    query: str | None,
    artifacts: Path | None,
    bundles: tuple[Path, ...],
    format_: str | None,
    output: Path | None,
    file: Path | None,
    params: tuple[str, ...],
    listed: bool,
    describe: str | None,
    max_rows: int,
    timeout: float,
    memory: int,
    verbose: bool,
    quiet: bool,
) -> None:
    """Ask QUERY, one SELECT, of the tables of bundles and artifacts. Nothing can be written or changed by it.

    Without QUERY, and on a terminal, queries are asked one after the other; otherwise it is read from standard input.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    if sum((query is not None, file is not None, listed, describe is not None)) > 1:
        raise UsageError("QUERY, --file, --list and --describe exclude each other; give one.")
    row_format = _row_format(format_, output)
    from isograph.database.session import Limits
    from isograph.pipeline.sql import answers, description, listing

    limits = Limits(rows=max_rows, seconds=timeout, memory=memory)
    ask = partial(answers, artifacts=artifacts, bundles=bundles, limits=limits)
    description_of = partial(description, artifacts=artifacts, bundles=bundles)
    with log_to_stderr(verbosity):
        if listed:
            _write(listing(), row_format, output)
        elif describe is not None:
            _write(description_of(describe), row_format, output)
        elif query is None and file is None and sys.stdin.isatty():
            _converse(ask, description_of, row_format)
        else:
            _write_answers(ask, _query_text(query, file), dict(map(_name_value, params)), row_format, output)


def _row_format(format_: str | None, output: Path | None) -> str:
    """Return the format that was asked for, by name or by how the output file ends.

    Raises
    ------
    UsageError
        Parquet would go to a terminal.
    """
    ending = output.suffix.removeprefix(".") if output is not None else ""
    row_format = format_ or (ending if ending in FORMATS else "table")
    if row_format == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("parquet is not for a terminal. Name a file with --output.")
    return row_format


def _query_text(query: str | None, file: Path | None) -> str:
    if query is not None:
        return query
    try:
        return sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{'standard input' if file is None else file} is not UTF-8 text.") from None


def _name_value(entry: str) -> tuple[str, str]:
    name, separator, value = entry.partition("=")
    if not separator or not name:
        raise UsageError(f"--param takes NAME=VALUE, got '{shown(entry)}'.")
    return name.removeprefix("$"), value


def _write_answers(ask: Ask, text: str, params: Mapping[str, str], row_format: str, output: Path | None) -> None:
    """Write the answer to every query of a text."""
    from isograph.database.guard import checked_queries

    if (row_format != "table" or output is not None) and (n := len(checked_queries(text))) > 1:
        raise UsageError(f"got {n} statements; more than one can be shown as tables only, not written as {row_format}.")
    for number, rows in enumerate(ask(text, params=params)):
        if number:
            click.echo()
        _write(rows, row_format, output)


def _converse(ask: Ask, description_of: Describe, row_format: str) -> None:
    """Ask queries as they are typed, until the input ends."""
    import readline  # noqa: F401 - gives input() a history

    tell(HELP)
    typed: list[str] = []
    while True:
        try:
            line = input(MORE if typed else PROMPT)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            typed = []
            click.echo()
            continue
        if not typed and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                return
            _guarded(_command, line.strip(), description_of, row_format)
            continue
        typed.append(line)
        if line.rstrip().endswith(";"):
            _guarded(_write_answers, ask, "\n".join(typed), {}, row_format, None)
            typed = []


def _command(line: str, description_of: Describe, row_format: str) -> None:
    from isograph.pipeline.sql import listing

    name, _, argument = line.partition(" ")
    if name == ".list":
        _write(listing(), row_format, None)
    elif name == ".describe" and argument:
        _write(description_of(argument.strip()), row_format, None)
    else:
        tell(HELP)


def _guarded(action: Callable[..., None], *arguments: object) -> None:
    """Do something and write what is wrong with it to stderr; an interrupt ends it alone, not the conversation."""
    try:
        action(*arguments)
    except IsographError as error:
        tell("\n".join(shown(line) for line in f"error: {error}".split("\n")))
    except KeyboardInterrupt:
        tell("interrupted")


def _write(rows: pl.DataFrame, row_format: str, output: Path | None) -> None:
    """Write rows to standard output, or to a file that appears whole.

    In CSV a null is empty and a NaN is ``NaN``; JSON has null for both.
    """
    if row_format == "table":
        data = _table(rows if output is not None else rows.head(ROWS_SHOWN))
    else:
        writers: dict[str, Callable[[pl.DataFrame], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
        data = writers[row_format](rows)
    if output is None:
        click.echo(data, nl=False)
        if row_format == "table" and rows.height > ROWS_SHOWN:
            tell(f"{rows.height - ROWS_SHOWN:,} of {rows.height:,} rows are not shown; --format csv gives them all.")
        return
    from isograph.store.output import write_output_file

    write_output_file(output, data, overwrite=True)
    click.echo(output)


def _table(rows: pl.DataFrame) -> bytes:
    """Return rows as aligned lines, numbers to the right; what cannot be printed is escaped."""
    numeric = [number for number, kind in enumerate(rows.dtypes) if kind.is_numeric()]
    cells = list(zip(*(map(_cell, column.to_list()) for column in rows.iter_columns()), strict=True))
    lines = aligned_rows([shown(name) for name in rows.columns], cells, right=numeric, indent="", has_rule=True)
    count = f"({rows.height:,} row{'' if rows.height == 1 else 's'})"
    return "\n".join([*lines, count, ""]).encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{NUMBER_DIGITS}g}" if isinstance(value, float) else shown(value)


def _csv(rows: pl.DataFrame) -> bytes:
    import polars as pl

    nested = [name for name, kind in rows.schema.items() if kind.is_nested()]
    texts = [
        pl.Series(name, [_json_text(value) for value in rows.get_column(name).to_list()], pl.String) for name in nested
    ]
    return rows.with_columns(texts).write_csv().encode()


def _json(rows: pl.DataFrame) -> bytes:
    import orjson

    return orjson.dumps(rows.to_dicts(), default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _json_text(value: Any) -> str | None:  # noqa: ANN401
    import orjson

    return None if value is None else orjson.dumps(value, default=str).decode()


def _parquet(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()

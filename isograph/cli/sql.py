"""``isograph sql``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, texts_by_name, verbosity_options
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
    ending = output.suffix.removeprefix(".") if output is not None else ""
    row_format = format_ or (ending if ending in FORMATS else "table")
    if row_format == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("parquet is not for a terminal. Name a file with --output.")
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
            values = texts_by_name(params, "--param", "NAME=VALUE")
            named = {name.removeprefix("$"): value for name, value in values.items()}
            _write_answers(ask, _query_text(query, file), named, row_format, output)


def _query_text(query: str | None, file: Path | None) -> str:
    """Return the query, or what a file or else standard input holds."""
    if query is not None:
        return query
    try:
        return sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{'standard input' if file is None else file} is not UTF-8 text.") from None


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

    from isograph.pipeline.sql import listing

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
        if not typed and line.strip() in (".quit", ".exit"):
            return
        name, _, argument = line.strip().partition(" ")
        with _errors_shown():
            if typed or not name.startswith("."):
                typed.append(line)
                if line.rstrip().endswith(";"):
                    text, typed = "\n".join(typed), []
                    _write_answers(ask, text, {}, row_format, None)
            elif name == ".list":
                _write(listing(), row_format, None)
            elif name == ".describe" and argument:
                _write(description_of(argument.strip()), row_format, None)
            else:
                tell(HELP)


@contextmanager
def _errors_shown() -> Iterator[None]:
    """Write to stderr what is wrong inside the block; an interrupt ends the block alone, not the conversation."""
    try:
        yield
    except IsographError as error:
        tell("\n".join(shown(line) for line in f"error: {error}".split("\n")))
    except KeyboardInterrupt:
        tell("interrupted")


def _write(rows: pl.DataFrame, row_format: str, output: Path | None) -> None:
    """Write rows to standard output, or to a file that appears whole."""
    if output is not None:
        from isograph.store.output import write_output_file

        write_output_file(output, _encoded(rows, row_format), overwrite=True)
        click.echo(output)
        return
    is_cut = row_format == "table" and rows.height > ROWS_SHOWN
    click.echo(_encoded(rows.head(ROWS_SHOWN) if is_cut else rows, row_format), nl=False)
    if is_cut:
        tell(f"{rows.height - ROWS_SHOWN:,} of {rows.height:,} rows are not shown; --format csv gives them all.")


def _encoded(rows: pl.DataFrame, row_format: str) -> bytes:
    """Return rows in a format. In CSV a null is empty and a NaN is ``NaN``; JSON has null for both."""
    import orjson
    import polars as pl

    if row_format == "table":
        numeric = [number for number, kind in enumerate(rows.dtypes) if kind.is_numeric()]
        cells = list(zip(*(map(_cell, column.to_list()) for column in rows.iter_columns()), strict=True))
        lines = aligned_rows([shown(name) for name in rows.columns], cells, right=numeric, indent="", has_rule=True)
        count = f"({rows.height:,} row{'' if rows.height == 1 else 's'})"
        return "\n".join([*lines, count, ""]).encode()
    if row_format == "json":
        return orjson.dumps(rows.to_dicts(), default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if row_format == "parquet":
        buffer = io.BytesIO()
        rows.write_parquet(buffer, compression="zstd")
        return buffer.getvalue()
    # A cell of a CSV holds no list: those are written as JSON.
    for name in (name for name, kind in rows.schema.items() if kind.is_nested()):
        values = rows.get_column(name).to_list()
        texts = [None if value is None else orjson.dumps(value, default=str).decode() for value in values]
        rows = rows.with_columns(pl.Series(name, texts, pl.String))
    return rows.write_csv().encode()


def _cell(value: object) -> str:
    """Return a value as text for a table: numbers in a few digits, and what cannot be printed escaped."""
    if value is None:
        return ""
    return f"{value:.{NUMBER_DIGITS}g}" if isinstance(value, float) else shown(value)

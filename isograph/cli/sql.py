"""``isograph sql``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isograph.cli.answer import FORMATS, format_of, write_answer
from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, verbosity_options
from isograph.errors import IsographError, UsageError, shown

if TYPE_CHECKING:
    from isograph.database.session import Limits
    from isograph.pipeline.sql import Place

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
    chosen = format_of(format_, output)
    from isograph.database.session import Limits
    from isograph.pipeline.sql import Place, description, listing

    place = Place(artifacts, bundles)
    limits = Limits(rows=max_rows, seconds=timeout, memory=memory)
    with log_to_stderr(verbosity):
        if listed:
            write_answer(listing(), chosen, output)
        elif describe is not None:
            write_answer(description(describe, place), chosen, output)
        elif query is None and file is None and sys.stdin.isatty():
            _converse(place, limits, chosen)
        else:
            _ask(_text(query, file), place, dict(map(_name_value, params)), limits, (chosen, output))


def _text(query: str | None, file: Path | None) -> str:
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


def _ask(text: str, place: Place, params: dict[str, str], limits: Limits, written: tuple[str, Path | None]) -> None:
    from isograph.database.guard import questions
    from isograph.pipeline.sql import answers

    chosen, output = written
    if (chosen != "table" or output is not None) and (n := len(questions(text))) > 1:
        raise UsageError(f"got {n} statements; more than one can be shown as tables only, not written as {chosen}.")
    for number, rows in enumerate(answers(text, place, params, limits)):
        if number:
            click.echo()
        write_answer(rows, chosen, output)


def _converse(place: Place, limits: Limits, chosen: str) -> None:
    """Ask queries as they are typed, until the input ends."""
    import readline  # noqa: F401 - gives input() a history

    tell(HELP)
    waiting: list[str] = []
    while True:
        try:
            line = input(MORE if waiting else PROMPT)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            waiting = []
            click.echo()
            continue
        if not waiting and line.strip().startswith("."):
            if line.strip() in (".quit", ".exit"):
                return
            _guarded(_command, line.strip(), place, chosen)
            continue
        waiting.append(line)
        if line.rstrip().endswith(";"):
            _guarded(_ask, "\n".join(waiting), place, {}, limits, (chosen, None))
            waiting = []


def _command(line: str, place: Place, chosen: str) -> None:
    from isograph.pipeline.sql import description, listing

    name, _, argument = line.partition(" ")
    if name == ".list":
        write_answer(listing(), chosen, None)
    elif name == ".describe" and argument:
        write_answer(description(argument.strip(), place), chosen, None)
    else:
        tell(HELP)


def _guarded(action: Any, *arguments: object) -> None:  # noqa: ANN401
    """Do something; what is wrong with it is told, and an interrupt ends it alone."""
    try:
        action(*arguments)
    except IsographError as error:
        tell("\n".join(shown(line) for line in f"error: {error}".split("\n")))
    except KeyboardInterrupt:
        tell("interrupted")

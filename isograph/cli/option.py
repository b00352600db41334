"""Options that mean the same on every command."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click

from isograph.config.fit import FitConfig
from isograph.config.setting import option_of
from isograph.errors import UsageError, shown

Command = Callable[..., Any]


def verbosity_options(command: Command) -> Command:
    """Add ``-v/--verbose`` and ``-q/--quiet``."""
    command = click.option("-q", "--quiet", is_flag=True, help="Show errors only.")(command)
    return click.option("-v", "--verbose", is_flag=True, help="Show what is logged while it runs.")(command)


def config_options(configuration: type, *names: str) -> Callable[[Command], Command]:
    """Add the options that fields of a configuration declare: those named, or all in their order."""
    options = {entry.name: entry for entry in fields(configuration) if option_of(entry.metadata) is not None}

    def added(command: Command) -> Command:
        for name in reversed(names or tuple(options)):
            command = _click_option(options[name])(command)
        return command

    return added


def _click_option(entry: Field[Any]) -> Callable[[Command], Command]:
    declared = option_of(entry.metadata)
    assert declared is not None
    flag = declared.flag or f"--{entry.name.replace('_', '-')}"
    annotation = str(entry.type)
    if annotation == "bool":
        return click.option(flag, entry.name, is_flag=True, default=entry.default, help=declared.help)
    is_repeated = annotation.startswith("tuple[")
    kind: Any = {"int": int, "float": float, "str": str, "Path": Path}[
        annotation.removesuffix(" | None").removeprefix("tuple[").removesuffix(", ...]")
    ]
    if kind is Path:
        kind = click.Path(exists=declared.must_exist, dir_okay=not declared.must_exist, path_type=Path)
    elif declared.choices:
        kind = click.Choice(list(declared.choices))
    elif declared.minimum is not None and kind is int:
        kind = click.IntRange(min=int(declared.minimum))
    elif declared.minimum is not None:
        kind = click.FloatRange(declared.minimum, declared.maximum)
    return click.option(
        flag,
        entry.name,
        type=kind,
        multiple=is_repeated,
        metavar=declared.metavar,
        default=None if is_repeated else entry.default,
        show_default=entry.default is not None and not is_repeated,
        help=declared.help,
    )


threads_option = config_options(FitConfig, "threads")


def overwrite_option(command: Command) -> Command:
    """Add ``--overwrite``."""
    return click.option("--overwrite", is_flag=True, help="Replace the output directory if it is there.")(command)


def path_argument(metavar: str, alias: str) -> Callable[[Command], Command]:
    """Add a path that is given as an argument or, as elsewhere, by an option ``alias``."""
    name = metavar.lower()

    def added(command: Command) -> Command:
        command = click.option(alias, f"{name}_option", type=click.Path(path_type=Path), hidden=True)(command)
        return click.argument(name, type=click.Path(path_type=Path), required=False, metavar=metavar)(command)

    return added


def one_path(argument: Path | None, option: Path | None, metavar: str, alias: str) -> Path:
    """Return the path that was given, as an argument or by its alias.

    Raises
    ------
    UsageError
        It was given neither way, or both ways.
    """
    if (argument is None) == (option is None):
        fault = "given twice" if argument is not None else "missing"
        raise UsageError(f"{metavar} is {fault}: give it as an argument or with {alias}.")
    return argument if argument is not None else option  # type: ignore[return-value]


def texts_by_name(entries: Iterable[str], flag: str, form: str) -> dict[str, str]:
    """Return what a repeated option says as ``NAME=VALUE``, by name.

    Parameters
    ----------
    flag, form : the option and what it takes, as the message names them: ``--set``, ``KEY=VALUE``.

    Raises
    ------
    UsageError
        An entry has no name or no value.
    """
    texts = {}
    for entry in entries:
        name, separator, text = entry.partition("=")
        if not separator or not name.strip():
            raise UsageError(f"{flag} takes {form}, got '{shown(entry)}'.")
        texts[name.strip()] = text
    return texts


def level(*, verbose: bool, quiet: bool) -> int:
    """Return the verbosity that the two flags make.

    Raises
    ------
    UsageError
        Both are set.
    """
    if verbose and quiet:
        raise UsageError("--verbose and --quiet exclude each other; give one.")
    return 1 if verbose else -1 if quiet else 0


def program() -> str:
    """Return how the user would call this program again from the same directory."""
    return _as_called("isograph", Path(sys.argv[0]))


def interpreter() -> str:
    """Return how the user would call the Python that runs this program."""
    return _as_called("python", Path(sys.executable))


def _as_called(name: str, path: Path) -> str:
    executable = shutil.which(name)
    if executable is not None and Path(executable).absolute() == path.absolute():
        return name
    relative = os.path.relpath(path)
    return shlex.quote(relative if len(relative) < len(str(path)) else str(path))

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest

import isograph as package
from isograph.cli import app as app_module
from isograph.cli.app import COMMANDS, app
from isograph.errors import ConvergenceError, InputError, IsographError, ResourceError, UsageError

HEAVY = ("polars", "numba", "numpy", "duckdb", "scipy", "orjson", "pyarrow", "torch", "psutil")


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_app__says_its_version(isograph, flag):
    ended = isograph(flag)
    assert (ended.code, ended.out, ended.err) == (0, f"isograph, version {package.__version__}\n", "")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_app__lists_every_command_and_exit_code(isograph, flag):
    ended = isograph(flag)
    assert (ended.code, ended.err) == (0, "")
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in ended.out
        assert summary in " ".join(ended.out.split())
    assert "0 done, 1 bug, 2 usage, 3 input data invalid, 4 not enough memory or disk" in ended.out
    assert "5 the model did not converge, 130 interrupted" in ended.out


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["fit", "--help"], ["show", "--help"], ["import", "--help"], ["validate", "-h"]],
)
def test_app__helps_without_loading_what_only_a_run_needs(arguments):
    script = (
        "import sys\nfrom isograph.cli.app import app\n"
        f"app.main({arguments!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_app__can_be_run_as_a_module():
    done = subprocess.run([sys.executable, "-m", "isograph", "-V"], capture_output=True, text=True, check=True)
    assert done.stdout == f"isograph, version {package.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_command__documents_every_option(isograph, name):
    command = app.get_command(click.Context(app), name)
    ended = isograph(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    # a line may end after a hyphen
    shown = "".join(ended.out.split())
    for option in options:
        assert option.help, option.name
        assert max(option.opts, key=len) in shown
        assert "".join(option.help.split()) in shown
    assert command.get_short_help_str()


@pytest.mark.parametrize("name", COMMANDS)
def test_command__explains_an_option_it_does_not_know(isograph, name):
    ended = isograph(name, "--colour")
    assert (ended.code, ended.out) == (2, "")
    assert "Error: No such option" in ended.err
    assert "--colour" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["fits"], "Error: No such command 'fits'."), (["--fit"], "Error: No such option '--fit'.")],
)
def test_app__explains_what_it_does_not_know(isograph, arguments, message):
    ended = isograph(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith(message)


def test_app__without_a_command_shows_its_help(isograph):
    ended = isograph()
    assert ended.code == 2
    assert "Usage: isograph" in ended.err


@pytest.fixture
def failing(monkeypatch):
    """Let ``isograph show`` raise an error."""

    def fail_with(error: BaseException) -> None:
        @click.command("show")
        def command() -> None:
            raise error

        monkeypatch.setattr(app_module.LazyGroup, "get_command", lambda *_: command)

    return fail_with


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("no such thing."), 2, "error: no such thing."),
        (InputError("genes", ["one.", "two."]), 3, "error: genes: 2 problems\n  1. one.\n  2. two."),
        (ResourceError("too big."), 4, "error: too big."),
        (MemoryError(), 4, "error: not enough memory, and nothing was written. Use a machine with more of it."),
        (ConvergenceError("no end."), 5, "error: no end."),
        (IsographError("other."), 1, "error: other."),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written"),
        (InputError("\x1b[2J", ["a\rb\u202e"]), 3, "error: \\x1b[2J: a\\rb\\u202e"),
    ],
)
def test_app__ends_with_the_code_and_the_sentence_of_an_error(isograph, failing, error, code, message):
    failing(error)
    ended = isograph("show")
    # an interrupted line of progress ends before the message
    assert (ended.code, ended.out, ended.err.lstrip("\n")) == (code, "", f"{message}\n")


def test_app__shows_where_a_bug_is(isograph, failing):
    failing(ZeroDivisionError("division by zero"))
    ended = isograph("show")
    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2] == "ZeroDivisionError: division by zero"
    assert lines[-1] == "error: this is a bug in isograph; the lines above say where. Please report them."


def test_app__is_silent_when_the_reader_goes_away(earlier_fit):
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "-m", "isograph", "show", str(earlier_fit)]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")

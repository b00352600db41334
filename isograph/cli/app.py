"""The ``isograph`` command: commands are loaded when they are called, so ``--help`` stays fast."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib import import_module

import click

from isograph import __version__
from isograph.errors import IsographError, shown, speaking_flags

EXIT_BUG = 1
EXIT_RESOURCES = 4
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
COMMANDS = {
    "import": ("isograph.cli.import_", "Build a bundle from quantification output."),
    "validate": ("isograph.cli.validate", "Report every violation of a bundle at once."),
    "simulate": ("isograph.cli.simulate", "Write a synthetic bundle with planted truth."),
    "fit": ("isograph.cli.fit", "Infer modules, roles and trait associations from a bundle."),
    "annotate-structure": (
        "isograph.cli.annotate_structure",
        "Label how the transcripts of switch pairs differ.",
    ),
    "explain-module": ("isograph.cli.explain_module", "Say why each module of a fit is a module."),
    "show": ("isograph.cli.show", "Summarise a fit on the terminal."),
    "sql": ("isograph.cli.sql", "Ask questions in SQL about bundles and artifacts."),
    "catalog": ("isograph.cli.catalog", "Write a DuckDB file of views over bundles and artifacts."),
    "compare": ("isograph.cli.compare", "Compare two fits, snapshots, module tables or reports."),
    "export": ("isograph.cli.export", "Write a bundle's summary, or a fit for other tools."),
    "benchmark": ("isograph.cli.benchmark", "Fit fixtures with planted modules and report what is found."),
}
EPILOG = """\b
Exit codes: 0 done, 1 bug, 2 usage, 3 input data invalid, 4 not enough memory or disk,
5 the model did not converge, 130 interrupted."""


class _ReaderGoneError(Exception):
    """Whoever read stdout went away (``isograph … | head``). click would end with the code of a bug."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names in the order of the workflow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name][0]), "command")  # noqa: B009
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            with speaking_flags():
                return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list without importing a single command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(__version__, "-V", "--version", prog_name="isograph")
def app() -> None:
    """Modules of genes that move together, in abundance and in isoform usage."""


def main() -> None:
    """Run the command line and exit with the documented code."""
    # NOTE: as an exception, so that what is half written is removed; the default would leave it.
    signal.signal(signal.SIGTERM, lambda *_: _fail("terminated; nothing was written", EXIT_TERMINATED))
    try:
        code = app.main(standalone_mode=False)
    except click.exceptions.Abort:
        _fail("interrupted; nothing was written", EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        _fail("interrupted; nothing was written", EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except IsographError as error:
        _fail(f"error: {error}", error.exit_code)
    except MemoryError:
        _fail("error: not enough memory, and nothing was written. Use a machine with more of it.", EXIT_RESOURCES)
    except _ReaderGoneError:
        # NOTE: Python flushes stdout once more at exit, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception:
        traceback.print_exc()
        _fail("error: this is a bug in isograph; the lines above say where. Please report them.", EXIT_BUG)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    for line in message.split("\n"):
        click.echo(shown(line), err=True)
    sys.exit(code)

"""``isograph benchmark``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isograph.cli.console import Console, log_to_stderr
from isograph.cli.option import level, verbosity_options
from isograph.errors import UsageError, shown
from isograph.runtime.threads import set_thread_environment

if TYPE_CHECKING:
    from isograph.benchmarking.outcome import Outcome

EXIT_INTERRUPTED = 130


@click.command("benchmark")
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Suite to run; repeat for more.")
@click.option(
    "--fixture",
    "fixtures",
    multiple=True,
    metavar="NAME",
    help="Run these data sets of the suites only, or of any suite where none is named; repeat for more.",
)
@click.option("--backend", default="factor", show_default=True, help="How networks are inferred: factor, vae or wgcna.")
@click.option(
    "--stage-name",
    metavar="NAME",
    help="Name of the reports and of the directory of snapshots.  [default: one a suite, <suite>-<backend>, with "
    "-selection before the backend where --fixture is given and -covariates at the end where they are]",
)
@click.option(
    "--seed", "seed", type=int, multiple=True, help="Seed of simulation and fit; repeat for more.  [default: 0]"
)
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Run the seeds 0 to N − 1.")
@click.option("--stability", is_flag=True, help="Also refit data without a known truth on halves of its samples.")
@click.option(
    "--covariates",
    type=click.Choice(["given", "withheld"]),
    default="withheld",
    show_default=True,
    help="Whether confounders that a fixture records are projected out.",
)
@click.option(
    "--artifacts",
    type=click.Path(path_type=Path),
    default=Path("artifacts"),
    show_default=True,
    help="Directory of benchmarks/ and reports/.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Fits at once, which share the cores: their seconds then compare with nothing else.",
)
@verbosity_options
def command(
    *,
    suites: tuple[str, ...],
    fixtures: tuple[str, ...],
    backend: str,
    stage_name: str | None,
    seed: tuple[int, ...],
    seeds: int | None,
    stability: bool,
    covariates: str,
    artifacts: Path,
    jobs: int,
    verbose: bool,
    quiet: bool,
) -> None:
    """Fit the fixtures of a suite (core_v1 unless told) and report how much of what was planted is found.

    Every fit runs with the backend's defaults in a process of its own. Writes a snapshot a run and a report a stage,
    and prints the path of the report of metrics.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    if seed and seeds is not None:
        raise UsageError("--seed and --seeds exclude each other; give one.")
    # NOTE: fits are processes of their own and set theirs; workers on halves are many, with one thread each.
    set_thread_environment(1)
    from isograph.benchmarking.plan import BenchmarkConfig
    from isograph.pipeline.benchmark import benchmark

    config = BenchmarkConfig(
        suites=suites,
        fixtures=fixtures,
        backend=backend,
        stage_name=stage_name,
        seeds=tuple(range(seeds)) if seeds is not None else seed or (0,),
        stability=stability,
        covariates=covariates,
        artifacts=artifacts,
        jobs=jobs,
    )
    try:
        with log_to_stderr(verbosity), Console(quiet=quiet) as console:
            ended = benchmark(config, told=_teller(quiet=quiet), progress=_halves(console))
    except KeyboardInterrupt:
        click.echo("interrupted; the snapshots of the runs that had ended are kept", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    for report in ended.reports:
        if not quiet:
            click.echo(f"\n{_table(report)}\n", err=True)
        click.echo(report)
    ended.raise_failed()


def _teller(*, quiet: bool) -> Callable[[Outcome], None]:
    def tell(outcome: Outcome) -> None:
        if not quiet:
            click.echo(f"  {_line(outcome)}", err=True)

    return tell


def _line(outcome: Outcome) -> str:
    name = f"{outcome.dataset} seed {outcome.seed}"
    if outcome.measured is None:
        return f"{name:<40} {shown(outcome.error)}"
    measured = outcome.measured
    values = (("ari", measured.ari), ("recovery", measured.recovery), ("background", measured.background_rate))
    told = "  ".join(f"{label} {'–' if value is None else format(value, '.3f'):<5}" for label, value in values)
    failed = f"  below its gate: {', '.join(failure.gate for failure in outcome.failures)}" if outcome.failures else ""
    return f"{name:<40} {told}  {measured.n_modules:>4} modules  {outcome.ended.wall_seconds:6.2f} s{failed}"


def _halves(console: Console) -> Callable[[str, int, int], None]:
    """Return what shows how many fits of halves are done, as one step a data set."""
    begun: dict[str, float] = {}

    def advance(name: str, done: int, total: int) -> None:
        import time

        if name not in begun:
            begun[name] = time.monotonic()
            console.begin(f"{name} on halves")
        console.advance(done, total)
        if done == total:
            console.end(f"{name} on halves", time.monotonic() - begun[name])

    return advance


def _table(report: Path) -> str:
    import orjson

    from isograph.benchmarking.report import TABLE_COLUMNS, table_rows

    rows = [TABLE_COLUMNS, *table_rows(orjson.loads(report.read_bytes()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TABLE_COLUMNS))]
    return "\n".join(_aligned(row, widths) for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if number in (0, len(widths) - 1) else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((f"  {first}", *rest)).rstrip()

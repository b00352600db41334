"""``isograph benchmark``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from isograph.cli.app import EXIT_INTERRUPTED
from isograph.cli.console import Console, log_to_stderr, tell
from isograph.cli.option import config_options, level, verbosity_options
from isograph.config.benchmark import BenchmarkConfig
from isograph.errors import UsageError, shown
from isograph.runtime.threads import set_thread_environment
from isograph.text import NOTHING, aligned_rows

if TYPE_CHECKING:
    from isograph.benchmarking.outcome import Outcome


@click.command("benchmark")
@config_options(BenchmarkConfig, "suites", "fixtures", "bundles", "backend", "stage_name", "seeds")
@click.option("--seeds", "n_seeds", type=click.IntRange(min=1), metavar="N", help="Run the seeds 0 to N − 1.")
@config_options(BenchmarkConfig, "stability", "covariates", "artifacts", "jobs")
@verbosity_options
def command(*, seeds: tuple[int, ...], n_seeds: int | None, verbose: bool, quiet: bool, **options: Any) -> None:  # noqa: ANN401
    """Fit the fixtures of a suite (core_v1 unless told) and report how much of what was planted is found.

    Every fit runs with the backend's defaults in a process of its own. Writes a snapshot a run and a report a stage,
    and prints the path of the report of metrics.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    if seeds and n_seeds is not None:
        raise UsageError("--seed and --seeds exclude each other; give one.")
    # NOTE: fits are processes of their own and set theirs; workers on halves are many, with one thread each.
    set_thread_environment(1)
    import orjson

    from isograph.benchmarking.plan import benchmark_stages
    from isograph.benchmarking.report import report_table
    from isograph.pipeline.benchmark import Benchmarked, benchmark_outcomes

    config = BenchmarkConfig(seeds=tuple(range(n_seeds)) if n_seeds is not None else seeds or (0,), **options)
    try:
        with log_to_stderr(verbosity), Console(quiet=quiet) as console:
            stages = benchmark_stages(config)
            outcomes = []
            for outcome in benchmark_outcomes(stages, config, console):
                outcomes.append(outcome)
                if not quiet:
                    tell(f"  {_line(outcome)}")
    except KeyboardInterrupt:
        click.echo("interrupted; the snapshots of the runs that had ended are kept", err=True)
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    result = Benchmarked(tuple(stages), tuple(outcomes))
    for report in result.reports:
        if not quiet:
            columns, rows = report_table(orjson.loads(report.read_bytes()))
            table = aligned_rows(columns, rows, right=range(1, len(columns) - 1))
            tell("\n".join(("", *table, "")))
        click.echo(report)
    result.raise_failed()


def _line(outcome: Outcome) -> str:
    name = f"{outcome.dataset} seed {outcome.seed}"
    if outcome.metrics is None:
        return f"{name:<40} {shown(outcome.error)}"
    metrics = outcome.metrics
    values = [("ari", metrics.ari), ("recovery", metrics.recovery), ("background", metrics.background_rate)]
    if metrics.switching is not None:
        values = [("switch roles", metrics.switch_role_rate), ("supported", metrics.supported_switch_rate)]
    texts = "  ".join(f"{label} {NOTHING if value is None else format(value, '.3f'):<5}" for label, value in values)
    failed = f"  below its gate: {', '.join(failure.gate for failure in outcome.failures)}" if outcome.failures else ""
    return f"{name:<40} {texts}  {metrics.n_modules:>4} modules  {outcome.process.wall_seconds:6.2f} s{failed}"

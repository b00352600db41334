"""``isograph simulate``."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.console import log_to_stderr
from isograph.cli.option import config_options, level, overwrite_option, texts_by_name, verbosity_options
from isograph.config.redraw import RedrawConfig
from isograph.config.values import setting_types, values_of_texts
from isograph.errors import UsageError
from isograph.simulation.spec import FixtureSpec, fixture_specs, suites


@click.command(name="simulate")
@click.argument("fixture", required=False)
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option("--suite", metavar="SUITE", help="Suite the fixture is in.  [default: whichever has it]")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything that is drawn.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field of the fixture's spec in place of its own, as n_genes=500 or module_sizes=20,10; repeat for more.",
)
@click.option("--list", "listed", is_flag=True, help="List suites and fixtures with their sizes, and stop.")
@click.option(
    "--redraw",
    type=click.Path(path_type=Path),
    metavar="BUNDLE",
    help="Draw the transcript counts of BUNDLE again so that no gene switches, in place of a fixture.",
)
@config_options(RedrawConfig, "null", "within")
@overwrite_option
@verbosity_options
@click.pass_context
def command(
    context: click.Context,
    *,
    fixture: str | None,
    out: Path | None,
    suite: str | None,
    seed: int,
    settings: tuple[str, ...],
    listed: bool,
    redraw: Path | None,
    null: str,
    within: tuple[str, ...],
    overwrite: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Write the synthetic bundle OUT with the planted truth of FIXTURE, or a BUNDLE drawn again without switching.

    The same fixture, seed and fields give the same bytes. Every field is kept in the bundle's provenance. With
    --redraw, OUT is all that is named besides: genes keep their totals, and their transcripts share them by a constant
    usage.
    """
    verbosity = level(verbose=verbose, quiet=quiet)
    if listed:
        click.echo("\n".join(_listing(suites() if suite is None else (suite,))))
        return
    if redraw is not None:
        fixture, out = _only_output(fixture, out)
    if (fixture is None and redraw is None) or out is None:
        form = "--redraw BUNDLE OUT" if redraw is not None else "FIXTURE OUT"
        missing = "FIXTURE" if fixture is None and redraw is None else "OUT"
        raise UsageError(f"{missing} is missing: isograph simulate {form}. isograph simulate --list names fixtures.")
    fields = values_of_texts(texts_by_name(settings, "--set", "FIELD=VALUE"), setting_types(FixtureSpec))
    is_null_given = context.get_parameter_source("null") is not click.core.ParameterSource.DEFAULT
    from isograph.pipeline.simulate import write_simulation

    with log_to_stderr(verbosity):
        written = write_simulation(
            fixture,
            out,
            suite=suite,
            seed=seed,
            overwrite=overwrite,
            settings=fields,
            redraw=redraw,
            null=null if is_null_given else None,
            within=within,
        )
    click.echo(written)


def _only_output(first: str | None, second: Path | None) -> tuple[None, Path | None]:
    """Return no fixture and OUT, which is the only argument where a bundle is redrawn."""
    if second is not None:
        raise UsageError(f"--redraw takes no FIXTURE, got '{first}': isograph simulate --redraw BUNDLE OUT.")
    return None, None if first is None else Path(first)


def _listing(names: tuple[str, ...]) -> list[str]:
    lines = []
    for suite in names:
        specs = fixture_specs(suite)
        width = max(len(spec.name) for spec in specs)
        lines.append(suite)
        for spec in specs:
            modules = f"{len(spec.module_sizes):>3} modules" if spec.module_sizes else " no modules"
            lines.append(f"  {spec.name:<{width}}  {spec.n_genes:>6,} genes × {spec.n_samples:>3} samples  {modules}")
    return lines

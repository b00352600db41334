"""``isograph export``."""

from __future__ import annotations

from pathlib import Path

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import level, verbosity_options
from isograph.errors import UsageError, shown


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="BUNDLE|FIT")
@click.option("--dataset-path", type=click.Path(path_type=Path), hidden=True)
@click.option("--artifact-dir", type=click.Path(path_type=Path), hidden=True)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="Of a bundle: summary. Of a fit: cytoscape, graphml, gmt, rnk, wgcna, anndata; repeat for more.",
)
@click.option(
    "--output-path",
    type=click.Path(path_type=Path),
    help="Of a bundle: the JSON file.  [default: stdout]  Of a fit: the directory, or a file that ends in .graphml or "
    ".h5ad for that format alone.  [default: artifacts/exports/<name of the fit>]",
)
@click.option(
    "--module", "modules", multiple=True, metavar="MODULE", help="Only this module; repeat for more.  [default: all]"
)
@click.option(
    "--top-edges",
    type=click.IntRange(min=0),
    help="So many edges of each module, the strongest; 0 for all, those between modules too.  [default: 500]",
)
@click.option("--min-weight", type=click.FloatRange(0, 1), help="Only edges with a |weight| of at least this.")
@click.option("--symbols", is_flag=True, help="Call genes by their symbol where one is known (gmt, rnk).")
@click.option("--raw", is_flag=True, help="Write text as it is, also what a spreadsheet would run or rewrite.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="The bundle of the fit (wgcna, anndata).  [default: where it was when it was fitted]",
)
@click.option("--overwrite", is_flag=True, help="Replace the output if it is there.")
@verbosity_options
def command(
    *,
    path: Path | None,
    dataset_path: Path | None,
    artifact_dir: Path | None,
    formats: tuple[str, ...],
    output_path: Path | None,
    modules: tuple[str, ...],
    top_edges: int | None,
    min_weight: float | None,
    symbols: bool,
    raw: bool,
    bundle: Path | None,
    overwrite: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Write a summary of BUNDLE as JSON, or FIT for other tools.

    cytoscape: edge and node tables with WGCNA's column names. graphml: the network. gmt: modules as gene sets, with
    their background. rnk: genes ranked by kME, a list per module. wgcna: geneInfo.csv and MEs.csv. anndata: an .h5ad
    file (needs the extra anndata).
    """
    source = _source(path, dataset_path, artifact_dir)
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.config.export import ExportConfig
    from isograph.pipeline.export import export

    config = ExportConfig(
        formats=formats,
        module_ids=modules,
        top_edges=top_edges,
        min_weight=min_weight,
        symbols=symbols,
        raw=raw,
        bundle=bundle,
    )
    with log_to_stderr(verbosity):
        exported = export(source, config, output_path=output_path, overwrite=overwrite)
    if not quiet:
        for note in exported.notes:
            tell(shown(note))
    if exported.path is None:
        click.echo(exported.data, nl=False)
    else:
        click.echo(exported.path)


def _source(*paths: Path | None) -> Path:
    given = [path for path in paths if path is not None]
    if len(given) != 1:
        fault = "given twice" if given else "missing"
        raise UsageError(f"BUNDLE|FIT is {fault}: give it as an argument, or with --dataset-path or --artifact-dir.")
    return given[0]

"""``isograph export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from isograph.cli.console import log_to_stderr, tell
from isograph.cli.option import config_options, level, verbosity_options
from isograph.config.export import ExportConfig
from isograph.errors import UsageError, shown


@click.command("export")
@click.argument("path", type=click.Path(path_type=Path), required=False, metavar="BUNDLE|FIT")
@click.option("--dataset-path", type=click.Path(path_type=Path), hidden=True)
@click.option("--artifact-dir", type=click.Path(path_type=Path), hidden=True)
@config_options(ExportConfig, "formats")
@click.option(
    "--output-path",
    type=click.Path(path_type=Path),
    help="Of a bundle: the JSON file.  [default: stdout]  Of a fit: the directory, or a file that ends in .graphml or "
    ".h5ad for that format alone.  [default: artifacts/exports/<name of the fit>]",
)
@config_options(ExportConfig, "module_ids", "top_edges", "min_weight", "symbols", "raw", "bundle")
@click.option("--overwrite", is_flag=True, help="Replace the output if it is there.")
@verbosity_options
def command(
    *,
    path: Path | None,
    dataset_path: Path | None,
    artifact_dir: Path | None,
    output_path: Path | None,
    overwrite: bool,
    verbose: bool,
    quiet: bool,
    **settings: Any,  # noqa: ANN401
) -> None:
    """Write a summary of BUNDLE as JSON, or FIT for other tools.

    cytoscape: edge and node tables with WGCNA's column names. graphml: the network. gmt: modules as gene sets, with
    their background. rnk: genes ranked by kME, a list per module. wgcna: geneInfo.csv and MEs.csv. anndata: an .h5ad
    file (needs the extra anndata).
    """
    paths = [source for source in (path, dataset_path, artifact_dir) if source is not None]
    if len(paths) != 1:
        fault = "given twice" if paths else "missing"
        raise UsageError(f"BUNDLE|FIT is {fault}: give it as an argument, or with --dataset-path or --artifact-dir.")
    verbosity = level(verbose=verbose, quiet=quiet)
    from isograph.pipeline.export import export

    with log_to_stderr(verbosity):
        exported = export(paths[0], output_path=output_path, overwrite=overwrite, **settings)
    if not quiet:
        for note in exported.notes:
            tell(shown(note))
    if exported.path is None:
        click.echo(exported.data, nl=False)
    else:
        click.echo(exported.path)

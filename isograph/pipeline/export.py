"""``isograph export``: a bundle in short, or a fit in the formats of other tools."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from isograph.bundle.bundle import TRUTH_KINDS, Bundle
from isograph.config.export import FORMATS, SUMMARY, ExportConfig
from isograph.config.values import names_given
from isograph.errors import InputError, UsageError, examples, option
from isograph.exporting.fit_source import FitSource, gene_symbols
from isograph.exporting.gene_tables import background, eigengene_columns, gene_info, gmt, ranked_lists
from isograph.exporting.graph import edge_table, graphml, node_table
from isograph.exporting.h5ad import SLASH, h5ad
from isograph.features.assays import gene_names
from isograph.pipeline.validate import bundle_summary
from isograph.results.bundle import OpenedBundle
from isograph.results.fit import Fit
from isograph.results.snapshot import SNAPSHOT, Snapshot
from isograph.runtime.extras import require_extra
from isograph.store.artifact import JSON_STYLE, artifact_directory, read_manifest
from isograph.store.output import refuse_existing, refuse_existing_file, write_output_file

DEFAULT_PARENT = Path("artifacts/exports")
FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
FILE_ENDINGS = {"graphml": ".graphml", "anndata": ".h5ad"}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path : the directory, or the file; None where nothing was asked to be written.
    data : the content of a summary; empty for a fit.
    notes : sentences on what was left out or changed.
    """

    path: Path | None
    data: bytes = b""
    notes: tuple[str, ...] = ()


def export(
    path: str | Path | Fit | OpenedBundle,
    formats: str | Iterable[str] = (),
    *,
    output_path: str | Path | None = None,
    module_ids: str | Iterable[str] = (),
    top_edges: int | None = None,
    min_weight: float | None = None,
    symbols: bool = False,
    raw: bool = False,
    bundle: str | Path | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a bundle or a fit in formats of other tools.

    A bundle gives one JSON summary, written to ``output_path`` if there is one. A fit gives a directory, by default
    ``artifacts/exports/<name of the fit>``; a format of one file goes to a file if ``output_path`` has its ending.

    Parameters
    ----------
    path : a bundle, fit or snapshot directory, or one that was opened.
    formats : of a fit ``cytoscape``, ``graphml``, ``gmt``, ``rnk``, ``wgcna``, ``anndata`` (needs the extra
        ``anndata``); of a bundle ``summary`` or none.
    output_path : the directory, or a file that ends in ``.graphml`` or ``.h5ad`` for that format alone.
    module_ids : only these modules; empty for all.
    top_edges : edges of each module, the strongest; 0 for every edge of the network; None for 500.
    min_weight : least |weight| of an edge; None for any.
    symbols : call genes by their symbol where one is known.
    raw : write text as it is, also what a spreadsheet would run or rewrite.
    bundle : the bundle that the fit was made of, if it is not where it was.
    overwrite : replace the output if it is there.

    Raises
    ------
    UsageError
        The output exists, or a format or an option is not one of the bundle or the fit.
    MissingExtraError
        AnnData is asked for and is not installed.
    InputError
        The bundle or fit is damaged, or is not there.
    """
    config = ExportConfig(
        formats=names_given(formats),
        module_ids=names_given(module_ids),
        top_edges=top_edges,
        min_weight=min_weight,
        symbols=symbols,
        raw=raw,
        bundle=None if bundle is None else Path(bundle),
    )
    out = None if output_path is None else Path(output_path)
    source = path if isinstance(path, Fit | OpenedBundle) else _opened(Path(path))
    if isinstance(source, Fit):
        return _exported_fit(source, config, out, overwrite=overwrite)
    if config.formats not in ((), (SUMMARY,)):
        raise UsageError(f"{source.path} is a bundle: it is exported as {SUMMARY} only. Give a fit for other formats.")
    data = orjson.dumps(bundle_record(source.bundle), option=JSON_STYLE | orjson.OPT_APPEND_NEWLINE)
    if out is not None:
        write_output_file(out, data, overwrite=True)
    return Exported(out, data)


def _opened(path: Path) -> Fit | OpenedBundle:
    manifest = read_manifest(path)
    if "artifact" not in manifest and "dataset_name" in manifest:
        return OpenedBundle(path)
    return Snapshot(path) if manifest.get("artifact") == SNAPSHOT else Fit(path)


def bundle_record(bundle: Bundle) -> dict[str, object]:
    """Return what a bundle holds as JSON values."""
    summary = bundle_summary(bundle)
    transcripts = bundle.transcripts
    n_with_transcripts = 0 if transcripts is None else transcripts.get_column("gene_id").n_unique()
    return {
        "dataset_name": summary.dataset_name,
        "suite_name": summary.suite_name,
        "n_samples": summary.n_samples,
        "n_genes": summary.n_genes,
        "n_transcripts": summary.n_transcripts,
        "n_single_isoform_genes": n_with_transcripts - summary.n_multi_isoform_genes,
        "n_multi_isoform_genes": summary.n_multi_isoform_genes,
        "assays": list(summary.assays),
        "assay_shapes": {name: list(shape) for name, shape in summary.assays.items()},
        "tables": summary.tables,
        "truth_tables": [kind for kind in TRUTH_KINDS if kind in summary.tables],
        "sample_columns": [
            {"name": column.name, "type": column.type, "n_missing": column.n_missing}
            for column in summary.sample_columns
        ],
    }


def _exported_fit(fit: Fit, config: ExportConfig, out: Path | None, *, overwrite: bool) -> Exported:
    formats = tuple(dict.fromkeys(config.formats))
    if not formats or SUMMARY in formats:
        flag = option("formats", flag="--format")
        raise UsageError(f"{fit.path} is a fit: name what to export it to with {flag}: {', '.join(FORMATS)}.")
    if "anndata" in formats:
        require_extra("anndata", "AnnData", "anndata")
    out = out if out is not None else DEFAULT_PARENT / fit.path.absolute().name
    is_file = len(formats) == 1 and out.suffix.lower() == FILE_ENDINGS.get(formats[0])
    if is_file:
        refuse_existing_file(out, overwrite=overwrite)
    else:
        refuse_existing(out, overwrite=overwrite)
    source = FitSource(fit, config)
    files: dict[str, bytes] = {}
    for name in formats:
        files |= _files(source, name)
    if is_file:
        write_output_file(out, next(iter(files.values())), overwrite=overwrite)
    else:
        with artifact_directory(out, "fit export", overwrite=overwrite) as writer:
            for name, data in files.items():
                writer.file(name, data)
    return Exported(out, notes=source.notes)


def _files(source: FitSource, name: str) -> dict[str, bytes]:
    """Return the files of one format, by file name."""
    modules, module_ids, genes, raw = source.modules, source.module_ids, source.names, source.config.raw
    if name == "cytoscape":
        return {
            "cytoscape_edges.tsv": source.text(edge_table(source.graph), "\t"),
            "cytoscape_nodes.tsv": source.text(node_table(source.graph), "\t"),
        }
    if name == "graphml":
        return {"network.graphml": graphml(source.graph)}
    if name == "gmt":
        return {
            "modules.gmt": gmt(modules, module_ids, genes, raw=raw),
            "background.txt": background(source.scores.gene_ids, genes, raw=raw),
        }
    if name == "rnk":
        if foreign := [module for module in module_ids if not FILE_NAME.match(module)]:
            raise InputError(str(source.fit.path), f"modules whose names cannot be a file's: {examples(foreign)}.")
        lists = ranked_lists(source.scores, module_ids, genes, raw=raw)
        return {f"{module}.rnk": data for module, data in lists.items()}
    if name == "wgcna":
        symbols = gene_symbols(gene_names(source.bundle))
        info = gene_info(
            source.scores, modules, source.table("edges"), symbols, source.traits, adjustment=source.adjustment
        )
        return {
            "geneInfo.csv": source.text(info, ","),
            "MEs.csv": source.text(eigengene_columns(source.scores), ","),
        }
    samples = source.bundle.samples
    if renamed := [column for column in samples.columns if SLASH in column]:
        source.note(f"in AnnData the / in names of sample columns is _: {examples(renamed)}.")
    roles = source.table("module_gene_roles")
    return {"fit.h5ad": h5ad(source.scores, samples, modules, roles, source.fit.config)}

"""``isograph export``: a bundle in short, or a fit in the formats of other tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from isograph.bundle.bundle import TRUTH_KINDS, Bundle
from isograph.bundle.read import read_bundle
from isograph.config.export import FORMATS, SUMMARY, ExportConfig
from isograph.errors import InputError, UsageError, examples
from isograph.exporting.annotated import anndata_package, h5ad
from isograph.exporting.cytoscape import edge_table, node_table
from isograph.exporting.fit_source import Outgoing
from isograph.exporting.geneinfo import eigengene_columns, gene_info
from isograph.exporting.geneset import background, gmt, ranked_lists
from isograph.exporting.graphml import graphml
from isograph.pipeline.validate import bundle_summary
from isograph.results.fit import Fit
from isograph.results.snapshot import SNAPSHOT, Snapshot
from isograph.store.artifact import JSON_STYLE, artifact_directory, read_manifest
from isograph.store.output import refuse_existing, write_output_file

EXPORT = "fit export"
DEFAULT_PARENT = Path("artifacts/exports")
_FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")

Files = dict[str, bytes]


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
    path: str | Path, config: ExportConfig, *, output_path: str | Path | None = None, overwrite: bool = False
) -> Exported:
    """Write the bundle or fit at ``path`` in the formats that ``config`` names.

    A bundle gives one JSON summary, written to ``output_path`` if there is one. A fit gives a directory, by default
    ``artifacts/exports/<name of the fit>``; a format of one file goes to a file if ``output_path`` has its ending.

    Raises
    ------
    UsageError
        The output exists, a format is not one of the bundle or the fit, or it needs a package that is not installed.
    InputError
        The bundle or fit is damaged, or is not there.
    """
    source = Path(path)
    out = None if output_path is None else Path(output_path)
    manifest = read_manifest(source)
    if "artifact" not in manifest and "dataset_name" in manifest:
        return _exported_bundle(source, config, out)
    fit = Snapshot(source) if manifest.get("artifact") == SNAPSHOT else Fit(source)
    return _exported_fit(fit, config, out, overwrite=overwrite)


def _exported_bundle(path: Path, config: ExportConfig, out: Path | None) -> Exported:
    if config.formats not in ((), (SUMMARY,)):
        raise UsageError(f"{path} is a bundle: it is exported as {SUMMARY} only. Give a fit for other formats.")
    data = orjson.dumps(bundle_record(read_bundle(path)), option=JSON_STYLE | orjson.OPT_APPEND_NEWLINE)
    if out is not None:
        write_output_file(out, data, overwrite=True)
    return Exported(out, data)


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
        raise UsageError(f"{fit.path} is a fit: name what to export it to with --format: {', '.join(FORMATS)}.")
    if "anndata" in formats:
        anndata_package()
    place = out if out is not None else DEFAULT_PARENT / fit.path.absolute().name
    ending = _ENDINGS.get(formats[0]) if len(formats) == 1 else None
    is_file = ending is not None and place.suffix.lower() == ending
    if is_file and place.exists() and not overwrite:
        raise UsageError(f"{place} exists. Pass --overwrite to replace it, or name another file.")
    if not is_file:
        refuse_existing(place, overwrite=overwrite)
    outgoing = Outgoing(fit, config)
    files: Files = {}
    for name in formats:
        files |= _WRITERS[name](outgoing)
    if is_file:
        write_output_file(place, next(iter(files.values())), overwrite=True)
    else:
        with artifact_directory(place, EXPORT, overwrite=overwrite) as writer:
            for name, data in files.items():
                writer.file(name, data)
    return Exported(place, notes=outgoing.notes)


def _cytoscape(outgoing: Outgoing) -> Files:
    chosen = outgoing.graph
    return {
        "cytoscape_edges.tsv": outgoing.text(edge_table(chosen), "\t"),
        "cytoscape_nodes.tsv": outgoing.text(node_table(chosen), "\t"),
    }


def _graphml(outgoing: Outgoing) -> Files:
    return {"network.graphml": graphml(outgoing.graph)}


def _gmt(outgoing: Outgoing) -> Files:
    names, raw = outgoing.names, outgoing.config.raw
    return {
        "modules.gmt": gmt(outgoing.modules, outgoing.module_ids, names, raw=raw),
        "background.txt": background(outgoing.scores.gene_ids, names, raw=raw),
    }


def _rnk(outgoing: Outgoing) -> Files:
    foreign = [module for module in outgoing.module_ids if not _FILE_NAME.match(module)]
    if foreign:
        raise InputError(str(outgoing.fit.path), [f"modules whose names cannot be a file's: {examples(foreign)}."])
    lists = ranked_lists(outgoing.scores, outgoing.module_ids, outgoing.names, raw=outgoing.config.raw)
    return {f"{module}.rnk": data for module, data in lists.items()}


def _wgcna(outgoing: Outgoing) -> Files:
    genes = gene_info(
        outgoing.scores, outgoing.modules, outgoing.table("edges"), outgoing.symbols_of_bundle, outgoing.traits
    )
    return {
        "geneInfo.csv": outgoing.text(genes, ","),
        "MEs.csv": outgoing.text(eigengene_columns(outgoing.scores), ","),
    }


def _anndata(outgoing: Outgoing) -> Files:
    roles = outgoing.table("module_gene_roles")
    outgoing.tell_of_renamed_columns()
    data = h5ad(outgoing.scores, outgoing.bundle.samples, outgoing.modules, roles, outgoing.fit.config)
    return {"fit.h5ad": data}


_ENDINGS = {"graphml": ".graphml", "anndata": ".h5ad"}
_WRITERS: Mapping[str, Callable[[Outgoing], Files]] = {
    "cytoscape": _cytoscape,
    "graphml": _graphml,
    "gmt": _gmt,
    "rnk": _rnk,
    "wgcna": _wgcna,
    "anndata": _anndata,
}

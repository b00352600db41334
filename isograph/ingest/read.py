"""What a file or directory of quantifications holds: which tool wrote it, and its values."""

from __future__ import annotations

from pathlib import Path

from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError, option
from isograph.ingest.matrix import read_matrix
from isograph.ingest.nfcore import merged_folder, read_nfcore
from isograph.ingest.quantification import Quantification
from isograph.ingest.salmon import QUANT_FILES, quant_files, read_salmon

_UNREAD = {
    "abundance.tsv": "kallisto",
    "abundance.h5": "kallisto",
    "t_data.ctab": "StringTie (ballgown)",
    "*.isoforms.results": "RSEM",
}


def read_quantification(source: Path, config: ImportConfig) -> Quantification:
    """Return what ``source`` holds, read as ``config.format`` or as what it is detected to be.

    Raises
    ------
    InputError
        Nothing known is there, or it is damaged.
    UsageError
        The format or the options do not fit what is there.
    """
    tool = detected_format(source) if config.format == "auto" else config.format
    if not source.exists():
        raise InputError(str(source), "no such file or directory")
    if (tool == "matrix") != source.is_file():
        kind = "a file" if tool == "matrix" else "a directory"
        another = f"Choose another {option('format')}, or auto."
        raise UsageError(f"{source}: format {tool} is {kind}, and this is not. {another}")
    if tool == "matrix":
        return read_matrix(source, id_column=config.id_column, gene_column=config.gene_column, scale=config.scale)
    of_matrix = {
        option("id_column"): config.id_column is not None,
        option("gene_column"): config.gene_column is not None,
        option("scale", config.scale): config.scale != "counts",
    }
    if unfit := [name for name, is_set in of_matrix.items() if is_set]:
        raise UsageError(f"{', '.join(unfit)} is for a matrix, and this is {tool} output. Leave it out.")
    return read_salmon(source) if tool == "salmon" else read_nfcore(source)


def detected_format(source: Path) -> str:
    """Return ``salmon``, ``nf-core`` or ``matrix``. Merged nf-core tables win over the Salmon directories beside them.

    Raises
    ------
    InputError
        There is no such path, or nothing in the directory is known.
    UsageError
        The path is one sample's file or directory, or already a bundle.
    """
    if not source.exists():
        raise InputError(str(source), "no such file or directory")
    if source.is_file():
        if source.name in QUANT_FILES:
            raise UsageError(f"{source} is one sample. Name the directory that holds all sample directories.")
        return "matrix"
    if (source / "manifest.json").is_file():
        raise UsageError(f"{source} is a bundle already. Check it with: isograph validate {source}")
    if merged_folder(source):
        return "nf-core"
    if quant_files(source):
        return "salmon"
    if any((source / name).is_file() for name in QUANT_FILES):
        raise UsageError(f"{source} is one sample. Name the directory above it, which holds all sample directories.")
    raise InputError(source.name, _unknown(source))


def _unknown(source: Path) -> str:
    nested = sorted(path for path in source.iterdir() if path.is_dir() and quant_files(path))
    if nested:
        return f"the Salmon directories are one level down: name {nested[0]}"
    for pattern, tool in _UNREAD.items():
        if next(source.glob(pattern), None) or next(source.glob(f"*/{pattern}"), None):
            return (
                f"{tool} output is not read directly. Import nf-core's merged tables, or a matrix of estimated counts "
                "(transcript_id, gene_id and a column per sample)."
            )
    return (
        "nothing here is known. Expected <sample>/quant.sf (Salmon), salmon.merged.transcript_counts.tsv (nf-core), "
        "or the path of a CSV, TSV or parquet matrix."
    )

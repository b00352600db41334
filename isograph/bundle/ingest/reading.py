"""One entry to all readers."""

from __future__ import annotations

from pathlib import Path

from isograph.bundle.ingest.detect import detected_format
from isograph.bundle.ingest.matrix import read_matrix
from isograph.bundle.ingest.nfcore import read_nfcore
from isograph.bundle.ingest.quantification import Quantification
from isograph.bundle.ingest.salmon import read_salmon
from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError


def read_quantification(source: Path, config: ImportConfig) -> Quantification:
    """Return what ``source`` holds, read as ``config.format`` or as what it is detected to be.

    Raises
    ------
    InputError
        Nothing known is there, or it is damaged.
    UsageError
        The format or the options do not fit what is there.
    """
    wanted = detected_format(source) if config.format == "auto" else config.format
    if not source.exists():
        raise InputError(str(source), ["no such file or directory"])
    if (wanted == "matrix") != source.is_file():
        kind = "a file" if wanted == "matrix" else "a directory"
        raise UsageError(f"{source}: format {wanted} is {kind}, and this is not. Choose another --format, or auto.")
    if wanted != "matrix":
        _require_no_matrix_options(wanted, config)
        return read_salmon(source) if wanted == "salmon" else read_nfcore(source)
    return read_matrix(source, id_column=config.id_column, gene_column=config.gene_column, scale=config.scale)


def _require_no_matrix_options(wanted: str, config: ImportConfig) -> None:
    given = {
        "--id-column": config.id_column is not None,
        "--gene-column": config.gene_column is not None,
        "--scale log": config.scale == "log",
    }
    unfit = [option for option, is_given in given.items() if is_given]
    if unfit:
        raise UsageError(f"{', '.join(unfit)} is for a matrix, and this is {wanted} output. Leave it out.")

"""Writing a bundle in the layout of ``manifest.json`` plus parquet tables plus npz matrices."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson
import polars as pl

from isograph.arrays import Matrix
from isograph.bundle.bundle import TRUTH_KINDS, Bundle
from isograph.bundle.manifest import DIGEST_KEY, ENCODING, MANIFEST, parse_manifest
from isograph.errors import InputError, examples
from isograph.store.files import data_digest
from isograph.store.output import output_directory, write_file

TABLE_FILENAMES = {
    "gene": "genes.parquet",
    "transcript": "transcripts.parquet",
    "psi": "psi.parquet",
    "junction": "junctions.parquet",
    "truth_module": "truth_modules.parquet",
    "truth_switch": "truth_switch.parquet",
    "truth_switch_event": "truth_switch_events.parquet",
    "truth_abundance": "truth_abundance.parquet",
    "truth_channel_role": "truth_channel_role.parquet",
}
SAMPLE_TABLE = "samples.parquet"
# NOTE: the earliest date a zip member can carry; a real one would change the bytes of every run.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def has_manifest(path: Path) -> bool:
    """Return whether a directory has a manifest; a directory with files and without one is never replaced."""
    return (path / MANIFEST).is_file()


def write_bundle(
    bundle: Bundle, out: Path, *, overwrite: bool = False, extra_files: Mapping[str, bytes] | None = None
) -> Path:
    """Write ``bundle`` to the directory ``out`` and return ``out``; same bundle, same bytes.

    The sha256 of every table and matrix is kept in the manifest's provenance (``sha256:<file>``) and checked when the
    bundle is read. ``extra_files`` (name → content) are put beside them, outside the manifest.

    Raises
    ------
    UsageError
        ``out`` exists, is not empty and ``overwrite`` is not set.
    InputError
        A name in ``bundle`` that a manifest cannot hold, or two parts that would become the same file.
    """
    extra_files = extra_files or {}
    tables = (_table_filename(kind) for kind in bundle.feature_tables)
    matrices = (f"{assay}.npz" for assay in bundle.matrices)
    counts = Counter([SAMPLE_TABLE, MANIFEST, *tables, *matrices, *extra_files])
    if clashing := [name for name, count in counts.items() if count > 1]:
        sentence = f"several parts would become the same file: {examples(clashing)}. Rename the kind or assay."
        raise InputError("bundle", sentence)
    expected_bytes = sum(matrix.nbytes for matrix in bundle.matrices.values())
    with output_directory(out, overwrite=overwrite, expected_bytes=expected_bytes) as directory:
        files = {SAMPLE_TABLE: _parquet(bundle.samples)}
        files |= {_table_filename(kind): _parquet(table) for kind, table in bundle.feature_tables.items()}
        files |= {f"{assay}.npz": _npz(matrix) for assay, matrix in bundle.matrices.items()}
        manifest = _manifest(bundle, {f"{DIGEST_KEY}{name}": data_digest(data) for name, data in files.items()})
        if findings := parse_manifest(manifest).findings:
            raise InputError(str(out), [str(finding) for finding in findings])
        for name, data in {**files, **extra_files, MANIFEST: manifest}.items():
            write_file(directory / name, data)
    return out


def _manifest(bundle: Bundle, digests: Mapping[str, str]) -> bytes:
    tables = bundle.feature_tables
    # NOTE: the digests of a bundle that was read are of its old files, some of which may be gone.
    provenance = {key: value for key, value in bundle.provenance.items() if not key.startswith(DIGEST_KEY)}
    manifest = {
        "dataset_name": bundle.dataset_name,
        "suite_name": bundle.suite_name,
        "description": bundle.description,
        "sample_table": SAMPLE_TABLE,
        "feature_tables": [
            {"kind": kind, "filename": _table_filename(kind), "n_rows": table.height} for kind, table in tables.items()
        ],
        "matrices": [
            {
                "assay_name": assay,
                "filename": f"{assay}.npz",
                "n_features": matrix.shape[0],
                "n_samples": matrix.shape[1],
                "encoding": ENCODING,
            }
            for assay, matrix in bundle.matrices.items()
        ],
        "provenance": {**provenance, **digests},
        "truth_tables": [_table_filename(kind) for kind in tables if kind in TRUTH_KINDS],
    }
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def _table_filename(kind: str) -> str:
    return TABLE_FILENAMES.get(kind, f"{kind}.parquet")


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return buffer.getvalue()


def _npz(matrix: Matrix) -> bytes:
    array = io.BytesIO()
    np.lib.format.write_array(array, np.ascontiguousarray(matrix, dtype=np.float64), allow_pickle=False)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        member = zipfile.ZipInfo("data.npy", date_time=_ZIP_EPOCH)
        member.compress_type = zipfile.ZIP_DEFLATED
        members.writestr(member, array.getvalue(), compresslevel=1)
    return archive.getvalue()

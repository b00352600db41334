"""Reading a bundle: everything wrong with it is found in one go, and only a bundle without errors is returned."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl

from isograph.arrays import Matrix
from isograph.bundle.bundle import FEATURE_KIND_OF_ASSAY, TRUTH_KINDS, Bundle
from isograph.bundle.file import read_file
from isograph.bundle.findings import Finding, error, findings_of
from isograph.bundle.manifest import DIGEST_KEY, MANIFEST, Manifest, read_bundle_manifest
from isograph.bundle.matrix import MAX_MATRIX_FILE_BYTES, axes_of, entry_findings, inspected_matrix
from isograph.bundle.parquet import MAX_TABLE_FILE_BYTES, read_parquet_table
from isograph.bundle.validate import (
    BundleTable,
    agreement_findings,
    coverage_findings,
    presence_findings,
    table_findings,
)
from isograph.errors import InputError, shown
from isograph.store.files import data_digest

logger = logging.getLogger(__name__)

_KNOWN_KINDS = frozenset({*FEATURE_KIND_OF_ASSAY.values(), *TRUTH_KINDS})
_ID_COLUMNS = ("sample_id", "transcript_id", "gene_id", "psi_uid")


def read_bundle(path: Path) -> Bundle:
    """Return the bundle in the directory ``path``; what is doubtful about it goes to the log as warnings.

    Raises
    ------
    InputError
        The bundle is invalid; the error holds every violation.
    """
    bundle, findings = inspect_bundle(path)
    for finding in findings:
        if finding.level == "warning":
            logger.warning("%s", finding)
    if bundle is None:
        raise InputError(shown(path), [str(finding) for finding in findings if finding.level == "error"])
    return bundle


def inspect_bundle(path: Path) -> tuple[Bundle | None, tuple[Finding, ...]]:
    """Return the bundle in the directory ``path``, None if it has errors, and everything found wrong or doubtful.

    Every file is opened without following symbolic links, read once, compared with its digest where the manifest has
    one, and checked for what it would unpack to before it is unpacked.
    """
    if not path.is_dir():
        problem = "is not a directory" if path.exists() else "there is no such directory"
        return None, (error("directory", f"{problem}. A bundle is a directory with a {MANIFEST}."),)
    try:
        manifest = read_bundle_manifest(path)
    except InputError as refused:
        return None, tuple(findings_of(MANIFEST, refused))
    return _Inspection(path, manifest).result()


class _Inspection:
    """One pass over the files of a manifest; ``findings`` grows in the order of the pass."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.findings = list(manifest.findings)

    def result(self) -> tuple[Bundle | None, tuple[Finding, ...]]:
        manifest = self.manifest
        samples = None if manifest.sample_table is None else self._table(manifest.sample_table, known=True)
        tables: dict[str, BundleTable] = {}
        for described in manifest.feature_tables:
            known = described.kind in _KNOWN_KINDS
            table = self._table(described.filename, known=known)
            if table is None:
                continue
            if known and table.frame.height != described.n_rows:
                message = f"has {table.frame.height} rows, but the manifest says n_rows is {described.n_rows}."
                self.findings.append(error(described.filename, message))
            tables.setdefault(described.kind, table)
        self.findings += table_findings(samples, tables)
        filenames = {entry.assay_name: entry.filename for entry in manifest.matrices}
        if manifest.whole:
            self.findings += presence_findings(manifest)
            self.findings += coverage_findings(tables, frozenset(filenames))
        matrices: dict[str, Matrix] = {}
        for entry in manifest.matrices:
            known = entry.assay_name in FEATURE_KIND_OF_ASSAY
            axes = axes_of(entry, samples, tables)
            self.findings += entry_findings(entry, axes) if known else ()
            data = self._file(entry.filename, MAX_MATRIX_FILE_BYTES)
            if data is None or not known:
                continue
            matrix, findings = inspected_matrix(data, entry, axes)
            self.findings += findings
            if matrix is not None:
                matrices.setdefault(entry.assay_name, matrix)
        if samples is None or any(finding.level == "error" for finding in self.findings):
            return None, tuple(self.findings)
        bundle = Bundle(
            dataset_name=manifest.dataset_name,
            samples=samples.frame.select("sample_id", pl.exclude("sample_id")),
            feature_tables={kind: table.frame for kind, table in tables.items()},
            matrices=matrices,
            suite_name=manifest.suite_name,
            description=manifest.description,
            provenance=manifest.provenance,
            path=self.path,
        )
        return bundle, (*self.findings, *agreement_findings(bundle, filenames.get("gene_counts", MANIFEST)))

    def _table(self, filename: str, *, known: bool) -> BundleTable | None:
        data = self._file(filename, MAX_TABLE_FILE_BYTES)
        if data is None:
            return None
        try:
            frame = read_parquet_table(data)
        except InputError as problem:
            self.findings += findings_of(filename, problem, "error" if known else "warning")
            return None
        categorical = [name for name in _ID_COLUMNS if isinstance(frame.schema.get(name), pl.Categorical | pl.Enum)]
        return BundleTable(filename, frame.with_columns(pl.col(categorical).cast(pl.String)))

    def _file(self, filename: str, max_bytes: int) -> bytes | None:
        """Return the content of a file, None if it cannot be read; a content that was changed is a finding."""
        try:
            data = read_file(self.path, filename, max_bytes=max_bytes)
        except InputError as problem:
            self.findings += findings_of(filename, problem)
            return None
        written = self.manifest.provenance.get(f"{DIGEST_KEY}{filename}")
        if written is not None and data_digest(data) != written:
            message = (
                "changed since the bundle was written: its sha256 is not the one in the manifest. Restore the file, "
                f"or take '{DIGEST_KEY}{filename}' out of the manifest's provenance if you changed it on purpose."
            )
            self.findings.append(error(filename, message))
        return data

"""Reading a bundle: everything wrong with it is found in one go, and only a bundle without errors is returned."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import polars as pl

from isograph.arrays import Matrix
from isograph.bundle.agreement import agreement_findings
from isograph.bundle.bundle import FEATURE_KIND_OF_ASSAY, TRUTH_KINDS, Bundle
from isograph.bundle.file import read_file
from isograph.bundle.findings import Finding, error, findings_of, with_text_ids
from isograph.bundle.manifest import DIGEST_KEY, MANIFEST, MAX_MANIFEST_BYTES, Manifest, parse_manifest
from isograph.bundle.matrix import MAX_MATRIX_FILE_BYTES, axes_of, entry_findings, inspected_matrix, presence_findings
from isograph.bundle.table import MAX_TABLE_FILE_BYTES, read_table
from isograph.bundle.validate import Table, coverage_findings, table_findings
from isograph.errors import InputError, shown

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
        there = "is not a directory" if path.exists() else "there is no such directory"
        return None, (error("directory", f"{there}. A bundle is a directory with a {MANIFEST}."),)
    try:
        data = read_file(path, MANIFEST, max_bytes=MAX_MANIFEST_BYTES)
    except InputError as problem:
        return None, tuple(findings_of(MANIFEST, problem))
    manifest, findings = parse_manifest(data)
    if manifest is None:
        return None, findings
    return _Inspection(path, manifest, list(findings)).result()


class _Inspection:
    """One pass over the files of a manifest; ``findings`` grows in the order of the pass."""

    def __init__(self, path: Path, manifest: Manifest, findings: list[Finding]) -> None:
        self.path = path
        self.manifest = manifest
        self.findings = findings
        self.tables: dict[str, Table] = {}
        self.matrices: dict[str, Matrix] = {}

    def result(self) -> tuple[Bundle | None, tuple[Finding, ...]]:
        samples = self._samples()
        self._read_tables()
        self.findings += table_findings(samples, self.tables)
        if self.manifest.whole:
            self.findings += presence_findings(self.manifest)
            assays = frozenset(entry.assay_name for entry in self.manifest.matrices)
            self.findings += coverage_findings(self.tables, assays)
        self._read_matrices(samples)
        findings = tuple(self.findings)
        if samples is None or any(finding.level == "error" for finding in findings):
            return None, findings
        bundle = self._bundle(samples.frame)
        filenames = {entry.assay_name: entry.filename for entry in self.manifest.matrices}
        return bundle, (*findings, *agreement_findings(bundle, filenames.get("gene_counts", MANIFEST)))

    def _bundle(self, samples: pl.DataFrame) -> Bundle:
        return Bundle(
            dataset_name=self.manifest.dataset_name,
            samples=samples.select("sample_id", pl.exclude("sample_id")),
            feature_tables={kind: table.frame for kind, table in self.tables.items()},
            matrices=self.matrices,
            suite_name=self.manifest.suite_name,
            description=self.manifest.description,
            provenance=self.manifest.provenance,
            path=self.path,
        )

    def _samples(self) -> Table | None:
        filename = self.manifest.sample_table
        frame = None if filename is None else self._table(filename, known=True)
        return None if frame is None or filename is None else Table(filename, frame)

    def _read_tables(self) -> None:
        for entry in self.manifest.feature_tables:
            known = entry.kind in _KNOWN_KINDS
            frame = self._table(entry.filename, known=known)
            if frame is None:
                continue
            if known and frame.height != entry.n_rows:
                message = f"has {frame.height} rows, but the manifest says n_rows is {entry.n_rows}."
                self.findings.append(error(entry.filename, message))
            self.tables.setdefault(entry.kind, Table(entry.filename, frame))

    def _read_matrices(self, samples: Table | None) -> None:
        for entry in self.manifest.matrices:
            known = entry.assay_name in FEATURE_KIND_OF_ASSAY
            axes = axes_of(entry, samples, self.tables)
            self.findings += entry_findings(entry, axes) if known else ()
            data = self._file(entry.filename, MAX_MATRIX_FILE_BYTES)
            if data is None or not known:
                continue
            matrix, findings = inspected_matrix(data, entry, axes)
            self.findings += findings
            if matrix is not None:
                self.matrices.setdefault(entry.assay_name, matrix)

    def _table(self, filename: str, *, known: bool) -> pl.DataFrame | None:
        data = self._file(filename, MAX_TABLE_FILE_BYTES)
        if data is None:
            return None
        try:
            return with_text_ids(read_table(data), _ID_COLUMNS)
        except InputError as problem:
            self.findings += findings_of(filename, problem, "error" if known else "warning")
            return None

    def _file(self, filename: str, max_bytes: int) -> bytes | None:
        """The content of a file, None if it cannot be had; a content that is not the one written is a finding."""
        try:
            data = read_file(self.path, filename, max_bytes=max_bytes)
        except InputError as problem:
            self.findings += findings_of(filename, problem)
            return None
        written = self.manifest.provenance.get(f"{DIGEST_KEY}{filename}")
        if written is not None and hashlib.sha256(data).hexdigest() != written:
            message = (
                "changed since the bundle was written: its sha256 is not the one in the manifest. Restore the file, "
                f"or take '{DIGEST_KEY}{filename}' out of the manifest's provenance if you changed it on purpose."
            )
            self.findings.append(error(filename, message))
        return data

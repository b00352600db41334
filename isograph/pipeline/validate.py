"""``isograph validate``: what a bundle holds and everything wrong with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from isograph.bundle.bundle import Bundle
from isograph.bundle.findings import Finding
from isograph.bundle.read import inspect_bundle
from isograph.bundle.validate import n_multi_isoform_genes
from isograph.errors import shown


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """A column of the sample table besides ``sample_id``: its Polars type and how many of its values are missing."""

    name: str
    type: str
    n_missing: int


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """What a valid bundle holds.

    Attributes
    ----------
    assays : by name, (n_features, n_samples).
    tables : number of rows by kind.
    """

    dataset_name: str
    suite_name: str
    n_samples: int
    n_genes: int
    n_transcripts: int
    n_multi_isoform_genes: int
    assays: dict[str, tuple[int, int]]
    tables: dict[str, int]
    sample_columns: tuple[SampleColumn, ...]


@dataclass(frozen=True, slots=True)
class BundleReport:
    """The outcome of a validation; ``summary`` is None for a bundle with errors."""

    path: Path
    summary: BundleSummary | None
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether the bundle can be used: warnings do not count against it."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the bundle unusable."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings the bundle can be used in spite of."""
        return tuple(finding for finding in self.findings if finding.level == "warning")

    def as_dict(self) -> dict[str, object]:
        """Return ``path``, ``valid``, ``summary`` and ``findings`` as JSON values."""
        return {
            # NOTE: a path is bytes to the system, and need not be Unicode.
            "path": shown(self.path),
            "valid": self.valid,
            "summary": None if self.summary is None else asdict(self.summary),
            "findings": [asdict(finding) for finding in self.findings],
        }


def bundle_report(path: Path) -> BundleReport:
    """Return what the bundle in ``path`` holds and everything found wrong or doubtful; never raises for its content."""
    bundle, findings = inspect_bundle(path)
    return BundleReport(path, None if bundle is None else bundle_summary(bundle), findings)


def bundle_summary(bundle: Bundle) -> BundleSummary:
    """Return the sizes and columns of ``bundle``."""
    genes, transcripts = bundle.genes, bundle.transcripts
    gene_table = genes if genes is not None else transcripts
    described = bundle.samples.select(pl.exclude("sample_id"))
    return BundleSummary(
        dataset_name=bundle.dataset_name,
        suite_name=bundle.suite_name,
        n_samples=bundle.samples.height,
        n_genes=0 if gene_table is None else gene_table.get_column("gene_id").n_unique(),
        n_transcripts=0 if transcripts is None else transcripts.height,
        n_multi_isoform_genes=0 if transcripts is None else n_multi_isoform_genes(transcripts),
        assays={assay: (matrix.shape[0], matrix.shape[1]) for assay, matrix in bundle.matrices.items()},
        tables={kind: table.height for kind, table in bundle.feature_tables.items()},
        sample_columns=tuple(_sample_column(column) for column in described.iter_columns()),
    )


def _sample_column(column: pl.Series) -> SampleColumn:
    n_nan = column.is_nan().sum() if column.dtype.is_float() else 0
    return SampleColumn(column.name, str(column.dtype), column.null_count() + int(n_nan or 0))

"""``isograph validate``: what a bundle holds and everything wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl
import polars.selectors as cs

from isograph.bundle.bundle import Bundle
from isograph.bundle.findings import Finding
from isograph.bundle.read import inspect_bundle
from isograph.bundle.validate import n_multi_isoform_genes
from isograph.errors import shown
from isograph.text import Section, sections_html, sections_text


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

    def lines(self) -> list[tuple[str, str]]:
        """Return what a person reads of it: the name of each fact, and the fact."""
        columns = (
            f"{shown(column.name)} ({column.type}{f', {column.n_missing} missing' if column.n_missing else ''})"
            for column in self.sample_columns
        )
        truths = (shown(kind) for kind in self.tables if kind.startswith("truth_"))
        return [
            ("data set", shown(self.dataset_name)),
            ("samples", f"{self.n_samples:,}"),
            ("genes", f"{self.n_genes:,}"),
            ("transcripts", f"{self.n_transcripts:,}"),
            ("multi-isoform genes", f"{self.n_multi_isoform_genes:,}"),
            ("assays", ", ".join(f"{name} ({rows:,} × {n:,})" for name, (rows, n) in self.assays.items())),
            ("truth tables", ", ".join(truths) or "none"),
            ("sample columns", ", ".join(columns) or "none besides sample_id"),
        ]


@dataclass(frozen=True, slots=True, repr=False)
class BundleReport:
    """The outcome of a validation.

    Attributes
    ----------
    summary : what the bundle holds; None for one with errors.
    findings : everything found wrong or doubtful.
    """

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
        """The findings in spite of which the bundle can be used."""
        return tuple(finding for finding in self.findings if finding.level == "warning")

    @property
    def verdict(self) -> str:
        """``valid`` or ``not valid``, with the numbers of errors and warnings where there are any."""
        numbers = {"error": len(self.errors), "warning": len(self.warnings)}
        counts = ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in numbers.items() if n)
        return f"{'valid' if self.valid else 'not valid'}{f' ({counts})' if counts else ''}"

    def as_dict(self) -> dict[str, object]:
        """Return ``path``, ``valid``, ``summary`` and ``findings`` as JSON values."""
        return {
            # NOTE: a path is bytes to the system, and need not be Unicode.
            "path": shown(self.path),
            "valid": self.valid,
            "summary": None if self.summary is None else asdict(self.summary),
            "findings": [asdict(finding) for finding in self.findings],
        }

    def __repr__(self) -> str:
        return sections_text(self._sections())

    def _repr_html_(self) -> str:
        return sections_html(self._sections())

    def _sections(self) -> Iterator[Section]:
        yield f"{shown(self.path)}: {self.verdict}", None
        for name, fact in self.summary.lines() if self.summary is not None else ():
            yield f"{name}: {fact}", None
        if self.findings:
            rows = [(finding.level, shown(finding.where), finding.message) for finding in self.findings]
            yield "findings:", pl.DataFrame(rows, schema=["level", "where", "message"], orient="row")


def validate(bundle: str | Path) -> BundleReport:
    """Return what a bundle holds and everything found wrong or doubtful about it.

    Parameters
    ----------
    bundle : a bundle directory. It never raises for what is in it: ``valid`` of the report says whether the
        bundle can be used, and ``findings`` what is wrong.

    Examples
    --------
    >>> report = validate("my_bundle")  # doctest: +SKIP
    >>> report.valid, report.errors  # doctest: +SKIP
    (True, ())
    """
    path = Path(bundle)
    content, findings = inspect_bundle(path)
    return BundleReport(path, None if content is None else bundle_summary(content), findings)


def bundle_summary(bundle: Bundle) -> BundleSummary:
    """Return the sizes and columns of ``bundle``."""
    genes, transcripts = bundle.genes, bundle.transcripts
    gene_table = genes if genes is not None else transcripts
    described = bundle.samples.select(pl.exclude("sample_id")).with_columns(cs.float().fill_nan(None))
    return BundleSummary(
        dataset_name=bundle.dataset_name,
        suite_name=bundle.suite_name,
        n_samples=bundle.samples.height,
        n_genes=0 if gene_table is None else gene_table.get_column("gene_id").n_unique(),
        n_transcripts=0 if transcripts is None else transcripts.height,
        n_multi_isoform_genes=0 if transcripts is None else n_multi_isoform_genes(transcripts),
        assays={assay: (matrix.shape[0], matrix.shape[1]) for assay, matrix in bundle.matrices.items()},
        tables={kind: table.height for kind, table in bundle.feature_tables.items()},
        sample_columns=tuple(
            SampleColumn(column.name, str(column.dtype), column.null_count()) for column in described.iter_columns()
        ),
    )

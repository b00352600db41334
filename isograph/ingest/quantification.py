"""What every reader returns, whatever wrote the files or made the frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError


@dataclass(frozen=True, slots=True)
class GeneTotals:
    """Gene counts that came with the quantification: ``values`` (n_genes, n_samples), rows named by ``gene_ids``."""

    gene_ids: pl.Series
    values: Matrix
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantification:
    """Features by samples as they were found, before any matching or filtering.

    Attributes
    ----------
    format : ``salmon``, ``nf-core``, ``matrix``, ``frame`` or ``anndata``.
    level : ``transcript`` or ``gene``: what a row is.
    feature_ids : (n_features,) strings; duplicates and missing ids are for the caller to refuse.
    values : (n_features, n_samples); NaN where missing.
    sample_names : (n_samples,) as the files have them.
    gene_ids, gene_names : (n_features,) of transcript rows (names of gene rows too), None where the files do not say.
    inf_rv : (n_features,) mean inferential relative variance, null where unknown; None without inferential replicates.
    gene_totals : gene counts computed by the pipeline that quantified; None means the sum of the transcripts.
    tx2gene : a map found beside the quantification.
    files : names relative to the source.
    sample_facts : per sample, what the tool recorded (mapping rate, version).
    violations : sentences about ``files[0]``.
    warnings, notes : sentences, for the account and the report.
    """

    format: str
    level: str
    feature_ids: pl.Series
    values: Matrix
    sample_names: tuple[str, ...]
    gene_ids: pl.Series | None = None
    gene_names: pl.Series | None = None
    inf_rv: pl.Series | None = None
    gene_totals: GeneTotals | None = None
    tx2gene: Path | None = None
    files: tuple[str, ...] = ()
    sample_facts: Mapping[str, Mapping[str, str | float]] = field(default_factory=dict)
    violations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Violations:
    """Sentences gathered from several readers, raised together as one error about ``subject``."""

    subject: str
    sentences: list[str] = field(default_factory=list)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Keep the violations of an ``InputError`` raised in the block instead of stopping."""
        try:
            yield
        except InputError as error:
            self.add(error.violations, error.subject)

    def add(self, sentences: Iterable[str], subject: str = "") -> None:
        """Keep ``sentences``, each with the file it is about unless that is the subject of the whole."""
        prefix = "" if subject in ("", self.subject) else f"{subject}: "
        self.sentences.extend(f"{prefix}{sentence}" for sentence in sentences)

    def raise_any(self) -> None:
        """Raise everything gathered as one ``InputError``; do nothing when there is nothing."""
        if self.sentences:
            raise InputError(self.subject, self.sentences)

"""What must hold inside and between the tables of a bundle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from isograph.bundle.findings import (
    Finding,
    case_findings,
    column_findings,
    error,
    has_text,
    key_findings,
    text_findings,
    warning,
)
from isograph.errors import examples

MIN_SAMPLES = 3
ENOUGH_SAMPLES = 15
CHANCE_LEVEL = 0.05
TRUTH_ROLES = ("switch_only", "abundance_only", "coupled", "discordant", "background")
_TRUTH_COLUMNS = {
    "truth_module": ("module_id",),
    "truth_switch": ("has_switch",),
    "truth_abundance": ("has_abundance",),
    "truth_channel_role": ("module_id", "truth_role"),
}
_FLAGS = ("has_switch", "has_abundance")
_GENE_ASSAYS = frozenset({"gene_counts", "gene_log"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table that could be read, and the file it came from."""

    filename: str
    frame: pl.DataFrame


def table_findings(samples: Table | None, tables: Mapping[str, Table]) -> Iterable[Finding]:
    """Everything wrong inside and between the tables that could be read."""
    if samples is not None:
        yield from sample_findings(samples)
    transcripts, genes = tables.get("transcript"), tables.get("gene")
    if transcripts is not None:
        yield from key_findings(transcripts.frame, "transcript_id", transcripts.filename)
        yield from _gene_column_findings(transcripts, named_elsewhere=genes is not None)
    if genes is not None:
        yield from key_findings(genes.frame, "gene_id", genes.filename)
    if transcripts is not None and genes is not None:
        yield from _unknown_gene_findings(transcripts, genes)
    for kind, columns in _TRUTH_COLUMNS.items():
        if kind in tables:
            yield from _truth_findings(tables[kind], columns, genes or transcripts)


def sample_findings(samples: Table) -> Iterable[Finding]:
    """Sample ids, and whether there are enough of them."""
    yield from key_findings(samples.frame, "sample_id", samples.filename)
    n_samples = samples.frame.height
    if n_samples < MIN_SAMPLES:
        message = f"{n_samples} samples, expected at least {MIN_SAMPLES}: fewer have no correlation. Add samples."
        yield error(samples.filename, message)
    elif n_samples < ENOUGH_SAMPLES:
        message = (
            f"{n_samples} samples: correlations from so few are mostly noise. Chance alone reaches "
            f"|r| ≥ {chance_correlation(n_samples):.2f} for one pair of genes in twenty; expect modules that will not "
            f"be found again, and use {ENOUGH_SAMPLES} samples or more if you can."
        )
        yield warning(samples.filename, message)


def chance_correlation(n_samples: int) -> float:
    """Return the |r| that two independent normal variables reach with probability 0.05 (two-sided).

    r = t / sqrt(n − 2 + t²), t the 0.975 quantile of Student's t with n − 2 degrees of freedom; n ≥ 3.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(n_samples - 2, 1 - CHANCE_LEVEL / 2))
    return t / math.sqrt(n_samples - 2 + t * t)


def coverage_findings(tables: Mapping[str, Table], assays: frozenset[str]) -> Iterable[Finding]:
    """Channels that the tables and assays present leave empty; for a bundle whose manifest is whole."""
    transcripts, genes = tables.get("transcript"), tables.get("gene")
    if "transcript_counts" not in assays and assays & _GENE_ASSAYS:
        yield warning("manifest.json", "no transcript_counts: there will be no switch channel, only abundance.")
    if "transcript_counts" not in assays or transcripts is None or not has_text(transcripts.frame, "gene_id"):
        return
    if n_multi_isoform_genes(transcripts.frame) == 0:
        message = "no gene has two or more transcripts: the switch channel will be empty, only abundance is left."
        yield warning(transcripts.filename, message)
    if genes is not None and has_text(genes.frame, "gene_id") and not assays & _GENE_ASSAYS:
        bare = _missing_from(genes.frame, transcripts.frame)
        if len(bare):
            message = (
                f"{len(bare)} of {genes.frame.height} genes have neither a transcript nor counts of their own: "
                f"{examples(bare)}. They can be in no module; leave them out or add gene_counts."
            )
            yield warning(f"{genes.filename}:gene_id", message)


def n_multi_isoform_genes(transcripts: pl.DataFrame) -> int:
    """Return how many genes have at least two transcripts."""
    genes = transcripts.get_column("gene_id").drop_nulls()
    return genes.filter(genes.is_duplicated()).n_unique()


def _gene_column_findings(transcripts: Table, *, named_elsewhere: bool) -> Iterable[Finding]:
    frame, filename = transcripts.frame, transcripts.filename
    problems = list(column_findings(frame, "gene_id", filename))
    yield from problems
    if problems:
        return
    where = f"{filename}:gene_id"
    genes = frame.get_column("gene_id")
    orphans = genes.is_null() | (genes == "")
    if orphans.any():
        named = frame.filter(orphans).get_column("transcript_id") if has_text(frame, "transcript_id") else None
        which = f": {examples(named)}" if named is not None else ""
        message = (
            f"{orphans.sum()} of {frame.height} transcripts have no gene{which}. Name their gene or leave them out."
        )
        yield error(where, message)
    if not named_elsewhere:
        distinct = genes.filter(~orphans).unique(maintain_order=True)
        yield from text_findings(distinct, where)
        yield from case_findings(distinct, where)


def _unknown_gene_findings(transcripts: Table, genes: Table) -> Iterable[Finding]:
    if not has_text(transcripts.frame, "gene_id") or not has_text(genes.frame, "gene_id"):
        return
    unknown = _missing_from(transcripts.frame, genes.frame)
    if len(unknown):
        message = (
            f"{len(unknown)} {'gene' if len(unknown) == 1 else 'genes'} of the transcripts not in "
            f"{genes.filename}: {examples(unknown)}. Add them there or leave these transcripts out."
        )
        yield error(f"{transcripts.filename}:gene_id", message)


def _truth_findings(truth: Table, columns: tuple[str, ...], known: Table | None) -> Iterable[Finding]:
    frame, filename = truth.frame, truth.filename
    yield from key_findings(frame, "gene_id", filename)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        yield error(filename, f"no column {examples(missing)}; the columns are {examples(frame.columns, limit=20)}.")
    for column in columns:
        dtype = frame.schema.get(column)
        if dtype is None:
            continue
        expected = _expected_truth_type(column, dtype)
        if expected is not None:
            yield error(f"{filename}:{column}", f"is {dtype}, expected {expected}.")
        elif column == "truth_role":
            roles = frame.get_column(column).cast(pl.String).drop_nulls().unique(maintain_order=True)
            others = roles.filter(~roles.is_in(TRUTH_ROLES))
            if len(others):
                yield error(f"{filename}:{column}", f"{examples(others)}, expected one of {', '.join(TRUTH_ROLES)}.")
    if known is not None and has_text(frame, "gene_id") and has_text(known.frame, "gene_id"):
        unknown = _missing_from(frame, known.frame)
        if len(unknown):
            message = f"{len(unknown)} of {frame.height} genes not in {known.filename}: {examples(unknown)}."
            yield error(f"{filename}:gene_id", message)


def _expected_truth_type(column: str, dtype: pl.DataType) -> str | None:
    """What ``column`` should hold, or None when ``dtype`` is that."""
    text = dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
    if column in _FLAGS:
        return None if dtype == pl.Boolean else "Boolean"
    if column == "module_id":
        return None if text or dtype.is_integer() else "text or whole numbers"
    return None if text else "text"


def _missing_from(frame: pl.DataFrame, reference: pl.DataFrame) -> pl.Series:
    """The distinct gene ids of ``frame`` that ``reference`` does not have, in order; null and empty ones aside."""
    genes = frame.get_column("gene_id").drop_nulls().unique(maintain_order=True)
    genes = genes.filter(genes != "")
    return genes.filter(~genes.is_in(reference.get_column("gene_id").implode()))

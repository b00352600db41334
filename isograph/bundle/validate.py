"""What must hold inside and between the tables of a bundle, and between its gene and its transcript counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.bundle.bundle import COUNT_ASSAYS, FEATURE_KIND_OF_ASSAY, Bundle
from isograph.bundle.findings import Finding, column_findings, error, has_text, key_findings, text_findings, warning
from isograph.bundle.manifest import MANIFEST, Manifest
from isograph.errors import examples
from isograph.schemas.role import ACTIVE_ROLES, BACKGROUND

MIN_SAMPLES = 3
ENOUGH_SAMPLES = 15
CHANCE_LEVEL = 0.05
TRUTH_ROLES = (*ACTIVE_ROLES, BACKGROUND)
# NOTE: the agreement of gene and transcript counts is judged on a log scale, so that a few highly expressed genes do
# not decide; counts scaled by transcript length, or made by another tool, stay far above the first limit.
CONTRADICTS = 0.5
AGREES = 0.9
ENOUGH_GENES = 10
_NEEDED = (*COUNT_ASSAYS, "gene_log")
_TRUTH_COLUMNS = {
    "truth_module": ("module_id",),
    "truth_switch": ("has_switch",),
    "truth_abundance": ("has_abundance",),
    "truth_channel_role": ("module_id", "truth_role"),
}
_FLAGS = ("has_switch", "has_abundance")
_GENE_ASSAYS = frozenset({"gene_counts", "gene_log"})


@dataclass(frozen=True, slots=True)
class BundleTable:
    """A table of a bundle that could be read, and the file it came from."""

    filename: str
    frame: pl.DataFrame


def table_findings(samples: BundleTable | None, tables: Mapping[str, BundleTable]) -> Iterable[Finding]:
    """Return everything wrong inside and between the tables that could be read."""
    if samples is not None:
        yield from key_findings(samples.frame, "sample_id", samples.filename)
        n_samples = samples.frame.height
        if n_samples < MIN_SAMPLES:
            message = f"{n_samples} samples, expected at least {MIN_SAMPLES}: fewer have no correlation. Add samples."
            yield error(samples.filename, message)
        elif n_samples < ENOUGH_SAMPLES:
            message = (
                f"{n_samples} samples: correlations from so few are mostly noise. Chance alone reaches "
                f"|r| ≥ {chance_correlation(n_samples):.2f} for one pair of genes in twenty; expect modules that will "
                f"not be found again, and use {ENOUGH_SAMPLES} samples or more if you can."
            )
            yield warning(samples.filename, message)
    transcripts, genes = tables.get("transcript"), tables.get("gene")
    if transcripts is not None:
        yield from key_findings(transcripts.frame, "transcript_id", transcripts.filename)
        yield from _gene_column_findings(transcripts, named_elsewhere=genes is not None)
    if genes is not None:
        yield from key_findings(genes.frame, "gene_id", genes.filename)
        if transcripts is not None and has_text(transcripts.frame, "gene_id") and has_text(genes.frame, "gene_id"):
            unknown = _missing_from(transcripts.frame, genes.frame)
            if len(unknown):
                message = (
                    f"{len(unknown)} {'gene' if len(unknown) == 1 else 'genes'} of the transcripts not in "
                    f"{genes.filename}: {examples(unknown)}. Add them there or leave these transcripts out."
                )
                yield error(f"{transcripts.filename}:gene_id", message)
    for kind, columns in _TRUTH_COLUMNS.items():
        if kind in tables:
            yield from _truth_findings(tables[kind], columns, genes or transcripts)


def chance_correlation(n_samples: int) -> float:
    """Return the |r| that two independent normal variables reach with probability 0.05 (two-sided).

    r = t / sqrt(n − 2 + t²), t the 0.975 quantile of Student's t with n − 2 degrees of freedom; n ≥ 3.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(n_samples - 2, 1 - CHANCE_LEVEL / 2))
    return t / math.sqrt(n_samples - 2 + t * t)


def presence_findings(manifest: Manifest) -> Iterable[Finding]:
    """Return which assays are missing, or lack the table of their rows; for a manifest that is whole."""
    assays = {entry.assay_name for entry in manifest.matrices}
    kinds = {entry.kind for entry in manifest.feature_tables}
    if assays.isdisjoint(_NEEDED):
        listed = f"the assays are {examples(sorted(assays))}" if assays else "there is no matrix"
        yield error(MANIFEST, f"none of {', '.join(_NEEDED)} among the matrices; {listed}. A bundle needs one of them.")
    for entry in manifest.matrices:
        kind = FEATURE_KIND_OF_ASSAY.get(entry.assay_name)
        if kind is not None and kind not in kinds:
            message = f"{entry.assay_name} has no '{kind}' table to name its rows. Add one with a row per matrix row."
            yield error(MANIFEST, message)


def coverage_findings(tables: Mapping[str, BundleTable], assays: frozenset[str]) -> Iterable[Finding]:
    """Return which channels the tables and assays leave empty; for a bundle whose manifest is whole."""
    transcripts, genes = tables.get("transcript"), tables.get("gene")
    if "transcript_counts" not in assays and assays & _GENE_ASSAYS:
        yield warning(MANIFEST, "no transcript_counts: there will be no switch channel, only abundance.")
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


def agreement_findings(bundle: Bundle, where: str) -> Iterable[Finding]:
    """Return whether gene counts do not follow the transcripts of their genes in most samples.

    A sample agrees or not by the Pearson correlation, over the genes that have transcripts, of log(1 + gene count) and
    log(1 + sum of the transcript counts). Fewer than 10 such genes are not judged.

    where: the file of the gene counts.
    """
    genes, transcripts = bundle.genes, bundle.transcripts
    gene_counts, transcript_counts = (bundle.matrices.get(assay) for assay in ("gene_counts", "transcript_counts"))
    if genes is None or transcripts is None or gene_counts is None or transcript_counts is None:
        return
    numbered = genes.select("gene_id").with_row_index("row")
    joined = transcripts.select("gene_id").join(
        numbered, on="gene_id", how="left", validate="m:1", maintain_order="left"
    )
    rows, gene_of = np.unique(joined.get_column("row").to_numpy(), return_inverse=True)
    if rows.size < ENOUGH_GENES:
        return
    correlations = _correlations(gene_counts, rows, transcript_counts, gene_of)
    n_apart = int(np.count_nonzero(correlations < CONTRADICTS))
    if 2 * n_apart <= correlations.size:
        return
    advice = "Check that the rows of both are in the order of their tables, and that both hold counts of these samples."
    if transcript_counts.shape[0] == transcript_counts.shape[1]:
        transposed = _correlations(gene_counts, rows, transcript_counts.T, gene_of)
        if transposed.size and float(np.median(transposed)) > AGREES:
            advice = (
                "transcript_counts looks transposed: it is square, and turned over it agrees. Rows are transcripts and "
                "columns are samples, so write matrix.T."
            )
    yield warning(
        where,
        f"gene_counts contradict transcript_counts: in {n_apart} of {correlations.size} samples their correlation with "
        f"the sums of each gene's transcripts is below {CONTRADICTS}. {advice}",
    )


def _correlations(gene_counts: Matrix, rows: Index, transcript_counts: Matrix, gene_of: Index) -> Vector:
    """Return r of gene counts with sums of transcripts in each sample, without the samples in which r is undefined.

    rows: (n_genes,) the genes that have transcripts. gene_of: (n_transcripts,) positions in ``rows``.
    """
    from isograph.stats import centred_unit_rows

    correlations = []
    # NOTE: counts may be so large that their sum is infinite; such a sample has no correlation.
    with np.errstate(over="ignore", invalid="ignore"):
        for sample in range(gene_counts.shape[1]):
            sums = np.bincount(gene_of, weights=transcript_counts[:, sample], minlength=rows.size)
            pair = np.log1p(np.stack([gene_counts[rows, sample], sums]))
            spread = np.ptp(pair, axis=1)
            if np.all(np.isfinite(spread) & (spread > 0)):
                unit = centred_unit_rows(pair)
                correlations.append(unit[0] @ unit[1])
    return np.array(correlations, dtype=np.float64)


def _gene_column_findings(transcripts: BundleTable, *, named_elsewhere: bool) -> Iterable[Finding]:
    frame, filename = transcripts.frame, transcripts.filename
    if problems := column_findings(frame, "gene_id", filename):
        yield from problems
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
        yield from text_findings(genes, where)


def _truth_findings(truth: BundleTable, columns: tuple[str, ...], known: BundleTable | None) -> Iterable[Finding]:
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
    """Return what ``column`` should hold, None if it holds that."""
    text = dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
    if column in _FLAGS:
        return None if dtype == pl.Boolean else "Boolean"
    if column == "module_id":
        return None if text or dtype.is_integer() else "text or whole numbers"
    return None if text else "text"


def _missing_from(frame: pl.DataFrame, reference: pl.DataFrame) -> pl.Series:
    """Return the gene ids of ``frame`` that ``reference`` does not have, each once, in order; missing ids aside."""
    genes = frame.get_column("gene_id").drop_nulls().unique(maintain_order=True)
    genes = genes.filter(genes != "")
    return genes.filter(~genes.is_in(reference.get_column("gene_id").implode()))

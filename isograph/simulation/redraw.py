"""Nulls of switching: the transcript counts of a bundle drawn again so that no gene switches.

Every gene keeps its total in every sample; its transcripts share it by the gene's constant usage, with counting noise
alone or with the gene's own overdispersion. Whatever follows anything in the usage of a redrawn bundle is noise.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import replace

import numpy as np
import polars as pl

from isograph import __version__
from isograph.arrays import Index, Matrix, Vector
from isograph.bundle.bundle import Bundle
from isograph.bundle.manifest import read_bundle_manifest
from isograph.config.redraw import OVERDISPERSED, SUFFIX_OF_NULL, RedrawConfig
from isograph.config.values import value_text
from isograph.errors import InputError, shown
from isograph.runtime.resources import require_memory
from isograph.schemas.role import ABUNDANCE_ONLY, ABUNDANT_ROLES, BACKGROUND
from isograph.simulation.genes import isoform_classes
from isograph.store.files import file_digest

logger = logging.getLogger(__name__)

# NOTE: the draws do not depend on it: each kind of draw has a stream of its own, read gene after gene.
VALUES_AT_ONCE = 2**18
# NOTE: matrices of the size of the counts that are held at once, the counts themselves included.
COPIES = 4
# NOTE: above it whole numbers are no longer exact in float64.
LARGEST_TOTAL = 2.0**53
LARGEST_OVERDISPERSION = 1 - 1e-6
DESCRIPTIONS = {
    "multinomial": "Transcript counts of {} drawn again without switching: multinomial, constant usage.",
    "overdispersed": "Transcript counts of {} drawn again without switching: Dirichlet-multinomial, constant usage, "
    "each gene's own overdispersion.",
}
# What a redrawn bundle leaves out: values of the usage that was there before.
_USAGE_KINDS = ("psi", "junction", "truth_switch_event")
_USAGE_ASSAYS = ("psi", "junction_counts")


def redrawn_bundle(bundle: Bundle, config: RedrawConfig, *, design: Matrix | None = None) -> Bundle:
    """Return the bundle ``<name>_null1`` or ``<name>_null2`` in which no gene switches.

    Samples, transcripts, genes and gene counts are those of ``bundle``, and so are the counts of genes with one
    transcript. Splice tables are left out. Of planted truth, what was planted in abundance stays. The provenance of
    ``bundle`` is kept, and what was done to it is added as ``redraw_…``: ``redraw_of_sha256`` is the sha256 of the file
    of its transcript counts.

    Parameters
    ----------
    design : (n_samples, n_columns), full column rank, the constant among what it spans: what usage may depend on
        before the rest counts as overdispersion; None for the constant alone. The null's usage is constant either way.

    Raises
    ------
    InputError
        The bundle has no transcript counts, no gene has two transcripts, or counts are too large to be drawn.
    ResourceError
        It needs more memory than there is.
    """
    redrawn = without_switching(bundle, config.null, seed=config.seed, design=design)
    provenance = {
        "redraw_by": f"isograph {__version__}",
        "redraw_null": config.null,
        "redraw_seed": str(config.seed),
        **({"redraw_within": value_text(config.within)} if config.within else {}),
        "redraw_of": bundle.dataset_name,
        **_source_digest(bundle),
    }
    return replace(
        redrawn,
        dataset_name=redrawn_name(bundle.dataset_name, config.null),
        description=DESCRIPTIONS[config.null].format(bundle.dataset_name),
        provenance={**bundle.provenance, **provenance},
        path=None,
    )


def redrawn_name(dataset_name: str, null: str) -> str:
    """Return what a data set is called when it was drawn again."""
    return f"{dataset_name}{SUFFIX_OF_NULL[null]}"


def without_switching(bundle: Bundle, null: str, *, seed: int, design: Matrix | None = None) -> Bundle:
    """Return the bundle with transcript counts drawn again under its own name; see ``redrawn_bundle``.

    The draws belong to ids and not to places: genes, transcripts in them and samples are taken in ascending order of
    their ids, so that a bundle whose rows or columns are permuted gives the same counts, permuted.
    """
    counts, transcripts = bundle.matrices.get("transcript_counts"), bundle.transcripts
    name = shown(bundle.path or bundle.dataset_name)
    if counts is None or transcripts is None:
        held = ", ".join(bundle.matrices) or "no counts"
        message = f"has no transcript counts (it has {held}), and without them no usage to draw again."
        raise InputError(name, f"{message} Name a bundle with transcript_counts.")
    n_bytes = COPIES * counts.nbytes
    what = f"drawing {counts.shape[0]:,} transcripts × {counts.shape[1]:,} samples again"
    require_memory(n_bytes, what=what, remedy="Redraw a bundle of fewer samples or transcripts.")
    ordered = transcripts.select("gene_id", "transcript_id").with_row_index("row").sort("gene_id", "transcript_id")
    rows = ordered.get_column("row").cast(pl.Int64).to_numpy()
    columns = bundle.samples.select("sample_id").with_row_index("column").sort("sample_id").get_column("column")
    sizes = ordered.get_column("gene_id").rle().struct.field("len").cast(pl.Int64).to_numpy()
    if not (sizes > 1).any():
        raise InputError(name, f"none of its {len(sizes):,} genes has two transcripts, so there is nothing to redraw.")
    cells = np.ix_(rows, columns.to_numpy())
    taken = np.ascontiguousarray(counts[cells])
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    if largest := int((np.add.reduceat(taken, offsets[:-1], axis=0) >= LARGEST_TOTAL).sum()):
        raise InputError(name, f"{largest:,} totals of a gene in a sample are 2^53 or more, expected counts of reads.")
    if design is not None:
        design = design[columns.to_numpy()]
    drawn = np.empty_like(counts)
    drawn[cells] = redrawn_counts(taken, offsets, null=null, seed=seed, design=design)
    n_single = int((sizes == 1).sum())
    logger.info("%s: %d genes drawn again, %d with one transcript as they were", name, len(sizes) - n_single, n_single)
    matrices = {assay: matrix for assay, matrix in bundle.matrices.items() if assay not in _USAGE_ASSAYS}
    tables = {kind: table for kind, table in bundle.feature_tables.items() if kind not in _USAGE_KINDS}
    return replace(
        bundle,
        matrices={**matrices, "transcript_counts": drawn},
        feature_tables={kind: _without_switch_truth(kind, table, tables) for kind, table in tables.items()},
    )


def redrawn_counts(counts: Matrix, offsets: Index, *, null: str, seed: int, design: Matrix | None = None) -> Matrix:
    """Return counts of the same gene totals in which no gene switches: (n_transcripts, n_samples).

    With the total n_s of a gene in sample s and its pooled usage π_i = Σ_s c_is / Σ_s n_s, the whole reads ⌊n_s⌋ are
    Multinomial(π), or Multinomial(p_s) with p_s ~ Dirichlet(A π) and the gene's concentration A
    (``concentrations``). What is left of n_s, less than one read (counts of EM quantifiers are fractional), goes to one
    transcript drawn by the same shares. So totals are kept exactly, the mean is n_s π_i, and the variance of a
    fractional count is below that of a whole one by less than a read's.

    A gene with one transcript, and a total of 0, stay as they are; a transcript without counts gets none. One
    ``SeedSequence`` of the seed and the null gives four streams: gamma and exponential variables, whole reads, parts of
    a read. Each is read by genes in order of their number of transcripts, then of their place, and within a gene by
    samples.

    counts: (n_transcripts, n_samples), ≥ 0, finite, in gene order. offsets: (n_genes + 1,) into the transcripts.
    design: (n_samples, n_columns), None for a constant.

    References
    ----------
    Mosimann 1962, Biometrika 49:65-82, doi:10.1093/biomet/49.1-2.65 (the compound multinomial).
    """
    of_gamma, of_tail, of_reads, of_parts = np.random.default_rng([seed, zlib.crc32(null.encode())]).spawn(4)
    drawn = counts.copy()
    n_samples = counts.shape[1]
    for k, genes in isoform_classes(np.diff(offsets), largest=max(1, VALUES_AT_ONCE // n_samples)):
        if k == 1:
            continue
        rows = offsets[genes][:, None] + np.arange(k)
        observed = counts[rows]
        totals = observed.sum(axis=1)
        usage = np.repeat(_pooled_usage(observed)[:, None, :], n_samples, axis=1)
        if null == OVERDISPERSED:
            usage = _dirichlet(usage, concentrations(observed, design), of_gamma, of_tail)
        whole = np.floor(totals)
        parts = totals - whole
        divided = of_reads.multinomial(whole.astype(np.int64), usage).astype(np.float64)
        if parts.any():
            divided += parts[:, :, None] * of_parts.multinomial((parts > 0).astype(np.int64), usage)
        drawn[rows] = np.moveaxis(divided, 2, 1)
    return drawn


def concentrations(counts: Matrix, design: Matrix | None = None) -> Vector:
    """Return the concentration A of each gene's Dirichlet-multinomial: (n_genes,), ∞ without overdispersion.

    A = (1 − θ) / θ with the moment estimate θ = Σ_i (B_i − W_i) / Σ_i (B_i + (n_c − 1) W_i) over transcripts i:
    between samples B_i = Σ_s n_s (p_is − π_i)² / d, within samples W_i = Σ_s n_s p_is (1 − p_is) / Σ_s (n_s − 1),
    p_is = c_is / n_s, d = S − 1, n_c = (Σ n_s − Σ n_s² / Σ n_s) / d. E B_i = π_i (1 − π_i) (1 − θ + n_c θ) and
    E W_i = π_i (1 − π_i) (1 − θ), so numerator and denominator are unbiased whatever the depths, in closed form, and
    counts need not be whole. Maximum likelihood is more efficient, but needs whole counts and an iteration per gene.

    With a design, π_i in B_i is the fit of p_is on it by least squares weighted with n_s, and with its leverages h_s
    d = Σ_s (1 − h_s), n_c = Σ_s (1 − h_s) n_s / d; the constant alone has h_s = n_s / Σ n_s, which is the case above.

    counts: (n_genes, n_isoforms, n_samples), ≥ 0, finite; samples with less than one count of the gene say nothing and
    are left out. design: (n_samples, n_columns), None for a constant. θ is at most 1 − 10⁻⁶.

    References
    ----------
    Weir & Hill 2002, Annu Rev Genet 36:721-750, doi:10.1146/annurev.genet.36.050802.093940; for counts of several
    categories La Rosa et al. 2012, PLoS ONE 7:e52078, doi:10.1371/journal.pone.0052078.
    """
    totals = counts.sum(axis=1)
    used = totals >= 1
    n = np.where(used, totals, 0.0)
    usage = np.divide(counts, n[:, None, :], out=np.zeros_like(counts), where=used[:, None, :])
    roots = np.sqrt(n)
    columns = np.ones((counts.shape[2], 1)) if design is None else design
    basis, _ = np.linalg.qr(roots[:, :, None] * columns)
    # NOTE: centring by the pooled usage, which the basis spans, keeps what the fit takes out small.
    weighted = roots[:, None, :] * (usage - _pooled_usage(counts)[:, :, None])
    residual = weighted - (weighted @ basis) @ np.moveaxis(basis, 1, 2)
    free = np.where(used, 1.0 - np.square(basis).sum(axis=2), 0.0)
    degrees, reads = free.sum(axis=1), (n - used).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.square(residual).sum(axis=(1, 2)) / degrees
        within = (n[:, None, :] * usage * (1.0 - usage)).sum(axis=(1, 2)) / reads
        size = (free * n).sum(axis=1) / degrees
        theta = (between - within) / (between + (size - 1.0) * within)
        is_overdispersed = (theta > 0) & (degrees > 0.5) & (reads > 0)
        theta = np.minimum(theta, LARGEST_OVERDISPERSION)
        return np.where(is_overdispersed, (1.0 - theta) / theta, np.inf)


def _source_digest(bundle: Bundle) -> dict[str, str]:
    """Return the sha256 of the file of the transcript counts, nothing for a bundle that was made in memory."""
    if bundle.path is None:
        return {}
    files = {entry.assay_name: entry.filename for entry in read_bundle_manifest(bundle.path).matrices}
    return {"redraw_of_sha256": file_digest(bundle.path / files["transcript_counts"])}


def _pooled_usage(counts: Matrix) -> Matrix:
    """Return the share of each transcript in all counts of its gene: (n_genes, n_isoforms); even without any count."""
    sums = counts.sum(axis=2)
    totals = sums.sum(axis=1, keepdims=True)
    even = np.full_like(sums, 1.0 / sums.shape[1])
    return np.asarray(np.divide(sums, totals, out=even, where=totals > 0))


def _dirichlet(
    usage: Matrix, concentration: Vector, of_gamma: np.random.Generator, of_tail: np.random.Generator
) -> Matrix:
    """Return Dirichlet(A × usage) of each gene and sample (n_genes, n_samples, n_isoforms); usage itself where A is ∞.

    A gamma variable of shape a is one of shape a + 1 times U^(1/a). Its log is summed, as with a small concentration
    every variable of a sample can be below the smallest float (Marsaglia & Tsang 2000, doi:10.1145/358407.358414, §6).
    """
    noisy = np.isfinite(concentration)
    shape = concentration[noisy, None, None] * usage[noisy]
    log_gamma = np.log(of_gamma.standard_gamma(shape + 1.0))
    tail = of_tail.standard_exponential(shape.shape)
    log_gamma -= np.divide(tail, shape, out=np.full_like(shape, np.inf), where=shape > 0)
    log_gamma -= log_gamma.max(axis=2, keepdims=True)
    shares = np.exp(log_gamma)
    drawn = usage.copy()
    drawn[noisy] = shares / shares.sum(axis=2, keepdims=True)
    return drawn


def _without_switch_truth(kind: str, table: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return a table of planted truth as it is when nothing switches; other tables as they are."""
    if kind == "truth_switch":
        return table.with_columns(has_switch=pl.lit(value=False))
    if kind == "truth_channel_role":
        is_left = pl.col("truth_role").is_in(ABUNDANT_ROLES)
        columns = [
            pl.when(is_left).then("module_id").alias("module_id"),
            pl.when(is_left).then(pl.lit(ABUNDANCE_ONLY)).otherwise(pl.lit(BACKGROUND)).alias("truth_role"),
        ]
        columns += [pl.lit(value=False).alias("has_switch")] if "has_switch" in table.columns else []
        return table.with_columns(columns)
    if kind == "truth_module" and "truth_abundance" in tables:
        abundant = tables["truth_abundance"].filter("has_abundance").get_column("gene_id")
        return table.filter(pl.col("gene_id").is_in(abundant.implode()))
    return table

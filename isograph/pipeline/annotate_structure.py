"""``isograph annotate-structure``: switch pairs and a GTF to a table of how the two transcripts of each pair differ."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import isograph
from isograph.errors import InputError, UsageError, examples, option
from isograph.ingest.gtf import Structures
from isograph.ingest.identifiers import EXAMPLES_A_SIDE, SENTENCES, annotated_ids
from isograph.results.explanation import Explanation
from isograph.results.fit import Fit
from isograph.runtime.progress import Display, Silent, Steps
from isograph.schemas.structure import SWITCH_STRUCTURE
from isograph.store.artifact import COMPRESSION_LEVEL
from isograph.store.files import file_digest
from isograph.store.output import refuse_existing_file, write_output_file
from isograph.structure.gtf_cache import gtf_structures
from isograph.structure.labels import DIRECTIONS, switch_structures
from isograph.structure.switch_pairs import derived_pairs, read_pairs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StructureReport:
    """What an annotation gave.

    Attributes
    ----------
    path : of the table.
    source : what the pairs are from: ``table``, ``explanation`` or ``fit``.
    n_pairs : rows of the table.
    n_of_status : pairs of each status, most first.
    n_differing : of the compared pairs, those that differ in each part.
    """

    path: Path
    source: str
    n_pairs: int
    n_of_status: Mapping[str, int]
    n_differing: Mapping[str, int]


def annotate_structure(
    gtf: str | Path,
    output: str | Path,
    *,
    source: str | Path | Fit | Explanation | None = None,
    switch_pairs: str | Path | None = None,
    gtf_cache: str | Path | None = None,
    overwrite: bool = False,
    display: Display | None = None,
) -> StructureReport:
    """Write the structural labels of switch pairs as a parquet file, and return what was found.

    Parameters
    ----------
    gtf : annotation with exons, plain or gzipped.
    output : the table ``switch_structure``, a parquet file; its metadata name the GTF, its sha256 and the strip rule.
    source : a fit or an explanation to derive the pairs from, its directory or what was opened of it.
    switch_pairs : a table of pairs instead: ``gene_id``, ``transcript_up``, ``transcript_down``.
    gtf_cache : directory that keeps what was read of each GTF, by the digest of the file; None keeps nothing.
    overwrite : replace ``output`` if it is there.
    display : shows progress; None shows nothing.

    Raises
    ------
    UsageError
        Not exactly one of ``source`` and ``switch_pairs``, or the output exists or is an input.
    InputError
        The pairs or the GTF are not usable, or have no transcript in common.
    """
    if (source is None) == (switch_pairs is None):
        fit, table = option("source", flag="FIT"), option("switch_pairs")
        raise UsageError(f"Switch pairs come either from {fit} or from {table}: give one of the two.")
    gtf, out = Path(gtf), Path(output)
    origin = source.path if isinstance(source, Fit | Explanation) else Path(source or switch_pairs or "")
    refuse_existing_file(out, overwrite=overwrite)
    if out.resolve() in {gtf.resolve(), origin.resolve()}:
        raise UsageError(f"{out} is an input, so it is not replaced. Name another file.")
    steps = Steps(display or Silent())
    with steps.step("pairs"):
        pairs, kind = (
            (read_pairs(origin), "table")
            if source is None
            else derived_pairs(source if isinstance(source, Fit) else origin)
        )
        digest = file_digest(gtf)
    structures = gtf_structures(gtf, digest, cache=None if gtf_cache is None else Path(gtf_cache), steps=steps)
    with steps.step("compare"):
        identified, rule = _identified(pairs, structures.transcripts, gtf.name)
        labels = switch_structures(identified, structures.transcripts, structures.exons)
        _warn(labels, identified, structures, gtf.name)
    facts = {
        "version": isograph.__version__,
        "gtf": gtf.name,
        "gtf_sha256": digest,
        "id_rule": rule,
        "pairs_from": kind,
    }
    with steps.step("write"):
        buffer = io.BytesIO()
        SWITCH_STRUCTURE.checked(labels).write_parquet(
            buffer,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            metadata={f"isograph.{name}": value for name, value in facts.items()},
        )
        write_output_file(out, buffer.getvalue(), overwrite=overwrite)
    return _report(out, kind, labels)


def _identified(pairs: pl.DataFrame, transcripts: pl.DataFrame, name: str) -> tuple[pl.DataFrame, str]:
    """Return the pairs with the ids that their transcripts have in the GTF, and the strip rule that finds most."""
    ids = pl.concat([pairs.get_column(f"transcript_{direction}") for direction in DIRECTIONS]).unique(
        maintain_order=True
    )
    annotated = transcripts.get_column("transcript_id")
    partners, rule = annotated_ids(ids, annotated)
    if ids.len() and not partners.count():
        raise InputError(
            name,
            f"none of the {ids.len()} transcripts of the switch pairs is in it. Pairs have "
            f"{examples(ids, EXAMPLES_A_SIDE)}, the GTF has {examples(annotated, EXAMPLES_A_SIDE)}; stripping '.N' or "
            "cutting at '|' does not help. Give the GTF that the reads were quantified with.",
        )
    logger.info("%d of %d transcripts are in %s, with %s", partners.count(), ids.len(), name, SENTENCES[rule])
    for direction in DIRECTIONS:
        known = pl.DataFrame({f"transcript_{direction}": ids, f"annotated_{direction}": partners})
        pairs = pairs.join(known, on=f"transcript_{direction}", how="left", validate="m:1", maintain_order="left")
    return pairs, rule


def _warn(labels: pl.DataFrame, identified: pl.DataFrame, structures: Structures, name: str) -> None:
    """Log what could not be compared, and what may make the comparison mean something else."""
    absent = pl.concat(
        [
            identified.filter(pl.col(f"annotated_{direction}").is_null()).get_column(f"transcript_{direction}")
            for direction in DIRECTIONS
        ]
    ).unique(maintain_order=True)
    if absent.len():
        logger.warning("%d transcripts of the pairs are not in %s: %s", absent.len(), name, examples(absent))
    flawed = labels.filter((pl.col("status") != "compared") & ~pl.col("status").str.starts_with("not_in_gtf"))
    for status, count in flawed.group_by("status", maintain_order=True).len().sort("status").iter_rows():
        genes = flawed.filter(pl.col("status") == status).get_column("gene_id")
        logger.warning("%d pairs cannot be compared (%s), of genes %s", count, status, examples(genes))
    for direction in DIRECTIONS:
        gene_of = structures.transcripts.select(
            pl.col("transcript_id").alias(f"annotated_{direction}"),
            pl.col("gene_id").alias(f"annotated_gene_{direction}"),
        )
        identified = identified.join(
            gene_of, on=f"annotated_{direction}", how="left", validate="m:1", maintain_order="left"
        )
    apart = identified.filter(pl.col("annotated_gene_up") != pl.col("annotated_gene_down")).get_column("gene_id")
    if apart.len():
        logger.warning("%d pairs have transcripts that %s gives to two genes: %s", apart.len(), name, examples(apart))
    if not structures.transcripts.get_column("coding_start").count():
        logger.warning("%s has no CDS rows: nothing is said of coding regions and UTRs", name)


def _report(out: Path, kind: str, labels: pl.DataFrame) -> StructureReport:
    statuses = labels.group_by("status", maintain_order=True).len().sort("len", "status", descending=[True, False])
    parts = labels.select(pl.col("labels").str.split(";").explode().drop_nulls().str.split(":").list.first())
    differing = parts.filter(pl.col("labels") != "").group_by("labels", maintain_order=True).len()
    return StructureReport(
        path=out,
        source=kind,
        n_pairs=labels.height,
        n_of_status=dict(statuses.iter_rows()),
        n_differing=dict(differing.sort("len", "labels", descending=[True, False]).iter_rows()),
    )

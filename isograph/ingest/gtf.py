"""GTF files, plain or gzipped, of any dialect: the gene of every transcript, or the structure of every transcript.

A file is read in blocks of lines, so that its text is never held as a whole. GENCODE, Ensembl, RefSeq and StringTie
differ in their attributes; ids are taken as the file has them: with ``.N`` in GENCODE, without in Ensembl, whose
separate version attributes are not needed to match either kind.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl

from isograph.errors import InputError, ResourceError, examples
from isograph.ingest.table import GZIP, MAX_TEXT_BYTES

GTF_COLUMNS = ("seqname", "source", "feature", "start", "end", "score", "strand", "frame", "attributes")
BLOCK_BYTES = 2**25
_HEAD_BYTES = 2**20
_HEAD_LINES = 2000
_GENE_NAME_KEYS = ("gene_name", "ref_gene_name", "gene")
_BIOTYPE_KEYS = ("transcript_biotype", "transcript_type")
_CODING = ("CDS", "stop_codon")
_NAMES = ("gene_id", "gene_name", "biotype")


@dataclass(frozen=True, slots=True)
class Structures:
    """Every transcript of a GTF that has exons.

    Attributes
    ----------
    transcripts : one row a transcript, sorted by id: ``transcript_id``, ``gene_id``, ``gene_name``, ``biotype``,
        ``seqname``, ``strand``, ``coding_start`` and ``coding_end`` (null where it has no CDS), ``flaw``.
    exons : one row an exon of a transcript without flaw, sorted: ``transcript_id``, ``start``, ``end``, both included,
        counted from 1.
    """

    transcripts: pl.DataFrame
    exons: pl.DataFrame


def read_gtf(path: Path) -> pl.DataFrame:
    """Return ``transcript_id``, ``gene_id`` and ``gene_name`` (null where unnamed) in file order.

    Transcript rows are read, or exon rows in a file without them.

    Raises
    ------
    InputError
        The file is absent, empty, damaged, GFF3, or has no transcript with a gene.
    ResourceError
        It decompresses to more than 8 GiB.
    """
    blocks = [
        rows.filter(pl.col("feature").is_in(("transcript", "exon")))
        .select("feature", _attribute("transcript_id"), _attribute("gene_id"), _first_of("gene_name", _GENE_NAME_KEYS))
        .drop_nulls(["transcript_id", "gene_id"])
        .unique(maintain_order=True)
        for rows in _blocks(path)
    ]
    rows = pl.concat(blocks)
    of_transcripts = rows.filter(pl.col("feature") == "transcript")
    if not rows.height:
        raise InputError(
            path.name, "no transcript or exon row has a transcript_id and a gene_id: is it a GTF of transcripts?"
        )
    return (of_transcripts if of_transcripts.height else rows).drop("feature").unique(maintain_order=True)


def read_structures(path: Path, *, progress: Callable[[int, int], None] | None = None) -> Structures:
    """Return the structure of every transcript.

    The coding region reaches from the first to the last base of the transcript's CDS and stop codon rows, so that it
    is the same whether the dialect counts the stop codon to the CDS or not. A transcript whose exons cannot be
    compared has a ``flaw`` and no exons: ``two_places`` (its rows are on two chromosomes or strands), ``no_strand``,
    ``overlapping_exons``, ``coding_outside_exons``.

    Raises
    ------
    InputError
        The file is absent, empty, damaged, GFF3, or has no exon with a transcript, or coordinates that are none.
    ResourceError
        It decompresses to more than 8 GiB.
    """
    named, exons, coding = [], [], []
    misplaced: list[str] = []
    n_short = n_misplaced = 0
    is_exon = pl.col("feature") == "exon"
    is_placed = (pl.col("start").ge(1) & pl.col("end").ge(pl.col("start"))).fill_null(value=False)
    for block in _blocks(path, progress):
        is_row = pl.col("feature").is_not_null() | pl.col("seqname").str.strip_chars().ne("")
        n_short += block.filter(is_row).get_column("attributes").null_count()
        rows = block.filter(pl.col("feature").is_in(("transcript", "exon", *_CODING)))
        rows = rows.with_columns(_attribute("transcript_id")).drop_nulls("transcript_id")
        # NOTE: gene, name and biotype are those of the first transcript row or of the first exon row that has one.
        first = rows.filter(pl.col("feature").is_in(("transcript", "exon")))
        first = first.unique(["transcript_id", "feature"], keep="first", maintain_order=True)
        names = (_attribute("gene_id"), _first_of("gene_name", _GENE_NAME_KEYS), _first_of("biotype", _BIOTYPE_KEYS))
        named.append(first.select("transcript_id", *names))
        placed = rows.filter(pl.col("feature") != "transcript")
        placed = placed.with_columns(pl.col("start", "end").cast(pl.Int64, strict=False))
        wrong = placed.filter(~is_placed).get_column("transcript_id")
        n_misplaced += wrong.len()
        misplaced += wrong.head(6).to_list()
        exons.append(placed.filter(is_exon).select("transcript_id", "seqname", "strand", "start", "end"))
        of_coding = placed.filter(~is_exon).select("transcript_id", coding_start="start", coding_end="end")
        coding.append(_coding_regions(of_coding))
    problems = []
    if n_short:
        problems.append(f"{n_short} lines have fewer than {len(GTF_COLUMNS)} tab-separated columns")
    if n_misplaced:
        problems.append(
            f"{n_misplaced} exon, CDS or stop codon rows whose start and end are not whole numbers with "
            f"1 ≤ start ≤ end, in transcripts {examples(misplaced)}"
        )
    if not problems and not any(block.height for block in exons):
        problems.append("no exon row has a transcript_id: is it a GTF of transcripts?")
    if problems:
        raise InputError(path.name, problems)
    return _structures(pl.concat(named), pl.concat(exons), _coding_regions(pl.concat(coding)))


def _coding_regions(coding: pl.DataFrame) -> pl.DataFrame:
    return coding.group_by("transcript_id", maintain_order=True).agg(
        pl.col("coding_start").min(), pl.col("coding_end").max()
    )


def _structures(named: pl.DataFrame, exons: pl.DataFrame, coding: pl.DataFrame) -> Structures:
    named = named.group_by("transcript_id", maintain_order=True).agg(pl.col(_NAMES).drop_nulls().first())
    exons = exons.sort("transcript_id", "start", "end")
    same = pl.col("transcript_id") == pl.col("transcript_id").shift()
    overlaps = (same & (pl.col("start") <= pl.col("end").shift())).fill_null(value=False)
    several = [pl.col(name).min() != pl.col(name).max() for name in ("seqname", "strand")]
    places = (
        exons.with_columns(overlaps=overlaps)
        .group_by("transcript_id", maintain_order=True)
        .agg(
            pl.col("seqname", "strand").first(),
            pl.col("overlaps").any(),
            two_places=several[0] | several[1],
            first=pl.col("start").min(),
            last=pl.col("end").max(),
        )
    )
    transcripts = (
        places.join(named, on="transcript_id", how="left", validate="1:1", maintain_order="left")
        .join(coding, on="transcript_id", how="left", validate="1:1", maintain_order="left")
        .with_columns(
            flaw=pl.when(pl.col("two_places"))
            .then(pl.lit("two_places"))
            .when(~pl.col("strand").is_in(("+", "-")))
            .then(pl.lit("no_strand"))
            .when(pl.col("overlaps"))
            .then(pl.lit("overlapping_exons"))
            .when((pl.col("coding_start") < pl.col("first")) | (pl.col("coding_end") > pl.col("last")))
            .then(pl.lit("coding_outside_exons"))
        )
        .select("transcript_id", *_NAMES, "seqname", "strand", "coding_start", "coding_end", "flaw")
    )
    flawed = transcripts.filter(pl.col("flaw").is_not_null()).select("transcript_id")
    comparable = exons.select("transcript_id", "start", "end").join(
        flawed, on="transcript_id", how="anti", validate="m:m", maintain_order="left"
    )
    return Structures(transcripts, comparable)


def _attribute(key: str) -> pl.Expr:
    """Return the expression of one attribute of every row: null where it is absent or empty."""
    # NOTE: the leading class keeps "gene_id" from being found inside "ref_gene_id".
    value = pl.col("attributes").str.extract(rf'(?:^|[; ]){key} +"?([^";]+)"?', 1).str.strip_chars()
    return pl.when(value != "").then(value).alias(key)


def _first_of(name: str, keys: tuple[str, ...]) -> pl.Expr:
    return pl.coalesce(_attribute(key) for key in keys).alias(name)


def _blocks(path: Path, progress: Callable[[int, int], None] | None = None) -> Iterator[pl.DataFrame]:
    """Yield the rows of a GTF in blocks of lines, every column as text, null where a line is too short."""
    _require_gtf(path)
    size, total, rest = path.stat().st_size, 0, b""
    with path.open("rb") as raw:
        handle = _decompressed(raw)
        while block := _read(handle, BLOCK_BYTES, path.name):
            total += len(block)
            if total > MAX_TEXT_BYTES:
                raise ResourceError(f"{path.name}: decompresses to more than {MAX_TEXT_BYTES / 2**30:.0f} GiB.")
            block = rest + block
            cut = block.rfind(b"\n") + 1
            if not cut and len(block) >= BLOCK_BYTES:
                raise InputError(path.name, f"a line is longer than {BLOCK_BYTES // 2**20} MiB: it is not a GTF")
            rest = block[cut:]
            if cut:
                yield _rows(block[:cut], path.name)
            if progress is not None:
                progress(raw.tell(), size)
    if rest:
        yield _rows(rest, path.name)


def _rows(block: bytes, name: str) -> pl.DataFrame:
    schema = dict.fromkeys(GTF_COLUMNS, pl.String)
    try:
        return pl.read_csv(
            block, has_header=False, separator="\t", comment_prefix="#", quote_char=None, schema=schema
        ).select("seqname", "feature", "start", "end", "strand", "attributes")
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=schema)
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(name, f"cannot be read as GTF: {reason}. Copy or download it again.") from None


def _require_gtf(path: Path) -> None:
    """Refuse by its first lines a file that is absent, empty, GFF3, or no table of nine columns."""
    if not path.is_file():
        raise InputError(str(path), "no such file")
    with path.open("rb") as raw:
        head = _read(_decompressed(raw), _HEAD_BYTES, path.name).decode("utf-8", errors="replace")
    lines = [line for line in head.split("\n")[:_HEAD_LINES] if line.strip()]
    if not lines:
        raise InputError(path.name, "is empty")
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    attributes = rows[0][8] if rows and len(rows[0]) == len(GTF_COLUMNS) else ""
    if any(line.startswith("##gff-version 3") for line in lines) or re.match(r'[^" ]+=', attributes):
        raise InputError(
            path.name,
            "is GFF3, not GTF. Download the GTF of the same release, or convert it: gffread in.gff3 -T -o out.gtf",
        )
    if not attributes:
        raise InputError(path.name, f"is not a GTF: expected {len(GTF_COLUMNS)} tab-separated columns")


def _decompressed(raw: BinaryIO) -> BinaryIO | gzip.GzipFile:
    compressed = raw.read(len(GZIP)) == GZIP
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if compressed else raw


def _read(handle: BinaryIO | gzip.GzipFile, n_bytes: int, name: str) -> bytes:
    try:
        return handle.read(n_bytes)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(name, f"is a truncated or damaged gzip file ({error}). Copy or download it again.") from None

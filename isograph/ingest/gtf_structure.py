"""The exons, coding region and biotype of every transcript of a GTF, read in blocks so that memory stays bounded."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import polars as pl

from isograph.errors import InputError, ResourceError, examples
from isograph.ingest.gtf import GENE_NAME_KEYS, GTF_COLUMNS, attribute, require_gtf
from isograph.ingest.table import MAX_TEXT_BYTES

BLOCK_BYTES = 2**25
_GZIP = b"\x1f\x8b"
_BIOTYPE_KEYS = ("transcript_biotype", "transcript_type")
_CODING = ("CDS", "stop_codon")
_READ = ("transcript", "exon", *_CODING)
_COLUMNS_READ = ("seqname", "feature", "start", "end", "strand", "attributes")
_EXON_COLUMNS = ("transcript_id", "seqname", "strand", "start", "end")
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


@dataclass(slots=True)
class _Gathered:
    """What the blocks held, and what is wrong with their lines."""

    named: list[pl.DataFrame] = field(default_factory=list)
    exons: list[pl.DataFrame] = field(default_factory=list)
    coding: list[pl.DataFrame] = field(default_factory=list)
    n_short: int = 0
    bad_places: list[str] = field(default_factory=list)
    n_bad_places: int = 0

    def raise_any(self, name: str) -> None:
        problems = []
        if self.n_short:
            problems.append(f"{self.n_short} lines have fewer than {len(GTF_COLUMNS)} tab-separated columns")
        if self.n_bad_places:
            problems.append(
                f"{self.n_bad_places} exon, CDS or stop codon rows whose start and end are not whole numbers with "
                f"1 ≤ start ≤ end, in transcripts {examples(self.bad_places)}"
            )
        if problems:
            raise InputError(name, problems)
        if not any(block.height for block in self.exons):
            raise InputError(name, ["no exon row has a transcript_id: is it a GTF of transcripts?"])


def read_structures(path: Path, *, progress: Callable[[int, int], None] | None = None) -> Structures:
    """Return the structure of every transcript of a GTF, plain or gzipped, of any dialect.

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
    require_gtf(path)
    gathered = _Gathered()
    for block in _blocks(path, progress):
        _gather(_rows(block, path.name), gathered)
    gathered.raise_any(path.name)
    return _structures(gathered)


def _blocks(path: Path, progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
    """Yield the decompressed text in blocks of whole lines."""
    size, total, rest = path.stat().st_size, 0, b""
    with path.open("rb") as raw:
        compressed = raw.read(2) == _GZIP
        raw.seek(0)
        handle = gzip.GzipFile(fileobj=raw) if compressed else raw
        while block := _read(handle, path.name):
            total += len(block)
            if total > MAX_TEXT_BYTES:
                raise ResourceError(f"{path.name}: decompresses to more than {MAX_TEXT_BYTES / 2**30:.0f} GiB.")
            block = rest + block
            cut = block.rfind(b"\n") + 1
            if not cut and len(block) >= BLOCK_BYTES:
                raise InputError(path.name, [f"a line is longer than {BLOCK_BYTES // 2**20} MiB: it is not a GTF"])
            rest = block[cut:]
            if cut:
                yield block[:cut]
            if progress is not None:
                progress(raw.tell(), size)
    if rest:
        yield rest


def _read(handle: BinaryIO | gzip.GzipFile, name: str) -> bytes:
    try:
        return handle.read(BLOCK_BYTES)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(name, [f"is a truncated or damaged gzip file ({error}). Copy or download it again."]) from None


def _rows(block: bytes, name: str) -> pl.DataFrame:
    try:
        return pl.read_csv(
            block,
            has_header=False,
            separator="\t",
            comment_prefix="#",
            quote_char=None,
            schema=dict.fromkeys(GTF_COLUMNS, pl.String),
        ).select(_COLUMNS_READ)
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=dict.fromkeys(_COLUMNS_READ, pl.String))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(name, [f"cannot be read as GTF: {reason}. Copy or download it again."]) from None


def _gather(rows: pl.DataFrame, gathered: _Gathered) -> None:
    n_short = rows.filter(pl.col("feature").is_not_null() | pl.col("seqname").str.strip_chars().ne("")).get_column(
        "attributes"
    )
    gathered.n_short += n_short.null_count()
    wanted = rows.filter(pl.col("feature").is_in(_READ)).with_columns(attribute("transcript_id"))
    wanted = wanted.filter(pl.col("transcript_id").is_not_null())
    first = wanted.unique(["transcript_id", "feature"], keep="first", maintain_order=True).filter(
        pl.col("feature").is_in(("transcript", "exon"))
    )
    gathered.named.append(
        first.select(
            "transcript_id",
            attribute("gene_id"),
            pl.coalesce(attribute(key) for key in GENE_NAME_KEYS).alias("gene_name"),
            pl.coalesce(attribute(key) for key in _BIOTYPE_KEYS).alias("biotype"),
        )
    )
    placed = wanted.filter(pl.col("feature") != "transcript").with_columns(
        pl.col("start", "end").cast(pl.Int64, strict=False)
    )
    sound = pl.col("start").ge(1) & pl.col("end").ge(pl.col("start"))
    bad = placed.filter(~sound.fill_null(value=False)).get_column("transcript_id")
    gathered.n_bad_places += bad.len()
    gathered.bad_places += bad.head(6).to_list()
    is_exon = pl.col("feature") == "exon"
    gathered.exons.append(placed.filter(is_exon).select(_EXON_COLUMNS))
    gathered.coding.append(
        placed.filter(~is_exon)
        .group_by("transcript_id", maintain_order=True)
        .agg(coding_start=pl.col("start").min(), coding_end=pl.col("end").max())
    )


def _structures(gathered: _Gathered) -> Structures:
    named = (
        pl.concat(gathered.named)
        .group_by("transcript_id", maintain_order=True)
        .agg(pl.col(_NAMES).drop_nulls().first())
    )
    coding = (
        pl.concat(gathered.coding)
        .group_by("transcript_id", maintain_order=True)
        .agg(pl.col("coding_start").min(), pl.col("coding_end").max())
    )
    exons = pl.concat(gathered.exons).sort("transcript_id", "start", "end")
    same = pl.col("transcript_id") == pl.col("transcript_id").shift()
    overlaps = (same & (pl.col("start") <= pl.col("end").shift())).fill_null(value=False)
    places = (
        exons.with_columns(overlaps=overlaps)
        .group_by("transcript_id", maintain_order=True)
        .agg(
            pl.col("seqname", "strand").first(),
            pl.col("overlaps").any(),
            two_places=(pl.col("seqname").min() != pl.col("seqname").max())
            | (pl.col("strand").min() != pl.col("strand").max()),
            first=pl.col("start").min(),
            last=pl.col("end").max(),
        )
    )
    transcripts = (
        places.join(named, on="transcript_id", how="left", validate="1:1", maintain_order="left")
        .join(coding, on="transcript_id", how="left", validate="1:1", maintain_order="left")
        .with_columns(flaw=_flaw())
        .select("transcript_id", *_NAMES, "seqname", "strand", "coding_start", "coding_end", "flaw")
    )
    flawed = transcripts.filter(pl.col("flaw").is_not_null()).select("transcript_id")
    sound = exons.select("transcript_id", "start", "end").join(
        flawed, on="transcript_id", how="anti", validate="m:m", maintain_order="left"
    )
    return Structures(transcripts, sound)


def _flaw() -> pl.Expr:
    coding_outside = (pl.col("coding_start") < pl.col("first")) | (pl.col("coding_end") > pl.col("last"))
    return (
        pl.when(pl.col("two_places"))
        .then(pl.lit("two_places"))
        .when(~pl.col("strand").is_in(("+", "-")))
        .then(pl.lit("no_strand"))
        .when(pl.col("overlaps"))
        .then(pl.lit("overlapping_exons"))
        .when(coding_outside)
        .then(pl.lit("coding_outside_exons"))
    )

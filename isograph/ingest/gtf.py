"""The gene of every transcript from a GTF, plain or gzipped: GENCODE, Ensembl, RefSeq and StringTie dialects."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

import polars as pl

from isograph.errors import InputError

GTF_COLUMNS = ("seqname", "source", "feature", "start", "end", "score", "strand", "frame", "attributes")
_GZIP = b"\x1f\x8b"
_HEAD_LINES = 2000
GENE_NAME_KEYS = ("gene_name", "ref_gene_name", "gene")


def read_gtf(path: Path) -> pl.DataFrame:
    """Return ``transcript_id``, ``gene_id`` and ``gene_name`` (null where unnamed) in file order.

    Transcript rows are read, or exon rows in a file without them. Ids are as the file has them: with ``.N`` in GENCODE,
    without in Ensembl, whose separate version attributes are not needed to match either kind.

    Raises
    ------
    InputError
        The file is absent, empty, damaged, GFF3, or has no transcript with a gene.
    """
    require_gtf(path)
    transcripts = _transcripts(path, "transcript")
    if not transcripts.height:
        transcripts = _transcripts(path, "exon")
    if not transcripts.height:
        raise InputError(
            path.name, ["no transcript or exon row has a transcript_id and a gene_id: is it a GTF of transcripts?"]
        )
    return transcripts


def _transcripts(path: Path, feature: str) -> pl.DataFrame:
    rows = pl.scan_csv(
        path,
        has_header=False,
        separator="\t",
        comment_prefix="#",
        quote_char=None,
        schema=dict.fromkeys(GTF_COLUMNS, pl.String),
        glob=False,
    )
    wanted = rows.filter(pl.col("feature") == feature).select(
        attribute("transcript_id"),
        attribute("gene_id"),
        pl.coalesce(attribute(key) for key in GENE_NAME_KEYS).alias("gene_name"),
    )
    try:
        return (
            wanted.filter(pl.col("transcript_id").is_not_null(), pl.col("gene_id").is_not_null())
            .unique(maintain_order=True)
            .collect(engine="in-memory")
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(path.name, [f"cannot be read as GTF: {reason}. Copy or download it again."]) from None


def attribute(key: str) -> pl.Expr:
    """Return the expression of one attribute of every row: null where it is absent or empty."""
    # NOTE: the leading class keeps "gene_id" from being found inside "ref_gene_id".
    found = pl.col("attributes").str.extract(rf'(?:^|[; ]){key} +"?([^";]+)"?', 1).str.strip_chars()
    return pl.when(found != "").then(found).alias(key)


def require_gtf(path: Path) -> None:
    """Check by its first lines that ``path`` is a GTF.

    Raises
    ------
    InputError
        It is absent, empty, a damaged gzip file, GFF3, or no table of nine columns.
    """
    if not path.is_file():
        raise InputError(str(path), ["no such file"])
    lines = _head(path)
    if not any(line.strip() for line in lines):
        raise InputError(path.name, ["is empty"])
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    attributes = rows[0][8] if rows and len(rows[0]) == len(GTF_COLUMNS) else ""
    if any(line.startswith("##gff-version 3") for line in lines) or re.match(r'[^" ]+=', attributes):
        raise InputError(
            path.name,
            ["is GFF3, not GTF. Download the GTF of the same release, or convert it: gffread in.gff3 -T -o out.gtf"],
        )
    if not attributes:
        raise InputError(path.name, [f"is not a GTF: expected {len(GTF_COLUMNS)} tab-separated columns"])


def _head(path: Path) -> list[str]:
    with path.open("rb") as raw:
        compressed = raw.read(2) == _GZIP
    try:
        with gzip.open(path, "rb") if compressed else path.open("rb") as handle:
            lines = [handle.readline(2**20) for _ in range(_HEAD_LINES)]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            path.name, [f"is a truncated or damaged gzip file ({error}). Copy or download it again."]
        ) from None
    return [line.decode("utf-8", errors="replace") for line in lines]

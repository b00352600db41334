"""Contracts of the structure of transcripts: what is kept of a GTF, and the labels of switch pairs made from it."""

from __future__ import annotations

import polars as pl

from isograph.schemas import Column, Table

_NOT_COMPARED = "status is not compared"
_NO_CODING = "status is not compared, or the GTF has no coding region at all"
_NOT_BOTH_CODING = "as cds, or one of the two is not coding"


def _both(name: str, dtype: pl.DataType, meaning: str, null: str = _NOT_COMPARED) -> tuple[Column, Column]:
    """Return the column of the transcript that rises and that of the one that falls."""
    return Column(f"{name}_up", dtype, f"{meaning} of transcript_up", null), Column(
        f"{name}_down", dtype, "the same of transcript_down", null
    )


def _lengths(part: str, meaning: str, null: str, delta_null: str) -> tuple[Column, ...]:
    delta = Column(f"{part}_delta", pl.Int64(), f"{part}_up − {part}_down", delta_null)
    return (*_both(part, pl.Int64(), f"{meaning}, in bases,", null), delta)


GTF_TRANSCRIPTS = Table(
    name="gtf_transcripts",
    row="one transcript with exons",
    columns=(
        Column("transcript_id", pl.String(), "transcript, as the GTF has it"),
        Column("gene_id", pl.String(), "its gene, as the GTF has it", "the GTF names none"),
        Column("gene_name", pl.String(), "gene symbol", "the GTF names none"),
        Column("biotype", pl.String(), "transcript_biotype or transcript_type", "the GTF names none"),
        Column("seqname", pl.String(), "chromosome or scaffold"),
        Column("strand", pl.String(), "+ or -, or what the GTF has instead"),
        Column("coding_start", pl.Int64(), "first base of CDS and stop codon on the forward strand", "no CDS"),
        Column("coding_end", pl.Int64(), "last base of CDS and stop codon on the forward strand", "no CDS"),
        Column("flaw", pl.String(), "why its exons cannot be compared", "they can"),
    ),
    key=("transcript_id",),
    order="transcript_id",
)
GTF_EXONS = Table(
    name="gtf_exons",
    row="one exon of a transcript without flaw",
    columns=(
        Column("transcript_id", pl.String(), "transcript, as the GTF has it"),
        Column("start", pl.Int64(), "first base, counted from 1, on the forward strand"),
        Column("end", pl.Int64(), "last base, included"),
    ),
    key=("transcript_id", "start"),
    order="transcript_id, start",
)
GTF_TABLES = {table.name: table for table in (GTF_TRANSCRIPTS, GTF_EXONS)}

SWITCH_STRUCTURE = Table(
    name="switch_structure",
    row="one switch pair: a gene, the transcript that rises and the one that falls",
    columns=(
        Column("gene_id", pl.String(), "gene of the pair"),
        Column("transcript_up", pl.String(), "transcript whose usage rises with the eigengene or the switch score"),
        Column("transcript_down", pl.String(), "transcript whose usage falls"),
        Column("module_id", pl.String(), "module of the gene", "the gene is in none, or pairs are from a table"),
        Column(
            "weight_up", pl.Float64(), "r of transcript_up with the eigengene, or its loading", "pairs are from a table"
        ),
        Column("weight_down", pl.Float64(), "the same of transcript_down", "pairs are from a table"),
        Column(
            "status",
            pl.String(),
            "compared; not_in_gtf_up, not_in_gtf_down, not_in_gtf_both; or why the exons cannot be compared: "
            "other_place (the two are on different strands or chromosomes), or of one of them two_places, no_strand, "
            "overlapping_exons, coding_outside_exons",
        ),
        Column("labels", pl.String(), "part:label of every part that differs, joined by ;", _NOT_COMPARED),
        Column("first_exon", pl.String(), "same, start, end, overlapping or distinct", _NOT_COMPARED),
        Column("internal_exons", pl.String(), "same, gained, lost, changed or none", _NOT_COMPARED),
        Column("last_exon", pl.String(), "same, start, end, overlapping or distinct", _NOT_COMPARED),
        Column("cds", pl.String(), "same, start, stop, both, internal, gained, lost or none", _NO_CODING),
        Column("utr5", pl.String(), "same, longer, shorter, moved, gained, lost or none", _NOT_BOTH_CODING),
        Column("utr3", pl.String(), "same, longer, shorter, moved, gained, lost or none", _NOT_BOTH_CODING),
        Column("biotype", pl.String(), "same or changed", "status is not compared, or the GTF does not name both"),
        Column("coding_status", pl.String(), "coding, noncoding, gained or lost", _NO_CODING),
        *_both("biotype", pl.String(), "biotype", "not in the GTF, or it names none"),
        *_both("n_exons", pl.Int64(), "exons"),
        Column("n_shared_exons", pl.Int64(), "exons with both ends the same in the two", _NOT_COMPARED),
        Column(
            "shared_exon_fraction",
            pl.Float64(),
            "n_shared_exons / (n_exons_up + n_exons_down − n_shared_exons), 0 to 1",
            _NOT_COMPARED,
        ),
        Column(
            "shared_base_fraction", pl.Float64(), "exonic bases of both / exonic bases of either, 0 to 1", _NOT_COMPARED
        ),
        *_both("n_cassette", pl.Int64(), "exons inside an intron of the other,"),
        *_both("n_retained", pl.Int64(), "introns of the other inside an exon"),
        Column("tss_shift", pl.Int64(), "bases from the start of transcript_down on to that of up", _NOT_COMPARED),
        Column("tes_shift", pl.Int64(), "bases from the end of transcript_down on to that of up", _NOT_COMPARED),
        *_lengths("length", "exons", _NOT_COMPARED, _NOT_COMPARED),
        *_lengths("cds_length", "CDS and stop codon (0: not coding)", _NO_CODING, _NO_CODING),
        *_lengths("utr5_length", "5′ UTR", "as cds, or not coding", _NOT_BOTH_CODING),
        *_lengths("utr3_length", "3′ UTR", "as cds, or not coding", _NOT_BOTH_CODING),
        Column("gene_name", pl.String(), "gene symbol in the GTF", "not in the GTF, or it names none"),
        Column("seqname", pl.String(), "chromosome or scaffold", _NOT_COMPARED),
        Column("strand", pl.String(), "+ or -", _NOT_COMPARED),
    ),
    key=("gene_id", "transcript_up", "transcript_down"),
    order="module_id (genes in none last), gene_id; pairs of a table in its order",
)

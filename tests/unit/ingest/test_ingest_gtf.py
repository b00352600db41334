from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from isograph.errors import InputError, ResourceError
from isograph.ingest import gtf
from isograph.ingest.gtf import read_gtf, read_structures
from isograph.schemas.structure import GTF_EXONS, GTF_TRANSCRIPTS

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications"
ENSEMBL = (
    '9\thavana\ttranscript\t1\t9\t.\t+\t.\tgene_id "ENSG0001"; gene_version "3"; transcript_id "ENST0001"; '
    'transcript_version "2"; gene_name "DDX11L5"; gene_biotype "lncRNA"; tag "basic";\n'
)
REFSEQ = (
    'chr1\tBestRefSeq\tgene\t1\t9\t.\t+\t.\tgene_id "A2M"; transcript_id ""; gene "A2M";\n'
    'chr1\tBestRefSeq\ttranscript\t1\t9\t.\t+\t.\tgene_id "A2M"; transcript_id "NM_000014.6"; gene "A2M"; n "a; b";\n'
)
STRINGTIE = (
    'chr1\tStringTie\ttranscript\t1\t9\t.\t+\t.\ttranscript_id "MSTRG.1.1"; ref_gene_id "ENSG0001"; '
    'gene_id "MSTRG.1"; ref_gene_name "ABC";\n'
)
EXONS = (
    'chr1\tX\texon\t1\t9\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; exon_number 1;\n'
    'chr1\tX\texon\t1\t9\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; exon_number 2;\n'
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (ENSEMBL, [("ENST0001", "ENSG0001", "DDX11L5")]),
        (REFSEQ, [("NM_000014.6", "A2M", "A2M")]),
        (STRINGTIE, [("MSTRG.1.1", "MSTRG.1", "ABC")]),
        (EXONS, [("t1", "g1", None)]),
        (ENSEMBL.replace("\n", "\r\n"), [("ENST0001", "ENSG0001", "DDX11L5")]),
    ],
    ids=["ensembl", "refseq", "stringtie", "exons only", "crlf"],
)
def test_read_gtf__dialects(tmp_path, text, rows):
    path = tmp_path / "a[1].gtf"
    path.write_text("#!genome-build X\n" + text, newline="")
    assert read_gtf(path).rows() == rows


def test_read_gtf__gencode_plain_and_gzipped_are_equal():
    plain = read_gtf(FIXTURE / "annotation.gtf")
    assert plain.equals(read_gtf(FIXTURE / "annotation.gtf.gz"))
    assert plain.height == 8
    assert plain.row(-1) == ("ENST00000000008.3_PAR_Y", "ENSG00000000104.7_PAR_Y", "DELTA")


@pytest.mark.parametrize(
    "text",
    [
        "##gff-version 3\nchr1\tX\tmRNA\t1\t9\t.\t+\t.\tID=t1;Parent=g1\n",
        "chr1\tX\tmRNA\t1\t9\t.\t+\t.\tID=t1;Parent=g1\n",
    ],
)
def test_read_gtf__gff3_is_refused(tmp_path, text):
    path = tmp_path / "a.gff3"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_gtf(path)
    assert str(caught.value) == (
        "a.gff3: is GFF3, not GTF. Download the GTF of the same release, or convert it: gffread in.gff3 -T -o out.gtf"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.gtf: is empty"),
        (b"id,S1\na,1\n", "a.gtf: is not a GTF: expected 9 tab-separated columns"),
        (
            b'chr1\tX\tgene\t1\t9\t.\t+\t.\tgene_id "g1";\n',
            "a.gtf: no transcript or exon row has a transcript_id and a gene_id: is it a GTF of transcripts?",
        ),
    ],
)
def test_read_gtf__refuses(tmp_path, data, message):
    path = tmp_path / "a.gtf"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_gtf(path)
    assert str(caught.value) == message


@pytest.mark.parametrize("n_lines", [1, 20_000])
def test_read_gtf__truncated_gzip(tmp_path, n_lines):
    path = tmp_path / "a.gtf.gz"
    lines = "".join(ENSEMBL.replace("ENST0001", f"ENST{number}") for number in range(n_lines))
    path.write_bytes(gzip.compress(lines.encode())[:-12])
    with pytest.raises(InputError, match=r"^a\.gtf\.gz: .*Copy or download it again\."):
        read_gtf(path)


def test_read_gtf__does_not_depend_on_blocks(monkeypatch):
    whole = read_gtf(FIXTURE / "annotation.gtf")
    monkeypatch.setattr(gtf, "BLOCK_BYTES", 1000)
    assert_frame_equal(read_gtf(FIXTURE / "annotation.gtf"), whole)


def test_read_gtf__exons_count_only_where_no_row_is_of_a_transcript(tmp_path, monkeypatch):
    path = tmp_path / "a.gtf"
    path.write_text(EXONS + ENSEMBL)
    monkeypatch.setattr(gtf, "BLOCK_BYTES", 300)
    assert read_gtf(path).rows() == [("ENST0001", "ENSG0001", "DDX11L5")]


def test_read_gtf__lines_that_are_too_short_have_no_transcript(tmp_path):
    path = tmp_path / "a.gtf"
    path.write_text(ENSEMBL + "chr1\tX\ttranscript\t1\t9\n")
    assert read_gtf(path).height == 1


def line(feature: str, start: object, end: object, transcript: str = "t", *, strand: str = "+", **more: str) -> str:
    seqname = more.pop("seqname", "chr1")
    attributes = {"gene_id": "g", "transcript_id": transcript, **more}
    text = " ".join(f'{key} "{value}";' for key, value in attributes.items())
    return f"{seqname}\tX\t{feature}\t{start}\t{end}\t.\t{strand}\t.\t{text}\n"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "a.gtf"
    path.write_text("".join(lines), newline="")
    return path


def structures_of(tmp_path: Path, *lines: str):
    found = read_structures(written(tmp_path, *lines))
    GTF_TRANSCRIPTS.checked(found.transcripts)
    GTF_EXONS.checked(found.exons)
    return found


def test_read_structures__transcripts_and_exons_are_sorted(tmp_path):
    found = structures_of(
        tmp_path,
        "##comment\n",
        line("gene", 1, 999, ""),
        line("transcript", 1, 99, "t2", gene_name="G", transcript_type="lncRNA"),
        line("exon", 50, 99, "t2", gene_name="G"),
        line("exon", 1, 20, "t2"),
        line("transcript", 5, 9, "t1", transcript_biotype="protein_coding"),
        line("exon", 5, 9, "t1"),
        line("CDS", 5, 6, "t1"),
        line("stop_codon", 7, 9, "t1"),
    )
    assert found.transcripts.rows() == [
        ("t1", "g", None, "protein_coding", "chr1", "+", 5, 9, None),
        ("t2", "g", "G", "lncRNA", "chr1", "+", None, None, None),
    ]
    assert found.exons.rows() == [("t1", 5, 9), ("t2", 1, 20), ("t2", 50, 99)]


def test_read_structures__a_file_without_transcript_rows_is_read_by_its_exons(tmp_path):
    found = structures_of(tmp_path, line("exon", 5, 9, gene_name="G", transcript_biotype="b"), line("exon", 15, 19))
    assert found.transcripts.rows() == [("t", "g", "G", "b", "chr1", "+", None, None, None)]


@pytest.mark.parametrize(
    ("lines", "flaw"),
    [
        ((line("exon", 1, 9), line("exon", 1, 9, seqname="chrY")), "two_places"),
        ((line("exon", 1, 9), line("exon", 11, 19, strand="-")), "two_places"),
        ((line("exon", 1, 9, strand="."),), "no_strand"),
        ((line("exon", 1, 9), line("exon", 9, 19)), "overlapping_exons"),
        ((line("exon", 1, 9), line("CDS", 4, 10)), "coding_outside_exons"),
        ((line("exon", 1, 9), line("exon", 10, 19)), None),
    ],
)
def test_read_structures__what_cannot_be_compared_is_flawed_and_has_no_exons(tmp_path, lines, flaw):
    found = structures_of(tmp_path, line("exon", 1, 2, "sound"), *lines)
    assert dict(found.transcripts.select("transcript_id", "flaw").rows()) == {"sound": None, "t": flaw}
    assert found.exons.height == (1 if flaw else 3)


def test_read_structures__does_not_depend_on_blocks_or_compression(tmp_path, monkeypatch):
    whole = read_structures(FIXTURE / "annotation.gtf")
    assert whole.transcripts.height == 8
    seen = []
    monkeypatch.setattr(gtf, "BLOCK_BYTES", 1000)
    parts = read_structures(FIXTURE / "annotation.gtf.gz", progress=lambda done, total: seen.append((done, total)))
    assert_frame_equal(parts.transcripts, whole.transcripts)
    assert_frame_equal(parts.exons, whole.exons)
    size = (FIXTURE / "annotation.gtf.gz").stat().st_size
    assert len(seen) > 1
    assert seen[-1] == (size, size)


def test_read_structures__line_ends_of_other_systems_and_blank_lines(tmp_path):
    lines = (line("exon", 1, 9), "\n", line("exon", 11, 19))
    plain = structures_of(tmp_path, *lines)
    carriage = structures_of(tmp_path, *(text.replace("\n", "\r\n") for text in lines))
    assert_frame_equal(carriage.exons, plain.exons)
    assert_frame_equal(carriage.transcripts, plain.transcripts)


def test_read_structures__last_line_needs_no_end(tmp_path):
    assert structures_of(tmp_path, line("exon", 1, 9).rstrip("\n")).exons.rows() == [("t", 1, 9)]


def test_read_structures__everything_wrong_with_the_lines_is_told(tmp_path):
    path = written(
        tmp_path,
        line("exon", 1, 9),
        line("exon", 20, 11, "turned"),
        line("exon", 0, 11, "zero"),
        line("CDS", "x", 11, "text"),
        "chr1\tX\texon\t1\t9\n",
    )
    with pytest.raises(InputError) as caught:
        read_structures(path)
    assert caught.value.violations == (
        "1 lines have fewer than 9 tab-separated columns",
        (
            "3 exon, CDS or stop codon rows whose start and end are not whole numbers with 1 ≤ start ≤ end, "
            "in transcripts 'turned', 'zero', 'text'"
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.gtf: is empty"),
        (
            "##gff-version 3\nchr1\tX\tmRNA\t1\t9\t.\t+\t.\tID=t1;Parent=g1\n",
            (
                "a.gtf: is GFF3, not GTF. Download the GTF of the same release, or convert it: "
                "gffread in.gff3 -T -o out.gtf"
            ),
        ),
        (line("transcript", 1, 9), "a.gtf: no exon row has a transcript_id: is it a GTF of transcripts?"),
        (
            line("exon", 1, 9) + "\t".join("0123456789") + "\n",
            "a.gtf: cannot be read as GTF: found more fields than defined in 'Schema'. Copy or download it again.",
        ),
    ],
    ids=["empty", "gff3", "no exons", "ten columns"],
)
def test_read_structures__refuses(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read_structures(written(tmp_path, text))
    assert str(caught.value) == message


def test_read_structures__truncated_gzip(tmp_path):
    path = tmp_path / "a.gtf.gz"
    lines = "".join(line("exon", 1, 9, f"t{number}") for number in range(20_000))
    path.write_bytes(gzip.compress(lines.encode())[:-12])
    with pytest.raises(InputError, match=r"^a\.gtf\.gz: is a truncated or damaged gzip file"):
        read_structures(path)


def test_read_structures__a_line_longer_than_a_block_is_no_gtf(tmp_path, monkeypatch):
    path = written(tmp_path, line("exon", 1, 9), line("exon", 11, 19, note="x" * 3 * 2**20))
    monkeypatch.setattr(gtf, "BLOCK_BYTES", 2**20)
    with pytest.raises(InputError) as caught:
        read_structures(path)
    assert str(caught.value) == "a.gtf: a line is longer than 1 MiB: it is not a GTF"


def test_read_structures__a_gzip_bomb_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.gtf.gz"
    path.write_bytes(gzip.compress((line("exon", 1, 9) * 1000).encode()))
    monkeypatch.setattr(gtf, "MAX_TEXT_BYTES", 2**14)
    with pytest.raises(ResourceError, match=r"^a\.gtf\.gz: decompresses to more than"):
        read_structures(path)

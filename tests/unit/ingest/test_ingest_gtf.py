import gzip
from pathlib import Path

import pytest

from isograph.errors import InputError
from isograph.ingest.gtf import read_gtf

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

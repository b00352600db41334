import polars as pl
import pytest

from isograph.errors import InputError
from isograph.ingest.annotation import read_tx2gene


@pytest.mark.parametrize(
    "text",
    [
        "transcript_id\tgene_id\tgene_name\nt1\tg1\tA\n",
        "t1\tg1\tA\n",
        "gene_name,TXNAME,GENEID\nA,t1,g1\n",
        "Transcript stable ID,Gene stable ID,Gene name\nt1,g1,A\n",
        "target_id,gene_id,gene_symbol,biotype\nt1,g1,A,x\n",
        '"transcript_id" "gene_id" "gene_name"\n"1" "t1" "g1" "A"\n'.replace(" ", "\t"),
    ],
)
def test_read_tx2gene__layouts(tmp_path, text):
    path = tmp_path / "tx2gene.tsv"
    path.write_text(text)
    assert read_tx2gene(path).to_dicts() == [{"transcript_id": "t1", "gene_id": "g1", "gene_name": "A"}]


def test_read_tx2gene__two_columns_and_rows_without_a_gene(tmp_path):
    path = tmp_path / "tx2gene.csv"
    path.write_text("TXNAME,GENEID\nt1,001\nt2,NA\n,g3\n")
    assert read_tx2gene(path).to_dicts() == [{"transcript_id": "t1", "gene_id": "001"}]


def test_read_tx2gene__parquet_needs_names(tmp_path):
    path = tmp_path / "map.parquet"
    pl.DataFrame({"a": ["t1"], "b": ["g1"]}).write_parquet(path)
    with pytest.raises(InputError) as caught:
        read_tx2gene(path)
    assert str(caught.value) == (
        "map.parquet: no transcript and gene column; found 'a', 'b'. "
        "Name them transcript_id and gene_id (and gene_name)."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "t1\nt2\n",
            "no transcript and gene column; found 'column_1'. Name them transcript_id and gene_id (and gene_name).",
        ),
        ("tx,gene\nt1,\n", "no row has both a transcript and a gene id"),
    ],
)
def test_read_tx2gene__refuses(tmp_path, text, message):
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_tx2gene(path)
    assert caught.value.violations == (message,)

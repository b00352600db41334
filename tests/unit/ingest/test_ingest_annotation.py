import numpy as np
import polars as pl
import pytest

from isograph.config import ImportConfig
from isograph.errors import InputError
from isograph.ingest.annotation import assigned_genes, read_tx2gene
from isograph.ingest.quantification import Quantification
from isograph.ingest.table import frame_table


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
        ("gene_id,gene_name,operon\ng1,,x\n", "no row has both a gene id and a gene name"),
    ],
)
def test_read_tx2gene__refuses(tmp_path, text, message):
    path = tmp_path / "map.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_tx2gene(path)
    assert caught.value.violations == (message,)


@pytest.mark.parametrize("text", ["gene_id\tgene_name\toperon\nb1\tthrA\tx\n", "Symbol,Gene\nthrA,b1\n"])
def test_read_tx2gene__gives_symbols_where_it_has_genes_alone(tmp_path, text):
    path = tmp_path / "genes.tsv"
    path.write_text(text)
    assert sorted(read_tx2gene(path).to_dicts()[0].items()) == [("gene_id", "b1"), ("gene_name", "thrA")]


def assigned(level, **columns):
    quantified = Quantification(
        format="matrix", level=level, values=np.ones((3, 2)), sample_names=("A", "B"), files=("counts.csv",),
        feature_ids=pl.Series(columns.pop("ids")), **columns,
    )  # fmt: skip
    genes = pl.DataFrame({"gene_id": ["g1", "g2", "g9"], "gene_name": ["A", "B", "Z"]})
    return assigned_genes(quantified, frame_table("genes.tsv", genes), ImportConfig())


def test_assigned_genes__names_rows_that_are_genes():
    assignment = assigned("gene", ids=["g2.1", "g1.4", "g3"])
    assert assignment.gene_names.to_list() == ["B", "A", None]
    assert assignment.gene_ids.to_list() == ["g2.1", "g1.4", "g3"]
    assert assignment.notes == ("genes.tsv gave names of 2 of 3 genes, stripping '.N', and nothing else",)


def test_assigned_genes__names_the_genes_of_transcripts_with_a_gene_column():
    assignment = assigned("transcript", ids=["t1", "t2", "t3"], gene_ids=pl.Series(["g1", "g1", "g2"]))
    assert assignment.gene_names.to_list() == ["A", "A", "B"]


def test_assigned_genes__says_that_a_table_of_genes_knows_no_transcripts():
    with pytest.raises(InputError) as caught:
        assigned("transcript", ids=["t1", "t2", "t3"])
    assert str(caught.value).startswith(
        "counts.csv: nothing says which gene a transcript belongs to. genes.tsv has genes and no transcripts: it gives "
        "symbols alone. Give tx2gene='TABLE' or gtf='FILE'"
    )

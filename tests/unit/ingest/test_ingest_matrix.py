import math

import polars as pl
import pytest

from isograph.errors import InputError, UsageError
from isograph.ingest.matrix import read_matrix


def read(tmp_path, text, *, id_column=None, gene_column=None, scale="counts"):
    path = tmp_path / "matrix.csv"
    path.write_text(text)
    return read_matrix(path, id_column=id_column, gene_column=gene_column, scale=scale)


@pytest.mark.parametrize(
    ("text", "level", "genes"),
    [
        ("transcript_id,S1,S2\nt1,1,2\nt2,3,4\n", "transcript", None),
        ("transcript_id,gene_id,S1,S2\nt1,g,1,2\nt2,g,3,4\n", "transcript", ["g", "g"]),
        ("gene_id,transcript_id,S1,S2\ng,t1,1,2\ng,t2,3,4\n", "transcript", ["g", "g"]),
        ("TXNAME,GENEID,S1,S2\nt1,g,1,2\nt2,g,3,4\n", "transcript", ["g", "g"]),
        ("tx,length,chr,S1,S2\nt1,9,1,1,2\nt2,9,1,3,4\n", "transcript", None),
        (",gene_id,S1,S2\nt1,g,1,2\nt2,g,3,4\n", "transcript", ["g", "g"]),
        ("gene_id,gene_name,S1,S2\nt1,A,1,2\nt2,B,3,4\n", "gene", None),
        ("gene_name,S1,S2\nA,1,2\nB,3,4\n", "gene", None),
        ("Symbol,length,gene_id,S1,S2\nA,9,g1,1,2\nB,9,g2,3,4\n", "gene", None),
        ("gene_name,transcript_id,S1,S2\nA,t1,1,2\nB,t2,3,4\n", "transcript", None),
        ('"S1","S2"\n"ENSG01","1","2"\n"ENSG02",3,4\n', "gene", None),
        ("Name,S1,S2\nENSG01,1,2\nENSG02,3,4\n", "gene", None),
    ],
)
def test_read_matrix__wide_layouts(tmp_path, text, level, genes):
    quantified = read(tmp_path, text)
    assert quantified.level == level
    assert quantified.sample_names == ("S1", "S2")
    assert quantified.values.tolist() == [[1, 2], [3, 4]]
    assert (None if quantified.gene_ids is None else quantified.gene_ids.to_list()) == genes


def test_read_matrix__named_columns(tmp_path):
    quantified = read(tmp_path, "locus,isoform,S1\ng,t,5\n", id_column="isoform", gene_column="locus")
    assert (quantified.feature_ids[0], quantified.gene_ids[0], quantified.sample_names) == ("t", "g", ("S1",))


def test_read_matrix__named_column_that_is_absent(tmp_path):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, "tx,S1\nt,5\n", gene_column="locus")
    assert str(caught.value) == "matrix.csv has no column 'locus'; found 'tx', 'S1'."


def test_read_matrix__log_values_are_of_genes(tmp_path):
    quantified = read(tmp_path, "probe,S1,S2\np1,-0.5,NA\n", scale="log")
    assert quantified.level == "gene"
    assert quantified.values[0, 0] == -0.5
    assert math.isnan(quantified.values[0, 1])


def test_read_matrix__long_with_absent_pairs_as_zero(tmp_path):
    text = "transcript_id,gene_id,sample_id,count\nt1,g1,A,1.5\nt2,g2,B,2\nt1,g1,B,3\n"
    quantified = read(tmp_path, text)
    assert quantified.feature_ids.to_list() == ["t1", "t2"]
    assert quantified.gene_ids.to_list() == ["g1", "g2"]
    assert quantified.sample_names == ("A", "B")
    assert quantified.values.tolist() == [[1.5, 3.0], [0.0, 2.0]]
    assert quantified.notes == ("pairs of feature and sample without a line, taken as zero: 1",)


def test_read_matrix__long_of_genes_on_a_log_scale(tmp_path):
    quantified = read(tmp_path, "gene_id,sample_id,value\ng1,A,1\ng2,B,2\n", scale="log")
    assert quantified.level == "gene"
    assert math.isnan(quantified.values[0, 1])


def test_read_matrix__long_with_repeated_pairs_and_two_genes(tmp_path):
    quantified = read(tmp_path, "transcript_id,gene_id,sample,count\nt1,g1,A,1\nt1,g1,A,2\nt1,g2,B,2\n")
    assert quantified.violations == (
        "pairs of feature and sample with several lines: 1 ('t1 in A')",
        "transcripts with more than one gene: 1 ('t1')",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sample_id,t1,t2\nA,1,2\n",
            (
                "matrix.csv: is transposed: its first column is 'sample_id' and its other columns are features "
                "('t1', 't2'). Rows must be transcripts or genes, and columns samples."
            ),
        ),
        (
            "transcript_id,gene_id\nt1,g1\n",
            "matrix.csv: no sample columns; found 'transcript_id', 'gene_id'. Is it CSV or TSV?",
        ),
        ("transcript_id S1\nt1 1\n", "matrix.csv: no sample columns; found 'transcript_id S1'. Is it CSV or TSV?"),
        ("tx,S1,\nt1,1,2\n", "matrix.csv: columns without a name: 1 (number 3)"),
        (
            "tx,sample,TPM\nt1,A,2\n",
            (
                "matrix.csv: has normalised values and no count column; found 'tx', 'sample', 'TPM'. Add the counts, "
                "or pass scale='tpm' for a column of TPM."
            ),
        ),
        ("tx,sample,count\nt1,A,2\n,A,2\n", "matrix.csv: lines without a feature id or a sample id: 1"),
    ],
)
def test_read_matrix__refuses(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == message


def test_read_matrix__parquet_equals_csv(tmp_path):
    path = tmp_path / "matrix.parquet"
    pl.DataFrame({"transcript_id": ["001"], "S1": [1.5], "S2": [2.0]}).write_parquet(path)
    quantified = read_matrix(path, id_column=None, gene_column=None, scale="counts")
    assert quantified.feature_ids.to_list() == ["001"]
    assert quantified.values.tolist() == [[1.5, 2.0]]


def test_read_matrix__takes_the_ids_of_genes_before_their_symbols(tmp_path):
    quantified = read(tmp_path, "gene_name,gene_id,S1\nA,g1,1\nA,g2,3\n")
    assert quantified.feature_ids.to_list() == ["g1", "g2"]
    assert quantified.gene_names.to_list() == ["A", "A"]


def test_read_matrix__long_of_symbols_is_of_genes(tmp_path):
    quantified = read(tmp_path, "gene_name,sample,count\nA,S1,1\nB,S1,3\n")
    assert (quantified.level, quantified.feature_ids.to_list()) == ("gene", ["A", "B"])


def test_read_matrix__long_of_tpm(tmp_path):
    quantified = read(tmp_path, "tx,sample,NumReads,TPM\nt1,S1,5,0.5\nt2,S1,7,0.7\n", scale="tpm")
    assert quantified.values.tolist() == [[0.5], [0.7]]

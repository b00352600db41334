import gzip

import numpy as np
import polars as pl
import pytest

from isograph.errors import InputError
from isograph.ingest.table import read_user_table


def table(tmp_path, data, name="counts.csv"):
    path = tmp_path / name
    path.write_bytes(data)
    return read_user_table(path)


@pytest.mark.parametrize(
    "data",
    [
        b"id,S1,S2\na,1,2\nb,3,4\n",
        b"id\tS1\tS2\na\t1\t2\nb\t3\t4\n",
        b"id;S1;S2\na;1;2\nb;3;4\n",
        b"id,S1,S2\r\na,1,2\r\nb,3,4\r\n",
        b"id,S1,S2\ra,1,2\rb,3,4",
        b"\xef\xbb\xbfid,S1,S2\na,1,2\n\nb,3,4\n\n",
        b'"id","S1","S2"\n"a",1,"2"\n"b",3,4\n',
        b"# written by a tool, with a comma\nid,S1,S2\na,1,2\nb,3,4\n",
        b"#id,S1,S2\na, 1,2 \nb,3,4\n",
        gzip.compress(b"id,S1,S2\na,1,2\nb,3,4\n", mtime=0),
    ],
    ids=["csv", "tsv", "semicolon", "crlf", "cr", "bom+blank", "quoted", "preamble", "hash header", "gzip"],
)
def test_read_user_table__dialects(tmp_path, data):
    read = table(tmp_path, data)
    assert read.header == ("id", "S1", "S2")
    assert read.text([0]).to_series().to_list() == ["a", "b"]
    numbers, violations = read.numbers([1, 2])
    np.testing.assert_array_equal(numbers, [[1, 2], [3, 4]])
    assert violations == []


def test_read_user_table__row_names_without_a_header_cell(tmp_path):
    assert table(tmp_path, b"S1\tS2\na\t1\t2\n").header == ("", "S1", "S2")


def test_read_user_table__ids_stay_text(tmp_path):
    assert table(tmp_path, b"id,n\n001,1\n1e5,2\nNA,3\n").text([0]).to_series().to_list() == ["001", "1e5", None]


def test_numbers__columns_come_in_the_order_asked(tmp_path):
    numbers, _ = table(tmp_path, b"id,S1,S2\na,1,2\n").numbers([2, 1])
    assert numbers.tolist() == [[2.0, 1.0]]


def test_numbers__missing_and_short_lines_are_nan(tmp_path):
    numbers, violations = table(tmp_path, b"id,S1,S2\na,NA,\nb,1\nc,NaN,2\n").numbers([1, 2])
    np.testing.assert_array_equal(numbers, [[np.nan, np.nan], [1, np.nan], [np.nan, 2]])
    assert violations == []


def test_numbers__text_is_counted_and_quoted(tmp_path):
    _, violations = table(tmp_path, b"id,S1,S2\na,1,low\nb,x,high\nc,3,low\n").numbers([1, 2])
    assert violations == [
        "column 'S1': 1 of 3 values are not numbers: 'x'",
        "column 'S2': 3 of 3 values are not numbers: 'low', 'high'",
    ]


def test_numbers__decimals_are_exact(tmp_path):
    numbers, _ = table(tmp_path, b"id,S1\na,0.1\nb,10.118757\nc,1e-308\n").numbers([1])
    assert numbers[:, 0].tolist() == [0.1, 10.118757, 1e-308]


def test_read_user_table__parquet_keeps_types_and_reads_categories_as_text(tmp_path):
    path = tmp_path / "b[1].parquet"
    pl.DataFrame({"id": pl.Series(["x", "y"], dtype=pl.Categorical), "S1": [1, 2]}).write_parquet(path)
    read = read_user_table(path)
    assert read.text([0]).to_series().to_list() == ["x", "y"]
    assert read.numbers([1])[0].tolist() == [[1.0], [2.0]]


TRUNCATED = gzip.compress(b"id,S1\n" + b"a,1\n" * 5000, mtime=0)[:-30]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "a.csv: is empty"),
        ("a.csv", b"\n \n", "a.csv: is empty"),
        ("a.csv", gzip.compress(b"", mtime=0), "a.csv: is empty"),
        ("a.csv", b"id,S1\n", "a.csv: has a header and nothing below it"),
        (
            "a.parquet",
            b"id,S1\na,1\n",
            "a.parquet: is not a parquet file, despite its name. Write it again, or rename it.",
        ),
        ("a.csv", b"PK\x03\x04rest", "a.csv: is an Excel or zip file. Save the table as CSV or TSV."),
        ("a.csv", "id,S1\n".encode("utf-16"), "a.csv: is UTF-16 text. Save it as UTF-8."),
        ("a.csv", b"id,S1\na,\xe9\n", "a.csv: line 2 is not UTF-8 text. Save the file as UTF-8."),
        ("a.csv", b"id,S1\na,\x00\n", "a.csv: holds NUL bytes: it is not a text table. Expected CSV, TSV or parquet."),
        (
            "a.gct",
            b"#1.2\n1\t1\nName\tDescription\tS1\n",
            "a.gct: is a GCT file. Remove its first two lines: the third is the header that is expected here.",
        ),
    ],
)
def test_read_user_table__refuses(tmp_path, name, data, message):
    with pytest.raises(InputError) as caught:
        table(tmp_path, data, name)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "data", "start"),
    [
        ("a.csv.gz", TRUNCATED, "a.csv.gz: is a truncated or damaged gzip file ("),
        ("a.parquet", b"PAR1....PAR1", "a.parquet: is a damaged parquet file ("),
    ],
)
def test_read_user_table__damaged(tmp_path, name, data, start):
    with pytest.raises(InputError) as caught:
        table(tmp_path, data, name)
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith("again.")


def test_read_user_table__absent(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_user_table(tmp_path / "absent.csv")


def test_read_user_table__quote_left_open(tmp_path):
    with pytest.raises(InputError) as caught:
        table(tmp_path, b'id,S1\n"a,1\nb,2\n').text([0])
    assert str(caught.value) == 'counts.csv: cannot be parsed as a table. Is a quote (") left open?'


def test_numbers__line_longer_than_the_header(tmp_path):
    with pytest.raises(InputError) as caught:
        table(tmp_path, b"id,S1\na,1\nb,2,3\n").numbers([1])
    assert str(caught.value) == "counts.csv: line 3 has 3 fields, the header has 2"

from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.errors import InputError, UsageError
from isograph.ingest.samplesheet import read_samplesheet


def sheet(tmp_path, text, names=("A", "B"), column=None):
    path = tmp_path / "samples.csv"
    path.write_bytes(text.encode())
    return read_samplesheet(path, names, column=column)


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_read_samplesheet__types(tmp_path, ends):
    text = "Run,age,n,batch,male,note,when\nA,1.5,3,001,TRUE,x,2011-01-02\nB,NA,-2,010,FALSE,,NaN\n".replace("\n", ends)
    read = sheet(tmp_path, text)
    expected = pl.DataFrame(
        {
            "sample_id": ["A", "B"],
            "age": [1.5, None],
            "n": [3, -2],
            "batch": ["001", "010"],
            "male": [True, False],
            "note": ["x", None],
            "when": [date(2011, 1, 2), None],
        }
    )
    assert_frame_equal(read.rows, expected)
    assert [reading.kind for reading in read.readings] == ["number", "integer", "text", "boolean", "text", "date"]
    assert read.notes == ("column 'Run' names the samples and became 'sample_id'",)


def test_read_samplesheet__what_only_looks_like_a_date_is_text(tmp_path):
    read = sheet(tmp_path, "Run,when\nA,2011-01-02\nB,2011-02-30\n")
    assert read.rows.get_column("when").to_list() == ["2011-01-02", "2011-02-30"]


def test_read_samplesheet__the_alias_that_matches_is_the_id(tmp_path):
    read = sheet(tmp_path, "names,sample_id,x\nA,diku_A,1\nB,diku_B,2\n")
    assert read.id_column == "names"
    assert read.rows.to_dict(as_series=False) == {
        "sample_id": ["A", "B"],
        "sample_id_in_sheet": ["diku_A", "diku_B"],
        "x": [1, 2],
    }
    assert read.notes == (
        "column 'names' names the samples and became 'sample_id'",
        "column 'sample_id' became 'sample_id_in_sheet'",
    )


def test_read_samplesheet__names_that_differ_in_case_are_told_apart(tmp_path):
    read = sheet(tmp_path, "sample_id,Age,age,SAMPLE_ID\nA,1,2,x\nB,1,2,y\n")
    assert read.rows.columns == ["sample_id", "Age", "age_in_sheet", "SAMPLE_ID_in_sheet"]


def test_read_samplesheet__nfcore_lanes_become_one_row(tmp_path):
    read = sheet(tmp_path, "sample,fastq_1,fastq_2,strandedness,dx\nA,1,2,auto,x\nA,3,4,auto,x\nB,5,6,auto,y\n")
    assert read.rows.to_dict(as_series=False) == {"sample_id": ["A", "B"], "dx": ["x", "y"]}
    assert read.notes[-1] == "columns fastq_1, fastq_2, strandedness were left out: they describe files"


def test_read_samplesheet__violations(tmp_path):
    read = sheet(tmp_path, "sample_id,age\nA,1\nA,inf\n,3\nB,4\n")
    assert read.violations == (
        "rows without a sample id: 1",
        "samples with several rows: 1 ('A'). Keep one row a sample.",
    )
    infinite = sheet(tmp_path, "sample_id,age\nA,1\nB,-Inf\n")
    assert infinite.violations == ("column 'age' has infinite values: 1 ('-Inf'). Write NA instead.",)


def test_read_samplesheet__lanes_that_disagree(tmp_path):
    read = sheet(tmp_path, "sample,fastq_1,dx\nA,1,x\nA,2,y\nB,3,y\n")
    assert read.violations == ("samples with several rows that disagree: 1 ('A'). Keep one row a sample.",)


def test_read_samplesheet__numbers_with_a_word_are_text_and_said_so(tmp_path):
    rows = "".join(f"S{i},{i}\n" for i in range(9))
    read = sheet(tmp_path, f"sample_id,age\n{rows}A,unknown\n", names=("A",))
    assert read.readings[0].kind == "text"
    assert read.readings[0].warnings == (
        "column 'age' was read as text: 1 of 10 values are not numbers ('unknown'). Write NA where a value is missing.",
    )


def test_read_samplesheet__codes_that_look_like_quantities_are_noted(tmp_path):
    read = sheet(tmp_path, "sample_id,lab,plate,age\nA,1,1.5,30\nB,2,2.5,31\nC,3,3.5,31\n")
    assert read.notes == (
        "whole numbers with few values, read as quantities: lab. Write groups as words (lab1, lab2).",
    )


def test_read_samplesheet__parquet_text_stays_text(tmp_path):
    path = tmp_path / "samples.parquet"
    pl.DataFrame(
        {"sample_id": ["A", "B"], "lab": ["1", "2"], "age": pl.Series([1, None], dtype=pl.Int8)}
    ).write_parquet(path)
    rows = read_samplesheet(path, ("A", "B")).rows
    assert rows.schema == {"sample_id": pl.String, "lab": pl.String, "age": pl.Int64}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "who,age\nA,1\nB,2\n",
            (
                "samples.csv: no sample id column; column 'who' holds 2 of the 2 quantified samples: "
                "pass sample_column='who'."
            ),
        ),
        (
            "who,age\nx,1\ny,2\n",
            "samples.csv: no sample id column; found 'who', 'age'. Pass sample_column='NAME'.",
        ),
        (
            "sample_id,run_name\nx,A\ny,B\n",
            (
                "samples.csv: column 'sample_id' holds none of the quantified samples; "
                "column 'run_name' holds 2 of the 2 "
                "quantified samples: pass sample_column='run_name'."
            ),
        ),
        ("sample_id,age,age\nA,1,2\n", "samples.csv: repeated column names: 1 ('age')"),
    ],
)
def test_read_samplesheet__no_id_column(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        sheet(tmp_path, text)
    assert str(caught.value) == message


def test_read_samplesheet__named_column(tmp_path):
    assert sheet(tmp_path, "who,age\nA,1\n", column="who").rows.columns == ["sample_id", "age"]
    with pytest.raises(UsageError, match=r"samples\.csv has no column 'id'; found 'who', 'age'"):
        sheet(tmp_path, "who,age\nA,1\n", column="id")

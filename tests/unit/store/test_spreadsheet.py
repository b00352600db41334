from __future__ import annotations

import polars as pl
import pytest

from isograph.store.spreadsheet import guarded_text, sheet


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd", "-x", "@a", "\t=1", "\r=1", "  =HYPERLINK(1)", "＝1", "'=1".removeprefix("'")],
)
def test_sheet__guards_what_a_spreadsheet_would_run(text):
    written = sheet(pl.DataFrame({"gene_id": [text]}), separator=",")
    assert written.guarded == (text,)
    assert pl.read_csv(written.data, infer_schema=False).item() == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "SEPT2",
        "MARCH1",
        "Sep-1",
        "DEC1",
        "1-Mar",
        "2-3",
        "2021-01-02",
        "1:30",
        "001",
        "2310009E13",
        "12345678901234567",
    ],
)
def test_sheet__guards_what_a_spreadsheet_would_rewrite(text):
    assert sheet(pl.DataFrame({"gene_id": [text]}), separator="\t").data.decode() == f"gene_id\n'{text}\n"


@pytest.mark.parametrize(
    "text",
    ["ENSG00000000003.15", "TP53", "Marchf1", "MARCHF1", "SEPTIN2", "12", "H2-K1", "HLA-A", "NM_001", "7SK", "'a"],
)
def test_sheet__leaves_ordinary_names(text):
    written = sheet(pl.DataFrame({"gene_id": [text]}), separator=",")
    assert (written.data.decode(), written.guarded) == (f"gene_id\n{text}\n", ())


def test_sheet__leaves_numbers_and_writes_missing_as_na():
    frame = pl.DataFrame({"a": [-1.5, float("nan"), None], "b": [-1, None, 3], "c": ["x", None, "y"]})
    assert sheet(frame, separator=",").data.decode() == "a,b,c\n-1.5,-1,x\nNA,NA,NA\nNA,3,y\n"


def test_sheet__guards_headers_and_tells_each_text_once():
    written = sheet(pl.DataFrame({"=h": ["SEPT2", "SEPT2", "=1"]}), separator=",")
    assert written.data.decode() == "'=h\n'SEPT2\n'SEPT2\n'=1\n"
    assert written.guarded == ("SEPT2", "=1")


def test_sheet__raw_leaves_everything():
    written = sheet(pl.DataFrame({"=h": ["=1", "SEPT2"]}), separator=",", raw=True)
    assert (written.data.decode(), written.guarded) == ("=h\n=1\nSEPT2\n", ())


@pytest.mark.parametrize(("text", "expected"), [("=1", "'=1"), ("-x", "'-x"), ("SEPT2", "SEPT2"), ("a=b", "a=b")])
def test_guarded_text__guards_formulas_only(text, expected):
    assert guarded_text(text) == expected

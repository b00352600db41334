from __future__ import annotations

import io

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from isograph.bundle import parquet as parquet_module
from isograph.bundle.parquet import read_parquet_table
from isograph.errors import InputError


def parquet(frame: pl.DataFrame, **options: object) -> bytes:
    data = io.BytesIO()
    frame.write_parquet(data, **options)
    return data.getvalue()


GENES = pl.DataFrame({"gene_id": ["001", "G2"], "start": [1, None]})


def violations(data: bytes) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read_parquet_table(data)
    return caught.value.violations


def test_read_parquet_table__returns_the_frame():
    assert_frame_equal(read_parquet_table(parquet(GENES)), GENES)


@pytest.mark.parametrize(
    ("data", "violation"),
    [
        (b"", "the file is empty."),
        (b"gene_id,start\n001,1\n", "is not a parquet file."),
        (parquet(GENES)[:-20], "is a truncated parquet file: its end is missing. Copy it again."),
        (b"PAR1", "is a damaged parquet file: "),
        (b"PAR1" + b"\0" * 40 + b"PAR1", "is a damaged parquet file: "),
    ],
)
def test_read_parquet_table__refuses_what_is_no_parquet_file(data, violation):
    (found,) = violations(data)
    assert found.startswith(violation)


def test_read_parquet_table__refuses_damaged_pages():
    data = bytearray(parquet(pl.DataFrame({"gene_id": [f"gene {n}" for n in range(500)]})))
    data[40:400] = bytes(360)
    (found,) = violations(bytes(data))
    assert found.startswith("is a damaged parquet file: ")


def test_read_parquet_table__reports_a_panic_on_the_way_to_polars(monkeypatch):
    def panicking(*_args, **_options):
        raise pl.exceptions.PanicException("index out of\nbounds")

    monkeypatch.setattr(parquet_module, "_frame", panicking)
    assert violations(parquet(GENES)) == ("is a damaged parquet file: index out of.",)


def test_read_parquet_table__lets_an_interrupt_through(monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(parquet_module, "_frame", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read_parquet_table(parquet(GENES))


def test_read_parquet_table__keeps_types_and_column_order():
    frame = pl.DataFrame(
        {
            "text": ["b", None, "a"],
            "small": pl.Series([1, None, 3], dtype=pl.UInt8),
            "flag": [True, False, None],
            "more": ["", "é", "b"],
            "day": pl.Series([1, 2, None]).cast(pl.Date),
            "level": pl.Series(["low", "high", None], dtype=pl.Enum(["low", "high"])),
            "empty": [None, None, None],
        }
    )
    assert_frame_equal(read_parquet_table(parquet(frame)), frame)
    assert_frame_equal(read_parquet_table(parquet(frame, row_group_size=1)), frame)


def test_read_parquet_table__refuses_cells_of_several_values():
    frame = pl.DataFrame({"gene_id": ["a"], "exons": [[1, 2]], "place": [{"start": 1}]})
    assert violations(parquet(frame)) == (
        "columns of lists or records: 'exons', 'place'. Every cell is one value; split them.",
    )


def test_read_parquet_table__refuses_columns_of_the_same_name():
    data = io.BytesIO()
    pq.write_table(pa.table([["x"], ["y"]], names=["gene_id", "gene_id"]), data)
    assert violations(data.getvalue()) == ("several columns of the same name: 'gene_id'. Rename them.",)


def test_read_parquet_table__refuses_text_that_is_not_unicode():
    data = io.BytesIO()
    raw = pa.array([b"ok", b"\xff\xfe"]).cast(pa.binary())
    text = pa.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    pq.write_table(pa.table({"gene_id": text}), data)
    (found,) = violations(data.getvalue())
    assert found.startswith("is a damaged parquet file: ")


def test_read_parquet_table__refuses_columns_of_too_much_text(monkeypatch):
    monkeypatch.setattr(parquet_module, "MAX_COLUMN_BYTES", 1000)
    assert violations(parquet(pl.DataFrame({"note": ["x" * 100] * 11, "id": ["y" * 100] * 10 + [None]}))) == (
        "column 'note' holds text of together 1,100 bytes, expected at most 1,000.",
    )


def test_read_parquet_table__refuses_a_bomb_before_unpacking_it(monkeypatch):
    monkeypatch.setattr(parquet_module, "ALWAYS_ALLOWED_BYTES", 2**20)
    bomb = pl.DataFrame({"gene_id": ["x" * 50_000 + str(number) for number in range(100)]})
    data = parquet(bomb, compression="zstd")
    assert len(data) < 25_000
    (found,) = violations(data)
    assert found.endswith("over 200 times as many. Such a file is taken for an attack.")


def test_read_parquet_table__refuses_more_rows_than_any_bundle_has():
    data = parquet(pl.select(gene_id=pl.repeat("a", 10_000_001)))
    assert violations(data) == ("has 10,000,001 rows, expected at most 10,000,000.",)


def test_read_parquet_table__refuses_text_that_is_no_cell():
    assert violations(parquet(pl.DataFrame({"note": ["x" * 65_536, "x" * 65_537]}))) == (
        "column 'note' holds a text of 65,537 bytes, expected at most 65,536.",
    )


def test_read_parquet_table__reads_a_table_without_rows():
    assert_frame_equal(read_parquet_table(parquet(GENES.clear())), GENES.clear())

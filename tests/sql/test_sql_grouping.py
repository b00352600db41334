from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.database.connection import connection, statement_rows
from isograph.database.statement import statement

TRANSCRIPTS = {"transcript_id": pl.String, "gene_id": pl.String, "transcript_row": pl.Int64}
GENES = {"gene_id": pl.String, "gene_row": pl.Int64}


def grouping(of: str, schema: dict, rows: list[tuple]) -> pl.DataFrame:
    numbered = [(*row, number) for number, row in enumerate(rows)]
    table = pl.DataFrame(numbered, schema=schema, orient="row").to_arrow()
    with connection() as database:
        database.register(f"{of}s", table)
        return statement_rows(database, statement("bundle", f"{of}_grouping"))


def test_transcript_grouping__puts_scattered_transcripts_together_in_the_order_of_the_table():
    found = grouping("transcript", TRANSCRIPTS, [("z", "g2"), ("y", "g10"), ("a", "g2"), ("x", "g10"), ("w", "g2")])
    assert found.rows() == [
        ("g10", "y", 1),
        ("g10", "x", 3),
        ("g2", "z", 0),
        ("g2", "a", 2),
        ("g2", "w", 4),
    ]


def test_gene_grouping__sorts_ids_by_code_point_and_keeps_them_text():
    ids = ["g2", "G1", "g10", "é", "001", "1", "GENE", "gene", "１", "\U0001f9ec", "\uffff", "z "]
    found = grouping("gene", GENES, [(gene,) for gene in ids])
    assert found.get_column("gene_id").to_list() == sorted(ids)
    assert [ids[row] for row in found.get_column("gene_row")] == sorted(ids)


@pytest.mark.parametrize(
    ("of", "schema", "columns"),
    [
        (
            "transcript",
            TRANSCRIPTS,
            {"gene_id": pl.String, "transcript_id": pl.String, "transcript_row": pl.Int64},
        ),
        ("gene", GENES, {"gene_id": pl.String, "gene_row": pl.Int64}),
    ],
)
def test_grouping__of_nothing_has_its_columns(of, schema, columns):
    assert_frame_equal(grouping(of, schema, []), pl.DataFrame(schema=columns))

from __future__ import annotations

import polars as pl
import pytest

from isograph.ingest.gtf import read_structures

pytestmark = pytest.mark.real


@pytest.mark.parametrize("name", ["gencode_basic.gtf", "ensembl91_chr9.gtf", "ensembl_fly_BDGP6.85.gtf"])
def test_real_gtf__coding_region_of_whole_transcripts_holds_whole_codons(real_data, name):
    path = real_data / "formats" / "gtf" / name
    found = read_structures(path)
    text = path.read_text(encoding="utf-8")
    ended = {
        row.partition('transcript_id "')[2].partition('"')[0]
        for row in text.splitlines()
        if row.split("\t")[2:3] == ["stop_codon"] and "_NF" not in row
    }
    coding = found.transcripts.filter(pl.col("transcript_id").is_in(list(ended)))
    segments = coding.join(found.exons, on="transcript_id", maintain_order="left").select(
        "transcript_id",
        n=pl.min_horizontal("end", "coding_end") - pl.max_horizontal("start", "coding_start") + 1,
    )
    lengths = segments.filter(pl.col("n") > 0).group_by("transcript_id", maintain_order=True).agg(pl.col("n").sum())
    assert lengths.height >= 8
    assert lengths.filter(pl.col("n") % 3 != 0).rows() == []

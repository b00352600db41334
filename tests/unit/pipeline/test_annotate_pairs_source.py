from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import isograph as ig
from isograph.errors import UsageError


@pytest.fixture(scope="module")
def gtf(fitted, tmp_path_factory) -> Path:
    """A GTF in which each transcript of the fit has two exons, the second its own."""
    path = tmp_path_factory.mktemp("gtf") / "toy.gtf"
    rows = fitted.switch_loadings.select("gene_id", "transcript_id").collect(engine="in-memory").iter_rows()
    path.write_text(
        "".join(
            f'chr1\tX\texon\t{start}\t{end}\t.\t+\t.\tgene_id "{gene}"; transcript_id "{transcript}";\n'
            for number, (gene, transcript) in enumerate(rows)
            for start, end in ((100, 199), (300, 400 + number))
        )
    )
    return path


def test_annotate_structure__takes_a_fit_or_an_explanation_by_its_path_or_opened(fitted, gtf, tmp_path):
    explanation = ig.explain(fitted, output_dir=tmp_path / "explanation", module_ids="M000")
    for kind, opened in (("fit", fitted), ("explanation", explanation)):
        by_path = ig.annotate_structure(gtf, tmp_path / f"{kind}.parquet", source=str(opened.path))
        report = ig.annotate_structure(gtf, tmp_path / f"{kind}_opened.parquet", source=opened)
        assert (report.source, report.n_of_status) == (kind, {"compared": report.n_pairs})
        assert report.n_pairs > 0
        assert report.path.read_bytes() == by_path.path.read_bytes()


def test_annotate_structure__replaces_no_table_it_was_given(gtf, tmp_path):
    pairs = tmp_path / "pairs.csv"
    pl.DataFrame({"gene_id": ["g"], "transcript_up": ["a"], "transcript_down": ["b"]}).write_csv(pairs)
    with pytest.raises(UsageError, match=r"is an input, so it is not replaced\. Name another file\."):
        ig.annotate_structure(gtf, pairs, switch_pairs=pairs, overwrite=True)


def test_annotate_structure__takes_pairs_from_one_source(gtf, tmp_path):
    with pytest.raises(UsageError, match="come either from source or from switch_pairs: give one of the two"):
        ig.annotate_structure(gtf, tmp_path / "labels.parquet")

import shutil
from pathlib import Path

import pytest

from isograph.errors import UsageError
from isograph.ingest.nfcore import read_nfcore

NFCORE = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications" / "nfcore"
NAMES = ("control_1", "control_2", "treated_1", "treated_2")


@pytest.mark.parametrize(
    ("source", "prefix"), [(NFCORE, "star_salmon/"), (NFCORE / "star_salmon", "")], ids=["results", "subfolder"]
)
def test_read_nfcore__tables_and_gene_counts(source, prefix):
    quantified = read_nfcore(source)
    assert quantified.sample_names == NAMES
    assert quantified.gene_ids[0] == "ENSG00000000101.4"
    assert quantified.gene_totals.source == "salmon.merged.gene_counts_length_scaled.tsv"
    assert quantified.tx2gene == NFCORE / "star_salmon" / "tx2gene.tsv"
    assert quantified.files == (
        f"{prefix}salmon.merged.transcript_counts.tsv",
        f"{prefix}salmon.merged.gene_counts_length_scaled.tsv",
    )


def test_read_nfcore__transcript_absent_from_the_gtf_is_flagged():
    assert read_nfcore(NFCORE).warnings == (
        (
            "transcripts that are their own gene: 1 ('ENST99999999999.1'); the pipeline's GTF did not have them, "
            "so they look like genes with a single transcript"
        ),
    )


def test_read_nfcore__plain_gene_counts_when_no_scaled_ones(tmp_path):
    shutil.copytree(NFCORE, tmp_path / "out")
    (tmp_path / "out" / "star_salmon" / "salmon.merged.gene_counts_length_scaled.tsv").unlink()
    assert read_nfcore(tmp_path / "out").gene_totals.source == "salmon.merged.gene_counts.tsv"


def test_read_nfcore__gene_table_that_lacks_genes_is_not_used(tmp_path):
    shutil.copytree(NFCORE / "star_salmon", tmp_path / "out")
    scaled = tmp_path / "out" / "salmon.merged.gene_counts_length_scaled.tsv"
    scaled.write_text("".join(scaled.read_text().splitlines(keepends=True)[:-2]))
    quantified = read_nfcore(tmp_path / "out")
    assert quantified.gene_totals is None
    assert quantified.warnings[0] == (
        "salmon.merged.gene_counts_length_scaled.tsv was not used: it lacks 2 genes of the transcript table "
        "('ENSG00000000104.7_PAR_Y', 'ENST99999999999.1'); gene counts are sums of transcripts"
    )


def test_read_nfcore__gene_columns_in_another_order_are_aligned(tmp_path):
    shutil.copytree(NFCORE / "star_salmon", tmp_path / "out")
    (tmp_path / "out" / "salmon.merged.gene_counts_length_scaled.tsv").write_text(
        "gene_id\tgene_name\ttreated_2\ttreated_1\tcontrol_2\tcontrol_1\n"
        + "".join(
            f"{gene}\tx\t4\t3\t2\t1\n"
            for gene in (
                "ENSG00000000101.4",
                "ENSG00000000102.11",
                "ENSG00000000103.2",
                "ENSG00000000104.7_PAR_Y",
                "ENST99999999999.1",
            )
        )
    )
    assert read_nfcore(tmp_path / "out").gene_totals.values[0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_read_nfcore__two_quantifications_are_not_chosen_between(tmp_path):
    for name in ("star_salmon", "salmon"):
        shutil.copytree(NFCORE / "star_salmon", tmp_path / name)
    with pytest.raises(UsageError) as caught:
        read_nfcore(tmp_path)
    assert "'star_salmon', 'salmon'. Name one of them" in str(caught.value)

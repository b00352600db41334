from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isograph.bundle.read import read_bundle
from isograph.config import ImportConfig
from isograph.errors import InputError
from isograph.pipeline.import_ import import_bundle

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FORMATS = DATA / "formats"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FORMATS.is_dir(), reason="no real data beside the checkout")]


def imported(source, out, **settings):
    return import_bundle(source, out, ImportConfig(**settings))


def test_real_import__macrophage_transcripts(tmp_path):
    folder = DATA / "macrophage_salmon"
    report = imported(
        folder / "counts.parquet",
        tmp_path / "b",
        samples=folder / "samples.parquet",
        tx2gene=folder / "tx2gene.parquet",
    )
    assert report.found == {"samples": 24, "transcripts": 123_464}
    assert report.written == {"samples": 24, "genes": 15_234, "transcripts": 42_724}
    counts = pl.read_parquet(folder / "counts.parquet")
    bundle = read_bundle(tmp_path / "b")
    first = bundle.transcripts.get_column("transcript_id")[0]
    expected = counts.filter(pl.col("transcript_id") == first).drop("transcript_id").row(0)
    assert bundle.matrices["transcript_counts"][0].tolist() == list(expected)


def test_real_import__of_one_chromosome_keeps_what_is_expressed(tmp_path):
    folder = DATA / "geuvadis_ceu_chr19"
    report = imported(
        folder / "counts.parquet",
        tmp_path / "b",
        samples=folder / "samples.parquet",
        tx2gene=folder / "tx2gene.parquet",
    )
    assert report.found == {"samples": 91, "transcripts": 4_870}
    assert report.written == {"samples": 91, "genes": 1_372, "transcripts": 2_842}
    kept = ("genes_before", "transcripts_before", "reads_kept", "genes_with_two_transcripts_after")
    assert [report.filters[name] for name in kept] == [1_652, 4_870, pytest.approx(0.991, abs=0.0005), 668]
    levels = {column["name"]: column.get("n_levels") for column in report.samples["columns"]}
    assert (levels["sex"], levels["performer"]) == (2, 7)


def test_real_import__demo_fixture_equals_its_origin(tmp_path):
    folder = DATA / "ecoli_precise"
    fixture = Path(__file__).resolve().parents[2] / "fixtures" / "ecoli_precise"
    imported(folder / "values.parquet", tmp_path / "a", samples=folder / "samples.csv", scale="log")
    imported(fixture / "values.tsv.gz", tmp_path / "b", samples=fixture / "samples.tsv", scale="log")
    origin, copy = read_bundle(tmp_path / "a"), read_bundle(tmp_path / "b")
    assert origin.genes.equals(copy.genes.drop("gene_name"))
    assert origin.samples.equals(copy.samples)
    np.testing.assert_array_equal(
        origin.matrices["gene_log"].astype(np.float32), copy.matrices["gene_log"].astype(np.float32)
    )


def test_real_import__genes_only(tmp_path):
    folder = DATA / "hapmap_lcl_genes"
    report = imported(folder / "counts.parquet", tmp_path / "b", samples=folder / "samples.parquet")
    assert (report.level, report.written) == ("gene", {"samples": 170, "genes": 8_500})
    assert list(read_bundle(tmp_path / "b").matrices) == ["gene_counts"]


def test_real_import__log_ratios(tmp_path):
    folder = DATA / "mouse_liver_wgcna"
    report = imported(folder / "counts.parquet", tmp_path / "b", samples=folder / "samples.parquet", scale="log")
    assert report.written == {"samples": 258, "genes": 3_600}
    assert np.isnan(read_bundle(tmp_path / "b").matrices["gene_log"]).sum() == 4_698


@pytest.mark.parametrize(
    ("source", "tx2gene", "evidence"),
    [
        ("brain_degradation_tpm/counts.parquet", "brain_degradation_tpm/tx2gene.parquet", "no sample adds up to more"),
        ("formats/nfcore_salmon_chr21/salmon.merged.transcript_tpm.tsv", None, "its name says 'tpm'"),
        ("formats/flair/flair.quantify.tpm.tsv", None, "its name says 'tpm'"),
    ],
)
def test_real_import__tpm_is_refused(tmp_path, source, tx2gene, evidence):
    with pytest.raises(InputError, match=evidence):
        imported(DATA / source, tmp_path / "b", tx2gene=None if tx2gene is None else DATA / tx2gene)
    assert not (tmp_path / "b").exists()


def test_real_import__tpm_without_a_telling_name(tmp_path):
    copy = tmp_path / "values.tsv"
    copy.write_bytes((FORMATS / "nfcore_salmon_chr21" / "salmon.merged.transcript_tpm.tsv").read_bytes())
    with pytest.raises(InputError, match="every sample adds up to one million"):
        imported(copy, tmp_path / "b")


def test_real_import__salmon_gzipped(tmp_path):
    gtf = FORMATS / "gtf" / "ensembl_fly_BDGP6.85.gtf"
    with pytest.raises(
        InputError, match=r"8 of 3181 quantified transcripts \(0\.3 %\) are in ensembl_fly_BDGP6\.85\.gtf"
    ):
        imported(FORMATS / "salmon_fly_gz", tmp_path / "b", gtf=gtf)
    report = imported(FORMATS / "salmon_fly_gz", tmp_path / "b", gtf=gtf, drop_unmatched=True)
    assert report.written == {"samples": 4, "genes": 2, "transcripts": 6}
    assert report.samples["recorded"]["data_cond1_rep1"]["salmon_version"] == "0.14.1"


def test_real_import__salmon_with_a_misleading_sample_column(tmp_path):
    folder = FORMATS / "salmon_human_gencode"
    with pytest.raises(InputError) as caught:
        imported(folder, tmp_path / "b", samples=folder / "coldata.csv", gtf=FORMATS / "gtf" / "gencode_basic.gtf")
    rows, genes = caught.value.violations
    assert rows.startswith("rows of coldata.csv without counts: 22 of 24 ('SAMEA103885043'")
    assert genes.startswith("transcripts without a gene: 2500 of 2500")


def test_real_import__nfcore_salmon(tmp_path):
    report = imported(FORMATS / "nfcore_salmon_chr21", tmp_path / "b")
    assert (report.format, report.genes["counts_from"]) == ("nf-core", "salmon.merged.gene_counts_length_scaled.tsv")
    assert report.written == {"samples": 6, "genes": 229, "transcripts": 1_166}
    scaled = pl.read_csv(
        FORMATS / "nfcore_salmon_chr21" / "salmon.merged.gene_counts_length_scaled.tsv", separator="\t"
    )
    bundle = read_bundle(tmp_path / "b")
    expected = bundle.genes.select("gene_id").join(scaled, on="gene_id", how="left", maintain_order="left")
    np.testing.assert_array_equal(bundle.matrices["gene_counts"], expected.select(bundle.sample_ids).to_numpy())


def test_real_import__nfcore_salmon_directories_read_as_salmon(tmp_path):
    source = FORMATS / "nfcore_salmon_chr21"
    report = imported(source, tmp_path / "b", format="salmon", tx2gene=source / "salmon_tx2gene.tsv")
    assert (report.format, report.written["transcripts"]) == ("salmon", 1_166)


def test_real_import__nfcore_without_a_single_count(tmp_path):
    with pytest.raises(InputError) as caught:
        imported(FORMATS / "nfcore_star_salmon_fly", tmp_path / "b")
    assert caught.value.violations == (
        (
            "samples without a single count: 4 ('CONTROL_REP1', 'CONTROL_REP2', 'CONTROL_REP3', 'CONTROL_REP4'). "
            "Leave them out."
        ),
    )


def test_real_import__repeated_sample_column(tmp_path):
    with pytest.raises(InputError) as caught:
        imported(FORMATS / "stringtie_prepDE" / "transcript_count_matrix.csv", tmp_path / "b")
    assert caught.value.violations[0] == (
        "repeated sample names: 1 ('SRR1839793'). Remove or rename the repeated columns."
    )


@pytest.mark.parametrize(
    ("source", "level", "written"),
    [
        ("stringtie_prepDE/gene_count_matrix.csv", "gene", {"samples": 14, "genes": 1_085}),
        ("bambu/bambu_gene_count_12samples.csv", "gene", {"samples": 12, "genes": 1_052}),
        ("isoquant/isoquant.gene_counts.csv", "gene", {"samples": 12, "genes": 999}),
        ("flames/transcript_count.csv", "transcript", {"samples": 8, "genes": 1_166, "transcripts": 1_207}),
    ],
)
def test_real_import__matrices(tmp_path, source, level, written):
    report = imported(FORMATS / source, tmp_path / "b")
    assert (report.level, report.written) == (level, written)


@pytest.mark.parametrize(
    "name", ["gencode_basic.gtf", "gencode_v47_seg1.gtf", "gencode_parY.gtf", "ensembl91_chr9.gtf"]
)
def test_real_import__gtf_dialects_map_their_own_transcripts(tmp_path, name):
    gtf = FORMATS / "gtf" / name
    rows = [line.split("\t")[8] for line in gtf.read_text().splitlines() if "\ttranscript\t" in line]
    ids = sorted({row.split('transcript_id "')[1].split('"')[0] for row in rows})
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C\n" + "".join(f"{name},100,200,300\n" for name in ids))
    report = imported(path, tmp_path / "b", gtf=gtf, min_usage=0.0)
    assert report.written["transcripts"] == len(ids)
    assert report.genes["rule"] == "none"

import sys
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import isograph as ig
from isograph.bundle.bundle import TPM_WARNING
from isograph.bundle.read import read_bundle
from isograph.cli.app import main
from isograph.features.assays import bundle_assays

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
QUANTIFICATIONS = FIXTURES / "quantifications"
ECOLI = FIXTURES / "ecoli_precise"
NOISE = "warning: 4 samples: correlations from fewer than 15 are mostly noise, and so will be modules"
REMEDY = "  2. {}. Correct the ids, or pass --drop-unmatched to leave these samples out."
LOGS = " Counts cannot be: are these log values of genes (--scale log)?"
COUNTS = "transcript_id,gene_id,A,B,C\nt1,g1,100,200,300\nt2,g1,50,60,70\nt3,g2,10,20,5\n"
SHEET = "sample_id,dx\nA,x\nB,y\nC,x\n"


@pytest.fixture
def isograph_import(monkeypatch, capsys):
    def invoked(*arguments):
        monkeypatch.setattr(sys, "argv", ["isograph", "import", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return invoked


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(COUNTS)
    return path


def sheet(tmp_path, text=SHEET):
    path = tmp_path / "samples.csv"
    path.write_text(text)
    return path


def test_import__account_and_bundle_of_salmon_directories(isograph_import, tmp_path):
    out = tmp_path / "bundle"
    code, stdout, stderr = isograph_import(
        QUANTIFICATIONS / "salmon",
        out,
        "--gtf",
        QUANTIFICATIONS / "annotation.gtf.gz",
        "--samples",
        QUANTIFICATIONS / "samples.csv",
    )
    assert (code, stdout) == (0, f"{out}\n")
    assert stderr.splitlines() == [
        NOISE,
        "salmon: 8 transcripts × 4 samples in salmon",
        "samples: 4 matched, by 'sample' of samples.csv",
        "  condition: text, levels: 2",
        "  age: number, missing: 1",
        "  batch: text, levels: 2",
        "  smoker: boolean, missing: 1",
        "mapping rate: 80.0 to 83.0 %",
        "genes: from annotation.gtf.gz (--gtf), 8 of 8 transcripts matched; gene counts: sum of transcripts",
        "genes kept: 4 of 4 (1 CPM in 10% of samples)",
        "transcripts kept: 7 of 8 (10 counts and 5% of the gene in 10% of samples), 99.9 % of the reads",
        "genes with two or more transcripts: 2 of 3",
        "note: column 'sample' names the samples and became 'sample_id'",
    ]
    bundle = read_bundle(out)
    assert bundle.dataset_name == "bundle"
    assert bundle.sample_ids == ["control_1", "control_2", "treated_1", "treated_2"]
    assert bundle.samples.get_column("batch").to_list() == ["001", "002", "001", "002"]
    assert bundle.genes.rows() == [
        ("ENSG00000000101.4", "ALFA", 3),
        ("ENSG00000000102.11", "BRAVO", 1),
        ("ENSG00000000103.2", "CHARLIE", 1),
        ("ENSG00000000104.7_PAR_Y", "DELTA", 2),
    ]
    assert bundle.transcripts.get_column("transcript_id").to_list()[3:5] == ["ENST00000000004.2", "ENST00000000006.1"]
    assert bundle.matrices["transcript_counts"][0].tolist() == [140.16, 0.0, 88.95, 147.941]


def test_import__gene_counts_are_totals_of_all_transcripts(isograph_import, tmp_path):
    out = tmp_path / "bundle"
    isograph_import(QUANTIFICATIONS / "salmon", out, "--tx2gene", QUANTIFICATIONS / "tx2gene_headerless.tsv")
    bundle = read_bundle(out)
    np.testing.assert_allclose(bundle.matrices["gene_counts"][1], [133.807, 21.583, 159.901, 61.154], rtol=1e-15)


def test_import__nfcore_takes_its_gene_counts_and_names(isograph_import, tmp_path):
    out = tmp_path / "bundle"
    code, _, stderr = isograph_import(QUANTIFICATIONS / "nfcore", out)
    assert code == 0
    assert "gene counts: salmon.merged.gene_counts_length_scaled.tsv" in stderr
    assert "warning: transcripts that are their own gene: 1 ('ENST99999999999.1')" in stderr
    bundle = read_bundle(out)
    assert bundle.matrices["gene_counts"][0, 0] == 253.615 * 1.25
    assert bundle.genes.get_column("gene_name").to_list() == ["ALFA", "BRAVO", "CHARLIE", "DELTA", None]


def test_import__demo_data(isograph_import, tmp_path):
    out = tmp_path / "bundle"
    options = ("--samples", ECOLI / "samples.tsv", "--scale", "log")
    code, _, stderr = isograph_import(ECOLI / "values.tsv.gz", out, *options)
    assert code == 0
    assert stderr.splitlines() == [
        "matrix: 3,923 genes × 278 samples in values.tsv.gz",
        "samples: 278 matched, by 'sample_id' of samples.tsv",
        "  project: text, levels: 21",
        "  condition: text, levels: 154",
        "  strain: text, levels: 2",
        "  medium: text, levels: 3",
        "  carbon_source: text, levels: 22, missing: 6",
        "  nitrogen_source: text, levels: 5, missing: 6",
        "  electron_acceptor: text, levels: 2, missing: 2",
        "  supplement: text, levels: 21, missing: 212",
        "  temperature_c: integer, levels: 2",
        "  ph: number",
        "  antibiotic: text, levels: 1, missing: 182",
        "  culture: text, levels: 2",
        "  … and 4 more columns",
        "filters: none, values on a log scale are not filtered by expression",
    ]
    bundle = read_bundle(out)
    assert bundle.genes.row(0) == ("b0002", "thrA")
    assert bundle.matrices["gene_log"][0, :2].tolist() == [11.007, 11.13]


def test_import__same_input_same_bytes(isograph_import, tmp_path, counts):
    for out in ("one", "two"):
        isograph_import(counts, tmp_path / out, "--samples", sheet(tmp_path), "--name", "same")
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == [
        "gene_counts.npz",
        "genes.parquet",
        "import_report.json",
        "manifest.json",
        "samples.parquet",
        "transcript_counts.npz",
        "transcripts.parquet",
    ]
    assert [(tmp_path / "one" / name).read_bytes() for name in names] == [
        (tmp_path / "two" / name).read_bytes() for name in names
    ]


def test_import__report_holds_no_absolute_path(isograph_import, tmp_path, counts):
    isograph_import(counts, tmp_path / "out", "--samples", sheet(tmp_path))
    text = (tmp_path / "out" / "import_report.json").read_bytes()
    assert str(tmp_path).encode() not in text
    report = orjson.loads(text)
    assert report["samples"]["columns"] == [{"kind": "text", "n_levels": 2, "n_missing": 0, "name": "dx"}]
    assert report["filters"]["transcripts_before"] == 3
    assert report["written"] == {"genes": 2, "samples": 3, "transcripts": 3}


def test_import__wide_and_long_and_parquet_agree(isograph_import, tmp_path, counts):
    wide = pl.read_csv(counts)
    wide.write_parquet(tmp_path / "counts.parquet")
    wide.unpivot(index=["transcript_id", "gene_id"], variable_name="sample_id", value_name="count").write_csv(
        tmp_path / "long.tsv", separator="\t"
    )
    for name in ("counts.csv", "counts.parquet", "long.tsv"):
        assert isograph_import(tmp_path / name, tmp_path / f"{name}.out", "--name", "x")[0] == 0
    bundles = [read_bundle(tmp_path / f"{name}.out") for name in ("counts.csv", "counts.parquet", "long.tsv")]
    for other in bundles[1:]:
        assert_frame_equal(other.transcripts, bundles[0].transcripts)
        np.testing.assert_array_equal(
            other.matrices["transcript_counts"], bundles[0].matrices["transcript_counts"], strict=True
        )


def test_import__log_scale_genes_keep_negative_and_missing_values(isograph_import, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("gene_id,A,B,C\ng1,-1.5,NA,2\ng2,0,1,1\n")
    code, _, stderr = isograph_import(path, tmp_path / "out", "--scale", "log")
    assert code == 0
    assert "filters: none, values on a log scale are not filtered by expression" in stderr
    bundle = read_bundle(tmp_path / "out")
    assert list(bundle.matrices) == ["gene_log"]
    np.testing.assert_array_equal(bundle.matrices["gene_log"], [[-1.5, np.nan, 2], [0, 1, 1]])


def test_import__names_as_r_writes_them(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(COUNTS.replace("A,B,C", "X1A,D10.D,C"))
    described = sheet(tmp_path, "sample_id,dx\n1A,x\nD10-D,y\nC,x\n")
    code, _, stderr = isograph_import(path, tmp_path / "out", "--samples", described)
    assert code == 0
    assert "note: samples matched as R renames columns (make.names): 2 (X1A → 1A, D10.D → D10-D)" in stderr
    assert read_bundle(tmp_path / "out").sample_ids == ["1A", "D10-D", "C"]


def test_import__everything_wrong_is_said_at_once(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C,C\nt1,-1,2,3,0\nt1,50,oops,70,0\n")
    described = sheet(tmp_path, "sample_id,age\nA,1\nB,inf\nC,2\nD,4\n")
    code, stdout, stderr = isograph_import(path, tmp_path / "out", "--samples", described)
    assert (code, stdout) == (3, "")
    assert stderr.splitlines() == [
        "error: counts.csv: 6 problems",
        "  1. samples.csv: column 'age' has infinite values: 1 ('inf'). Write NA instead.",
        REMEDY.format("rows of samples.csv without counts: 1 of 4 ('D')"),
        "  3. column 'B': 1 of 2 values are not numbers: 'oops'",
        "  4. repeated transcript ids: 1 ('t1')",
        "  5. repeated sample names: 1 ('C'). Remove or rename the repeated columns.",
        "  6. values that are negative: 1, in 1 of 4 samples ('t1 in A')." + LOGS,
    ]
    assert not (tmp_path / "out").exists()


def test_import__damaged_counts_do_not_hide_a_bad_sheet(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("")
    described = sheet(tmp_path, "sample_id,age\nA,1\nA,2\n")
    code, _, stderr = isograph_import(path, tmp_path / "out", "--samples", described)
    assert code == 3
    assert stderr.splitlines() == [
        "error: counts.csv: 2 problems",
        "  1. is empty",
        "  2. samples.csv: samples with several rows: 1 ('A'). Keep one row a sample.",
    ]


def test_import__unmatched_samples_are_dropped_when_asked(isograph_import, tmp_path, counts):
    text = "transcript_id,gene_id,A,B,C,extra\nt1,g1,100,200,300,0\nt2,g1,50,60,70,0\nt3,g2,10,20,5,0\n"
    counts.write_text(text)
    described = sheet(tmp_path, f"{SHEET}D,z\n")
    arguments = (counts, tmp_path / "out", "--samples", described)
    code, _, stderr = isograph_import(*arguments)
    assert code == 3
    assert "rows of samples.csv without counts: 1 of 4 ('D')" in stderr
    assert "quantified samples without a row in samples.csv: 1 of 4 ('extra')" in stderr
    code, _, stderr = isograph_import(*arguments, "--drop-unmatched")
    assert code == 0
    assert "warning: left out: rows of samples.csv without counts: 1 of 4 ('D')" in stderr
    assert "matrix: 3 transcripts × 4 samples in counts.csv\nsamples: 3 matched, by" in stderr
    report = orjson.loads((tmp_path / "out" / "import_report.json").read_bytes())
    assert report["found"] == {"transcripts": 3, "samples": 4}
    assert report["written"] == {"transcripts": 3, "genes": 2, "samples": 3}
    assert read_bundle(tmp_path / "out").sample_ids == ["A", "B", "C"]


def test_import__transposed_matrix_is_called_so(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("id,t1,t2,t3\nA,1,2,3\nB,4,5,6\nC,7,8,9\n")
    code, _, stderr = isograph_import(path, tmp_path / "out", "--samples", sheet(tmp_path))
    assert code == 3
    assert (
        "counts.csv is transposed: its rows, not its columns, are named like the samples of samples.csv "
        "('A', 'B', 'C'). Rows must be transcripts or genes, and columns samples."
    ) in stderr


def test_import__transcripts_without_a_gene(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C\nt1,90,90,90\nt2,10,10,10\nt3,50,60,70\n")
    genes = tmp_path / "tx2gene.csv"
    genes.write_text("transcript_id,gene_id\nt1,g\nt3,g\n")
    arguments = (path, tmp_path / "out", "--tx2gene", genes)
    code, _, stderr = isograph_import(*arguments)
    assert code == 3
    assert stderr == (
        "error: counts.csv: transcripts without a gene: 1 of 3, with 6.25 % of the reads. 2 of 3 quantified "
        "transcripts (66.7 %) are in tx2gene.csv, and 2 of its 2 (100 %) are quantified. Quantified only: 't2'; in "
        "tx2gene.csv only: none. No strip rule does better. Use the annotation the reads were quantified with, or pass "
        "--drop-unmatched to leave these transcripts out.\n"
    )
    code, _, stderr = isograph_import(*arguments, "--drop-unmatched")
    assert code == 0
    assert "warning: left out: transcripts without a gene: 1 of 3, with 6.25 % of the reads ('t2')" in stderr
    assert read_bundle(tmp_path / "out").transcripts.get_column("transcript_id").to_list() == ["t1", "t3"]


def test_import__a_few_transcripts_without_a_gene_are_left_out_with_a_warning(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C\n" + "".join(f"t{n},{n},100,100\n" for n in range(100)))
    genes = tmp_path / "tx2gene.csv"
    genes.write_text("transcript_id,gene_id\n" + "".join(f"t{n},g{n // 2}\n" for n in range(1, 100)))
    code, _, stderr = isograph_import(path, tmp_path / "out", "--tx2gene", genes)
    assert code == 0
    assert "warning: left out: transcripts without a gene: 1 of 100, with 0.80 % of the reads ('t0')" in stderr


def test_import__two_maps_of_genes_are_refused(isograph_import, tmp_path):
    maps = ("--tx2gene", QUANTIFICATIONS / "tx2gene_headerless.tsv", "--gtf", QUANTIFICATIONS / "annotation.gtf.gz")
    assert isograph_import(QUANTIFICATIONS / "salmon", tmp_path / "out", *maps) == (
        2,
        "",
        "error: --tx2gene and --gtf both say which gene a transcript belongs to. Give one of them.\n",
    )


def test_import__strip_rule_is_recorded(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C\nENST1.2,90,90,90\nENST2.5,50,60,70\n")
    genes = tmp_path / "tx2gene.csv"
    genes.write_text("transcript_id,gene_id\nENST1,g\nENST2,g\nENST3,g\n")
    code, _, stderr = isograph_import(path, tmp_path / "out", "--tx2gene", genes)
    assert code == 0
    assert "note: transcript ids were matched under the rule 'version': 0.0 % → 100.0 % have a gene" in stderr
    report = orjson.loads((tmp_path / "out" / "import_report.json").read_bytes())
    assert (report["genes"]["rule"], report["genes"]["overlap_as_is"]["quantified_matched"]) == ("version", 0)
    code, _, stderr = isograph_import(path, tmp_path / "out2", "--tx2gene", genes, "--strip", "none")
    assert code == 3
    assert "stripping '.N': 0 % → 100 %; pass --strip version." in stderr


def test_import__no_gene_for_the_transcripts(isograph_import, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("transcript_id,A,B,C\nt1,1,2,3\n")
    code, _, stderr = isograph_import(path, tmp_path / "out")
    assert code == 3
    assert stderr == (
        "error: counts.csv: nothing says which gene a transcript belongs to. Give --tx2gene TABLE or --gtf FILE, or a "
        "matrix with a gene_id column (--gene-column NAME). For rows that are genes, call the id column gene_id.\n"
    )


def test_import__filters_that_leave_nothing(isograph_import, tmp_path, counts):
    code, _, stderr = isograph_import(counts, tmp_path / "out", "--min-cpm", "1e7")
    assert code == 3
    assert stderr == (
        "error: filters: none of 2 genes has 1e+07 counts per million in enough samples (--min-samples 0.1). "
        "Lower --min-cpm or --min-samples; 0 turns the filter off.\n"
    )


def test_import__filters_off_keep_everything(isograph_import, tmp_path, counts):
    counts.write_text(COUNTS + "t4,g3,0,0,0\n")
    isograph_import(counts, tmp_path / "out", "--min-cpm", "0", "--min-tx-count", "0", "--min-usage", "0")
    assert read_bundle(tmp_path / "out").transcripts.height == 4


def test_import__a_gene_that_loses_its_transcripts_keeps_its_abundance(isograph_import, tmp_path, counts):
    counts.write_text("transcript_id,gene_id,A,B,C\nt1,g1,6,6,6\nt2,g1,6,6,6\nt3,g2,50,60,70\nt4,g2,50,60,70\n")
    isograph_import(counts, tmp_path / "out")
    bundle = read_bundle(tmp_path / "out")
    assert bundle.genes.rows() == [("g1", 0), ("g2", 2)]
    assert bundle.matrices["gene_counts"].tolist() == [[12.0, 12.0, 12.0], [100.0, 120.0, 140.0]]
    assert bundle.transcripts.get_column("gene_id").to_list() == ["g2", "g2"]


def test_import__existing_output_is_refused_before_reading(isograph_import, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    path = tmp_path / "counts.csv"
    path.write_text("")
    code, _, stderr = isograph_import(path, out)
    assert code == 2
    assert (
        stderr == f"error: {out} exists and is not empty. Pass --overwrite to replace it, or name another directory.\n"
    )


def test_import__overwrite_replaces_a_bundle_and_nothing_else(isograph_import, tmp_path, counts):
    out = tmp_path / "out"
    assert isograph_import(counts, out, "--name", "first")[0] == 0
    assert isograph_import(counts, out, "--name", "second", "--overwrite")[0] == 0
    assert read_bundle(out).dataset_name == "second"
    (out / "manifest.json").unlink()
    code, _, stderr = isograph_import(counts, out, "--overwrite")
    assert (code, stderr) == (
        2,
        f"error: {out} holds files and is not a bundle, so it is not replaced. Name another directory.\n",
    )


def test_import__output_that_holds_the_input_is_refused(isograph_import, tmp_path, counts):
    code, _, stderr = isograph_import(counts, tmp_path, "--overwrite")
    assert code == 2
    assert "holds the input" in stderr
    assert counts.exists()


def test_import__quiet_prints_the_path_only(isograph_import, tmp_path, counts):
    assert isograph_import(counts, tmp_path / "out", "-q") == (0, f"{tmp_path / 'out'}\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--min-prop", "2", "--min-cpm", "-1"),
            "min_cpm is -1.0, expected 0 or more; min_prop is 2.0, expected 0 to 1",
        ),
        (("--min-samples", "9"), "--min-samples is 9, but there are 3 samples. Ask for fewer."),
        (("--sample-column", "x"), "--sample-column names a column of a sample sheet. Give the sheet: --samples FILE."),
    ],
)
def test_import__settings_out_of_range(isograph_import, tmp_path, counts, arguments, message):
    assert isograph_import(counts, tmp_path / "out", *arguments) == (2, "", f"error: {message}\n")


def test_import__help_shows_defaults(isograph_import):
    code, stdout, _ = isograph_import("--help")
    assert code == 0
    text = " ".join(stdout.split())
    for option in (
        "--format",
        "--scale",
        "--strip",
        "--min-cpm",
        "--min-samples",
        "--min-tx-count",
        "--min-usage",
        "--min-prop",
    ):
        assert "[default: " in text.split(f" {option} ", 1)[1].split(" --", 1)[0]


def tpm_matrix(path):
    rng = np.random.default_rng(3)
    level = np.exp(rng.normal(4, 1, (40, 1)) + 0.5 * rng.normal(size=20) + rng.normal(0, 0.1, (40, 20)))
    share = 1 / (1 + np.exp(-rng.normal(size=20) - rng.normal(0, 0.2, (40, 20))))
    values = np.stack([level * share, level * (1 - share)], axis=1).reshape(80, 20)
    values *= 1e6 / values.sum(axis=0)
    ids = {"transcript_id": [f"t{i}" for i in range(80)], "gene_id": [f"g{i // 2}" for i in range(80)]}
    pl.DataFrame(ids).hstack(pl.DataFrame(values, schema=[f"S{i}" for i in range(20)])).write_csv(path)
    return values


def test_import__tpm_are_refused_as_counts_and_read_when_they_are_called_so(isograph_import, tmp_path):
    values = tpm_matrix(tmp_path / "m.csv")
    code, _, stderr = isograph_import(tmp_path / "m.csv", tmp_path / "out")
    assert code == 3
    assert "Where there are TPM alone, pass --scale tpm" in stderr
    code, _, stderr = isograph_import(tmp_path / "m.csv", tmp_path / "out", "--scale", "tpm")
    assert code == 0
    assert f"warning: {TPM_WARNING}" in stderr.splitlines()
    assert "genes kept: 40 of 40 (1 TPM in 10% of samples)" in stderr.splitlines()
    assert "transcripts kept: 80 of 80 (5% of the gene in 10% of samples), 100.0 % of the TPM" in stderr.splitlines()
    bundle = read_bundle(tmp_path / "out")
    assert bundle.is_tpm
    assert bundle_assays(bundle).counts_are_tpm
    np.testing.assert_allclose(bundle.matrices["transcript_counts"], values)
    np.testing.assert_allclose(bundle.matrices["gene_log"], np.log2(values[::2] + values[1::2] + 1))
    assert set(bundle.matrices) == {"transcript_counts", "gene_log"}


def test_import__a_fit_of_tpm_has_both_channels_and_says_what_it_cannot_know(isograph_import, tmp_path):
    tpm_matrix(tmp_path / "m.csv")
    isograph_import(tmp_path / "m.csv", tmp_path / "out", "--scale", "tpm")
    fitted = ig.fit(tmp_path / "out", output_dir=tmp_path / "fit")
    types = fitted.feature_scores.collect(engine="in-memory").get_column("feature_type")
    assert sorted(types.unique()) == ["abundance", "switch"]
    assert TPM_WARNING in (tmp_path / "fit" / "run.log").read_text()
    explained = ig.explain(fitted, output_dir=tmp_path / "why")
    assert explained.module_ids == tuple(fitted.module_summary.collect(engine="in-memory")["module_id"])


def test_import__tpm_of_genes_give_abundance(isograph_import, tmp_path):
    (tmp_path / "m.csv").write_text("gene_id,A,B,C\ng1,100.5,200.25,300.5\ng2,0.2,0.1,0.3\n")
    code, _, stderr = isograph_import(tmp_path / "m.csv", tmp_path / "out", "--scale", "tpm")
    assert code == 0
    assert TPM_WARNING not in stderr
    bundle = read_bundle(tmp_path / "out")
    assert bundle.matrices["gene_log"].tolist() == [np.log2([101.5, 201.25, 301.5]).tolist()]


def test_import__names_genes_of_log_values_from_a_table(isograph_import, tmp_path):
    (tmp_path / "m.csv").write_text("gene_id,A,B,C\nb1,-0.5,2.5,3.5\nb2,0.2,0.1,NA\n")
    (tmp_path / "genes.tsv").write_text("gene_id\tgene_name\toperon\nb2\tthrA\tthrLABC\n")
    code, _, stderr = isograph_import(
        tmp_path / "m.csv", tmp_path / "out", "--scale", "log", "--tx2gene", tmp_path / "genes.tsv"
    )
    assert code == 0
    assert "note: genes.tsv gave names of 1 of 2 genes, and nothing else" in stderr.splitlines()
    assert read_bundle(tmp_path / "out").genes.rows() == [("b1", None), ("b2", "thrA")]

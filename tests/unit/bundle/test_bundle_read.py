from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from isograph.bundle.read import inspect_bundle, read_bundle
from isograph.errors import InputError

EARLIER = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5"


def test_read_bundle__returns_what_the_earlier_program_wrote():
    bundle = read_bundle(EARLIER / "toy_multiplex_v1")
    assert bundle.dataset_name == "toy_multiplex_v1"
    assert bundle.suite_name == "multiplex_v1"
    assert bundle.provenance["seed"] == "7"
    assert bundle.path == EARLIER / "toy_multiplex_v1"
    assert bundle.samples.columns == ["sample_id", "Dx", "Age", "Sex"]
    assert bundle.sample_ids[:2] == ["S000", "S001"]
    assert list(bundle.feature_tables) == [
        "gene", "transcript", "psi", "truth_module", "truth_switch", "truth_abundance", "truth_channel_role",
    ]  # fmt: skip
    assert {assay: matrix.shape for assay, matrix in bundle.matrices.items()} == {
        "gene_counts": (40, 64),
        "transcript_counts": (108, 64),
        "psi": (40, 64),
    }
    assert bundle.matrices["transcript_counts"].dtype == np.float64
    assert bundle.transcripts is not None
    assert bundle.transcripts.row(0) == ("G0039_T1", "G0039", 1000)


@pytest.mark.parametrize("name", ["toy_v1", "toy_multiplex_v1"])
def test_inspect_bundle__finds_nothing_in_a_good_bundle(name):
    bundle, findings = inspect_bundle(EARLIER / name)
    assert findings == ()
    assert bundle is not None


def test_read_bundle__lists_every_error(toy):
    counts = toy.matrix("transcript_counts")
    counts[0, 0], counts[1, 2] = np.nan, -1
    toy.write_matrix("transcript_counts", counts)
    toy.change_manifest(colour="red")
    toy.write_table("genes.parquet", toy.table("genes.parquet").with_columns(gene_id=pl.lit("G")))
    (toy.path / "truth_switch.parquet").unlink()
    with pytest.raises(InputError) as caught:
        read_bundle(toy.path)
    assert caught.value.exit_code == 3
    assert str(caught.value).splitlines() == [
        f"{toy.path}: 7 problems",
        (
            "  1. manifest.json: unknown key 'colour'. The keys are dataset_name, suite_name, description, "
            "sample_table, "
            "feature_tables, matrices, provenance, truth_tables."
        ),
        "  2. truth_switch.parquet: there is no such file in the bundle.",
        "  3. genes.parquet:gene_id: repeated gene ids: 1 ('G'). Every row needs an id of its own.",
        (
            "  4. transcripts.parquet:gene_id: 24 genes of the transcripts not in genes.parquet: 'G0000', 'G0001', "
            "'G0002', 'G0003', 'G0004', …. Add them there or leave these transcripts out."
        ),
        (
            "  5. truth_modules.parquet:gene_id: 24 of 24 genes not in genes.parquet: 'G0000', 'G0001', 'G0002', "
            "'G0003', "
            "'G0004', …."
        ),
        (
            "  6. transcript_counts.npz: 1 of 2304 values is NaN: 'G0000_T1@S000'. Counts are never missing; write 0 "
            "or "
            "leave the row out."
        ),
        (
            "  7. transcript_counts.npz: 1 of 2304 values is negative: 'G0000_T2@S002'. Counts are 0 or more; values "
            "on a "
            "log scale belong to the assay gene_log."
        ),
    ]


def test_read_bundle__logs_warnings_and_goes_on(toy, caplog):
    toy.keep_samples(12)
    with caplog.at_level(logging.WARNING):
        bundle = read_bundle(toy.path)
    assert bundle.samples.height == 12
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("samples.parquet: 12 samples: correlations from so few are mostly noise.")


@pytest.mark.parametrize("made", ["absent", "file"])
def test_inspect_bundle__needs_a_directory(tmp_path, made):
    path = tmp_path / "bundle"
    if made == "file":
        path.write_text("x")
    bundle, (finding,) = inspect_bundle(path)
    assert bundle is None
    wrong = "is not a directory" if made == "file" else "there is no such directory"
    assert str(finding) == f"directory: {wrong}. A bundle is a directory with a manifest.json."


def test_inspect_bundle__needs_a_manifest(tmp_path):
    bundle, findings = inspect_bundle(tmp_path)
    assert bundle is None
    assert [str(finding) for finding in findings] == ["manifest.json: there is no such file in the bundle."]


def test_inspect_bundle__refuses_a_manifest_above_its_limit(toy):
    (toy.path / "manifest.json").write_bytes(b" " * (2**20 + 1))
    assert toy.errors() == ["manifest.json: is 1.0 MiB, expected at most 1.0 MiB."]


@pytest.mark.parametrize("filename", ["manifest.json", "samples.parquet", "genes.parquet", "psi.npz"])
def test_inspect_bundle__follows_no_link(toy, tmp_path, filename):
    (toy.path / filename).rename(tmp_path / filename)
    (toy.path / filename).symlink_to(tmp_path / filename)
    assert toy.errors()[0] == f"{filename}: '{filename}' is a symbolic link. Put the file itself into the bundle."


def test_inspect_bundle__does_not_wait_for_a_fifo(toy):
    (toy.path / "psi.npz").unlink()
    os.mkfifo(toy.path / "psi.npz")
    assert toy.errors() == ["psi.npz: is not a regular file."]


def test_inspect_bundle__does_not_take_a_name_for_a_pattern(toy):
    manifest = toy.manifest()
    manifest["sample_table"] = "sampl[e]s.parquet"
    toy.write_manifest(manifest)
    assert toy.errors() == [
        (
            "manifest.json: sample_table: 'sampl[e]s.parquet' is not a plain file name: only letters A-Z a-z, "
            "digits, '.', "
            "'_' and '-' are allowed."
        )
    ]


def test_inspect_bundle__reads_a_bundle_whose_own_path_looks_like_a_pattern(toy):
    odd = toy.path.rename(toy.path.parent / "b[1]*?key=7")
    assert read_bundle(odd).samples.columns == ["sample_id", "Dx", "Age", "Sex"]


def test_inspect_bundle__reads_files_in_subdirectories(toy):
    (toy.path / "tables").mkdir()
    (toy.path / "samples.parquet").rename(toy.path / "tables" / "samples.parquet")
    toy.change_manifest(sample_table="tables/samples.parquet")
    assert toy.errors() == []


@pytest.mark.parametrize(
    ("filename", "content", "error"),
    [
        ("samples.parquet", b"", "the file is empty."),
        ("samples.parquet", b"sample_id\nS1\n", "is not a parquet file."),
        ("genes.parquet", b"", "the file is empty."),
        ("psi.npz", b"", "the file is empty."),
        ("gene_counts.npz", b"PK\x03\x04", "is not an npz file, or is truncated: File is not a zip file."),
    ],
)
def test_inspect_bundle__reports_a_file_that_is_none(toy, filename, content, error):
    (toy.path / filename).write_bytes(content)
    assert toy.errors() == [f"{filename}: {error}"]


@pytest.mark.parametrize("filename", ["samples.parquet", "transcripts.parquet", "truth_modules.parquet"])
def test_inspect_bundle__reports_a_truncated_table(toy, filename):
    whole = (toy.path / filename).read_bytes()
    (toy.path / filename).write_bytes(whole[: len(whole) // 2])
    assert toy.errors() == [f"{filename}: is a truncated parquet file: its end is missing. Copy it again."]


def test_inspect_bundle__compares_rows_with_the_manifest(toy):
    manifest = toy.manifest()
    manifest["feature_tables"][0]["n_rows"] = 25
    toy.write_manifest(manifest)
    assert toy.errors() == ["genes.parquet: has 24 rows, but the manifest says n_rows is 25."]


def test_inspect_bundle__compares_digests_where_there_are_some(toy):
    digests = {
        f"sha256:{name}": hashlib.sha256((toy.path / name).read_bytes()).hexdigest()
        for name in ("samples.parquet", "psi.npz")
    }
    toy.change_manifest(provenance=digests | {"sha256:gone.npz": "0" * 64})
    assert toy.errors() == []
    toy.write_table("samples.parquet", toy.table("samples.parquet").with_columns(Age=pl.lit(1.0)))
    assert toy.errors() == [
        (
            "samples.parquet: changed since the bundle was written: its sha256 is not the one in the manifest. "
            "Restore the "
            "file, or take 'sha256:samples.parquet' out of the manifest's provenance if you changed it on purpose."
        )
    ]


def test_inspect_bundle__keeps_an_unknown_table_and_ignores_an_unknown_matrix(toy):
    peaks = pl.DataFrame({"peak": ["p1"]})
    toy.add_table("peak", "peaks.parquet", peaks)
    toy.add_matrix("peak_counts", np.array([[-1.0, np.nan]]))
    bundle, findings = inspect_bundle(toy.path)
    assert findings == ()
    assert bundle is not None
    assert_frame_equal(bundle.feature_tables["peak"], peaks)
    assert sorted(bundle.matrices) == ["gene_counts", "psi", "transcript_counts"]


def test_inspect_bundle__goes_on_without_an_unknown_table_it_cannot_read(toy):
    toy.add_table("peak", "peaks.parquet", pl.DataFrame({"peak": ["p1"]}))
    (toy.path / "peaks.parquet").write_bytes(b"no table")
    bundle, findings = inspect_bundle(toy.path)
    assert bundle is not None
    assert "peak" not in bundle.feature_tables
    assert [(finding.level, str(finding)) for finding in findings] == [
        ("warning", "peaks.parquet: is not a parquet file.")
    ]


def test_inspect_bundle__needs_the_files_of_unknown_parts_too(toy, tmp_path):
    toy.add_table("peak", "peaks.parquet", pl.DataFrame({"peak": ["p1"]}))
    toy.add_matrix("peak_counts", np.array([[1.0]]))
    (toy.path / "peaks.parquet").unlink()
    (toy.path / "peak_counts.npz").rename(tmp_path / "elsewhere")
    (toy.path / "peak_counts.npz").symlink_to(tmp_path / "elsewhere")
    assert toy.errors() == [
        "peaks.parquet: there is no such file in the bundle.",
        "peak_counts.npz: 'peak_counts.npz' is a symbolic link. Put the file itself into the bundle.",
    ]


def test_inspect_bundle__puts_sample_id_first_and_makes_text_of_categories(toy):
    samples = toy.table("samples.parquet")
    toy.write_table("samples.parquet", samples.select("Dx", "Age", "Sex", pl.col("sample_id").cast(pl.Categorical)))
    genes = toy.table("genes.parquet")
    toy.write_table("genes.parquet", genes.with_columns(pl.col("gene_id").cast(pl.Enum(genes["gene_id"].to_list()))))
    bundle, findings = inspect_bundle(toy.path)
    assert findings == ()
    assert bundle is not None
    assert_frame_equal(bundle.samples, samples)
    assert bundle.genes is not None
    assert_frame_equal(bundle.genes, genes)


def test_inspect_bundle__needs_no_gene_counts(toy):
    toy.drop("gene_counts", "gene")
    (toy.path / "genes.parquet").unlink()
    bundle, findings = inspect_bundle(toy.path)
    assert findings == ()
    assert bundle is not None
    assert bundle.genes is None
    assert sorted(bundle.matrices) == ["psi", "transcript_counts"]


def test_inspect_bundle__blames_no_table_for_an_entry_that_is_malformed(toy):
    manifest = toy.manifest()
    del manifest["feature_tables"][1]["n_rows"]
    toy.write_manifest(manifest)
    assert toy.errors() == ["manifest.json: feature_tables[1]: missing key 'n_rows'. Add it."]


def test_inspect_bundle__sends_no_control_character_to_a_terminal(toy):
    escape = "\x1b]0;owned\x07\u202e"
    toy.change_manifest(**{escape: 1, "sample_table": escape, "truth_tables": [escape]})
    ids = pl.Series([f"G{escape}{number}" for number in range(24)])
    toy.write_table("genes.parquet", toy.table("genes.parquet").with_columns(gene_id=ids))
    errors = toy.errors()
    assert len(errors) == 7
    assert all(error.isprintable() for error in errors)

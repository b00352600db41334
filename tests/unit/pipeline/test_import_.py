from __future__ import annotations

import inspect
from dataclasses import fields
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from polars.testing import assert_frame_equal

from isograph.config import ImportConfig
from isograph.errors import ConfigError, InputError, UsageError
from isograph.ingest import frames
from isograph.pipeline.import_ import from_frames, import_bundle, import_quantifications
from isograph.results.bundle import OpenedBundle

QUANTIFICATIONS = Path(__file__).resolve().parents[3] / "fixtures" / "quantifications"
GENES = {"gene_id": ["g1", "g1", "g2", None], "gene_name": ["A", "A", None, "D"]}
COUNTS = pl.DataFrame(
    {
        "transcript_id": ["t1", "t2", "t3", "t4"],
        **GENES,
        "A": [100, 50, 10, 0],
        "B": [200.0, 60.5, 20, 0],
        "C": [300, 70, 5, 1],
    },
    strict=False,
)
SHEET = pl.DataFrame(
    {"run": ["C", "A", "B"], "dx": ["x", "y", "x"], "age": [1.5, None, 3.0], "batch": ["001", "2", "3"]}
)

FRAMES = (
    "expected a Polars frame, a frame with the Arrow interface (pandas 2.2 or later, pyarrow) or an AnnData object."
)
NAMES = "Name the column of ids transcript_id, or pass id_column='NAME'."
LEVEL = "Pass it as genes, or name the column of transcripts transcript_id."
REMEDY = "Correct the ids, or pass drop_unmatched=True to leave these samples out."
LOGS = "Counts cannot be: are these log values of genes (scale='log')?"


def assert_same(first: OpenedBundle, second: OpenedBundle) -> None:
    assert_frame_equal(first.bundle.samples, second.bundle.samples)
    assert first.bundle.feature_tables.keys() == second.bundle.feature_tables.keys()
    for kind, table in first.bundle.feature_tables.items():
        assert_frame_equal(table, second.bundle.feature_tables[kind])
    assert first.bundle.matrices.keys() == second.bundle.matrices.keys()
    for assay, matrix in first.bundle.matrices.items():
        np.testing.assert_array_equal(matrix, second.bundle.matrices[assay], strict=True)
    for part in ("found", "written", "filters", "level", "scale"):
        assert first.report[part] == second.report[part]


@pytest.fixture
def imported(tmp_path):
    """The bundle of the files that hold ``COUNTS`` and ``SHEET``."""
    COUNTS.write_csv(tmp_path / "counts.csv", null_value="")
    SHEET.write_parquet(tmp_path / "samples.parquet")
    out = tmp_path / "imported"
    return import_quantifications(
        tmp_path / "counts.csv", out, samples=str(tmp_path / "samples.parquet"), drop_unmatched=True
    )


@pytest.fixture
def made(tmp_path):
    """Make a bundle of frames."""
    numbers = count(1)

    def make(*arguments, **options) -> OpenedBundle:
        return from_frames(*arguments, out=tmp_path / f"made_{next(numbers)}", **options)

    return make


def refusal(error: type[Exception], *arguments, **options) -> str:
    with pytest.raises(error) as caught:
        from_frames(*arguments, **options)
    return str(caught.value)


def test_import_quantifications__has_the_settings_of_its_configuration():
    parameters = inspect.signature(import_quantifications).parameters
    defaults = {name: p.default for name, p in parameters.items() if name not in ("source", "out", "overwrite")}
    assert defaults == {field.name: field.default for field in fields(ImportConfig)}


def test_from_frames__has_the_defaults_of_the_configuration():
    parameters = inspect.signature(from_frames).parameters
    own = ("transcripts", "genes", "samples", "tx2gene", "out", "dataset_name", "layer", "overwrite")
    defaults = {name: p.default for name, p in parameters.items() if name not in own}
    assert defaults.items() <= {field.name: field.default for field in fields(ImportConfig)}.items()
    assert {field.name for field in fields(ImportConfig)} - parameters.keys() == {"format", "gtf"}


def test_import_quantifications__returns_the_bundle_with_its_report(tmp_path):
    salmon, gtf = QUANTIFICATIONS / "salmon", QUANTIFICATIONS / "annotation.gtf.gz"
    bundle = import_quantifications(str(salmon), str(tmp_path / "out"), gtf=str(gtf))
    assert bundle.path == tmp_path / "out"
    assert bundle.transcripts.collect().height == 7
    assert (bundle.report["dataset_name"], bundle.report["source"]) == ("out", "salmon")
    assert (bundle.report["genes"]["from"], bundle.report["genes"]["file"]) == ("gtf", "annotation.gtf.gz")


def test_import_bundle__writes_the_same_bundle(tmp_path, imported):
    config = ImportConfig(
        samples=tmp_path / "samples.parquet", drop_unmatched=True, dataset_name=imported.bundle.dataset_name
    )
    import_bundle(tmp_path / "counts.csv", tmp_path / "other", config)
    assert {file.name: file.read_bytes() for file in imported.path.iterdir()} == {
        file.name: file.read_bytes() for file in (tmp_path / "other").iterdir()
    }


def test_opened_bundle__has_no_report_unless_it_was_imported():
    bundle = OpenedBundle(QUANTIFICATIONS.parent / "bundles_0_1_5" / "toy_v1")
    assert bundle.report is None


@pytest.mark.parametrize(
    "frame", [COUNTS, COUNTS.lazy(), COUNTS.to_arrow()], ids=["frame", "lazy frame", "arrow table"]
)
def test_from_frames__equals_the_import_of_their_files(imported, made, frame):
    bundle = made(frame, samples=SHEET, drop_unmatched=True)
    assert_same(bundle, imported)
    assert bundle.bundle.dataset_name == "frames"
    assert (bundle.report["format"], bundle.report["source"], bundle.report["files"]) == (
        "frame",
        "transcripts",
        ["transcripts"],
    )
    assert bundle.report["warnings"] == imported.report["warnings"]


def test_from_frames__takes_files_for_tables_that_are_no_counts(tmp_path, imported, made):
    frame = COUNTS.drop(GENES)
    COUNTS.select("transcript_id", "gene_id").write_csv(tmp_path / "tx2gene.csv")
    tables = {"samples": tmp_path / "samples.parquet", "tx2gene": str(tmp_path / "tx2gene.csv")}
    of_files = made(frame, drop_unmatched=True, **tables)
    np.testing.assert_array_equal(of_files.bundle.matrices["gene_counts"], imported.bundle.matrices["gene_counts"])
    pairs = COUNTS.select("transcript_id", "gene_id")
    assert_same(made(frame, samples=SHEET, tx2gene=pairs, drop_unmatched=True), of_files)


def test_from_frames__long_tables_are_counts_too(imported, made):
    long = COUNTS.unpivot(
        index=["transcript_id", "gene_id"], on=["A", "B", "C"], variable_name="sample_id", value_name="count"
    )
    bundle = made(long, samples=SHEET, drop_unmatched=True)
    np.testing.assert_array_equal(
        bundle.bundle.matrices["transcript_counts"], imported.bundle.matrices["transcript_counts"]
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame,
        lambda frame: frame.set_index("transcript_id"),
        lambda frame: frame.set_index("transcript_id").rename_axis(None),
        lambda frame: frame.set_index(["gene_id", "transcript_id"]),
        lambda frame: frame.set_axis([9, 7, 5, 3]),
        lambda frame: frame.set_axis(["r1", "r2", "r3", "r4"]),
        lambda frame: frame.astype({"gene_id": "category"}),
    ],
    ids=["columns", "index", "unnamed index", "two levels", "row numbers", "row names", "categories"],
)
def test_from_frames__pandas_ids_are_columns_or_the_index(imported, made, change):
    pytest.importorskip("pandas")
    bundle = made(change(COUNTS.to_pandas()), samples=SHEET.to_pandas(), drop_unmatched=True)
    assert_same(bundle, imported)


@pytest.mark.parametrize("name", ["run", None])
def test_from_frames__pandas_sample_ids_may_be_the_index(imported, made, name):
    pytest.importorskip("pandas")
    samples = SHEET.to_pandas().set_index("run").rename_axis(name)
    assert_same(made(COUNTS, samples=samples, drop_unmatched=True), imported)


def annotated(matrix=None, **parts):
    """An AnnData object of ``COUNTS`` and ``SHEET``."""
    anndata = pytest.importorskip("anndata")
    if matrix is None:
        matrix = COUNTS.select("A", "B", "C").to_numpy().T.copy()
    var = COUNTS.select("transcript_id", "gene_id", "gene_name").to_pandas().set_index("transcript_id")
    obs = SHEET.sort("run").to_pandas().set_index("run")
    return anndata.AnnData(matrix, obs=parts.pop("obs", obs), var=parts.pop("var", var), **parts)


@pytest.mark.parametrize("kind", [np.asarray, np.float32, scipy.sparse.csr_matrix, scipy.sparse.csc_array])
@pytest.mark.parametrize("block_bytes", [1, 2**26])
def test_from_frames__annotated_matrix_is_dense_or_sparse(imported, made, monkeypatch, kind, block_bytes):
    monkeypatch.setattr(frames, "_BLOCK_BYTES", block_bytes)
    matrix = COUNTS.select("A", "B", "C").to_numpy().T
    bundle = made(annotated(kind(matrix)), drop_unmatched=True)
    assert_same(bundle, imported)
    assert (bundle.report["format"], bundle.report["samples"]["sheet"]) == ("anndata", "obs")


def test_from_frames__annotated_matrix_has_counts_in_a_layer(imported, made):
    matrix = COUNTS.select("A", "B", "C").to_numpy().T
    data = annotated(np.log1p(matrix), layers={"counts": scipy.sparse.csr_matrix(matrix)})
    assert_same(made(data, layer="counts", drop_unmatched=True), imported)


def test_from_frames__annotated_matrix_without_matrix_needs_a_layer(tmp_path):
    data = annotated()
    data.layers["counts"] = data.X
    data.X = None
    assert refusal(InputError, data, out=tmp_path / "out") == (
        "transcripts: has no X. Pass layer='NAME'; its layers are 'counts'."
    )


def test_from_frames__annotated_matrix_of_genes_takes_ids_of_its_columns(made):
    var = annotated().var.assign(gene_id=["g1", "g2", "g3", "g4"])
    bundle = made(genes=annotated(var=var))
    assert bundle.bundle.genes.rows() == [("g1", "A"), ("g2", "A"), ("g3", None), ("g4", "D")]
    bundle = made(genes=annotated(var=annotated().var[[]]))
    assert bundle.bundle.genes.rows() == [("t1",), ("t2",), ("t3",), ("t4",)]
    assert list(bundle.bundle.matrices) == ["gene_counts"]


def test_from_frames__samples_replace_those_of_an_annotated_matrix(made):
    bundle = made(annotated(), samples=SHEET.select("run", weight=pl.lit(2)), drop_unmatched=True)
    assert bundle.bundle.samples.columns == ["sample_id", "weight"]


def test_from_frames__annotated_matrix_without_sample_columns_has_no_sheet(made):
    bundle = made(annotated(obs=annotated().obs[[]]), drop_unmatched=True)
    assert bundle.bundle.samples.columns == ["sample_id"]
    assert "no sample sheet: the bundle has no traits and no covariates" in bundle.report["warnings"]


def test_from_frames__sample_names_of_an_annotated_matrix_win_over_its_columns(made):
    obs = annotated().obs.assign(sample_id=["donor1", "donor1", "donor2"]).rename_axis(None)
    bundle = made(annotated(obs=obs), drop_unmatched=True)
    assert bundle.bundle.sample_ids == ["A", "B", "C"]
    assert bundle.bundle.samples.get_column("sample_id_in_sheet").to_list() == ["donor1", "donor1", "donor2"]


def test_from_frames__genes_are_what_the_caller_says(made):
    symbols = pl.DataFrame({"symbol": ["TP53", "MYC"], "A": [10, 20], "B": [30, 40], "C": [50, 60]})
    assert made(genes=symbols).bundle.genes.get_column("gene_id").to_list() == ["TP53", "MYC"]
    logs = symbols.with_columns(pl.col("A", "B", "C").log())
    assert list(made(genes=logs, scale="log").bundle.matrices) == ["gene_log"]


def test_from_frames__goes_below_the_working_directory_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle = from_frames(COUNTS, drop_unmatched=True, dataset_name="mine")
    assert bundle.path == Path("artifacts/bundles/mine")
    assert "exists and is not empty. Pass overwrite=True" in refusal(UsageError, COUNTS, dataset_name="mine")
    assert refusal(UsageError, COUNTS, dataset_name="../up") == (
        "the dataset name '../up' is no directory name. Name one with out."
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, UsageError, "give either transcripts or genes: one frame, or one AnnData object."),
        (
            {"transcripts": COUNTS, "genes": COUNTS},
            UsageError,
            "give either transcripts or genes: one frame, or one AnnData object.",
        ),
        (
            {"transcripts": {"transcript_id": ["t1"]}},
            UsageError,
            f"transcripts is of type dict, {FRAMES}",
        ),
        (
            {"transcripts": COUNTS, "samples": [1]},
            UsageError,
            f"samples is of type list, {FRAMES}",
        ),
        (
            {"transcripts": COUNTS, "layer": "counts"},
            UsageError,
            "layer names a layer of an AnnData object, and transcripts is none. Leave it out.",
        ),
        ({"transcripts": COUNTS.clear()}, InputError, "transcripts: has columns and no rows"),
        (
            {"transcripts": COUNTS.select("transcript_id", "gene_id")},
            InputError,
            "transcripts: no sample columns; found 'transcript_id', 'gene_id'.",
        ),
        (
            {"transcripts": COUNTS.select("A", "B", "C")},
            InputError,
            f"transcripts: no id column; the first column, 'A', holds numbers. {NAMES}",
        ),
        (
            {"transcripts": pl.DataFrame({"gene_id": ["g1", "g2"], "A": [1, 2], "B": [1, 2], "C": [1, 2]})},
            InputError,
            f"transcripts: its ids are of genes ('g1', 'g2'). {LEVEL}",
        ),
        ({"genes": COUNTS}, InputError, "genes: has transcript ids in 'transcript_id'. Pass it as transcripts."),
        (
            {"transcripts": COUNTS, "id_column": "iso"},
            UsageError,
            "transcripts has no column 'iso'; found 'transcript_id', 'gene_id', 'gene_name', 'A', 'B', ….",
        ),
        (
            {"transcripts": pa.table([["t1"], [1], [2]], names=["transcript_id", "A", "A"])},
            InputError,
            'transcripts: cannot be read through Arrow: column appears more than once; names must be unique: ["A"].',
        ),
        (
            {"transcripts": COUNTS, "sample_column": "run"},
            UsageError,
            "sample_column names a column of a sample sheet. Give the sheet: samples='FILE'.",
        ),
        ({"transcripts": COUNTS, "min_prop": 2}, ConfigError, "min_prop is 2, expected 0 to 1"),
    ],
)
def test_from_frames__refuses(tmp_path, arguments, error, message):
    assert refusal(error, out=tmp_path / "out", **arguments) == message
    assert not (tmp_path / "out").exists()


def test_from_frames__everything_wrong_is_said_at_once(tmp_path):
    counts = pl.DataFrame({"transcript_id": ["t1", "t1"], "A": [-1, 3], "B": [2, 4], "C": [0, 0]})
    samples = pl.DataFrame({"sample_id": ["A", "B", "D"], "age": [1.0, float("inf"), 2.0]})
    assert refusal(InputError, counts, samples=samples, out=tmp_path / "out").splitlines() == [
        "transcripts: 5 problems",
        "  1. samples: column 'age' has infinite values: 1 ('inf'). Write NA instead.",
        "  2. rows of samples without counts: 1 of 3 ('D')",
        f"  3. quantified samples without a row in samples: 1 of 3 ('C'). {REMEDY}",
        "  4. repeated transcript ids: 1 ('t1')",
        f"  5. values that are negative: 1, in 1 of 2 samples ('t1 in A'). {LOGS}",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "count"}, "there is no layer 'count'; did you mean 'counts'?"),
        ({"layer": "raw"}, "there is no layer 'raw'; its layers are 'counts'."),
        ({"id_column": "iso"}, "var has no column 'iso'; found 'gene_id', 'gene_name'."),
    ],
)
def test_from_frames__refuses_what_an_annotated_matrix_does_not_have(options, message):
    data = annotated()
    data.layers["counts"] = data.X
    assert refusal(UsageError, data, **options) == message


def test_from_frames__normalised_layers_are_no_counts(tmp_path):
    data = annotated()
    data.layers["tpm"] = data.X * 1.7
    assert "holds normalised values, not counts (its name says 'tpm')" in refusal(
        InputError, data, layer="tpm", out=tmp_path / "out"
    )


def test_from_frames__columns_of_several_types_are_no_table(tmp_path):
    pandas = pytest.importorskip("pandas")
    samples = pandas.DataFrame({"sample_id": ["A", "B", "C"], "x": [1, "a", None]})
    message = refusal(InputError, COUNTS, samples=samples, out=tmp_path / "out")
    assert message.startswith("samples: cannot be read through Arrow: ")
    levels = COUNTS.to_pandas().set_index(["transcript_id", "gene_id"]).rename_axis([None, None])
    assert refusal(InputError, levels, out=tmp_path / "out") == (
        "transcripts: its index has several levels without a name. Name them, or make them columns."
    )

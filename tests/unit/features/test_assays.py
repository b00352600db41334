from __future__ import annotations

import logging
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.bundle.write import write_bundle
from isograph.config import FitConfig
from isograph.errors import ResourceError
from isograph.features.assays import bundle_assays, gene_names
from isograph.pipeline.preflight import preflight
from isograph.runtime import resources
from isograph.store import output

N = 6
SAMPLES = pl.DataFrame({"sample_id": [f"S{i}" for i in range(N)]})
TRANSCRIPTS = pl.DataFrame(
    {"transcript_id": ["t5", "t1", "t3", "t2", "t4"], "gene_id": ["b", "a", "b", "c", "a"], "gene_name": list("BABCA")}
)
GENES = pl.DataFrame({"gene_id": ["c", "a", "b"]})
COUNTS = np.arange(5.0 * N).reshape(5, N) + 1.0
GENE_COUNTS = np.arange(3.0 * N).reshape(3, N) + 1.0


def bundle(tables: dict[str, pl.DataFrame], matrices: dict[str, np.ndarray]) -> Bundle:
    return Bundle("test", SAMPLES, tables, matrices)


def assays_of(tmp_path, tables, matrices):
    return bundle_assays(read_bundle(write_bundle(bundle(tables, matrices), tmp_path / "bundle")))


def test_bundle_assays__group_transcripts_by_gene_in_table_order(tmp_path):
    found = assays_of(tmp_path, {"transcript": TRANSCRIPTS}, {"transcript_counts": COUNTS})
    assert found.transcripts.gene_ids == ["a", "b", "c"]
    assert found.transcripts.rows.tolist() == [1, 4, 0, 2, 3]
    assert found.transcripts.offsets.tolist() == [0, 2, 4, 5]
    assert found.transcripts.row_ids == ["t1", "t4", "t5", "t3", "t2"]
    np.testing.assert_array_equal(found.transcript_counts, COUNTS)
    assert found.genes is None
    assert found.gene_values is None


def test_bundle_assays__know_how_sure_counts_are_where_replicates_say(tmp_path):
    known = TRANSCRIPTS.with_columns(inf_rv=pl.Series([0.01, None, 1.5, 0.02, 0.3]))
    found = assays_of(tmp_path, {"transcript": known}, {"transcript_counts": COUNTS})
    np.testing.assert_array_equal(found.inferential_variance, [0.01, np.nan, 1.5, 0.02, 0.3])
    without = bundle({"transcript": TRANSCRIPTS}, {"transcript_counts": COUNTS})
    assert bundle_assays(without).inferential_variance is None


def test_bundle_assays__have_gene_counts_where_the_bundle_does(tmp_path):
    found = assays_of(
        tmp_path,
        {"transcript": TRANSCRIPTS, "gene": GENES},
        {"transcript_counts": COUNTS, "gene_counts": GENE_COUNTS},
    )
    assert found.genes.gene_ids == ["a", "b", "c"]
    assert found.genes.rows.tolist() == [1, 2, 0]
    assert found.genes.offsets.tolist() == [0, 1, 2, 3]
    assert found.gene_values_are_log is False
    np.testing.assert_array_equal(found.gene_values, GENE_COUNTS)


def test_bundle_assays__prefer_values_on_a_log_scale(tmp_path):
    values = np.where(GENE_COUNTS == 3.0, np.nan, np.log(GENE_COUNTS))
    found = assays_of(tmp_path, {"gene": GENES}, {"gene_counts": GENE_COUNTS, "gene_log": values})
    assert found.gene_values_are_log is True
    np.testing.assert_array_equal(found.gene_values, values)
    assert found.transcripts is None
    assert found.transcript_counts is None


def test_bundle_assays__are_in_the_order_of_code_points_whatever_the_ids():
    ids = ["g2", "G1", "g10", "é", "001", "1", "GENE", "gene", "１", "\U0001f9ec", "\uffff", "z "]
    genes = pl.DataFrame({"gene_id": ids})
    found = bundle_assays(bundle({"gene": genes}, {"gene_counts": np.ones((len(ids), N))})).genes
    assert found.gene_ids == sorted(ids)
    assert [ids[row] for row in found.rows] == sorted(ids)


def test_bundle_assays__of_no_transcripts_are_empty():
    none = pl.DataFrame(schema={"transcript_id": pl.String, "gene_id": pl.String})
    found = bundle_assays(bundle({"transcript": none}, {"transcript_counts": np.empty((0, N))})).transcripts
    assert (found.gene_ids, found.rows.tolist(), found.offsets.tolist(), found.row_ids) == ([], [], [0], [])


@pytest.mark.parametrize(
    ("tables", "names"),
    [
        ({"gene": GENES.with_columns(gene_name=pl.Series(["C1", None, "B1"]))}, [("c", "C1"), ("b", "B1")]),
        ({"transcript": TRANSCRIPTS}, [("b", "B"), ("a", "A"), ("c", "C")]),
        ({"gene": GENES, "transcript": TRANSCRIPTS}, [("b", "B"), ("a", "A"), ("c", "C")]),
        (
            {"transcript": TRANSCRIPTS.with_columns(gene_name=pl.Series([None, "A1", "B2", "C", "A2"]))},
            [("a", "A1"), ("b", "B2"), ("c", "C")],
        ),
        ({"gene": GENES.with_columns(gene_name=pl.Series([3, None, 1]))}, [("c", "3"), ("b", "1")]),
        ({"gene": GENES}, []),
    ],
    ids=["gene table", "transcript table", "the one that has them", "the first of a gene", "numbers", "none"],
)
def test_gene_names__are_one_per_gene_that_has_a_name(tables, names):
    found = gene_names(bundle(tables, {}))
    assert found.rows() == names
    assert found.schema == {"gene_id": pl.String, "gene_name": pl.String}


def test_preflight__counts_what_every_gene_could_carry(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="isograph")
    tables = {"transcript": TRANSCRIPTS, "gene": GENES}
    matrices = {"transcript_counts": COUNTS, "gene_counts": GENE_COUNTS}
    preflight(bundle(tables, matrices), assays_of(tmp_path, tables, matrices), FitConfig(), threads=2, place=tmp_path)
    (message,) = (record.getMessage() for record in caplog.records if "features ×" in record.getMessage())
    assert message.startswith("up to 5 features × 6 samples: about ")
    assert message.endswith(" s for all pairs on 2 threads")


def test_preflight__refuses_what_does_not_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "available_memory", lambda: 1)
    monkeypatch.setattr("isograph.pipeline.preflight.resident_memory", lambda: 0)
    assays = assays_of(tmp_path, {"gene": GENES}, {"gene_counts": GENE_COUNTS})
    with pytest.raises(ResourceError, match=r"a network of 3 features × 6 samples needs about .* Filter genes"):
        preflight(bundle({"gene": GENES}, {}), assays, FitConfig(), threads=1, place=tmp_path)


def test_preflight__refuses_what_the_disk_cannot_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(output.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
    monkeypatch.setattr("isograph.pipeline.preflight.BYTES_WRITTEN_PER_VALUE", 2**20)
    assays = assays_of(tmp_path, {"gene": GENES}, {"gene_counts": GENE_COUNTS})
    with pytest.raises(ResourceError, match="1 MiB free, 27 MiB needed"):
        preflight(bundle({"gene": GENES}, {}), assays, FitConfig(), threads=1, place=tmp_path)

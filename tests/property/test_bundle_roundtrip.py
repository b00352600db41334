from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polars.testing import assert_frame_equal

from isograph.bundle.bundle import Bundle
from isograph.bundle.read import inspect_bundle
from isograph.bundle.write import write_bundle

# NOTE: every character an id may hold: no surrogates, no controls, no separators of lines, none of the marks that
# turn the direction of text.
IDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]) | st.sampled_from("éß中א 0"),
    min_size=1,
    max_size=8,
)
COUNTS = st.sampled_from([0.0, -0.0, 5e-324, 2.2250738585072014e-308, 0.1, 1.0, 1e300]) | st.floats(0, 1e9)
LOGS = st.floats(allow_infinity=False) | st.just(-0.0)
NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,9}", fullmatch=True)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    n_samples = draw(st.integers(3, 6))
    sample_ids = draw(st.lists(IDS, min_size=n_samples, max_size=n_samples, unique=True))
    gene_ids = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    transcript_ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    n_transcripts = len(transcript_ids)
    genes_of = draw(st.lists(st.sampled_from(gene_ids), min_size=n_transcripts, max_size=n_transcripts))
    counts = draw(hnp.arrays(np.float64, (n_transcripts, n_samples), elements=COUNTS))
    # NOTE: a sample without a count is refused.
    counts[0, (counts == 0).all(axis=0)] = 1
    ages = draw(st.lists(st.floats() | st.none(), min_size=n_samples, max_size=n_samples))
    return Bundle(
        dataset_name=draw(NAMES),
        samples=pl.DataFrame(
            {"sample_id": sample_ids, "age": ages, "note": sample_ids[::-1]},
            schema={"sample_id": pl.String, "age": pl.Float64, "note": pl.String},
        ),
        feature_tables={
            "transcript": pl.DataFrame({"transcript_id": transcript_ids, "gene_id": genes_of}),
            "gene": pl.DataFrame({"gene_id": gene_ids, "length": range(len(gene_ids))}),
        },
        matrices={
            "transcript_counts": counts,
            "gene_log": draw(hnp.arrays(np.float64, (len(gene_ids), n_samples), elements=LOGS)),
        },
        suite_name=draw(IDS),
        description=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
        provenance=draw(st.dictionaries(NAMES, IDS, max_size=3)),
    )


@settings(max_examples=40, deadline=None)
@given(bundles())
def test_bundle__is_read_as_it_was_written(bundle):
    with tempfile.TemporaryDirectory() as directory:
        first = write_bundle(bundle, Path(directory) / "first")
        again, findings = inspect_bundle(first)
        assert [finding for finding in findings if finding.level == "error"] == []
        assert again is not None
        assert (again.dataset_name, again.suite_name, again.description) == (
            bundle.dataset_name,
            bundle.suite_name,
            bundle.description,
        )
        assert bundle.provenance.items() <= again.provenance.items()
        assert_frame_equal(again.samples, bundle.samples)
        assert list(again.feature_tables) == list(bundle.feature_tables)
        for kind, table in bundle.feature_tables.items():
            assert_frame_equal(again.feature_tables[kind], table)
        assert list(again.matrices) == list(bundle.matrices)
        for assay, matrix in bundle.matrices.items():
            # NOTE: as bits, or -0.0 would pass for 0.0 and no NaN for itself.
            assert again.matrices[assay].view(np.uint64).tolist() == matrix.view(np.uint64).tolist()


@settings(max_examples=20, deadline=None)
@given(bundles())
def test_bundle__has_the_same_bytes_every_time(bundle):
    with tempfile.TemporaryDirectory() as directory:
        first = write_bundle(bundle, Path(directory) / "first")
        again, _ = inspect_bundle(first)
        assert again is not None
        second = write_bundle(again, Path(directory) / "other name")
        assert {path.name: path.read_bytes() for path in first.iterdir()} == {
            path.name: path.read_bytes() for path in second.iterdir()
        }

from __future__ import annotations

import inspect

import numpy as np
import pytest

from isograph.errors import InputError, UsageError
from isograph.pipeline.simulate import simulate, write_simulation
from isograph.results.bundle import OpenedBundle
from isograph.store.files import directory_digests, file_digest


def test_simulate__returns_the_bundle_opened(tmp_path):
    bundle = simulate("toy_v1", tmp_path / "b", seed=2, settings={"n_samples": 12, "module_sizes": [5, 5]})
    assert isinstance(bundle, OpenedBundle)
    assert bundle.truth_modules.collect(engine="in-memory").height == 10
    assert bundle.bundle.matrices["gene_counts"].shape == (24, 12)


def test_simulate__takes_values_and_no_texts_of_values(tmp_path):
    with pytest.raises(UsageError, match="n_samples is '12', expected a whole number"):
        simulate("toy_v1", tmp_path / "b", settings={"n_samples": "12"})
    assert not (tmp_path / "b").exists()


def test_write_simulation__has_the_options_of_simulate():
    options, same = (inspect.signature(function).parameters for function in (simulate, write_simulation))
    assert {name: option.default for name, option in options.items()} == {
        name: option.default for name, option in same.items()
    }


def test_simulate__draws_a_bundle_again(multiplex, tmp_path):
    made = simulate(redraw=multiplex, out=tmp_path / "b", seed=3)
    original = OpenedBundle(multiplex)
    assert made.bundle.dataset_name == "toy_multiplex_v1_null1"
    assert made.bundle.provenance["redraw_of_sha256"] == file_digest(multiplex / "transcript_counts.npz")
    counts, before = (bundle.bundle.matrices for bundle in (made, original))
    np.testing.assert_array_equal(counts["gene_counts"], before["gene_counts"])
    assert not np.array_equal(counts["transcript_counts"], before["transcript_counts"])
    again = write_simulation(redraw=original, out=tmp_path / "again", seed=3)
    assert directory_digests(again) == directory_digests(made.path)


def test_simulate__draws_with_the_overdispersion_that_columns_leave(multiplex, tmp_path):
    plain, within = (
        simulate(redraw=multiplex, out=tmp_path / f"{len(columns)}", null="overdispersed", within=columns)
        for columns in ((), ("Sex", "Age"))
    )
    assert within.bundle.provenance["redraw_within"] == "[Sex, Age]"
    first, second = (made.bundle.matrices["transcript_counts"] for made in (plain, within))
    assert not np.array_equal(first, second)


def test_simulate__refuses_arguments_that_exclude_each_other(multiplex, tmp_path):
    out = tmp_path / "b"
    for arguments, message in (
        ({}, "simulate takes a fixture, or a bundle to draw again with redraw, and out: the directory"),
        ({"fixture": "toy_v1", "redraw": multiplex, "out": out}, "simulate takes a fixture, or a bundle"),
        ({"fixture": "toy_v1", "out": out, "null": "multinomial"}, "null says how a bundle is drawn again: name one"),
        ({"fixture": "toy_v1", "out": out, "within": "Sex"}, "within says how a bundle is drawn again"),
        ({"redraw": multiplex, "out": out, "suite": "core_v1", "settings": {"n_genes": 9}}, "suite and settings: for"),
        ({"redraw": multiplex, "out": out, "null": "poisson"}, "null is 'poisson', expected multinomial or"),
        ({"redraw": multiplex, "out": multiplex, "overwrite": True}, ".* is the bundle or holds it, so it is not"),
    ):
        with pytest.raises(UsageError, match=f"^{message}"):
            simulate(**arguments)
    assert not out.exists()


def test_simulate__refuses_bundles_it_cannot_draw_again(small_bundle, multiplex, tmp_path):
    genes = small_bundle()
    with pytest.raises(InputError, match=f"^{genes}: has no transcript counts"):
        simulate(redraw=genes, out=tmp_path / "b")
    with pytest.raises(InputError, match="no sample column 'lane'"):
        simulate(redraw=multiplex, out=tmp_path / "b", null="overdispersed", within="lane")
    with pytest.raises(InputError, match="there is no such directory"):
        simulate(redraw=tmp_path / "none", out=tmp_path / "b")
    assert not (tmp_path / "b").exists()

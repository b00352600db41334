from __future__ import annotations

import inspect

import pytest

from isograph.errors import UsageError
from isograph.pipeline.simulate import simulate, write_simulation
from isograph.results.bundle import OpenedBundle


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

from __future__ import annotations

import inspect
from dataclasses import fields

import orjson
import pytest

import isograph as ig
from isograph.config.export import ExportConfig
from isograph.errors import ConfigError, MissingExtraError, UsageError
from isograph.runtime import extras


def test_export__has_every_option_of_its_configuration_with_the_same_default():
    parameters = inspect.signature(ig.export).parameters
    options = {field.name: field.default for field in fields(ExportConfig)}
    assert {name: parameters[name].default for name in options} == options
    assert parameters.keys() - options.keys() == {"path", "output_path", "overwrite"}


def test_export__takes_a_fit_by_its_path_or_opened(fitted, tmp_path):
    opened = ig.export(fitted, "gmt", output_path=tmp_path / "opened")
    by_path = ig.export(fitted.path, ["gmt"], output_path=tmp_path / "by_path")
    assert (opened.path, opened.data, opened.notes) == (tmp_path / "opened", b"", ())
    for name in ("modules.gmt", "background.txt"):
        assert (opened.path / name).read_bytes() == (by_path.path / name).read_bytes()


def test_export__takes_a_bundle_by_its_path_or_opened(multiplex):
    exported = ig.export(ig.open(multiplex))
    assert exported.data == ig.export(multiplex, "summary").data
    assert orjson.loads(exported.data)["n_genes"] == 40


@pytest.mark.parametrize(
    ("formats", "options", "message"),
    [
        ("excel", {}, "no format 'excel', there are summary, cytoscape, graphml, gmt, rnk, wgcna, anndata"),
        ("graphml", {"top_edges": -1}, "top_edges is -1, expected 0 or more"),
        ("graphml", {"min_weight": 1.5}, "min_weight is 1.5, expected 0 to 1"),
        ("wgcna", {"module_ids": "M000"}, "module_ids is for the formats cytoscape, graphml, gmt, rnk"),
        ("gmt", {"top_edges": 5, "bundle": "b"}, "top_edges is for the formats cytoscape, graphml; bundle is for the "),
    ],
)
def test_export__refuses_options_that_make_no_sense(fitted, formats, options, message):
    with pytest.raises(ConfigError) as raised:
        ig.export(fitted, formats, **options)
    assert str(raised.value).startswith(message)


def test_export__of_a_fit_needs_a_format(fitted):
    with pytest.raises(UsageError, match="is a fit: name what to export it to with formats: cytoscape, graphml, gmt"):
        ig.export(fitted)


def test_export__says_what_to_install_before_it_reads_anything(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "anndata" else object())
    with pytest.raises(MissingExtraError) as raised:
        ig.export(fitted, ("gmt", "anndata"), output_path=tmp_path / "out")
    assert str(raised.value) == "AnnData needs the extra 'anndata': pip install 'isograph-multiplex[anndata]'"
    assert not (tmp_path / "out").exists()


def test_export__notes_name_options_as_python_has_them(fitted, tmp_path):
    exported = ig.export(fitted, "graphml", output_path=tmp_path / "net.graphml", top_edges=5)
    assert exported.notes == ("10 of 380 edges taken. top_edges=0 takes all.",)

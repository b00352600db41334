from __future__ import annotations

import dataclasses
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import isograph as ig
from isograph.errors import InputError, UsageError
from isograph.results.bundle import OpenedBundle
from isograph.results.fit import Fit
from isograph.schemas import FIT_TABLES

TOY = Path(__file__).resolve().parents[3] / "fixtures" / "bundles_0_1_5" / "toy_v1"

HOSTILE = ['<script>alert("x")</script>', "<img src=x onerror=alert(1)>", "a&b", "'q'", '"dq"', "</td>", "{{x}}", "%s"]


class Elements(HTMLParser):
    """The elements and the text of an HTML fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_open__knows_a_fit_from_a_bundle(fitted, multiplex):
    assert isinstance(ig.open(fitted.path), Fit)
    assert isinstance(ig.open(str(multiplex)), OpenedBundle)


@pytest.mark.parametrize(
    ("content", "violation"),
    [
        (None, "no bundle, fit, explanation or report in it."),
        ({}, "manifest.json is neither a bundle's nor a fit's."),
        ({"artifact": "report"}, "manifest.json is neither a bundle's nor a fit's."),
    ],
)
def test_open__says_why_it_cannot(tmp_path, content, violation):
    if content is not None:
        (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as raised:
        ig.open(tmp_path)
    assert raised.value.violations == (violation,)


def test_fit__that_was_never_whole_is_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"artifact": "fit", "files": {}}))
    with pytest.raises(InputError, match=r"13 files not in manifest\.json: 'modules\.parquet', 'edges\.parquet'"):
        ig.open(tmp_path)


def test_fit__that_was_changed_is_refused(fitted, tmp_path):
    shutil.copytree(fitted.path, tmp_path / "fit")
    data = bytearray((tmp_path / "fit" / "edges.parquet").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "fit" / "edges.parquet").write_bytes(data)
    with pytest.raises(InputError, match=r"1 files changed since they were written: 'edges\.parquet'"):
        ig.open(tmp_path / "fit")


@pytest.mark.parametrize("table", FIT_TABLES)
def test_fit__has_every_table_as_a_lazy_frame_and_a_relation(fitted, table):
    lazy = getattr(fitted, table)
    assert isinstance(lazy, pl.LazyFrame)
    rows = lazy.collect(engine="in-memory")
    assert (rows.height > 0) == (table != "hidden_factors")
    relation = fitted.relation(table)
    assert relation.columns == rows.columns
    assert relation.aggregate("count(*)").fetchall() == [(rows.height,)]
    assert table in dir(fitted)
    assert table in fitted.tables


def test_fit__relations_can_be_asked(fitted):
    asked = fitted.relation("module_summary").order("module_id").project("module_id, n_genes").fetchall()
    summary = fitted.module_summary.collect(engine="in-memory")
    assert asked == summary.select("module_id", "n_genes").rows()
    joined = fitted.relation("modules").query(
        "modules", f"SELECT count(*) FROM modules JOIN '{fitted.path}/module_gene_roles.parquet' USING (gene_id)"
    )
    assert joined.fetchall() == [(fitted.modules.collect(engine="in-memory").height,)]


@pytest.mark.parametrize("name", ["fit[1]", "f*", "it's", "k=7"])
def test_fit__is_read_from_any_path(fitted, tmp_path, name):
    (tmp_path / "fit1").mkdir()
    shutil.copytree(fitted.path, tmp_path / name)
    moved = ig.open(tmp_path / name)
    assert moved.modules.collect(engine="in-memory").equals(fitted.modules.collect(engine="in-memory"))
    assert moved.relation("modules").columns == fitted.relation("modules").columns
    assert moved.relation("modules").fetchall() == fitted.relation("modules").fetchall()


def test_fit__names_its_tables_when_asked_for_another(fitted):
    with pytest.raises(AttributeError) as raised:
        _ = fitted.module
    assert "'Fit' object has no attribute 'module'" in str(raised.value)
    with pytest.raises(UsageError, match=r"a fit has no table 'module'; did you mean 'modules'.* are modules, edges, "):
        fitted.relation("module")
    with pytest.raises(UsageError, match=r"a fit has no table '\.\./\.\./etc'"):
        fitted.scan("../../etc")


def test_fit__shows_itself_as_text_and_html(fitted):
    assert repr(fitted) == f"Fit({str(fitted.path)!r})\n{fitted.summary.as_text()}"
    html = Elements(fitted._repr_html_())
    assert html.names == {"p", "table", "thead", "tr", "th", "tbody", "td"}
    assert "toy_multiplex_v1" in " ".join(html.texts)


def test_fit__escapes_the_names_of_genes_and_traits(small_bundle, tmp_path):
    path = small_bundle(HOSTILE, **{"<b>dx</b>": ["<i>", "b"] * 15})
    fitted = ig.fit(path, output_dir=tmp_path / "<u>fit")
    html = Elements(fitted._repr_html_())
    assert html.names == {"p", "table", "thead", "tr", "th", "tbody", "td"}
    assert html.attributes == set()
    assert fitted.summary.modules.get_column("hub gene").item() in html.texts
    assert "<b>dx</b>: b − <i>" in html.texts


def test_bundle__has_its_tables_as_lazy_frames_and_relations(multiplex):
    bundle = ig.open(multiplex)
    assert bundle.tables == (
        "samples",
        "transcripts",
        "genes",
        "truth_modules",
        "truth_switch",
        "truth_abundance",
        "truth_channel_role",
        "transcript_counts",
        "gene_counts",
    )
    heights = {"samples": 64, "genes": 40, "transcripts": 108, "truth_modules": 40, "gene_counts": 40 * 64}
    for table, height in heights.items():
        lazy = getattr(bundle, table)
        assert isinstance(lazy, pl.LazyFrame)
        assert lazy.collect(engine="in-memory").height == height
        assert bundle.relation(table).aggregate("count(*)").fetchall() == [(height,)]
        assert table in dir(bundle)


def test_bundle__names_its_tables_when_asked_for_another(small_bundle):
    bundle = ig.open(small_bundle())
    with pytest.raises(AttributeError) as raised:
        _ = bundle.transcript_counts
    assert str(raised.value) == "the bundle has no table 'transcript_counts', it has samples, genes, gene_counts"


def test_bundle__shows_itself_as_text_and_html(small_bundle):
    bundle = ig.open(small_bundle(**{"<b>dx</b>": ["a", "b"] * 15}))
    assert repr(bundle).splitlines() == [
        f"OpenedBundle({str(bundle.path)!r})",
        "dataset: small",
        "samples: 30",
        "sample columns: <b>dx</b>",
        "assays: gene_counts 48 × 30",
        "tables: samples, genes, gene_counts",
    ]
    html = Elements(bundle._repr_html_())
    assert html.names == {"p"}
    assert "sample columns: <b>dx</b>" in html.texts


def test_fit__relations_can_be_joined(tmp_path):
    fitted = ig.fit(TOY, output_dir=tmp_path / "fit")
    modules, roles = fitted.relation("modules"), fitted.relation("module_gene_roles")
    assert len(modules.join(roles, "gene_id").fetchall()) == 24
    assert fitted.relation("traits").query("t", "SELECT count(*) FROM modules").fetchall() == [(24,)]


def test_fit__takes_the_defaults_of_its_settings(tmp_path):
    defaults = dataclasses.asdict(ig.FactorConfig())
    fitted = ig.fit(TOY, output_dir=tmp_path / "fit", settings=defaults)
    assert fitted.config["settings"] == ig.fit(TOY, output_dir=tmp_path / "plain").config["settings"]


def test_fit__takes_settings_as_a_mapping(tmp_path):
    fitted = ig.fit(TOY, output_dir=tmp_path / "fit", settings={"min_kme": 0.5, "search_cuts": [0.4, 0.6]})
    assert fitted.config["settings"]["min_kme"] == 0.5
    assert fitted.config["settings"]["search_cuts"] == [0.4, 0.6]
    with pytest.raises(UsageError, match="no setting 'min_kmee'; did you mean 'min_kme'"):
        ig.fit(TOY, output_dir=tmp_path / "other", settings={"min_kmee": 0.5})


def test_bundle__counts_are_long_and_equal_the_matrix(multiplex):
    bundle = ig.open(multiplex)
    matrix, samples = bundle.bundle.matrices["transcript_counts"], bundle.bundle.sample_ids
    transcripts = bundle.bundle.transcripts.get_column("transcript_id").to_list()
    long = bundle.transcript_counts.collect(engine="in-memory")
    assert long.columns == ["transcript_id", "gene_id", "sample_id", "count"]
    assert long.get_column("count").to_list() == matrix.ravel().tolist()
    assert long.get_column("sample_id").to_list() == samples * len(transcripts)
    assert long.get_column("transcript_id").to_list() == [one for one in transcripts for _ in samples]
    asked = bundle.relation("transcript_counts").filter("transcript_id = 'G0001_T1'").order("sample_id")
    assert asked.columns == long.columns
    expected = long.filter(pl.col("transcript_id") == "G0001_T1").sort("sample_id")
    assert asked.fetchall() == expected.rows()

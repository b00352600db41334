from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import orjson
import polars as pl
import pytest

import isograph as ig
from isograph.errors import ConfigError, InputError, UsageError
from isograph.pipeline.compare import compare
from isograph.results.fit import Fit
from isograph.schemas import FIT_TABLES
from isograph.store.artifact import artifact_directory


@pytest.fixture
def rewritten(fitted, tmp_path):
    """Write the fit again with some tables replaced."""

    def write(name: str = "other", **tables: pl.DataFrame) -> Fit:
        with artifact_directory(tmp_path / name, "fit", overwrite=True) as writer:
            for table, contract in FIT_TABLES.items():
                given = tables.get(table)
                writer.table(contract, fitted.scan(table).collect(engine="in-memory") if given is None else given)
            for file in ("fit_config.json", "calibration.json", "run.log"):
                writer.file(file, (fitted.path / file).read_bytes())
        return Fit(tmp_path / name)

    return write


def renumbered(fit: Fit) -> dict[str, pl.DataFrame]:
    names = {"M000": "M001", "M001": "M000"}
    frames = {table: fit.scan(table).collect(engine="in-memory") for table in FIT_TABLES}
    return {
        table: frame.with_columns(pl.col("module_id").replace_strict(names))
        for table, frame in frames.items()
        if "module_id" in frame.columns
    }


def table(fit: Fit, name: str) -> pl.DataFrame:
    return fit.scan(name).collect(engine="in-memory")


def test_compare__of_a_fit_with_itself_passes(fitted):
    comparison = compare(fitted, fitted.path)
    assert comparison.passed
    assert comparison.as_dict()["differences"] == []
    assert comparison.as_dict()["agreement"]["ari"] == 1.0
    assert comparison.as_text().endswith("No differences.")


def test_compare__takes_another_numbering_and_order_for_the_same(fitted, rewritten):
    tables = {name: frame.reverse() for name, frame in renumbered(fitted).items()}
    comparison = compare(fitted, rewritten(**tables), tolerance=0.0)
    assert comparison.passed
    rows = comparison.matches.select("reference", "candidate", "jaccard").collect(engine="in-memory").rows()
    assert rows == [("M000", "M001", 1.0), ("M001", "M000", 1.0)]


def test_compare__finds_a_gene_that_moved(fitted, rewritten):
    moved = table(fitted, "modules").with_columns(
        module_id=pl.when(pl.col("gene_id") == "G0000").then(pl.lit("M001")).otherwise("module_id")
    )
    comparison = compare(fitted, rewritten(modules=moved))
    (difference,) = comparison.as_dict()["differences"]
    assert (difference["file"], difference["table"], difference["column"]) == (
        "modules.parquet",
        "modules",
        "module_id",
    )
    assert (difference["rows"], difference["max_abs_difference"], difference["examples"]) == (1, None, ("G0000",))
    assert 0.8 < comparison.as_dict()["agreement"]["ari"] < 1.0


def test_compare__finds_a_number_that_changed(fitted, rewritten):
    changed = table(fitted, "eigengenes").with_columns(pl.col("eigengene") + 1e-6)
    comparison = compare(fitted, rewritten(eigengenes=changed))
    (difference,) = comparison.as_dict()["differences"]
    assert (difference["column"], difference["rows"]) == ("eigengene", 128)
    assert difference["max_abs_difference"] == pytest.approx(1e-6)
    assert compare(fitted, rewritten(eigengenes=changed), tolerance=1000.0).passed


def test_compare__tells_modules_without_a_partner(fitted, rewritten):
    of_one = {
        name: table(fitted, name).filter(pl.col("module_id") == "M000")
        for name, contract in FIT_TABLES.items()
        if "module_id" in contract.schema
    }
    comparison = compare(rewritten(**of_one), fitted)
    rows = comparison.matches.select("reference", "candidate", "n_candidate").collect(engine="in-memory").rows()
    assert rows == [("M000", "M000", 20), (None, "M001", 20)]
    lone = comparison.differences.filter(table="module_summary").collect(engine="in-memory").to_dicts()
    assert [(row["only_in"], row["rows"], row["examples"]) for row in lone] == [("candidate", 1, "candidate M001")]


def test_compare__tells_what_the_two_were_made_with(fitted, multiplex, tmp_path):
    other = ig.fit(multiplex, output_dir=tmp_path / "other", seed=6, covariates="Sex")
    comparison = compare(fitted, other)
    changes = comparison.configuration.select("file", "key", "reference", "candidate").collect(engine="in-memory")
    assert changes.rows() == [("fit_config.json", "seed", "5", "6")]
    assert comparison.passed


def test_compare__of_a_fit_with_its_snapshot_passes(fitted, tmp_path):
    snapshot = ig.save_snapshot(fitted, tmp_path / "snapshot")
    assert compare(fitted, snapshot).passed
    assert compare(snapshot, fitted).as_dict()["reference"]["kind"] == "snapshot"


MODULE_TABLES = {
    "plain.tsv": "gene_id\tmodule_id\n{rows}",
    "wgcna.csv": '"","moduleColors"\n{rows}',
    "bom.tsv": "\ufeffgene_id\tmodule_id\r\n{rows}",
}


@pytest.mark.parametrize("name", MODULE_TABLES)
def test_compare__takes_a_table_of_modules(fitted, tmp_path, name):
    separator = "," if name.endswith("csv") else "\t"
    colours = {"M000": "blue", "M001": "turquoise"}
    genes = table(fitted, "modules").select("gene_id", "module_id").rows()
    rows = "".join(f"{gene}{separator}{colours[module]}\n" for gene, module in genes)
    unassigned = "".join(f"x{n}{separator}{label}\n" for n, label in enumerate(["grey", "NA", ""]))
    path = tmp_path / name
    path.write_text(MODULE_TABLES[name].format(rows=rows + unassigned), encoding="utf-8")
    comparison = compare(path, fitted)
    assert comparison.passed
    agreement = comparison.as_dict()["agreement"]
    assert (agreement["n_modules_reference"], agreement["n_genes_reference"], agreement["ari"]) == (2, 40, 1.0)
    assert agreement["eigengene_correlations"] == {
        "reference": [], "candidate": [], "r": [], "n_samples": 0
    }  # fmt: skip


def test_compare__asks_about_a_module_named_zero(tmp_path, caplog):
    path = tmp_path / "labels.tsv"
    path.write_text("gene\tlabel\na\t1\nb\t1\nc\t0\n")
    with caplog.at_level("WARNING", "isograph"):
        taken = compare(path, path)
    assert "1 genes in a module named 0, taken for a module" in caplog.text
    assert "pass unassigned='0'." in caplog.text
    assert taken.as_dict()["agreement"]["n_modules_reference"] == 2
    assert compare(path, path, unassigned="0").as_dict()["agreement"]["n_modules_reference"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene_id\tmodule_id\na\t1\na\t2\nb\t1\n", r"1 genes in several rows: 'a'\."),
        ("gene_id\tmodule_id\na\t1\n\t2\n", r"1 of 2 rows without a gene\."),
        ("id\tcluster\na\t1\n", r"no column gene_id and no column module_id\. Columns: 'id', 'cluster'\."),
        ("gene_id\tcluster\na\t1\n", r"no column module_id\."),
        ("", r"is empty"),
    ],
)
def test_compare__says_what_is_wrong_with_a_table_of_modules(tmp_path, text, message):
    path = tmp_path / "modules.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        compare(path, path)


def test_compare__refuses_what_does_not_go_together(fitted, multiplex, tmp_path):
    report = tmp_path / "report.json"
    report.write_bytes(orjson.dumps({"results": []}))
    with pytest.raises(UsageError, match=r"is a report, .* a fit\. A report is compared with a report only\."):
        compare(report, fitted)
    with pytest.raises(UsageError, match="does not exist"):
        compare(fitted, tmp_path / "nothing")
    with pytest.raises(InputError, match="is a bundle, expected a directory that isograph fit wrote"):
        compare(fitted, multiplex)
    with pytest.raises(ConfigError, match=re.escape("tolerance is -1, expected 0 or more")):
        compare(fitted, fitted, tolerance=-1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1]", r"report\.json holds no object"),
        (b"{", r"report\.json cannot be read: "),
        (b'{"a": 1}', r"report\.json: is no report of a benchmark: it has no list of results"),
        (b"", r"report\.json cannot be read: "),
    ],
)
def test_compare__refuses_json_that_is_no_report(tmp_path, content, message):
    report = tmp_path / "report.json"
    report.write_bytes(content)
    with pytest.raises(InputError, match=message):
        compare(report, report)


def test_compare__of_reports_gives_every_metric(tmp_path):
    row = {"dataset": "toy", "suite": "s", "seed": 0, "ari": 0.5, "runtime_seconds": 1.0}
    other = [row | {"ari": 0.75, "runtime_seconds": 2.0}, row | {"seed": 1}]
    for name, rows in (("one.json", [row]), ("other.json", other)):
        (tmp_path / name).write_bytes(orjson.dumps({"stage": "x", "results": rows}))
    comparison = compare(tmp_path / "one.json", tmp_path / "other.json")
    record = comparison.as_dict()
    assert (record["passed"], record["n_changed"], record["only_in_reference"]) == (False, 1, [])
    assert record["only_in_candidate"] == [{"suite": "s", "dataset": "toy", "seed": 1}]
    (dataset,) = record["datasets"]
    assert dataset["metrics"]["ari"] == {"reference": 0.5, "candidate": 0.75, "delta": 0.25}
    assert dataset["metrics"]["runtime_seconds"]["delta"] == 1.0
    text = comparison.as_text()
    assert "toy      0     0.5 → 0.75  1 → 2" in text
    assert compare(tmp_path / "one.json", tmp_path / "one.json").passed


def test_comparison__gives_its_tables_to_polars_and_duckdb(fitted):
    comparison = ig.compare(fitted, fitted)
    assert comparison.tables == ("differences", "matches", "crosstab", "eigengene_correlations", "configuration")
    assert comparison.crosstab.collect(engine="in-memory").height == 2
    relation = comparison.relation("matches")
    assert relation.project("reference, n_genes").order("reference").fetchall() == [("M000", 20), ("M001", 20)]
    with pytest.raises(UsageError, match="a comparison of fits has no table 'edges'"):
        comparison.scan("edges")
    assert "crosstab" in dir(comparison)
    assert not hasattr(comparison, "edges")


def test_comparison__json_holds_no_nan_and_is_sorted(fitted, rewritten):
    scores = table(fitted, "modules").with_columns(kme=pl.lit(float("nan")))
    data = compare(fitted, rewritten(modules=scores)).as_json()
    record = orjson.loads(data)
    assert list(record) == sorted(record)
    assert record["differences"][0]["max_abs_difference"] is None


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)


def test_comparison__escapes_names_in_html_and_text(tmp_path):
    path = tmp_path / "modules.tsv"
    path.write_text("gene_id\tmodule_id\na\t<img src=x>\nb\t<img src=x>\n\x1b]0;x\tm\n")
    (tmp_path / "other.tsv").write_text("gene_id\tmodule_id\na\tm\n")
    comparison = compare(path, tmp_path / "other.tsv")
    assert Elements(comparison._repr_html_()).names == {"p", "table", "thead", "tbody", "tr", "th", "td"}
    assert "\x1b" not in comparison.as_text()


def test_compare__of_a_fit_without_modules(tmp_path, small_bundle, fitted):
    empty = ig.fit(small_bundle(), output_dir=tmp_path / "empty", settings={"min_module_size": 40})
    assert empty.modules.collect(engine="in-memory").height == 0
    comparison = compare(empty, empty)
    assert (comparison.passed, comparison.as_dict()["agreement"]["ari"]) == (True, None)
    assert not compare(empty, fitted).passed


def test_compare__leaves_no_path_undisplayable(fitted, tmp_path):
    strange = Path(f"{tmp_path}/m\udcff.tsv")
    strange.write_text("gene_id\tmodule_id\na\tm\n")
    assert b"m\\\\udcff.tsv" in compare(strange, strange).as_json()

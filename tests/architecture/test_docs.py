import importlib.util
import re
from pathlib import Path

import click
import duckdb
import polars as pl
import pytest

import isograph as ig
from isograph.cli.app import COMMANDS, app
from isograph.config import BACKENDS

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "fixtures" / "bundles_0_1_5" / "toy_v1"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    out = tmp_path_factory.mktemp("readme") / "fit"
    return ig.fit(TOY, output_dir=out)


@pytest.mark.parametrize("page", ["api.md", "tables.md", "commands.md", "benchmarks.md", "ablation.md"])
def test_docs__generated_pages_are_current(page):
    written = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert written == generator().PAGES[page](), f"docs/{page} is out of date: run make docs"


def test_docs__every_command_option_has_help():
    context = click.Context(app)
    silent = [
        f"{name} {parameter.name}"
        for name in COMMANDS
        for parameter in app.get_command(context, name).params
        if isinstance(parameter, click.Option) and not parameter.help and not parameter.hidden
    ]
    assert silent == []


def test_docs__every_backend_setting_is_described():
    for configuration in BACKENDS.values():
        described = re.findall(r"^    (\w+) : ", configuration.__doc__, flags=re.MULTILINE)
        assert described == list(configuration.__dataclass_fields__)


def test_readme__commands_exist():
    used = set(re.findall(r"^isograph (\S+)", README, flags=re.MULTILINE))
    assert used == {"import", "validate", "fit"}
    assert used <= set(COMMANDS)


def test_readme__links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_readme__sql_answers(fit):
    (query,) = re.findall(r"```sql\n(.*?)```", README, flags=re.DOTALL)
    asked = query.replace("artifacts/demo/fit", str(fit.path)).replace("m.gene_name", "m.gene_id")
    rows = duckdb.sql(asked).fetchall()
    assert len(rows) == 10
    assert {row[2] for row in rows} == {"switch_only"}


def test_readme__python_answers(fit):
    code, _ = python_blocks()
    reading = code[: code.index("fit = ig.fit(")].replace("artifacts/demo/fit", str(fit.path))
    names: dict[str, object] = {}
    exec(reading, names)
    assert names["fit"].modules.collect(engine="in-memory").height == 24


def test_readme__frames_become_a_bundle_and_a_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bundle = ig.open(TOY)
    samples = bundle.samples.select("sample_id").with_row_index("n").collect(engine="in-memory")
    names: dict[str, object] = {
        "ig": ig,
        "counts": bundle.transcript_counts.select("transcript_id", "sample_id", "count").collect(engine="in-memory"),
        "samples": samples.select(
            "sample_id", batch=pl.when(pl.col("n") % 2 == 0).then(pl.lit("b1")).otherwise(pl.lit("b2"))
        ),
        "tx2gene": bundle.transcripts.select("transcript_id", "gene_id").collect(engine="in-memory"),
    }
    exec(python_blocks()[1], names)
    assert names["fit"].config["covariates"] == ["batch"]
    assert names["fit"].modules.collect(engine="in-memory").height == 24


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)

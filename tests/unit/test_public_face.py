"""What ``import isograph as ig`` shows: every command as a function, typed, with the options of the command line."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import click
import pytest

import isograph as ig
from isograph.cli.app import COMMANDS, app
from isograph.config import ExplainConfig, FitConfig, ImportConfig
from isograph.database.script import view_names
from isograph.results.bundle import OpenedBundle
from isograph.results.explanation import Explanation
from isograph.results.fit import Fit
from isograph.results.open import OpenedTree
from isograph.results.table_set import LazyTable
from isograph.schemas import FIT_TABLES
from isograph.schemas.explanation import EXPLAIN_TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
FUNCTION_OF_COMMAND = {
    "annotate-structure": "annotate_structure",
    "explain-module": "explain",
    "import": "import_quantifications",
}
FUNCTIONS = sorted(name for name in ig.__all__ if inspect.isfunction(getattr(ig, name)) and not name.startswith("_"))


def tables_declared(result: type) -> set[str]:
    """Names of the attributes of a result class that are tables."""
    return {name for name in dir(result) if isinstance(inspect.getattr_static(result, name), LazyTable)}


def test_tab__shows_what_may_be_called_and_nothing_else():
    assert dir(ig) == sorted(ig.__all__)
    assert all(getattr(ig, name) is not None for name in ig.__all__)
    completed = (
        "import isograph as ig, rlcompleter; c = rlcompleter.Completer({'ig': ig}); "
        "print([c.complete('ig.fi', n) for n in range(2)], [c.complete('ig._HO', 0)])"
    )
    command = [sys.executable, "-c", completed]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert shown.stdout.strip() == "['ig.fit(', None] [None]"


def test_package__has_no_other_attribute():
    with pytest.raises(AttributeError, match="module 'isograph' has no attribute 'explode'"):
        _ = ig.explode


def test_package__loads_a_name_once():
    code = "import isograph as ig; print('fit' in vars(ig), ig.fit is vars(ig)['fit'])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert shown.stdout == "False True\n"


def test_package__declares_the_same_names_to_editors_and_at_run_time():
    source = (REPOSITORY / "isograph" / "__init__.py").read_text(encoding="utf-8")
    static = source.partition("if TYPE_CHECKING:")[2].partition("__version__")[0]
    assert [name for name in ig.__all__ if name != "__version__" and name not in static] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command__has_its_function(command):
    assert inspect.isfunction(getattr(ig, FUNCTION_OF_COMMAND.get(command, command)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function__has_a_typed_signature_and_says_what_it_takes(name):
    function = getattr(ig, name)
    parameters = inspect.signature(function).parameters.values()
    assert {parameter.kind for parameter in parameters}.isdisjoint({inspect.Parameter.VAR_KEYWORD})
    assert all(parameter.annotation is not parameter.empty for parameter in parameters)
    documented = inspect.getdoc(function) or ""
    mentioned = [parameter.name for parameter in parameters if parameter.name not in documented]
    assert mentioned == []
    assert "Raises" in documented or "never raises" in documented


@pytest.mark.parametrize(
    ("function", "configuration"),
    [("fit", FitConfig), ("explain", ExplainConfig), ("import_quantifications", ImportConfig)],
)
def test_function__has_the_defaults_of_its_configuration(function, configuration):
    defaults = {name: p.default for name, p in inspect.signature(getattr(ig, function)).parameters.items()}
    fields = configuration.__dataclass_fields__
    assert {name: defaults[name] for name in fields} == {name: field.default for name, field in fields.items()}


@pytest.mark.parametrize(("command", "configuration"), [("fit", FitConfig), ("import", ImportConfig)])
def test_command_line__has_the_defaults_of_its_configuration(command, configuration):
    options = {parameter.name: parameter for parameter in app.get_command(click.Context(app), command).params}
    for name, field in configuration.__dataclass_fields__.items():
        if name != "settings":
            assert options[name].default == (None if options[name].multiple else field.default), name


@pytest.mark.parametrize(
    ("result", "tables"),
    [(Fit, set(FIT_TABLES)), (Explanation, set(EXPLAIN_TABLES)), (OpenedTree, set(view_names()))],
    ids=["fit", "explanation", "tree"],
)
def test_result__declares_every_table(result, tables):
    assert tables_declared(result) == tables


def test_bundle__declares_the_tables_that_bundles_may_have():
    assert tables_declared(OpenedBundle) >= {"samples", "genes", "transcripts", "transcript_counts", "gene_counts"}


def test_type_checker__knows_tables_and_options_and_refuses_others(tmp_path):
    good = "import isograph as ig\nfit = ig.fit('b', covariates='batch')\nfit.modules.collect()\n"
    (tmp_path / "good.py").write_text(good)
    (tmp_path / "bad.py").write_text(good + "fit.modulse\nig.fit('b', covariate='batch')\nig.ft('b')\n")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", str(REPOSITORY / "pyproject.toml")]
    command += [str(tmp_path / "good.py"), str(tmp_path / "bad.py")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    found = [line.split(":") for line in checked.stdout.splitlines() if "error:" in line]
    wrong = {f"{Path(file).name}:{number}" for file, number, *_ in found}
    assert wrong == {"bad.py:4", "bad.py:5", "bad.py:6"}, checked.stdout

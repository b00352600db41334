from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "torch", "captum", "matplotlib", "duckdb", "polars", "numpy", "scipy", "pyarrow")


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after ``code``."""
    probe = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_layers__are_kept():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    lint = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout
    assert "0 broken" in lint.stdout


def test_import__loads_nothing_heavy():
    assert loaded_by("import isograph; isograph.__version__").isdisjoint({*HEAVY, "click", "orjson"})


def test_command_line__loads_nothing_heavy_to_show_its_help():
    imports = "from click.testing import CliRunner\nfrom isograph.cli.app import app\n"
    code = f"{imports}assert 'import' in CliRunner().invoke(app, ['--help']).stdout"
    loaded = loaded_by(code)
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["isograph.config", "isograph.errors", "isograph.runtime.threads"])
def test_import__of_what_the_command_line_reads_first_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


def test_read_bundle__loads_no_pandas_though_it_is_installed():
    pytest.importorskip("pandas")
    code = (
        "from pathlib import Path\nfrom isograph.bundle.read import read_bundle\n"
        "read_bundle(Path('fixtures/bundles_0_1_5/toy_multiplex_v1'))"
    )
    loaded = loaded_by(code)
    assert "pyarrow" in loaded
    assert "pandas" not in loaded

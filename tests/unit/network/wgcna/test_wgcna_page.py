from __future__ import annotations

import re
from pathlib import Path

import isograph.network.wgcna as functions

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "wgcna.md").read_text(encoding="utf-8")


def test_page__names_functions_that_exist_and_all_of_them():
    named = set(re.findall(r"^\|[^|]*\| `(\w+)", PAGE, flags=re.MULTILINE))
    named |= set(re.findall(r"^\|[^|]*\| [^|]*, `(\w+)`", PAGE, flags=re.MULTILINE))
    there = {name for name in functions.__all__ if name[0].islower()}
    assert named == there - {"wgcna_memory", "wgcna_network"}


def test_page__has_an_example_that_runs():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["kme"].shape == (200, len(names["found"].eigengene_labels))

"""Sections of documentation pages that benchmarks write, each between two marks of its own."""

from __future__ import annotations

from pathlib import Path


def write_section(page: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks of the section ``name``, or at the end of the page where it has none."""
    begin, end = f"<!-- {name}: written by a benchmark -->\n", f"<!-- end of {name} -->\n"
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    section = f"{begin}{text}{end}"
    if begin in before and end in before:
        head, rest = before.split(begin, 1)
        page.write_text(head + section + rest.split(end, 1)[1], encoding="utf-8")
    else:
        page.write_text(f"{before.rstrip()}\n\n{section}".lstrip(), encoding="utf-8")

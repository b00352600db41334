from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import gettempdir

REPOSITORY = Path(__file__).resolve().parents[2]
TEXTS = ("*.py", "*.sql", "*.md", "*.toml", "*.cfg", "*.yaml", "*.yml", "*.cff", "Makefile", ".ci/run")
NOT_OURS = {"node_modules", "artifacts", "build", "dist"}
HIDDEN_BUT_OURS = {".ci", ".github"}
# NOTE: pieces, so that this file does not hold what it looks for.
HISTORY = (r"(?:stage|phase)_?\d", "as an " + "ai", "this " + "session", "language " + "model")
TICKET = r"(?:issue|ticket|bug|task)s? #?\d+|#\d{2,}\b"
UNLINKED = r"(?:TODO|FIXME|XXX)(?!.*https?://)"


@cache
def texts() -> tuple[Path, ...]:
    found = {path for path in REPOSITORY.iterdir() if path.is_file()}
    for top in REPOSITORY.iterdir():
        hidden = top.name.startswith(".") and top.name not in HIDDEN_BUT_OURS
        if top.is_dir() and not hidden and top.name not in NOT_OURS:
            found |= {path for path in top.rglob("*") if path.is_file()}
    return tuple(sorted(path for path in found if any(path.match(pattern) for pattern in TEXTS)))


def places(pattern: str, paths: Iterable[Path]) -> list[str]:
    """Where the pattern stands in the files."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if wanted.search(line)
    ]


def test_wording__finds_the_files():
    names = {path.name for path in texts()}
    assert {"axis.py", "genes.sql", "README.md", "pyproject.toml", "Makefile"} <= names


def test_wording__does_not_tell_how_it_was_made():
    assert places(rf"\b(?:{'|'.join(HISTORY)})\b", texts()) == []


def test_wording__names_no_place_on_one_machine():
    homes = ["/" + "root/", "/" + r"home/\w", "/" + r"Users/\w", re.escape(f"{REPOSITORY}/")]
    if REPOSITORY.parent not in (Path("/"), Path(gettempdir())):
        homes.append(re.escape(f"{REPOSITORY.parent}/"))
    assert places(rf"(?<![\w.])(?:{'|'.join(homes)})", texts()) == []


def test_wording__cites_no_ticket_and_leaves_no_loose_end():
    sources = [path for path in texts() if path.suffix in (".py", ".sql") and path != Path(__file__)]
    assert places(TICKET, sources) == []
    assert places(UNLINKED, sources) == []

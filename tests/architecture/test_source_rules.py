from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "isograph"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
MODULE_LINES = 500
BODY_LINES = 60
KERNEL_BODY_LINES = 90
BANNED_NAMES = {"utils", "helpers", "common", "misc", "core", "base", "manager"}
FRAME_JOIN_WORDS = {"on", "how", "left_on", "right_on", "validate", "maintain_order"}


@cache
def every_node(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def nodes(kind: type[ast.AST], paths: list[Path] = MODULES) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a kind in the package, with where it stands."""
    for path in paths:
        for node in every_node(path):
            if isinstance(node, kind):
                yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", node


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function or method of that name."""
    for place, call in nodes(ast.Call):
        if getattr(call.func, "attr", getattr(call.func, "id", None)) == name:
            yield place, call


def option(call: ast.Call, name: str) -> object:
    """The literal given for a keyword; None where it is absent."""
    return next((getattr(keyword.value, "value", ...) for keyword in call.keywords if keyword.arg == name), None)


def body_lines(function: ast.FunctionDef) -> int:
    docstring = ast.get_docstring(function, clean=False)
    return function.end_lineno - function.lineno + 1 - (docstring.count("\n") + 1 if docstring else 0)


def is_frame_join(call: ast.Call) -> bool:
    """Whether a ``.join`` joins tables: text is joined with one argument and no keyword."""
    return len(call.args) > 1 or any(keyword.arg in FRAME_JOIN_WORDS for keyword in call.keywords)


def test_modules__are_there_to_be_checked():
    assert len(MODULES) > 40
    assert PACKAGE / "kernels" / "axis.py" in MODULES


def test_modules__are_short():
    lengths = {str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8").count("\n") for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions__are_short():
    long = [
        f"{place} {function.name}: {body_lines(function)} lines"
        for place, function in nodes((ast.FunctionDef, ast.AsyncFunctionDef))
        if body_lines(function) > (KERNEL_BODY_LINES if "/kernels/" in place else BODY_LINES)
    ]
    assert long == []


def test_modules__are_named_for_what_they_hold():
    assert [str(path) for path in MODULES if path.stem in BANNED_NAMES or re.search(r"_v\d$|^new_", path.stem)] == []


def test_collect__names_its_engine():
    engines = {place: option(call, "engine") for place, call in calls("collect")}
    assert {place: engine for place, engine in engines.items() if engine != "in-memory"} == {}


def test_joins__state_their_order_and_what_they_expect():
    joins = {place: call for place, call in calls("join") if is_frame_join(call)}
    unstated = [
        place for place, call in joins.items() if None in (option(call, "maintain_order"), option(call, "validate"))
    ]
    assert unstated == []


@pytest.mark.parametrize("name", ["group_by", "group_by_dynamic", "partition_by"])
def test_grouping__states_its_order(name):
    assert [place for place, call in calls(name) if option(call, "maintain_order") is not True] == []


@pytest.mark.parametrize("name", ["print", "eval", "exec", "map_elements", "iterrows", "deserialize"])
def test_package__does_not_call(name):
    assert [place for place, _ in calls(name)] == []


def test_fastmath__is_off():
    settings = {
        place: keyword.value for place, keyword in nodes(ast.keyword) if keyword.arg in ("fastmath", "allow_pickle")
    }
    assert {place for place, value in settings.items() if getattr(value, "value", None) is not False} == set()
    assert any(place.startswith("isograph/kernels/_jit.py") for place in settings)


def test_tests__have_file_names_of_their_own():
    names = Counter(path.name for path in TESTS if path.name.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_tests__are_named_for_a_subject_and_a_behaviour():
    misnamed = [
        f"{place} {function.name}"
        for place, function in nodes(ast.FunctionDef, TESTS)
        if function.name.startswith("test") and not re.fullmatch(r"test_[a-z0-9_]+?__[a-z0-9_]+", function.name)
    ]
    assert misnamed == []


def checks_something(test: ast.FunctionDef) -> bool:
    inside = list(ast.walk(test))
    called = [getattr(node.func, "attr", getattr(node.func, "id", "")) for node in inside if isinstance(node, ast.Call)]
    return any(isinstance(node, ast.Assert) for node in inside) or any(
        name == "raises" or name.startswith(("assert_", "check")) for name in called
    )


def test_tests__assert_something():
    idle = [
        f"{place} {function.name}"
        for place, function in nodes(ast.FunctionDef, TESTS)
        if function.name.startswith("test") and not checks_something(function)
    ]
    assert idle == []

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = REPOSITORY / "tests"
MODULES = sorted(
    path.stem for path in (REPOSITORY / "isograph" / "kernels").glob("*.py") if not path.stem.startswith("_")
)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in parsed(path).body if isinstance(node, ast.FunctionDef)]


def kernels(module: str) -> list[ast.FunctionDef]:
    """The compiled functions of a kernel module."""
    return [
        function
        for function in functions(REPOSITORY / "isograph" / "kernels" / f"{module}.py")
        if any(isinstance(mark, ast.Name) and mark.id == "kernel" for mark in function.decorator_list)
    ]


PUBLIC = [(module, kernel) for module in MODULES for kernel in kernels(module) if not kernel.name.startswith("_")]
each_public_kernel = pytest.mark.parametrize(
    ("module", "kernel"), PUBLIC, ids=[f"{module}.{kernel.name}" for module, kernel in PUBLIC]
)


def imported_from(path: Path) -> set[tuple[str, str]]:
    """(module, name) of everything a file imports; ("", name) for a plain import."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            found |= {(node.module or "", alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {("", alias.name) for alias in node.names}
    return found


@pytest.mark.parametrize("module", MODULES)
def test_kernel_module__has_a_twin_and_tests(module):
    for path in (
        TESTS / "reference" / f"{module}.py",
        TESTS / "kernels" / f"test_{module}.py",
        TESTS / "property" / f"test_kernel_{module}.py",
    ):
        assert path.is_file(), f"kernels/{module}.py needs {path.relative_to(REPOSITORY)}"


def test_kernel_module__is_the_home_of_every_twin():
    assert sorted(path.stem for path in (TESTS / "reference").glob("*.py")) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_twin__knows_nothing_of_isograph_and_is_not_compiled(module):
    for source, name in imported_from(TESTS / "reference" / f"{module}.py"):
        assert not re.match(r"(isograph|numba)\b", source or name), f"{source} {name}"


@each_public_kernel
def test_kernel__names_its_twin_which_exists(module, kernel):
    assert f"Twin: tests/reference/{module}.py" in (ast.get_docstring(kernel) or "")
    assert kernel.name in {function.name for function in functions(TESTS / "reference" / f"{module}.py")}


@each_public_kernel
def test_kernel__is_called_by_its_tests(module, kernel):
    assert (f"isograph.kernels.{module}", kernel.name) in imported_from(TESTS / "kernels" / f"test_{module}.py")


@pytest.mark.parametrize("module", MODULES)
def test_kernel_module__compiles_every_function_and_nothing_else_does(module):
    path = REPOSITORY / "isograph" / "kernels" / f"{module}.py"
    assert [kernel.name for kernel in kernels(module)] == [function.name for function in functions(path)]
    assert "numba" not in {name for _, name in imported_from(path)} | {source for source, _ in imported_from(path)}

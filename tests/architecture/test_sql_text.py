"""What DuckDB runs: statements of ``sql/``, and text whose values went through ``isograph.database.literal``.

``Sql`` in an annotation promises such text. The checker follows it through every module: what is run, and what is
returned, passed or stored as ``Sql``, may be made of constants, of statements, of calls that return ``Sql``, and of
local names that hold nothing else. What it cannot follow is a violation.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "isograph"
MODULES = {
    str(path.relative_to(PACKAGE)): list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    for path in sorted(PACKAGE.rglob("*.py"))
}
RUNS = {"sql": 0, "execute": 0, "executemany": 0, "query": 1}
PROMISE = {"Sql"}
# A statement is read from a file of sql/, a query was looked at by isograph.database.guard; neither is made elsewhere.
TRUSTED = {"Statement": "database/statement.py", "Query": "database/guard.py"}
# The place where text becomes SQL, and the method by which users run their own SQL on their own connection.
EXEMPT = {"database/literal.py", "results/open.py:sql"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def names_in(annotation: ast.expr | None) -> set[str]:
    return set() if annotation is None else {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}


def is_promise(annotation: ast.expr | None) -> bool:
    """Whether an annotation is of SQL text, or of a collection of it."""
    return bool(names_in(annotation) & PROMISE)


def is_trusted(annotation: ast.expr | None) -> bool:
    """Whether an annotation is of SQL text, of a statement or of a checked query, or of a collection of them."""
    return bool(names_in(annotation) & {*PROMISE, *TRUSTED})


class Promises:
    """What the package promises to be SQL: results of functions, their parameters, and fields of classes."""

    def __init__(self, modules: dict[str, list[ast.AST]]) -> None:
        self.functions: dict[str, dict[str, Function]] = {}
        self.fields: dict[str, set[str]] = {}
        for place, nodes in modules.items():
            for node in nodes:
                if isinstance(node, Function):
                    self.functions.setdefault(node.name, {})[place] = node
                if isinstance(node, ast.ClassDef):
                    entries = (entry for entry in node.body if isinstance(entry, ast.AnnAssign))
                    self.fields[node.name] = {entry.target.id for entry in entries if is_promise(entry.annotation)}

    def named(self, name: str, place: str) -> list[Function]:
        """The functions that a call of that name may mean: that of the module itself, or else any."""
        functions = self.functions.get(name, {})
        return [functions[place]] if place in functions else list(functions.values())

    def promised_fields(self, name: str) -> set[str]:
        """The keywords by which a call of that name stores SQL in a class."""
        return set().union(*self.fields.values()) if name == "replace" else self.fields.get(name, set())


def arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


class Scope:
    """A function, and everything that each of its local names may hold."""

    def __init__(self, place: str, function: Function, promises: Promises) -> None:
        self.place = place
        self.function = function
        self.promises = promises
        self.parameters = {argument.arg: is_trusted(argument.annotation) for argument in arguments(function)}
        self.checking: set[str] = set()

    @cached_property
    def held(self) -> dict[str, list[ast.expr]]:
        """The values, or collections of them, that each local name may hold."""
        held: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.function):
            for target, value in bindings(node):
                for name in names_bound(target):
                    held.setdefault(name, []).append(value)
        return held

    def is_sql(self, node: ast.expr | None) -> bool:
        match node:
            case None | ast.Constant() | ast.Compare():
                return True
            case ast.JoinedStr(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return all(map(self.is_sql, parts))
            case ast.BoolOp(values=parts):
                return all(map(self.is_sql, parts))
            case ast.Dict(keys=keys, values=values):
                return all(map(self.is_sql, [*keys, *values]))
            case ast.FormattedValue(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.is_sql(value)
            case ast.Subscript(value=value):
                return self.is_sql(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.is_sql(left) and self.is_sql(right)
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_sql(body) and self.is_sql(orelse)
            case ast.ListComp(elt=element) | ast.GeneratorExp(elt=element) | ast.SetComp(elt=element):
                return self.is_sql(element)
            case ast.DictComp(key=key, value=value):
                return self.is_sql(key) and self.is_sql(value)
            case ast.Attribute(value=value, attr=name):
                return name in self.promises.promised_fields("replace") or self.is_sql(value)
            case ast.Name(id=name):
                return self.is_name_sql(name)
            case ast.Call():
                return self.is_call_sql(node)
        return False

    def is_name_sql(self, name: str) -> bool:
        if name.strip("_").isupper():
            return True
        if name in self.checking:  # NOTE: held by itself, as in a loop; the other values decide.
            return True
        if name not in self.held:
            return self.parameters.get(name, False)
        self.checking.add(name)
        values = all(map(self.is_sql, self.held[name]))
        self.checking.discard(name)
        return values and self.parameters.get(name, True)

    def is_call_sql(self, call: ast.Call) -> bool:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        match call.func:
            case ast.Attribute(value=ast.Name(id="literal")):
                return True
            case ast.Name(id="map"):
                return is_literal(call.args[0]) or all(map(self.is_sql, given))
            case ast.Name(id="enumerate" | "zip" | "sorted" | "list" | "tuple" | "reversed"):
                return all(map(self.is_sql, given))
            case ast.Name(id="len" | "range"):
                return True
            case ast.Name(id=name):
                called = self.promises.named(name, self.place)
                return bool(called) and all(is_trusted(function.returns) for function in called)
            case ast.Attribute(value=receiver):
                return self.is_sql(receiver) and all(map(self.is_sql, given))
        return False

    def violations(self) -> Iterator[ast.expr]:
        """What is run, returned, passed or stored as SQL and cannot be followed back to it."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and is_promise(self.function.returns):
                yield from self.unless_sql(node.value)
            if isinstance(node, ast.AnnAssign) and is_promise(node.annotation):
                yield from self.unless_sql(node.value)
            if isinstance(node, ast.Call):
                yield from self.call_violations(node)

    def call_violations(self, call: ast.Call) -> Iterator[ast.expr]:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if isinstance(call.func, ast.Attribute) and name in RUNS:
            yield from self.unless_sql(call.args[RUNS[name]] if len(call.args) > RUNS[name] else call)
        if not isinstance(call.func, ast.Name):
            return
        stored = self.promises.promised_fields(name)
        for function in self.promises.named(name, self.place):
            stored |= {argument.arg for argument in arguments(function) if is_promise(argument.annotation)}
            for argument, value in zip(arguments(function), call.args, strict=False):
                if is_promise(argument.annotation):
                    yield from self.unless_sql(value)
        for keyword in call.keywords:
            if keyword.arg in stored:
                yield from self.unless_sql(keyword.value)

    def unless_sql(self, node: ast.expr | None) -> Iterator[ast.expr]:
        if node is not None and not self.is_sql(node):
            yield node


def is_literal(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "literal"


def names_bound(target: ast.expr) -> Iterator[str]:
    """The names that a target gives a value to: of ``a, b[c]``, a and b."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from names_bound(part)
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            yield from names_bound(value)


def bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Every target that a node gives a value to, with the value, or one that the values are taken from."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            yield from zip(targets, values, strict=True)
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield target, value
        case ast.NamedExpr(target=target, value=value):
            yield target, value
        case ast.For(target=ast.Tuple(elts=[number, target]), iter=ast.Call(func=ast.Name(id="enumerate"), args=args)):
            yield number, ast.Constant(0)
            yield target, args[0]
        case ast.For(target=target, iter=values) | ast.comprehension(target=target, iter=values):
            yield target, values
        case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
            yield target, value
        case ast.Call(func=ast.Attribute(value=target, attr="append" | "extend" | "add" | "update"), args=args):
            yield from ((target, value) for value in args)


def violations(modules: dict[str, list[ast.AST]]) -> list[str]:
    """Where SQL in the modules is made of something that did not go through ``literal``."""
    promises = Promises(modules)
    found = []
    for place, nodes in modules.items():
        for function in nodes:
            if isinstance(function, Function) and not EXEMPT & {place, f"{place}:{function.name}"}:
                violating = Scope(place, function, promises).violations()
                found += [f"{place}:{node.lineno}: {ast.unparse(node)}" for node in violating]
    return found


def test_sql__is_made_of_statements_and_literals():
    assert violations(MODULES) == []


def test_statements__are_read_from_files_and_queries_are_checked():
    made = {
        (node.func.id, place)
        for place, nodes in MODULES.items()
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRUSTED
    }
    assert made == {*TRUSTED.items()}


def test_sql__is_run_in_the_database_room_and_nowhere_else():
    runs = {
        place
        for place, nodes in MODULES.items()
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS
    }
    assert "database/catalog.py" in runs
    assert {place for place in runs if not place.startswith("database/")} == {"results/open.py"}


SAFE = """
    def rows(database, view: Statement, names: list[str]) -> None:
        columns = [f"CAST({literal.name(name)} AS {kind})" for name, kind in view.columns.items()]
        listed = ", ".join(map(literal.text, names))
        database.execute(f"CREATE VIEW {view.name} AS SELECT {', '.join(columns)} FROM x WHERE y IN ({listed})")
        for query in queries(names):
            database.sql(query)

    def queries(names: list[str]) -> Iterator[Sql]:
        for name in names:
            yield wrapped(f"FROM {literal.name(name)}")

    def wrapped(query: Sql) -> Sql:
        return f"SELECT * FROM ({query})"
"""
PLANTED = {
    "a value in an f-string": """
        def rows(database, name: str):
            return database.sql(f"SELECT * FROM {name}")""",
    "a value in a text put together": """
        def rows(database, name: str):
            database.execute(" ".join(("ATTACH", name)))""",
    "a value added": """
        def rows(database, name: str):
            query = "SELECT * FROM "
            query += name
            database.execute(query)""",
    "a value through format": """
        def rows(database, name: str):
            database.execute("SELECT * FROM {}".format(name))""",
    "one of several values": """
        def rows(database, names: list[str]):
            columns = [literal.name(names[0])]
            columns.append(names[1])
            database.execute(f"SELECT {', '.join(columns)}")""",
    "a value replaced into a statement": """
        def rows(database, view: Statement, name: str):
            database.execute(view.body.replace("'run'", name))""",
    "a value returned as SQL": """
        def query(name: str) -> Sql:
            return f"FROM {name}" """,
    "a value yielded as SQL": """
        def queries(names: list[str]) -> Iterator[Sql]:
            for name in names:
                yield "FROM " + name""",
    "a value passed as SQL": """
        def rows(database, name: str):
            return wrapped(f"FROM {name}")

        def wrapped(query: Sql) -> Sql:
            return f"SELECT * FROM ({query})" """,
    "a value stored as SQL": """
        class Contents:
            counts: dict[str, Sql]

        def contents(name: str):
            return Contents(counts={"genes": f"FROM {name}"})""",
    "a value of unknown origin": """
        def rows(database):
            database.sql(request())""",
}


def module(source: str) -> dict[str, list[ast.AST]]:
    return {"database/planted.py": list(ast.walk(ast.parse(textwrap.dedent(source))))}


def test_violations__are_none_in_text_that_is_safe():
    assert violations(module(SAFE)) == []


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_violations__are_seen_where_they_are_planted(planted):
    assert len(violations(module(planted))) == 1

"""Whether a file of a run can stand in a view: there, as it was written, readable, with the columns the view needs."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from isograph.database.statement import Statement, statements
from isograph.database.tree import File, Problem, Run, Tree
from isograph.errors import examples

# NOTE: these come from the path, or are numbered on reading.
_NOT_IN_FILES = {"run", "module_id", "sample_row", "gene_row", "transcript_row"}


@dataclass(frozen=True, slots=True)
class Sound:
    """A file that a view may read.

    Attributes
    ----------
    columns : names of a parquet file's columns, in order; empty for other files.
    """

    run: Run
    file: File
    columns: tuple[str, ...] = ()


def sound_files(tree: Tree, tables: Collection[str] | None = None) -> tuple[dict[str, list[Sound]], list[Problem]]:
    """Return the files of each table that can be read, and what is wrong with the others.

    Parameters
    ----------
    tables : the tables to look at; None for all. Files of others are neither read nor returned.
    """
    views = statements("artifact")
    sound: dict[str, list[Sound]] = {}
    problems: list[Problem] = []
    for run in tree.runs:
        for file in run.files:
            table = file.table.partition("/")[0]
            if tables is not None and table not in tables:
                continue
            columns, problem = _inspected(tree.root / file.path, file, views.get(table))
            if problem:
                problems.append(Problem(file.path, problem))
            else:
                sound.setdefault(table, []).append(Sound(run, file, columns))
    if "feature_scores" in sound:
        sound["feature_scores"], clashing = _apart(sound["feature_scores"])
        problems += clashing
    return sound, problems


def _inspected(path: Path, file: File, view: Statement | None) -> tuple[tuple[str, ...], str]:
    """Return the columns of a file and what is wrong with it; nothing is wrong where the text is empty."""
    try:
        problem = _content_problem(path, file)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}."
    if problem or path.suffix == ".npz":
        return (), problem
    if path.suffix == ".json":
        return (), _json_problem(path)
    try:
        with path.open("rb") as handle:
            schema = pl.read_parquet_schema(handle)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        return (), "is not a parquet file that can be read: it is damaged or was not written to its end."
    return tuple(schema), "" if view is None else _schema_problem(schema, view, file)


def _content_problem(path: Path, file: File) -> str:
    if not path.is_file():
        return "the manifest lists it, but it is not there."
    if file.n_bytes is not None and path.stat().st_size != file.n_bytes:
        return f"is {path.stat().st_size:,} bytes, {file.n_bytes:,} were written."
    if file.sha256 is not None:
        with path.open("rb") as handle:
            if hashlib.file_digest(handle, "sha256").hexdigest() != file.sha256:
                return "changed since it was written: its sha256 is not the one in the manifest."
    return ""


def _json_problem(path: Path) -> str:
    try:
        orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        return f"is not JSON: {error}."
    return ""


def _schema_problem(schema: Mapping[str, pl.DataType], view: Statement, file: File) -> str:
    inside = {name: kind for name, kind in view.columns.items() if name not in _NOT_IN_FILES}
    if "module_id" in view.columns and file.module_id is None:
        inside["module_id"] = view.columns["module_id"]
    key = view.grain.removeprefix("one row per ").split(", ")
    if lacking := [name for name in key if name in inside and name not in schema]:
        return f"lacks the columns {examples(lacking)}."
    wrong = [
        f"{name} is {schema[name]}" for name, kind in inside.items() if name in schema and not _is(kind, schema[name])
    ]
    if wrong:
        return f"has columns of another type: {examples(wrong)}."
    folded: dict[str, str] = {}
    for name in schema:
        if (other := folded.setdefault(name.casefold(), name)) != name:
            return f"has columns that differ in case only, which SQL cannot tell apart: {examples((other, name))}."
    return ""


def _is(kind: str, dtype: pl.DataType) -> bool:
    if kind == "DOUBLE":
        return dtype.is_numeric()
    if kind == "BIGINT":
        return dtype.is_integer()
    return dtype == pl.Boolean() if kind == "BOOLEAN" else not dtype.is_nested() and dtype != pl.Binary()


def _apart(found: list[Sound]) -> tuple[list[Sound], list[Problem]]:
    """Return the feature scores whose samples SQL can tell apart, and a problem for each of the others."""
    spelled: dict[str, tuple[str, Sound]] = {}
    kept, problems = [], []
    for entry in found:
        others = [spelled.get(name.casefold(), (name, entry)) for name in entry.columns]
        clashing = [(name, other) for name, (other, _) in zip(entry.columns, others, strict=True) if other != name]
        if "run" in {name.casefold() for name in entry.columns}:
            problems.append(Problem(entry.file.path, "has a sample named 'run', as the column that names the run."))
        elif clashing:
            told = ", ".join(f"'{name}' here and '{other}' elsewhere" for name, other in clashing[:3])
            problems.append(Problem(entry.file.path, f"has samples that SQL cannot tell apart: {told}."))
        else:
            kept.append(entry)
            for name in entry.columns:
                spelled.setdefault(name.casefold(), (name, entry))
    return kept, problems

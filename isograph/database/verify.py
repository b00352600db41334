"""Which files of the runs a view can read: there, as they were written, readable, with the columns the view needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import polars as pl

from isograph.database.literal import Sql
from isograph.database.statement import Statement, statements
from isograph.database.tree import File, Problem, Run, Tree
from isograph.errors import InputError, examples
from isograph.store.files import file_digest

# NOTE: these come from the path, or are numbered on reading.
_NOT_IN_FILES = {"run", "module_id", "sample_row", "gene_row", "transcript_row"}


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A file that a view may read.

    Attributes
    ----------
    columns : names of a parquet file's columns, in order; empty for other files.
    """

    run: Run
    file: File
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What the views of a catalog read.

    Attributes
    ----------
    files : by table, those that can be read.
    problems : what is left out, and why.
    counts : count table → the query its rows come from, of those that can be had.
    traits : names of the traits of any run, in order of their names.
    """

    tree: Tree
    files: Mapping[str, Sequence[ReadableFile]]
    problems: Sequence[Problem]
    counts: Mapping[str, Sql] = field(default_factory=dict)
    traits: Sequence[str] = ()


def catalog_contents(tree: Tree, tables: Collection[str] | None = None) -> Contents:
    """Return what the views of a catalog of the tree read, every file compared with its digest.

    Parameters
    ----------
    tables : the tables whose files are looked at; None for all. Files of others are neither read nor returned.
    """
    views = statements("artifact")
    files: dict[str, list[ReadableFile]] = {}
    problems = list(tree.problems)
    for run in tree.runs:
        for file in run.files:
            table = file.table.partition("/")[0]
            if tables is not None and table not in tables:
                continue
            try:
                columns = _columns(tree.root / file.path, file, views.get(table))
            except InputError as error:
                problems.append(Problem(file.path, error.violations[0]))
            except OSError as error:
                problems.append(Problem(file.path, f"cannot be read: {error.strerror}."))
            else:
                files.setdefault(table, []).append(ReadableFile(run, file, columns))
    if "feature_scores" in files:
        files["feature_scores"], clashing = _distinct_samples(files["feature_scores"])
        problems += clashing
    # Of traits whose names differ in case only, which SQL cannot tell apart, the first stands for all.
    traits: dict[str, str] = {}
    for entry in files.get("traits", ()):
        column = pl.scan_parquet(tree.root / entry.file.path, glob=False, hive_partitioning=False).select("trait")
        for trait in column.collect(engine="in-memory").get_column("trait").unique().sort():
            traits.setdefault(str(trait).casefold(), str(trait))
    return Contents(tree, files, problems, traits=sorted(traits.values()))


def _columns(path: Path, file: File, view: Statement | None) -> tuple[str, ...]:
    """Return the columns of a parquet file, nothing for other files.

    Raises
    ------
    InputError
        The file is not as it was written, is damaged, or does not have the columns that the view needs.
    """
    if not path.is_file():
        raise InputError(file.path, "the manifest lists it, but it is not there.")
    n_bytes = path.stat().st_size
    if file.n_bytes is not None and n_bytes != file.n_bytes:
        raise InputError(file.path, f"is {n_bytes:,} bytes, {file.n_bytes:,} were written.")
    if file.sha256 is not None and file_digest(path) != file.sha256:
        raise InputError(file.path, "changed since it was written: its sha256 is not the one in the manifest.")
    if path.suffix == ".json":
        try:
            orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as error:
            raise InputError(file.path, f"is not JSON: {error}.") from None
    if path.suffix in (".json", ".npz"):
        return ()
    try:
        with path.open("rb") as handle:
            schema = pl.read_parquet_schema(handle)
    except MemoryError:
        raise
    # NOTE: a panic inside Polars is a BaseException.
    except (Exception, pl.exceptions.PanicException):
        message = "is not a parquet file that can be read: it is damaged or was not written to its end."
        raise InputError(file.path, message) from None
    if view is not None and (problem := _schema_problem(schema, view, file)):
        raise InputError(file.path, problem)
    return tuple(schema)


def _schema_problem(schema: Mapping[str, pl.DataType], view: Statement, file: File) -> str:
    expected = {name: kind for name, kind in view.columns.items() if name not in _NOT_IN_FILES}
    if "module_id" in view.columns and file.module_id is None:
        expected["module_id"] = view.columns["module_id"]
    key = view.grain.removeprefix("one row per ").split(", ")
    if lacking := [name for name in key if name in expected and name not in schema]:
        return f"lacks the columns {examples(lacking)}."
    wrong = [
        f"{name} is {schema[name]}"
        for name, kind in expected.items()
        if name in schema and not _is_of_type(schema[name], kind)
    ]
    if wrong:
        return f"has columns of another type: {examples(wrong)}."
    folded: dict[str, str] = {}
    for name in schema:
        if (earlier := folded.setdefault(name.casefold(), name)) != name:
            return f"has columns that differ in case only, which SQL cannot tell apart: {examples((earlier, name))}."
    return ""


def _is_of_type(dtype: pl.DataType, kind: str) -> bool:
    """Whether a column can be cast to a type of SQL without losing what it means."""
    if kind == "DOUBLE":
        return dtype.is_numeric()
    if kind == "BIGINT":
        return dtype.is_integer()
    return dtype == pl.Boolean() if kind == "BOOLEAN" else not dtype.is_nested() and dtype != pl.Binary()


def _distinct_samples(files: list[ReadableFile]) -> tuple[list[ReadableFile], list[Problem]]:
    """Return the feature scores whose samples SQL can tell apart, and a problem for each of the others."""
    spelled: dict[str, str] = {}
    distinct, problems = [], []
    for entry in files:
        spellings = [(name, spelled.get(name.casefold(), name)) for name in entry.columns]
        clashing = [f"'{name}' here and '{earlier}' elsewhere" for name, earlier in spellings if earlier != name]
        if "run" in {name.casefold() for name in entry.columns}:
            problems.append(Problem(entry.file.path, "has a sample named 'run', as the column that names the run."))
        elif clashing:
            message = f"has samples that SQL cannot tell apart: {', '.join(clashing[:3])}."
            problems.append(Problem(entry.file.path, message))
        else:
            distinct.append(entry)
            for name in entry.columns:
                spelled.setdefault(name.casefold(), name)
    return distinct, problems

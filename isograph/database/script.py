"""The script of a catalog: the statements that make its views, macros and comments over the files of runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import isograph
from isograph.database import literal
from isograph.database.bundle_view import MATRIX_OF, ROW_NUMBERS
from isograph.database.column_docs import column_comment
from isograph.database.connection import literal_path
from isograph.database.literal import Sql
from isograph.database.statement import Statement, statements
from isograph.database.verify import Contents, ReadableFile
from isograph.text import glob_literal

SCHEMA = "files"
MADE_BY = "-- Made by isograph"
VERSION = isograph.__version__
ROOT_VARIABLE = "artifacts"
COUNT_TABLES = tuple(MATRIX_OF)
JSON_TABLES = {
    "config_json": ("run", "kind", "content"),
    "calibration_json": ("run", "content"),
    "report_json": ("run", "report", "content"),
}
# NOTE: views that read other views come after them.
DERIVED = ("gene_names", "feature_scores_long", "config", "calibration", "metrics", "role_counts", "trait_matrix")
NO_COUNTS = (
    "the counts of a bundle are in no parquet file, and this catalog was made without --counts. Make it with --counts, "
    'or ask with: isograph sql --bundle BUNDLE "..."'
)
_PARAMETER = re.compile(r"\$([a-z_]+)")
_TRAITS = "IN ('trait')"
_FILE = "isograph_file"


def script_text(contents: Contents) -> Sql:
    """Return the catalog as a script that any DuckDB since 1.3 can run: ``duckdb -init catalog.sql``."""
    made = "\n".join(f"{statement};\n" for statement in script(contents))
    return (
        f"{MADE_BY} {VERSION}; made again by isograph catalog.\n"
        "-- If the directory moves, this is the line to edit:\n"
        f"SET VARIABLE {ROOT_VARIABLE} = {literal.text(contents.tree.root)};\n\n"
        f"{made}"
    )


def script(contents: Contents) -> Iterator[Sql]:
    """Yield the statements of the catalog, each without its semicolon."""
    views = statements("artifact")
    yield f"CREATE SCHEMA {SCHEMA}"
    for table in JSON_TABLES:
        yield f"CREATE VIEW {SCHEMA}.{table} AS\n{_json_query(contents, table)}"
    for view in (views[name] for name in view_names()):
        if view.name not in DERIVED:
            yield f"CREATE VIEW {SCHEMA}.{view.name} AS\n{_files_query(contents, view)}"
        body = view.body
        if view.name == "trait_matrix" and contents.traits:
            body = body.replace(_TRAITS, f"IN ({', '.join(map(literal.text, contents.traits))})")
        if view.name == "feature_scores_long" and not contents.files.get("feature_scores"):
            # NOTE: DuckDB refuses to unpivot a table without a sample.
            body = _empty_query(view)
        yield f"CREATE VIEW {view.name} AS\n{body}"
        yield f"COMMENT ON VIEW {view.name} IS {literal.text(view.comment)}"
        for column in view.columns:
            comment = literal.text(column_comment(view.name, column))
            yield f"COMMENT ON COLUMN {view.name}.{literal.name(column)} IS {comment}"
    for macro in statements("macro").values():
        body = _PARAMETER.sub(r"\1", macro.body)
        yield f"CREATE MACRO {macro.signature} AS TABLE\n{body}"
        yield f"COMMENT ON MACRO TABLE {macro.name} IS {literal.text(macro.comment)}"


def view_names() -> tuple[str, ...]:
    """Return the names of the views, those that read others last."""
    plain = (name for name in statements("artifact") if name not in (*DERIVED, *COUNT_TABLES))
    return (*plain, *COUNT_TABLES, *DERIVED)


def file_query(root: Path, file: Path) -> Sql:
    """Return the query of all rows of one parquet file; below the root it is found where the root is."""
    inside = file.is_relative_to(root)
    path = _located(root, [file.relative_to(root).as_posix()]) if inside else literal.text(literal_path(file))
    return f"SELECT *\nFROM read_parquet({path}, hive_partitioning = FALSE)"


def _files_query(contents: Contents, view: Statement) -> Sql:
    """Return the query of the rows that the view of a table reads, with the columns the view declares."""
    files = contents.files.get(view.name, ())
    if view.name == "runs":
        facts = ("dataset", "backend", "seed", "isograph_version", "fit")
        runs = contents.tree.runs
        return _rows_query(view, [(run.name, run.kind, run.path, *map(run.facts.get, facts)) for run in runs])
    if view.name == "problems":
        return _rows_query(view, [(problem.path, problem.problem) for problem in sorted({*contents.problems})])
    if view.name in COUNT_TABLES:
        return contents.counts.get(view.name) or _empty_query(view, refusal=NO_COUNTS if files else "")
    return _parquet_query(contents.tree.root, view, files) if files else _empty_query(view)


def _json_query(contents: Contents, table: str) -> Sql:
    """Return the query of the JSON documents of a table, one row a file."""
    files, columns = contents.files.get(table, ()), JSON_TABLES[table]
    if not files:
        return _select([f"CAST(NULL AS VARCHAR) AS {name}" for name in columns], "WHERE FALSE")
    root = contents.tree.root
    values = {
        "run": {entry.file.path: entry.run.name for entry in files},
        "kind": {entry.file.path: entry.run.kind for entry in files},
        "report": {entry.file.path: entry.file.table.partition("/")[2] for entry in files},
    }
    selected = [name if name == "content" else _looked_up(root, values[name], "filename", name) for name in columns]
    return _select(selected, f"FROM read_text({_located(root, (entry.file.path for entry in files))})")


def _rows_query(view: Statement, rows: Sequence[Sequence[object]]) -> Sql:
    """Return a query of literal rows with the columns of the view."""
    if not rows:
        return _empty_query(view)
    names = ", ".join(map(literal.name, view.columns))
    values = ",\n".join(f"    ({', '.join(map(literal.text, row))})" for row in rows)
    columns = [
        f"CAST({literal.name(column)} AS {kind}) AS {literal.name(column)}" for column, kind in view.columns.items()
    ]
    return _select(columns, f"FROM (VALUES\n{values}\n) AS listed({names})")


def _empty_query(view: Statement, *, refusal: str = "") -> Sql:
    """Return a query of no rows with the columns of the view; with a refusal it raises when it is asked."""
    # NOTE: the refusal is in every column, so that no filter can decide the query before it raises.
    value = f"error({literal.text(refusal)})" if refusal else "NULL"
    where = f"WHERE {value} IS NOT NULL" if refusal else "WHERE FALSE"
    return _select([f"CAST({value} AS {kind}) AS {literal.name(name)}" for name, kind in view.columns.items()], where)


def _parquet_query(root: Path, view: Statement, files: Sequence[ReadableFile]) -> Sql:
    """Return the query of the rows of parquet files, a column that none of them has as NULL."""
    in_files = {name for entry in files for name in entry.columns}
    columns = [_looked_up(root, {entry.file.path: entry.run.name for entry in files}, _FILE, "run")]
    read = {_FILE}
    row_number = ROW_NUMBERS.get(view.name)
    for name, kind in view.columns.items():
        if name == "module_id" and files[0].file.module_id is not None:
            columns.append(f"split_part({_FILE}, '/', -2) AS module_id")
        elif name == row_number:
            columns.append(f"file_row_number AS {literal.name(name)}")
            read.add("file_row_number")
        elif name in in_files:
            columns.append(f"CAST({literal.name(name)} AS {kind}) AS {literal.name(name)}")
            read.add(name)
        elif name != "run":
            columns.append(f"CAST(NULL AS {kind}) AS {literal.name(name)}")
    if view.more_columns:
        # A column of the files that is named like one of ours is file_….
        clashing = {name for name in in_files - read if name.casefold() in {"run", *view.columns}}
        columns += [f"{literal.name(name)} AS {literal.name(f'file_{name}')}" for name in sorted(clashing)]
        if in_files - read - clashing:
            columns.append(f"* EXCLUDE ({', '.join(map(literal.name, sorted(read | clashing)))})")
    options = f"union_by_name = TRUE, hive_partitioning = FALSE, filename = {literal.text(_FILE)}"
    if row_number is not None:
        options += ", file_row_number = TRUE"
    return _select(columns, f"FROM read_parquet({_located(root, (entry.file.path for entry in files))}, {options})")


def _located(root: Path, paths: Iterable[str]) -> Sql:
    """Return the list of files below the root as DuckDB's readers take it: glob characters lose their meaning."""
    escaped = f"regexp_replace({_root(root)}, '([*?\\[])', '[\\1]', 'g')"
    return f"list_transform({literal.texts(map(glob_literal, paths))}, LAMBDA f: {escaped} || '/' || f)"


def _looked_up(root: Path, values: Mapping[str, str], file_column: str, column: str) -> Sql:
    """Return a column whose value goes with the file that a row is of."""
    path = f"substr({literal.name(file_column)}, length({_root(root)}) + 2)"
    return f"CAST({literal.mapping(values)}[{path}] AS VARCHAR) AS {literal.name(column)}"


def _root(root: Path) -> Sql:
    """Return the directory of the runs: where a variable says, or else where it was."""
    return f"rtrim(coalesce(getvariable('{ROOT_VARIABLE}'), {literal.text(root)}), '/')"


def _select(columns: Iterable[Sql], source: Sql) -> Sql:
    lines = ",\n".join(f"    {column}" for column in columns)
    return f"SELECT\n{lines}\n{source}"

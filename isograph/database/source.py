"""The queries that read the files of runs: what the views of a catalog stand on.

What is put into a query is a literal or a quoted name of ``isograph.database.literal``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from isograph.database import literal
from isograph.database.connection import literal_path
from isograph.database.contents import Contents
from isograph.database.statement import Statement
from isograph.database.tree import Run
from isograph.database.verify import Sound

ROOT_VARIABLE = "artifacts"
COUNT_TABLES = ("transcript_counts", "gene_counts")
JSON_TABLES = {
    "config_json": ("run", "kind", "content"),
    "calibration_json": ("run", "content"),
    "report_json": ("run", "report", "content"),
}
ROW_NUMBERS = {"samples": "sample_row", "genes": "gene_row", "transcripts": "transcript_row"}
NO_COUNTS = (
    "the counts of a bundle are in no parquet file, and this catalog was made without --counts. Make it with --counts, "
    'or ask with: isograph sql --bundle BUNDLE "..."'
)
_FILE = "isograph_file"


def source_query(contents: Contents, view: Statement) -> str:
    """Return the query of the rows that the view of a table reads, with the columns the view declares."""
    files = contents.files.get(view.name, ())
    if view.name == "runs":
        return _values(view, [_run_row(run) for run in contents.tree.runs])
    if view.name == "problems":
        return _values(view, [(problem.path, problem.problem) for problem in sorted({*contents.problems})])
    if view.name in COUNT_TABLES:
        return contents.counts.get(view.name) or _values(view, [], refused=NO_COUNTS if files else "")
    return _parquet_query(contents.tree.root, view, files) if files else _values(view, [])


def json_query(contents: Contents, table: str) -> str:
    """Return the query of the JSON documents of a table, one row a file."""
    files, columns = contents.files.get(table, ()), JSON_TABLES[table]
    if not files:
        return _select((f"CAST(NULL AS VARCHAR) AS {name}" for name in columns), "WHERE FALSE")
    root = contents.tree.root
    values = {
        "run": {entry.file.path: entry.run.name for entry in files},
        "kind": {entry.file.path: entry.run.kind for entry in files},
        "report": {entry.file.path: entry.file.table.partition("/")[2] for entry in files},
    }
    listed = [name if name == "content" else _looked_up(root, values[name], "filename", name) for name in columns]
    return _select(listed, f"FROM read_text({located(root, (entry.file.path for entry in files))})")


def empty_query(view: Statement) -> str:
    """Return a query of no rows, with the columns the view declares."""
    return _values(view, [])


def located(root: Path, paths: Iterable[str]) -> str:
    """Return the list of the files as DuckDB's readers take it: glob characters lose their meaning."""
    escaped = f"regexp_replace({_root(root)}, '([*?\\[])', '[\\1]', 'g')"
    relative = literal.texts(
        "".join(f"[{character}]" if character in "*?[" else character for character in path) for path in paths
    )
    return f"list_transform({relative}, LAMBDA f: {escaped} || '/' || f)"


def file_query(root: Path, file: Path) -> str:
    """Return the query of all rows of one parquet file; below the root it is found where the root is."""
    inside = file.is_relative_to(root)
    place = located(root, [file.relative_to(root).as_posix()]) if inside else literal.text(literal_path(file))
    return _select(["*"], f"FROM read_parquet({place}, hive_partitioning = FALSE)")


def _root(root: Path) -> str:
    """Return the directory of the runs: where a variable says, or else where it was."""
    return f"rtrim(coalesce(getvariable('{ROOT_VARIABLE}'), {literal.text(root)}), '/')"


def _looked_up(root: Path, values: Mapping[str, str], file_column: str, column: str) -> str:
    """Return a column that goes with the file a row is of."""
    relative = f"substr({file_column}, length({_root(root)}) + 2)"
    return f"CAST({literal.mapping(values)}[{relative}] AS VARCHAR) AS {column}"


def _select(columns: Iterable[str], rest: str) -> str:
    return "\n".join(("SELECT", ",\n".join(f"    {column}" for column in columns), rest))


def _run_row(run: Run) -> tuple[object, ...]:
    named = (run.facts.get(key) for key in ("dataset", "backend", "seed", "isograph_version", "fit"))
    return (run.name, run.kind, run.path, *named)


def _values(view: Statement, rows: Sequence[Sequence[object]], *, refused: str = "") -> str:
    """Return a query of literal rows with the types of the view; ``refused`` makes it raise when it is asked."""
    types = {literal.name(column): kind for column, kind in view.columns.items()}
    if not rows:
        value = f"error({literal.text(refused)})" if refused else "NULL"
        # NOTE: in every column, so that no filter can decide the query before it raises.
        where = f"WHERE {value} IS NOT NULL" if refused else "WHERE FALSE"
        return _select((f"CAST({value} AS {kind}) AS {column}" for column, kind in types.items()), where)
    listed = ",\n".join(f"    ({', '.join(map(literal.text, row))})" for row in rows)
    cast = (f"CAST({column} AS {kind}) AS {column}" for column, kind in types.items())
    return _select(cast, f"FROM (VALUES\n{listed}\n) AS listed({', '.join(types)})")


def _parquet_query(root: Path, view: Statement, files: Sequence[Sound]) -> str:
    there = {name for entry in files for name in entry.columns}
    columns = [_looked_up(root, {entry.file.path: entry.run.name for entry in files}, _FILE, "run")]
    used = {_FILE}
    row_number = ROW_NUMBERS.get(view.name)
    for name, kind in view.columns.items():
        if name == "module_id" and files[0].file.module_id is not None:
            columns.append(f"split_part({_FILE}, '/', -2) AS module_id")
        elif name == row_number:
            columns.append(f"file_row_number AS {name}")
            used.add("file_row_number")
        elif name in there:
            columns.append(f"CAST({literal.name(name)} AS {kind}) AS {literal.name(name)}")
            used.add(name)
        elif name != "run":
            columns.append(f"CAST(NULL AS {kind}) AS {literal.name(name)}")
    if view.more_columns:
        columns += _more_columns(view, there, used)
    options = ["union_by_name = TRUE", "hive_partitioning = FALSE", f"filename = '{_FILE}'"]
    options += ["file_row_number = TRUE"] if row_number else []
    listed = located(root, (entry.file.path for entry in files))
    return _select(columns, f"FROM read_parquet({listed}, {', '.join(options)})")


def _more_columns(view: Statement, there: set[str], used: set[str]) -> list[str]:
    """Return the columns besides the declared ones; one of theirs that is named like one of ours is file_…."""
    ours = {"run", *view.columns}
    clashing = sorted(name for name in there - used if name.casefold() in ours)
    excluded = ", ".join(map(literal.name, sorted(used.union(clashing))))
    renamed = [f"{literal.name(name)} AS {literal.name(f'file_{name}')}" for name in clashing]
    rest = there - used - {*clashing}
    return [*renamed, *([f"* EXCLUDE ({excluded})"] if rest else [])]

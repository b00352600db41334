"""Tables of the user that a module is explained with: features, module scores, annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError, examples, option
from isograph.explanation.feature import Features
from isograph.ingest.table import UserTable, read_user_table
from isograph.schemas import GENE_NAME, Table

META_COLUMNS = ("gene_id", "transcript_id", "feature_type")
KEYS = ("transcript_id", "feature_id", "gene_id")


def read_features(path: Path, meta: Path | None, sample_ids: Sequence[str]) -> Features:
    """Return the features of a table: ``feature_id`` and one column per sample, missing values empty or NaN.

    ``gene_id``, and where there are any ``transcript_id`` and ``feature_type``, stand in the same table or in ``meta``.
    A row without a transcript is a feature of the gene; without a type it is of type given. Values are taken as they
    are.

    Raises
    ------
    InputError
        A table cannot be read; ids are missing or repeated; samples of the fit have no column; values are no numbers.
    """
    table = read_user_table(path)
    rows = _texts(table, ("feature_id", *META_COLUMNS))
    problems = _id_problems(rows, "feature_id")
    if missing := [name for name in sample_ids if name not in table.header]:
        problems.append(
            f"{len(missing)} of {len(sample_ids)} samples of the fit have no column: {examples(missing)}. Add them."
        )
    if problems:
        raise InputError(path.name, problems)
    values, problems = table.numbers([table.header.index(name) for name in sample_ids])
    if np.isinf(values).any():
        problems.append("infinite values. Every value is a number or missing.")
    if problems:
        raise InputError(path.name, problems)
    if meta is not None:
        columns = _texts(read_user_table(meta), ("feature_id", *META_COLUMNS))
        if problems := _id_problems(columns, "feature_id"):
            raise InputError(meta.name, problems)
        # What stands in both tables is taken from ``meta``.
        rows = rows.select("feature_id", pl.exclude(columns.columns)).join(
            columns, on="feature_id", how="left", validate="1:1", maintain_order="left"
        )
    without_gene = rows.filter(pl.col("gene_id").is_null()) if "gene_id" in rows.columns else rows
    if without_gene.height:
        ids, remedy = examples(without_gene["feature_id"]), f"feature table or with {option('feature_meta')}."
        message = f"{without_gene.height} features without a gene_id: {ids}. Give one in the {remedy}"
        raise InputError((meta or path).name, message)
    rows = rows.with_columns(
        pl.lit(None, pl.String).alias(name) for name in META_COLUMNS if name not in rows.columns
    ).with_columns(pl.col("feature_type").fill_null("given"))
    return Features(rows.select("feature_id", *META_COLUMNS), values)


def read_module_scores(path: Path, module_ids: Sequence[str], sample_ids: Sequence[str]) -> Matrix:
    """Return the scores of modules in samples: ``module_id``, ``sample_id`` and ``eigengene`` or ``score``, long.

    A pair without a row, or with an empty value, is NaN.

    Raises
    ------
    InputError
        The table cannot be read, lacks a column or a module, names a sample the fit does not have, repeats a pair, or
        holds something else than numbers.
    """
    table = read_user_table(path)
    keys = _texts(table, ("module_id", "sample_id"))
    score_columns = [name for name in ("eigengene", "score") if name in table.header]
    problems = [f"no column '{name}'" for name in ("module_id", "sample_id") if name not in keys.columns]
    problems += [] if score_columns else ["no column 'eigengene' or 'score'"]
    if problems:
        raise InputError(path.name, problems)
    values, problems = table.numbers([table.header.index(score_columns[0])])
    scores = keys.with_columns(value=values[:, 0]).filter(pl.col("module_id").is_in(module_ids))
    absent = [name for name in module_ids if name not in set(scores.get_column("module_id"))]
    foreign = scores.filter(~pl.col("sample_id").is_in(sample_ids) | pl.col("sample_id").is_null())
    repeated = scores.filter(scores.select("module_id", "sample_id").is_duplicated())
    if absent:
        problems.append(f"{len(absent)} modules without a score: {examples(absent)}")
    if foreign.height:
        samples = examples(foreign.get_column("sample_id").unique(maintain_order=True))
        problems.append(f"{foreign.height} rows of samples that the fit does not have: {samples}")
    if repeated.height:
        problems.append(f"{repeated.height} rows that repeat a module and sample, as {examples(repeated.row(0)[:2])}")
    if problems:
        raise InputError(path.name, problems)
    grid = pl.DataFrame(
        {
            "module_id": np.repeat(np.array(module_ids, dtype=object), len(sample_ids)),
            "sample_id": list(sample_ids) * len(module_ids),
        },
        schema={"module_id": pl.String, "sample_id": pl.String},
    )
    filled = grid.join(
        scores, on=["module_id", "sample_id"], how="left", validate="1:1", maintain_order="left"
    ).get_column("value")
    return filled.fill_null(float("nan")).to_numpy().reshape(len(module_ids), len(sample_ids))


@dataclass(frozen=True, slots=True)
class Annotation:
    """Columns by id, to be added to the tables of a module.

    Attributes
    ----------
    key : ``transcript_id``, ``feature_id`` or ``gene_id``.
    rows : one row an id, the key first.
    """

    key: str
    rows: pl.DataFrame

    def refuse_clashes(self, tables: Iterable[Table], name: str) -> None:
        """Raise where a column is called as one of the tables it would be added to, but for symbols of genes.

        name: what the message calls the annotation.

        Raises
        ------
        InputError
            Names every such column.
        """
        taken = {column for table in tables if self.key in table.schema for column in table.schema}
        taken.discard(GENE_NAME.name)
        if clashing := [column for column in self.rows.columns[1:] if column in taken]:
            message = f"{len(clashing)} columns that the tables have already: {examples(clashing)}. Rename them."
            raise InputError(name, message)

    def added_to(self, rows: pl.LazyFrame, table: Table) -> pl.LazyFrame:
        """Return the rows of ``table`` with the columns added at their end; null where the id has no annotation.

        Symbols of genes take the place of those the table has.
        """
        if self.key not in table.schema:
            return rows
        name, ours = GENE_NAME.name, f"{GENE_NAME.name}_of_table"
        replaces = name in self.rows.columns and name in table.schema
        joined = (rows.rename({name: ours}) if replaces else rows).join(
            self.rows.lazy(), on=self.key, how="left", validate="m:1", maintain_order="left"
        )
        if not replaces:
            return joined
        added = [column for column in self.rows.columns if column not in (self.key, name)]
        return joined.with_columns(pl.coalesce(pl.col(name).cast(pl.String), ours).alias(name)).select(
            *table.schema, *added
        )


def read_annotation(path: Path, ids: Mapping[str, pl.Series]) -> Annotation:
    """Return the columns of a table by their key: the first of transcript_id, feature_id, gene_id that it has.

    Columns of parquet keep their types, those of text stay text. Rows that repeat each other count once. Other id
    columns are left out, as the annotated tables have them. ids: what can be annotated, by key.

    Raises
    ------
    InputError
        The table cannot be read or has no key; an id has several rows; none of its ids can be annotated.
    """
    table = read_user_table(path)
    key = next((name for name in KEYS if name in table.header), None)
    if key is None:
        message = f"no column {', '.join(map(repr, KEYS))}; found {examples(table.header)}. Name the id column so."
        raise InputError(path.name, message)
    others = [name for name in table.header if name and name not in KEYS]
    frame = _texts(table, (key, *others)) if table.frame is None else table.frame.select(key, *others)
    rows = frame.with_columns(pl.col(key).cast(pl.String)).drop_nulls(key).unique(maintain_order=True)
    problems = [] if others else ["no column beside the ids, so there is nothing to add"]
    if problems := problems + _id_problems(rows, key):
        raise InputError(path.name, [f"{problem}. Give one row per {key}." for problem in problems])
    if not rows.get_column(key).is_in(ids[key].implode()).any():
        message = f"no {key} in common: it has {examples(rows[key], 3)}, the modules have {examples(ids[key], 3)}."
        raise InputError(path.name, message)
    return Annotation(key, rows)


def _texts(table: UserTable, names: Sequence[str]) -> pl.DataFrame:
    """Return those of the named columns that the table has, as text."""
    there = [name for name in names if name in table.header]
    return table.text([table.header.index(name) for name in there]).rename(
        {str(table.header.index(name)): name for name in there}
    )


def _id_problems(rows: pl.DataFrame, name: str) -> list[str]:
    """Return what is wrong with an id column: it is not there, ids are missing or repeated."""
    if name not in rows.columns:
        return [f"no column '{name}'"]
    ids = rows.get_column(name)
    repeated = ids.drop_nulls().filter(ids.drop_nulls().is_duplicated()).unique(maintain_order=True)
    problems = []
    if ids.null_count():
        problems.append(f"{ids.null_count()} rows without {name}")
    if repeated.len():
        problems.append(f"{repeated.len()} {name} more than once: {examples(repeated)}")
    return problems

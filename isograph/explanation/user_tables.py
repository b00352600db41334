"""Tables a user gives to explain with: features, what is known of them, module scores, annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError, examples
from isograph.explanation.annotation import Annotation
from isograph.explanation.feature import Features
from isograph.ingest.table import UserTable, read_user_table

META_COLUMNS = ("gene_id", "transcript_id", "feature_type")
KEYS = ("transcript_id", "feature_id", "gene_id")
SCORE_NAMES = ("eigengene", "score")
GIVEN_TYPE = "given"


def given_features(path: Path, meta: Path | None, sample_ids: Sequence[str]) -> Features:
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
    described = _texts(table, ("feature_id", *META_COLUMNS))
    problems = _id_problems(described, "feature_id")
    missing = [name for name in sample_ids if name not in table.header]
    if missing:
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
        described = _with_meta(described, meta)
    without = described.filter(pl.col("gene_id").is_null()) if "gene_id" in described.columns else described
    if without.height:
        message = f"{without.height} features without a gene_id: {examples(without['feature_id'])}. Give one in the "
        raise InputError((meta or path).name, [f"{message}feature table or with --feature-meta."])
    rows = described.with_columns(
        pl.lit(None, pl.String).alias(name) for name in META_COLUMNS if name not in described.columns
    ).with_columns(pl.col("feature_type").fill_null(GIVEN_TYPE))
    return Features(rows.select("feature_id", *META_COLUMNS), values)


def given_scores(path: Path, module_ids: Sequence[str], sample_ids: Sequence[str]) -> Matrix:
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
    of_score = [name for name in SCORE_NAMES if name in table.header]
    problems = [f"no column '{name}'" for name in ("module_id", "sample_id") if name not in keys.columns]
    problems += [] if of_score else ["no column 'eigengene' or 'score'"]
    if problems:
        raise InputError(path.name, problems)
    values, problems = table.numbers([table.header.index(of_score[0])])
    scores = keys.with_columns(value=values[:, 0]).filter(pl.col("module_id").is_in(module_ids))
    absent = [name for name in module_ids if name not in set(scores.get_column("module_id"))]
    foreign = scores.filter(~pl.col("sample_id").is_in(sample_ids) | pl.col("sample_id").is_null())
    repeated = scores.filter(scores.select("module_id", "sample_id").is_duplicated())
    if absent:
        problems.append(f"{len(absent)} modules without a score: {examples(absent)}")
    if foreign.height:
        told = examples(foreign.get_column("sample_id").unique(maintain_order=True))
        problems.append(f"{foreign.height} rows of samples that the fit does not have: {told}")
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


def given_annotation(path: Path, known: Mapping[str, pl.Series]) -> Annotation:
    """Return the columns of a table by their key: the first of transcript_id, feature_id, gene_id that it has.

    Columns of parquet keep their types, those of text stay text. Rows that repeat each other count once. Other id
    columns are left out, as the annotated tables have them. known: the ids that can be annotated, by key.

    Raises
    ------
    InputError
        The table cannot be read or has no known key; an id has several rows; none of its ids is known.
    """
    table = read_user_table(path)
    key = next((name for name in KEYS if name in table.header), None)
    if key is None:
        message = f"no column {', '.join(map(repr, KEYS))}; found {examples(table.header)}. Name the id column so."
        raise InputError(path.name, [message])
    others = [name for name in table.header if name and name not in KEYS]
    frame = _texts(table, (key, *others)) if table.frame is None else table.frame.select(key, *others)
    rows = frame.with_columns(pl.col(key).cast(pl.String)).drop_nulls(key).unique(maintain_order=True)
    problems = [] if others else ["no column beside the ids, so there is nothing to add"]
    if problems := problems + _id_problems(rows, key):
        raise InputError(path.name, [f"{problem}. Give one row per {key}." for problem in problems])
    if not rows.get_column(key).is_in(known[key].implode()).any():
        message = f"no {key} in common: it has {examples(rows[key], 3)}, the modules have {examples(known[key], 3)}."
        raise InputError(path.name, [message])
    return Annotation(key, rows)


def _texts(table: UserTable, names: Sequence[str]) -> pl.DataFrame:
    """Return those of the named columns that the table has, as text."""
    there = [name for name in names if name in table.header]
    return table.text([table.header.index(name) for name in there]).rename(
        {str(table.header.index(name)): name for name in there}
    )


def _id_problems(rows: pl.DataFrame, name: str) -> list[str]:
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


def _with_meta(described: pl.DataFrame, meta: Path) -> pl.DataFrame:
    known = _texts(read_user_table(meta), ("feature_id", *META_COLUMNS))
    if problems := _id_problems(known, "feature_id"):
        raise InputError(meta.name, problems)
    return described.select("feature_id", pl.exclude(known.columns)).join(
        known, on="feature_id", how="left", validate="1:1", maintain_order="left"
    )

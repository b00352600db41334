"""Quantifications that are in memory: frames with the Arrow interface (Polars, pandas, pyarrow) and AnnData objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

import numpy as np
import polars as pl

from isograph.arrays import Matrix
from isograph.bundle.findings import reason
from isograph.config import ImportConfig
from isograph.errors import InputError, UsageError, did_you_mean, examples, option, shown
from isograph.ingest.matrix import NEUTRAL_NAMES, read_matrix
from isograph.ingest.quantification import Quantification
from isograph.ingest.table import (
    GENE_NAMES,
    GENE_SYMBOL_NAMES,
    TRANSCRIPT_NAMES,
    UserTable,
    column_named,
    frame_table,
)

_TRANSCRIPT_NAMES = [name for name in TRANSCRIPT_NAMES if name not in NEUTRAL_NAMES]
_BLOCK_BYTES = 2**26
_UNNAMED_INDEX = "__index_level_"


class ArrowFrame(Protocol):
    """A frame that hands its columns over through Arrow: pandas 2.2 or later, pyarrow, Polars and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the columns as a stream of the Arrow C interface."""


class AnnotatedMatrix(Protocol):
    """What is used of an AnnData object; ``obs`` and ``var`` are pandas frames, which this package does not import."""

    @property
    def obs(self) -> Any:  # noqa: ANN401
        """A row a sample; its index names them."""

    @property
    def var(self) -> Any:  # noqa: ANN401
        """A row a feature; its index names them."""

    @property
    def X(self) -> Any:  # noqa: ANN401, N802
        """(n_samples, n_features), dense or sparse, in memory or backed; or None."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """Further matrices of the shape of ``X``."""


Frame = pl.LazyFrame | ArrowFrame


def is_annotated_matrix(data: object) -> bool:
    """Return whether ``data`` has the parts of an AnnData object."""
    return all(hasattr(data, part) for part in ("obs", "var", "X", "layers"))


def frame_quantification(
    data: Frame | AnnotatedMatrix, level: str, config: ImportConfig, layer: str | None
) -> Quantification:
    """Return what a frame or an AnnData object holds, as ``read_matrix`` returns what a file holds.

    Parameters
    ----------
    level : ``transcript`` or ``gene``: what the caller says a row of the frame is.
    layer : the layer of an AnnData object that has the counts; None for ``X``.

    Raises
    ------
    InputError
        It has no ids, no samples, or is of another level.
    UsageError
        It is no frame, or has no such layer or column.
    """
    name = f"{level}s"
    if is_annotated_matrix(data):
        return _annotated_quantification(cast("AnnotatedMatrix", data), level, config, layer)
    if layer is not None:
        raise UsageError(f"{option('layer')} names a layer of an AnnData object, and {name} is none. Leave it out.")
    table = read_frame(cast("Frame", data), name)
    of_transcripts = column_named(table.header, _TRANSCRIPT_NAMES)
    has_ids = config.id_column is not None or of_transcripts is not None
    if has_ids and table.header[0] == "" and table.frame is not None:
        # NOTE: an index without a name, beside a column that says that it has the ids.
        table = frame_table(name, table.frame.drop(""))
    is_unnamed = not has_ids and column_named(table.header, (*NEUTRAL_NAMES, *GENE_NAMES)) is None
    if is_unnamed and table.frame is not None and table.frame.dtypes[0].is_numeric():
        raise InputError(
            name,
            f"no id column; the first column, '{shown(table.header[0])}', holds numbers. Name the column of ids "
            f"{level}_id, or pass {option('id_column', 'NAME')}.",
        )
    quantified = read_matrix(table, id_column=config.id_column, gene_column=config.gene_column, scale=config.scale)
    if level == "gene" and quantified.level == "transcript":
        if of_transcripts is not None:
            column = table.header[of_transcripts]
            raise InputError(name, f"has transcript ids in '{column}'. Pass it as transcripts.")
        genes = quantified.feature_ids if quantified.gene_ids is None else quantified.gene_ids
        quantified = replace(quantified, level="gene", feature_ids=genes, gene_ids=None)
    if quantified.level != level:
        ids = examples(quantified.feature_ids, 3)
        raise InputError(
            name, f"its ids are of genes ({ids}). Pass it as genes, or name the column of transcripts transcript_id."
        )
    return replace(quantified, format="frame")


def read_frame(data: Frame, name: str, *, index_name: str = "") -> UserTable:
    """Return a frame as a table that messages call ``name``.

    The index of a pandas frame comes first; one of numbers without a name says nothing and is left out.

    Parameters
    ----------
    index_name : what an index without a name is called, where no column has that name.

    Raises
    ------
    InputError
        It has no rows, or Arrow cannot hold its columns: two have one name, or one has values of several types.
    UsageError
        It is no frame.
    """
    if isinstance(data, pl.LazyFrame):
        return frame_table(name, data.collect(engine="in-memory"))
    if isinstance(data, pl.DataFrame):
        return frame_table(name, data)
    if not hasattr(data, "__arrow_c_stream__"):
        raise UsageError(
            f"{name} is of type {type(data).__name__}, expected a Polars frame, a frame with the Arrow interface "
            "(pandas 2.2 or later, pyarrow) or an AnnData object."
        )
    import pyarrow as pa

    try:
        table = pa.RecordBatchReader.from_stream(data).read_all()
        frame = pl.DataFrame(table)
    # NOTE: what pyarrow, pandas and Polars raise for columns that they cannot export or take over.
    except (pa.ArrowException, ValueError, TypeError, ImportError, pl.exceptions.PolarsError) as problem:
        raise InputError(name, f"cannot be read through Arrow: {reason(problem)}.") from problem
    # NOTE: pandas exports its index as the last columns; one that counts rows is no column, and here it is no name.
    pandas = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    index = [column for column in pandas.get("index_columns", ()) if isinstance(column, str)]
    unnamed = [column for column in index if column.startswith(_UNNAMED_INDEX)]
    if len(unnamed) > 1:
        raise InputError(name, "its index has several levels without a name. Name them, or make them columns.")
    frame = frame.select(*index, *(column for column in frame.columns if column not in index))
    if unnamed and frame.schema[unnamed[0]].is_numeric():
        frame = frame.drop(unnamed)
    else:
        frame = frame.rename({column: index_name for column in unnamed if index_name not in frame.columns})
    return frame_table(name, frame)


def sample_sheet_of(data: AnnotatedMatrix) -> UserTable | None:
    """Return ``obs`` as a sample sheet, the names of the samples first; None where it has no column."""
    if not len(data.obs.columns):
        return None
    return read_frame(data.obs, "obs", index_name="obs_names" if "sample_id" in data.obs.columns else "sample_id")


def _annotated_quantification(
    data: AnnotatedMatrix, level: str, config: ImportConfig, layer: str | None
) -> Quantification:
    columns = tuple(map(str, data.var.columns))
    UserTable("var", columns).require_columns(config.id_column, config.gene_column)
    gene = columns.index(config.gene_column) if config.gene_column else column_named(columns, GENE_NAMES)
    gene_name = column_named(columns, GENE_SYMBOL_NAMES)
    # NOTE: where rows are genes, names of features are often symbols, and the ids are in a column.
    feature = columns.index(config.id_column) if config.id_column else gene if level == "gene" else None
    name = f"{level}s" if layer is None else f"{level}s (layer '{shown(layer)}')"
    values = _values(data, layer, name)
    return Quantification(
        format="anndata",
        level=level,
        feature_ids=_var_texts(data, feature),
        values=values,
        sample_names=tuple(map(str, data.obs.index)),
        gene_ids=_var_texts(data, gene) if level == "transcript" and gene is not None else None,
        gene_names=None if gene_name is None else _var_texts(data, gene_name),
        files=(name,),
    )


def _var_texts(data: AnnotatedMatrix, position: int | None) -> pl.Series:
    """Return a column of ``var`` as text, or the names of the features; missing is null."""
    if position is None:
        return frame_table("var", pl.DataFrame({"": list(map(str, data.var.index))}, schema={"": pl.String})).column(0)
    return read_frame(data.var.iloc[:, [position]].reset_index(drop=True), "var").column(0)


def _values(data: AnnotatedMatrix, layer: str | None, name: str) -> Matrix:
    """Return ``X`` or a layer as (n_features, n_samples); sparse and backed matrices are made dense in blocks."""
    layers = list(data.layers)
    if layer is not None and layer not in layers:
        known = f"; its layers are {examples(layers)}." if layers else "; it has no layers."
        raise UsageError(f"there is no layer '{shown(layer)}'{did_you_mean(layer, layers, known)}")
    matrix = data.X if layer is None else data.layers[layer]
    if matrix is None:
        raise InputError(
            name, f"has no X. Pass {option('layer', 'NAME')}; its layers are {examples(layers) or 'none'}."
        )
    shape = (len(data.obs.index), len(data.var.index))
    if tuple(matrix.shape) != shape:
        raise InputError(name, f"has shape {tuple(matrix.shape)}, but obs and var have {shape[0]} and {shape[1]} rows.")
    values = np.empty(shape[::-1])
    n_rows = max(1, _BLOCK_BYTES // (8 * max(1, shape[1])))
    try:
        for first in range(0, shape[0], n_rows):
            block = matrix[first : first + n_rows]
            dense = block.toarray() if hasattr(block, "toarray") else np.asarray(block)
            values[:, first : first + n_rows] = dense.T
    except (TypeError, ValueError) as problem:
        raise InputError(name, f"holds something else than numbers: {reason(problem)}.") from problem
    return values

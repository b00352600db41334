"""AnnData, with samples as observations and genes as variables; the package is an optional extra."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError, examples
from isograph.exporting.membership import Scores
from isograph.schemas.role import shown_role

SLASH = "/"
RESERVED = ("_index", "obs_names", "row_names")


def h5ad(
    scores: Scores, samples: pl.DataFrame, modules: pl.DataFrame, roles: pl.DataFrame, config: Mapping[str, object]
) -> bytes:
    """Return an ``.h5ad`` file.

    ``X``: abundance scores (n_samples, n_genes), NaN where a gene has no such feature; ``layers["switch"]`` the same of
    the switch scores; ``var`` has ``module_id``, ``kME``, ``supported_role``, ``role``, ``gene_name``;
    ``obsm["X_eigengenes"]`` (n_samples, n_modules); ``uns["isograph"]`` the module ids in that order, and the
    configuration as JSON. ``obs`` is the sample table.

    Raises
    ------
    InputError
        Sample columns whose names the format cannot hold.
    """
    anndata: Any = importlib.import_module("anndata")
    genes = (
        pl.DataFrame({"gene_id": scores.gene_ids}, schema={"gene_id": pl.String})
        .join(modules, on="gene_id", how="left", validate="1:1", maintain_order="left")
        .join(
            roles.select("gene_id", "module_role", supported_role=pl.col(shown_role(roles.columns))),
            on="gene_id",
            how="left",
            validate="1:1",
            maintain_order="left",
        )
    )
    content = anndata.AnnData(
        X=_channel(scores, "abundance"),
        obs=_observations(scores, samples),
        var={
            "var_names": np.array(scores.gene_ids, dtype=object),
            "module_id": _plain(genes["module_id"]),
            "kME": _plain(genes["kme"]),
            "supported_role": _plain(genes["supported_role"]),
            "role": _plain(genes["module_role"]),
            "gene_name": _plain(genes["gene_name"]),
        },
        layers={"switch": _channel(scores, "switch")},
        obsm={"X_eigengenes": np.ascontiguousarray(scores.eigengenes.T)},
        uns={
            "isograph": {
                "module_ids": np.array(scores.module_ids, dtype=object),
                "fit_config": orjson.dumps(dict(config), option=orjson.OPT_SORT_KEYS).decode(),
            }
        },
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "fit.h5ad"
        content.write_h5ad(path)
        return path.read_bytes()


def _channel(scores: Scores, feature_type: str) -> Matrix:
    """Return the scores of one kind of feature, (n_samples, n_genes), NaN where a gene has none."""
    values = np.full((len(scores.sample_ids), len(scores.gene_ids)), np.nan)
    features = np.flatnonzero(np.array(scores.feature_types) == feature_type)
    values[:, scores.gene_of[features]] = scores.z[features].T
    return values


def _observations(scores: Scores, samples: pl.DataFrame) -> dict[str, Any]:
    """Return the sample table in the order of the scores; dates become text and a / in a name _, as HDF5 has it."""
    names = [name.replace(SLASH, "_") for name in samples.columns if name != "sample_id"]
    if unfit := [name for name in names if names.count(name) > 1 or name in RESERVED]:
        message = f"columns that AnnData cannot hold under their name: {examples(unfit)}. Rename them in the bundle."
        raise InputError("sample table", message)
    order = pl.DataFrame({"sample_id": scores.sample_ids}, schema={"sample_id": pl.String})
    rows = order.join(samples, on="sample_id", how="left", validate="1:1", maintain_order="left")
    columns = {"obs_names": np.array(scores.sample_ids, dtype=object)}
    named = zip(names, rows.drop("sample_id").iter_columns(), strict=True)
    return columns | {name: _plain(column) for name, column in named}


def _plain(column: pl.Series) -> Any:  # noqa: ANN401
    """Return a column as an array HDF5 can hold: numbers with NaN for null, truth values, or text with "" for null."""
    if column.dtype.is_numeric():
        return column.to_numpy() if not column.null_count() else column.cast(pl.Float64).to_numpy()
    if column.dtype == pl.Boolean and not column.null_count():
        return column.to_numpy()
    return np.array(column.cast(pl.String).fill_null("").to_list(), dtype=object)

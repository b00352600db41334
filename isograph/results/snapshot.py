"""Snapshots: the tables of a fit with what was measured of it, the same bytes whenever and wherever they are made."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from isograph.results.fit import FIT_FILES, Fit
from isograph.schemas import FEATURE_SCORES, FIT_TABLES, Table
from isograph.store.artifact import COMPRESSION_LEVEL, SCHEMA_VERSION, ArtifactWriter, artifact_directory
from isograph.store.files import read_json_object
from isograph.store.output import write_file
from isograph.store.spreadsheet import sheet

SNAPSHOT = "snapshot"
# NOTE: what differs between two runs of the same, wherever it stands in a record.
RUN_DEPENDENT = frozenset({"seconds", "threads"})
SNAPSHOT_FILES = (*FIT_FILES, "metrics.json", "run_config.json", "module_summary.tsv", "switch_features.parquet")


class Snapshot(Fit):
    """A snapshot directory: the tables of a fit as attributes, its metrics, and what it was made with.

    Raises
    ------
    InputError
        The directory is no snapshot, is not whole, was changed since it was written, or was written by a later version
        whose snapshots this one does not know.
    """

    what = "a snapshot"
    kind = SNAPSHOT
    files = SNAPSHOT_FILES
    _writer = "save_snapshot"
    _schema_version = SCHEMA_VERSION

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """``metrics.json``: what was measured of the fit; empty where nothing was."""
        return read_json_object(self.path / "metrics.json", absent="no metrics.json.")

    @cached_property
    def run_config(self) -> dict[str, Any]:
        """``run_config.json``: everything needed to make the snapshot again."""
        return read_json_object(self.path / "run_config.json", absent="no run_config.json.")


def save_snapshot(
    fit: Fit,
    out: str | Path,
    *,
    metrics: Mapping[str, object] | None = None,
    run_config: Mapping[str, object] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a snapshot of ``fit`` to the directory ``out`` and return its path.

    Every file but ``run.log`` has the same bytes for the same fit: seconds and thread counts are left out. The manifest
    tells what the rows, the key and the columns of every table are, so that a snapshot explains itself.

    Parameters
    ----------
    metrics : what was measured of the fit; None for nothing.
    run_config : what the fit was made of and with; None for the configuration of the fit.
    overwrite : replace a snapshot that is there.

    Raises
    ------
    UsageError
        ``out`` exists and may not be replaced.
    """
    path = Path(out)
    with artifact_directory(path, SNAPSHOT, overwrite=overwrite) as writer:
        for name, contract in FIT_TABLES.items():
            frame = fit.scan(name).collect(engine="in-memory")
            writer.table(contract, frame)
            _describe(writer, f"{name}.parquet", contract, frame)
        # The module summary as text, and the rows of the feature scores that are switch features.
        summary = fit.module_summary.collect(engine="in-memory")
        writer.file("module_summary.tsv", sheet(summary, separator="\t").data)
        switches = fit.feature_scores.filter(pl.col("feature_type") == "switch").collect(engine="in-memory")
        buffer = io.BytesIO()
        FEATURE_SCORES.checked(switches).write_parquet(buffer, compression="zstd", compression_level=COMPRESSION_LEVEL)
        writer.file("switch_features.parquet", buffer.getvalue(), n_rows=switches.height)
        _describe(writer, "switch_features.parquet", FEATURE_SCORES, switches)
        bundle = {key: value for key, value in fit.config["bundle"].items() if key != "path"}
        config = _lasting({**fit.config, "bundle": bundle})
        writer.json("fit_config.json", config)
        writer.json("calibration.json", _lasting(fit.calibration))
        writer.json("metrics.json", _lasting(metrics or {}))
        writer.json("run_config.json", _lasting(run_config if run_config is not None else {"fit": config}))
        # NOTE: a log holds times of day. It lies beside what the manifest lists, so that the manifest does not change.
        if (log := fit.path / "run.log").is_file():
            write_file(writer.directory / log.name, log.read_bytes())
    return path


def load_snapshot(path: str | Path) -> Snapshot:
    """Return the snapshot in the directory ``path``, checked against its manifest.

    Raises
    ------
    InputError
        The directory is no snapshot, is not whole, was changed, or is of a later version.
    """
    return Snapshot(path)


def _describe(writer: ArtifactWriter, file: str, contract: Table, frame: pl.DataFrame) -> None:
    """Add to the manifest what a table holds: what a row is, its key, its columns in order."""
    meanings = {column.name: column.meaning for column in contract.columns}
    columns = [
        {"name": name, "type": str(dtype), "meaning": meanings.get(name, contract.more_meaning)}
        for name, dtype in frame.schema.items()
    ]
    writer.files[file] |= {"row": contract.row, "key": list(contract.key), "columns": columns}


def _lasting(value: Any) -> Any:  # noqa: ANN401
    """Return a record without what differs between two runs of the same."""
    if isinstance(value, Mapping):
        return {key: _lasting(entry) for key, entry in value.items() if key not in RUN_DEPENDENT}
    if isinstance(value, list | tuple):
        return [_lasting(entry) for entry in value]
    return value

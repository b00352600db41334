"""What is explained: the modules of a fit, their eigengenes, and the features that say what moves with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import isograph
from isograph.arrays import Matrix
from isograph.bundle.read import read_bundle
from isograph.config import ExplainConfig
from isograph.errors import InputError, UsageError, examples
from isograph.explanation.feature import Features
from isograph.explanation.usage import transcript_usage
from isograph.explanation.user_tables import given_features, given_scores
from isograph.features.assays import bundle_assays
from isograph.features.covariate import covariate_design
from isograph.results.fit import Fit
from isograph.schemas import FEATURE_SCORES
from isograph.store.artifact import MANIFEST, SCHEMA_VERSION, read_manifest
from isograph.store.files import directory_digests


@dataclass(frozen=True, slots=True)
class Subject:
    """A fit as it is explained.

    Attributes
    ----------
    fit : the fit.
    module_ids : (n_modules,) the modules to explain, in the order of the fit.
    eigengenes : (n_modules, n_samples), NaN where missing.
    sample_ids : (n_samples,).
    modules : the ``modules`` table of the fit.
    scores : features of the fit, missing values NaN.
    features : features of every gene that drivers are told with: the scores, or given ones.
    transcripts : transcripts of the genes of the modules that switch.
    usage : the same rows as shares of their gene; given features as they are.
    lost_dof : degrees of freedom that the covariates of the fit took.
    is_given : whether the features are given ones, and not those of the fit.
    """

    fit: Fit
    module_ids: list[str]
    eigengenes: Matrix
    sample_ids: list[str]
    modules: pl.DataFrame
    scores: Features
    features: Features
    transcripts: Features
    usage: Features
    lost_dof: int
    is_given: bool

    @property
    def all_eigengenes(self) -> tuple[list[str], Matrix]:
        """Every module of the fit, explained or not, with its eigengene."""
        ids = chosen_modules(self.fit, ())
        return ids, _eigengenes(self.fit, ids, len(self.sample_ids))

    def members(self, module_id: str) -> pl.Series:
        """Return the genes of a module, the largest |kME| first."""
        return self.modules.filter(pl.col("module_id") == module_id).get_column("gene_id")


def read_subject(path: str | Path | Fit, config: ExplainConfig) -> Subject:
    """Return what is explained, from the fit, its bundle and the tables that stand in for parts of them.

    Raises
    ------
    InputError
        The fit is not whole or from another version, its bundle has moved or changed, or a table is not usable.
    UsageError
        A module is not in the fit.
    """
    fit = path if isinstance(path, Fit) else opened_fit(Path(path))
    modules = fit.modules.collect(engine="in-memory")
    chosen = chosen_modules(fit, config.module_ids)
    scores = fit.feature_scores.collect(engine="in-memory")
    sample_ids = [name for name in scores.columns if name not in FEATURE_SCORES.schema]
    eigengenes = (
        _eigengenes(fit, chosen, len(sample_ids))
        if config.module_score_table is None
        else given_scores(config.module_score_table, chosen, sample_ids)
    )
    genes = modules.filter(pl.col("module_id").is_in(chosen)).get_column("gene_id")
    fitted = Features(scores.select(*FEATURE_SCORES.schema), _matrix(scores.select(sample_ids)))
    if config.feature_table is None:
        features = fitted
        transcripts, usage = _bundle_usage(fit, config.bundle, genes)
    else:
        features = given_features(config.feature_table, config.feature_meta, sample_ids)
        transcripts = usage = _given_transcripts(features, genes)
    return Subject(
        fit=fit,
        module_ids=chosen,
        eigengenes=eigengenes,
        sample_ids=sample_ids,
        modules=modules,
        scores=fitted,
        features=features,
        transcripts=transcripts,
        usage=usage,
        lost_dof=_covariate_columns(fit.config),
        is_given=config.feature_table is not None,
    )


def opened_fit(path: Path) -> Fit:
    """Return the fit at ``path`` if this version can explain it.

    Raises
    ------
    InputError
        It is no whole fit, or was made by another release series, which is named.
    """
    manifest = read_manifest(path)
    version, schema = str(manifest.get("isograph_version")), manifest.get("schema_version")
    here = isograph.__version__
    if manifest.get("artifact") == "fit" and (schema != SCHEMA_VERSION or _series(version) != _series(here)):
        message = f"made by isograph {version} (tables of version {schema}); this is {here} (version {SCHEMA_VERSION})."
        raise InputError(str(path), [f"{message} Fit the bundle again, or explain it with isograph {version}."])
    return Fit(path)


def chosen_modules(fit: Fit, asked: tuple[str, ...]) -> list[str]:
    """Return the modules asked for in the order of the fit, all where none is.

    Raises
    ------
    UsageError
        The fit has no module of a name; all such names are listed.
    """
    there = fit.module_summary.select("module_id").collect(engine="in-memory").get_column("module_id").to_list()
    if unknown := [name for name in dict.fromkeys(asked) if name not in there]:
        has = f"has {there[0]} to {there[-1]}" if there else "has no module"
        raise UsageError(f"{len(unknown)} modules not in the fit: {examples(unknown, len(unknown))}. The fit {has}.")
    return [name for name in there if not asked or name in asked]


def subject_digests(fit: Fit, config: ExplainConfig) -> dict[str, object]:
    """Return the sha256 of everything that is read: the fit by its manifest, given tables by their bytes."""
    given = ("feature_table", "feature_meta", "module_score_table", "annotation_table")
    paths = {name: getattr(config, name) for name in given}
    return {
        "fit": hashlib.sha256((fit.path / MANIFEST).read_bytes()).hexdigest(),
        **{name: None if path is None else _digest(path) for name, path in paths.items()},
    }


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(str(path), [f"cannot be read: {error.strerror}."]) from None


def _series(version: str) -> list[str]:
    return version.split(".")[:2]


def _eigengenes(fit: Fit, module_ids: list[str], n_samples: int) -> Matrix:
    """Return the eigengenes of the modules, whose rows the table holds in the order of the samples."""
    rows = fit.eigengenes.filter(pl.col("module_id").is_in(module_ids)).collect(engine="in-memory")
    return rows.get_column("eigengene").to_numpy().reshape(len(module_ids), n_samples)


def _matrix(frame: pl.DataFrame) -> Matrix:
    return np.ascontiguousarray(frame.to_numpy(), dtype=np.float64)


def _covariate_columns(config: Mapping[str, Any]) -> int:
    """Return how many columns the covariates of a fit made: one of a number, one less than its levels of another."""
    readings = config["covariates_as_read"].values()
    return sum(1 if reading == "number" else int(reading.split()[0]) - 1 for reading in readings)


def _given_transcripts(features: Features, genes: pl.Series) -> Features:
    chosen = features.of_genes(genes)
    known = chosen.rows.get_column("transcript_id").is_not_null()
    rows = chosen.rows.filter(known).with_columns(loading=pl.lit(None, pl.Float64))
    return Features(rows, chosen.values[known.to_numpy()])


def _bundle_usage(fit: Fit, moved: Path | None, genes: pl.Series) -> tuple[Features, Features]:
    loadings = fit.switch_loadings.collect(engine="in-memory")
    if not loadings.height:
        schema = {"feature_id": pl.String, "transcript_id": pl.String, "gene_id": pl.String, "loading": pl.Float64}
        empty = Features(pl.DataFrame(schema=schema), np.empty((0, fit.calibration["n_samples"])))
        return empty, empty
    path = _bundle_path(fit, moved)
    bundle = read_bundle(path)
    assays = bundle_assays(bundle)
    if assays.transcripts is None or assays.transcript_counts is None:
        raise InputError(str(path), ["no transcript counts, though the fit has switch features. Fit the bundle again."])
    design = covariate_design(bundle.samples, fit.config["covariates"])
    return transcript_usage(assays.transcript_counts, assays.transcripts, design, loadings, genes)


def _bundle_path(fit: Fit, moved: Path | None) -> Path:
    """Return where the bundle of the fit is, if it is there and unchanged."""
    record = fit.config["bundle"]
    path = moved if moved is not None else Path(os.path.normpath(fit.path.absolute() / record["path"]))
    if not (path / MANIFEST).is_file():
        message = f"its bundle '{record['dataset_name']}' is not at {path}. Say where it is with --bundle."
        raise InputError(str(fit.path), [message])
    now, then = directory_digests(path), record["sha256"]
    changed = sorted(name for name in then if now.get(name) != then[name])
    if changed:
        remedy = "Restore them, point to the bundle that was fitted with --bundle, or fit this one again."
        raise InputError(str(path), [f"{len(changed)} files are not those fitted: {examples(changed)}. {remedy}"])
    return path

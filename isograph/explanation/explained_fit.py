"""What is explained: the modules of a fit, their eigengenes, and the features they are explained with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

import isograph
from isograph.arrays import Matrix
from isograph.bundle.bundle import Bundle
from isograph.bundle.read import read_bundle
from isograph.config import ExplainConfig
from isograph.errors import InputError
from isograph.explanation.feature import Association, Features, associations, transcript_usage
from isograph.explanation.user_tables import read_features, read_module_scores
from isograph.features.assays import bundle_assays, gene_names
from isograph.features.covariate import covariate_design
from isograph.results.fit import Fit
from isograph.schemas import FEATURE_SCORES
from isograph.store.artifact import SCHEMA_VERSION, read_manifest


@dataclass(frozen=True, slots=True)
class ExplainedFit:
    """A fit as it is explained.

    Attributes
    ----------
    fit : the fit.
    module_ids : (n_modules,) the modules to explain, in the order of the fit.
    eigengenes : (n_modules, n_samples), NaN where missing; the user's scores where these stand in for them.
    sample_ids : (n_samples,).
    modules : the ``modules`` table of the fit.
    gene_names : ``gene_id``, ``gene_name`` of the genes whose name is known.
    scores : the features of the fit, missing values NaN.
    features : the features among which drivers are looked for: the scores, or the user's features.
    transcripts : transcripts of the genes of the modules that switch.
    usage : the same rows as shares of their gene; the user's features as they are.
    lost_dof : degrees of freedom that the covariates of the fit took.
    has_user_features : whether the features are the user's, and not those of the fit.
    """

    fit: Fit
    module_ids: list[str]
    eigengenes: Matrix
    sample_ids: list[str]
    modules: pl.DataFrame
    gene_names: pl.DataFrame
    scores: Features
    features: Features
    transcripts: Features
    usage: Features
    lost_dof: int
    has_user_features: bool

    def associations(self, *, threads: int) -> dict[str, Association]:
        """Return the correlation of the ``scores``, ``features`` and ``transcripts`` with every eigengene, by name."""

        def associated(features: Features) -> Association:
            return associations(features, self.eigengenes, lost_dof=self.lost_dof, threads=threads)

        scores = associated(self.scores)
        return {
            "scores": scores,
            "features": associated(self.features) if self.has_user_features else scores,
            "transcripts": associated(self.transcripts),
        }


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
    # NOTE: numbers may change between 0.2 and 0.3, and an explanation would be of others than those of the fit.
    is_same_series = version.split(".")[:2] == here.split(".")[:2]
    if manifest.get("artifact") == "fit" and not (schema == SCHEMA_VERSION and is_same_series):
        message = f"made by isograph {version} (tables of version {schema}); this is {here} (version {SCHEMA_VERSION})."
        raise InputError(str(path), f"{message} Fit the bundle again, or explain it with isograph {version}.")
    return Fit(path)


def explained_fit(fit: Fit, config: ExplainConfig) -> ExplainedFit:
    """Return what is explained, from the fit, its bundle and the user's tables that stand in for parts of them.

    Raises
    ------
    InputError
        The bundle of the fit has moved or changed, or a table is not usable.
    UsageError
        A module is not in the fit.
    """
    module_ids = fit.chosen_modules(config.module_ids)
    modules = fit.modules.collect(engine="in-memory")
    scores = fit.feature_scores.collect(engine="in-memory")
    sample_ids = [name for name in scores.columns if name not in FEATURE_SCORES.schema]
    eigengenes = (
        fit_eigengenes(fit, module_ids, len(sample_ids))
        if config.module_score_table is None
        else read_module_scores(config.module_score_table, module_ids, sample_ids)
    )
    genes = modules.filter(pl.col("module_id").is_in(module_ids)).get_column("gene_id")
    values = np.ascontiguousarray(scores.select(sample_ids).to_numpy(), dtype=np.float64)
    features = fit_features = Features(scores.select(*FEATURE_SCORES.schema), values)
    if config.feature_table is None:
        content = _bundle_of_fit(fit, config.bundle)
        transcripts, usage = _transcripts_of_bundle(fit, content, genes)
    else:
        content = None
        features = read_features(config.feature_table, config.feature_meta, sample_ids)
        of_genes = features.of_genes(genes)
        is_transcript = of_genes.rows.get_column("transcript_id").is_not_null()
        rows = of_genes.rows.filter(is_transcript).with_columns(loading=pl.lit(None, pl.Float64))
        transcripts = usage = Features(rows, of_genes.values[is_transcript.to_numpy()])
    # A numeric covariate took one column of the fit, another one less than its levels ("3 levels").
    readings = fit.config["covariates_as_read"].values()
    lost_dof = sum(1 if reading == "number" else int(reading.split()[0]) - 1 for reading in readings)
    return ExplainedFit(
        fit=fit,
        module_ids=module_ids,
        eigengenes=eigengenes,
        sample_ids=sample_ids,
        modules=modules,
        gene_names=_gene_names(fit) if content is None else gene_names(content),
        scores=fit_features,
        features=features,
        transcripts=transcripts,
        usage=usage,
        lost_dof=lost_dof,
        has_user_features=config.feature_table is not None,
    )


def fit_eigengenes(fit: Fit, module_ids: list[str], n_samples: int) -> Matrix:
    """Return the eigengenes of the modules, (n_modules, n_samples), NaN where missing."""
    # The table holds each in the order of the samples.
    rows = fit.eigengenes.filter(pl.col("module_id").is_in(module_ids)).collect(engine="in-memory")
    return rows.get_column("eigengene").to_numpy().reshape(len(module_ids), n_samples)


def _bundle_of_fit(fit: Fit, path: Path | None) -> Bundle | None:
    """Return the bundle of the fit; None where it has gone and is not needed, as the fit has no switch feature.

    path: where it is now; None for where it was.
    """
    try:
        return read_bundle(fit.bundle_path(path))
    except InputError:
        if path is not None or not fit.switch_loadings.limit(1).collect(engine="in-memory").is_empty():
            raise
        return None


def _gene_names(fit: Fit) -> pl.DataFrame:
    """Return ``gene_id``, ``gene_name`` of the genes that a table of the fit names."""
    tables = (fit.modules, fit.switch_loadings, fit.excluded_features)
    # NOTE: fits of 0.2.0 have names in modules alone.
    named = [table.select("gene_id", "gene_name") for table in tables if "gene_name" in table.collect_schema()]
    names = pl.concat(named).drop_nulls().unique("gene_id", keep="first", maintain_order=True)
    return names.collect(engine="in-memory")


def _transcripts_of_bundle(fit: Fit, content: Bundle | None, genes: pl.Series) -> tuple[Features, Features]:
    """Return the transcripts of ``genes`` that have a switch feature, as log-ratios and as shares.

    content: the bundle of the fit. A fit without switch features needs none.
    """
    loadings = fit.switch_loadings.collect(engine="in-memory")
    if content is None or not loadings.height:
        texts = dict.fromkeys(("feature_id", "transcript_id", "gene_id"), pl.String())
        rows = pl.DataFrame(schema={**texts, "loading": pl.Float64()})
        nothing = Features(rows, np.empty((0, fit.calibration["n_samples"])))
        return nothing, nothing
    assays = bundle_assays(content)
    if assays.transcripts is None or assays.transcript_counts is None:
        raise InputError(
            str(content.path), "no transcript counts, though the fit has switch features. Fit the bundle again."
        )
    design = covariate_design(content.samples, fit.config["covariates"])
    return transcript_usage(assays.transcript_counts, assays.transcripts, design, loadings, genes)

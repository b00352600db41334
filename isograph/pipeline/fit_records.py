"""What ``fit_config.json`` and ``calibration.json`` say of a fit."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

import isograph
from isograph.config import FitConfig
from isograph.config.sample_column import column_names
from isograph.features.covariate import Design, covariate_readings
from isograph.network.pairs import TILE
from isograph.network.result import Network
from isograph.network.roles import ACTIVE_R
from isograph.network.tables import factor_ids
from isograph.runtime.progress import Steps
from isograph.stats import correlation_pvalue
from isograph.store.files import directory_digests
from isograph.traits.adjustment import Adjustment
from isograph.traits.association import multiple_r
from isograph.traits.individual import Individuals
from isograph.traits.trait import Traits, read_traits

logger = logging.getLogger(__name__)

LIBRARIES = ("numpy", "scipy", "numba", "polars", "duckdb", "graspologic-native")
LIBRARIES_OF_BACKEND = {"vae": ("torch",)}


@dataclass(frozen=True, slots=True)
class FitInputs:
    """What a fit keeps of its bundle once the features are built: everything but the matrices.

    Attributes
    ----------
    samples : the sample table.
    gene_names : ``gene_id``, ``gene_name`` of the genes whose name is known.
    design : the covariates that are projected out.
    adjustment : the same, by covariate, as tests of traits need it.
    traits : what modules are tested against.
    individuals : which samples are of one individual; None where every sample is of another.
    """

    dataset_name: str
    samples: pl.DataFrame
    gene_names: pl.DataFrame
    design: Design
    adjustment: Adjustment
    traits: Traits
    individuals: Individuals | None

    @property
    def sample_ids(self) -> list[str]:
        """Sample ids in the column order of the matrices."""
        ids: list[str] = self.samples.get_column("sample_id").to_list()
        return ids


def fit_config_record(
    inputs: FitInputs, config: FitConfig, *, path: Path, out: Path, threads: int
) -> dict[str, object]:
    """Return the content of ``fit_config.json``: everything needed to make the fit at ``out`` again.

    The path of the bundle is kept relative to the fit directory, so that both can be moved together.
    """
    libraries = (*LIBRARIES, *LIBRARIES_OF_BACKEND.get(config.backend, ()))
    return {
        "isograph_version": isograph.__version__,
        "backend": config.backend,
        "settings": asdict(config.backend_settings),
        "seed": config.seed,
        "min_delta_usage": config.min_delta_usage,
        "covariates": list(config.covariates),
        "traits": list(config.traits),
        "individual": config.individual,
        "covariates_as_read": covariate_readings(inputs.design, config.covariates),
        "traits_as_read": {trait.name: trait.reading for trait in inputs.traits.traits},
        "individual_as_read": None if inputs.individuals is None else inputs.individuals.reading,
        "columns_without_test": dict(inputs.traits.skipped),
        "threads": {"requested": config.threads, "used": threads, "duckdb": 1, "blas_in_tiles": 1},
        "correlation_tile": TILE,
        "bundle": {
            "dataset_name": inputs.dataset_name,
            "path": os.path.relpath(path.absolute(), out.absolute()),
            "sha256": directory_digests(path),
        },
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
    }


def calibration_record(
    inputs: FitInputs, config: FitConfig, network: Network, tables: Mapping[str, pl.DataFrame], steps: Steps
) -> dict[str, object]:
    """Return the content of ``calibration.json``: what the backend says about itself, and the counts of the result."""
    features = network.channels
    excluded: dict[str, object] = {}
    if network.excluded_samples is not None:
        excluded["excluded_samples"] = [inputs.sample_ids[number] for number in network.excluded_samples]
    return {
        **network.calibration,
        **excluded,
        "n_modules": tables["module_summary"].height,
        "n_edges": tables["edges"].height,
        "n_samples": features.z.shape[1],
        "n_features": len(features.gene_of),
        "chance_of_active_channel": round(float(correlation_pvalue(np.array(ACTIVE_R), features.residual_dof)), 6),
        "n_unassigned_genes": len(features.gene_ids) - tables["modules"].height,
        "hidden_confounders": _hidden_confounders(inputs, config, network),
        "seconds": dict(steps.seconds),
    }


def _hidden_confounders(inputs: FitInputs, config: FitConfig, network: Network) -> list[dict[str, object]]:
    """Return what is known of each hidden confounder, with its multiple correlation with every trait and covariate."""
    confounders = network.confounders
    if not confounders:
        return []
    columns = read_traits(inputs.samples.select("sample_id", *column_names(config.covariates)), (), ()).traits
    scores = np.array([confounder.score for confounder in confounders])
    r = {trait.name: multiple_r(scores, trait) for trait in (*columns, *inputs.traits.traits)}
    rows: list[dict[str, object]] = []
    for number, (factor_id, confounder) in enumerate(zip(factor_ids(confounders), confounders, strict=True)):
        correlations = {name: float(values[number]) for name, values in r.items() if np.isfinite(values[number])}
        strongest = max(correlations, key=lambda name: correlations[name], default=None)
        closest = f"; closest column: {strongest} (r {correlations[strongest]:.2f})" if strongest is not None else ""
        logger.info(
            "hidden confounder %s %s: %d features of %d modules%s",
            factor_id,
            "removed" if confounder.removed else "left in",
            confounder.n_features,
            confounder.n_modules,
            closest,
        )
        rows.append(
            {
                "factor_id": factor_id,
                "removed": confounder.removed,
                "n_features": confounder.n_features,
                "n_modules": confounder.n_modules,
                "bic_change": round(confounder.bic_change, 6),
                "r": {name: round(value, 6) for name, value in correlations.items()},
            }
        )
    return rows

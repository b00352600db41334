"""The record of a fit: everything needed to make it again."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import isograph
from isograph.bundle.bundle import Bundle
from isograph.config import FitConfig
from isograph.features.covariate import Design, covariate_readings
from isograph.network.pairs import TILE
from isograph.store.files import directory_digests
from isograph.traits.trait import Traits

LIBRARIES = ("numpy", "scipy", "numba", "polars", "duckdb", "graspologic-native")
LIBRARIES_OF_BACKEND = {"vae": ("torch",)}


@dataclass(frozen=True, slots=True)
class Request:
    """What the sample table was asked for."""

    design: Design
    traits: Traits


def fit_record(
    bundle: Bundle, config: FitConfig, request: Request, *, path: Path, out: Path, threads: int
) -> dict[str, object]:
    """Return the content of ``fit_config.json`` for a fit at ``out`` of the bundle at ``path``.

    The bundle's path is kept relative to the fit directory, so that both can be moved together.
    """
    return {
        "isograph_version": isograph.__version__,
        "backend": config.backend,
        "settings": asdict(config.backend_settings),
        "seed": config.seed,
        "covariates": list(config.covariates),
        "traits": list(config.traits),
        "covariates_as_read": covariate_readings(request.design, config.covariates),
        "traits_as_read": {trait.name: trait.reading for trait in request.traits.traits},
        "columns_without_test": dict(request.traits.skipped),
        "threads": {"requested": config.threads, "used": threads, "duckdb": 1, "blas_in_tiles": 1},
        "correlation_tile": TILE,
        "bundle": {
            "dataset_name": bundle.dataset_name,
            "path": os.path.relpath(path.absolute(), out.absolute()),
            "sha256": directory_digests(path),
        },
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in (*LIBRARIES, *LIBRARIES_OF_BACKEND.get(config.backend, ()))},
    }

"""A fixture spec to a bundle directory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from isograph.bundle.write import has_manifest, write_bundle
from isograph.results.bundle import OpenedBundle
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.spec import fixture_spec, overridden_spec
from isograph.store.output import refuse_existing, refuse_foreign

_logger = logging.getLogger(__name__)


def simulate(
    fixture: str,
    out: str | Path,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
) -> OpenedBundle:
    """Write the bundle of ``fixture`` to the directory ``out`` and return it opened.

    ``settings`` are fields of the fixture's spec in place of its own; texts are read as TOML values.

    Raises
    ------
    UsageError
        There is no such fixture or field, a value is out of range, or ``out`` exists and may not be replaced.
    ResourceError
        There is not enough memory or disk for it.
    """
    path = write_simulation(fixture, Path(out), suite=suite, seed=seed, overwrite=overwrite, settings=settings)
    return OpenedBundle(path)


def write_simulation(
    fixture: str,
    out: Path,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Path:
    """Write the bundle of ``fixture`` to the directory ``out`` and return ``out``; raises what ``simulate`` does."""
    spec = overridden_spec(fixture_spec(fixture, suite), settings or {})
    refuse_existing(out, overwrite=overwrite)
    refuse_foreign(out, "a bundle", has_manifest)
    bundle = simulated_bundle(spec, seed=seed)
    _logger.info(
        "%s: %d genes × %d samples, %d modules, seed %d",
        spec.name,
        spec.n_genes,
        spec.n_samples,
        len(spec.module_sizes),
        seed,
    )
    return write_bundle(bundle, out, overwrite=overwrite)

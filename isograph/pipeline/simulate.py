"""``isograph simulate``: a bundle with planted truth from a fixture."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from isograph.bundle.write import has_manifest, write_bundle
from isograph.results.bundle import OpenedBundle
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.spec import fixture_spec, spec_of
from isograph.store.output import refuse_existing, refuse_foreign

logger = logging.getLogger(__name__)


def simulate(
    fixture: str,
    out: str | Path,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
) -> OpenedBundle:
    """Write a synthetic bundle with planted truth, and return it opened.

    The same fixture, seed and settings give the same bytes.

    Parameters
    ----------
    fixture : name of the fixture, ``toy_multiplex_v1``.
    out : directory of the bundle.
    suite : suite the fixture is in; None for the only one that has it.
    seed : seed of everything that is drawn.
    overwrite : replace a bundle that is there.
    settings : fields of ``isograph.simulation.spec.FixtureSpec`` in place of the fixture's own, ``{"n_samples": 20}``.

    Raises
    ------
    UsageError
        There is no such fixture or field, a value is out of range, or ``out`` exists and may not be replaced.
    ResourceError
        There is not enough memory or disk for it.
    """
    return OpenedBundle(
        write_simulation(fixture, Path(out), suite=suite, seed=seed, overwrite=overwrite, settings=settings)
    )


def write_simulation(
    fixture: str,
    out: Path,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Path:
    """Write what ``simulate`` does and return ``out``; the bundle is not read again, which takes longer than making it.

    Raises
    ------
    UsageError, ResourceError
        As ``simulate``.
    """
    spec = spec_of(settings or {}, fixture_spec(fixture, suite))
    refuse_existing(out, overwrite=overwrite)
    refuse_foreign(out, "a bundle", has_manifest)
    bundle = simulated_bundle(spec, seed=seed)
    size = f"{spec.n_genes} genes × {spec.n_samples} samples, {len(spec.module_sizes)} modules"
    logger.info("%s: %s, seed %d", spec.name, size, seed)
    return write_bundle(bundle, out, overwrite=overwrite)

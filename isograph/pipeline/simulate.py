"""``isograph simulate``: a bundle with planted truth from a fixture, or a real one drawn again without switching."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from isograph.bundle.read import read_bundle
from isograph.bundle.write import has_manifest, write_bundle
from isograph.config.redraw import MULTINOMIAL, RedrawConfig
from isograph.config.values import names_given
from isograph.errors import UsageError, option
from isograph.features.covariate import covariate_design
from isograph.results.bundle import OpenedBundle
from isograph.simulation.bundle import simulated_bundle
from isograph.simulation.redraw import redrawn_bundle
from isograph.simulation.spec import fixture_spec, spec_of
from isograph.store.output import refuse_existing, refuse_foreign

logger = logging.getLogger(__name__)


def simulate(
    fixture: str | None = None,
    out: str | Path | None = None,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
    redraw: str | Path | OpenedBundle | None = None,
    null: str | None = None,
    within: str | Iterable[str] = (),
) -> OpenedBundle:
    """Write a synthetic bundle, and return it opened: a fixture with planted truth, or a real bundle drawn again.

    The same fixture or bundle, seed and settings give the same bytes.

    Parameters
    ----------
    fixture : name of the fixture, ``toy_multiplex_v1``; None where a bundle is redrawn.
    out : directory of the bundle that is written.
    suite : suite the fixture is in; None for the only one that has it.
    seed : seed of everything that is drawn.
    overwrite : replace a bundle that is there.
    settings : fields of ``isograph.simulation.spec.FixtureSpec`` in place of the fixture's own, ``{"n_samples": 20}``.
    redraw : a bundle, or its directory, whose transcript counts are drawn again so that no gene switches; gene totals
        stay. The result is named ``<name>_null1`` or ``<name>_null2``.
    null : how it is redrawn: ``multinomial``, counting noise alone, or ``overdispersed``, with each gene's own
        overdispersion; None for multinomial.
    within : sample columns whose effect on usage is not taken for overdispersion, for ``overdispersed``.

    Raises
    ------
    UsageError
        There is no such fixture or field, a value is out of range, arguments exclude each other, or ``out`` exists and
        may not be replaced.
    InputError
        The bundle to redraw is not valid, or has no gene with two counted transcripts.
    ResourceError
        There is not enough memory or disk for it.

    Examples
    --------
    >>> silent = simulate(redraw="my_bundle", out="my_bundle_null1", seed=1)  # doctest: +SKIP
    """
    return OpenedBundle(
        write_simulation(
            fixture,
            out,
            suite=suite,
            seed=seed,
            overwrite=overwrite,
            settings=settings,
            redraw=redraw,
            null=null,
            within=within,
        )
    )


def write_simulation(
    fixture: str | None = None,
    out: str | Path | None = None,
    *,
    suite: str | None = None,
    seed: int = 0,
    overwrite: bool = False,
    settings: Mapping[str, object] | None = None,
    redraw: str | Path | OpenedBundle | None = None,
    null: str | None = None,
    within: str | Iterable[str] = (),
) -> Path:
    """Write what ``simulate`` does and return ``out``; the bundle is not read again, which takes longer than making it.

    Raises
    ------
    UsageError, InputError, ResourceError
        As ``simulate``.
    """
    columns = names_given(within)
    if out is None or (fixture is None) == (redraw is None):
        needed = f"a fixture, or a bundle to draw again with {option('redraw')}, and out"
        raise UsageError(f"simulate takes {needed}: the directory that is written.")
    target = Path(out)
    if redraw is not None:
        given = {"suite": suite is not None, "settings": bool(settings)}
        if excess := [option(name, flag="--set" if name == "settings" else None) for name in given if given[name]]:
            raise UsageError(f"{' and '.join(excess)}: for fixtures only, and {option('redraw')} names a bundle.")
        config = RedrawConfig(null=null or MULTINOMIAL, within=columns, seed=seed)
        path = redraw.path if isinstance(redraw, OpenedBundle) else Path(redraw)
        return _write_redrawn(path, target, config, overwrite=overwrite)
    if null is not None or columns:
        unfit = option("null" if null is not None else "within")
        raise UsageError(f"{unfit} says how a bundle is drawn again: name one with {option('redraw')}.")
    assert fixture is not None
    spec = spec_of(settings or {}, fixture_spec(fixture, suite))
    _require_output(target, overwrite=overwrite)
    bundle = simulated_bundle(spec, seed=seed)
    size = f"{spec.n_genes} genes × {spec.n_samples} samples, {len(spec.module_sizes)} modules"
    logger.info("%s: %s, seed %d", spec.name, size, seed)
    return write_bundle(bundle, target, overwrite=overwrite)


def _write_redrawn(path: Path, out: Path, config: RedrawConfig, *, overwrite: bool) -> Path:
    """Write the bundle at ``path`` drawn again."""
    _require_output(out, overwrite=overwrite)
    if out.resolve() in (path.resolve(), *path.resolve().parents):
        raise UsageError(f"{out} is the bundle or holds it, so it is not replaced. Name another output directory.")
    bundle = read_bundle(path)
    design = covariate_design(bundle.samples, config.within).basis.T if config.within else None
    return write_bundle(redrawn_bundle(bundle, config, design=design), out, overwrite=overwrite)


def _require_output(out: Path, *, overwrite: bool) -> None:
    refuse_existing(out, overwrite=overwrite)
    refuse_foreign(out, "a bundle", has_manifest)

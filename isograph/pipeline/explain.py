"""``isograph explain-module``: from a fit to a directory of tables and figures for each module."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import polars as pl

import isograph
from isograph.config import ExplainConfig
from isograph.config.explain import IG_BASELINES, IG_N_STEPS
from isograph.config.values import names_given
from isograph.errors import UsageError, examples, option
from isograph.explanation.explained_fit import ExplainedFit, explained_fit, fit_eigengenes, opened_fit
from isograph.explanation.tables import gene_driver_table, high_low_groups, high_vs_low_table, transcript_polarity_table
from isograph.explanation.user_tables import Annotation, read_annotation
from isograph.network.tables import with_gene_names
from isograph.results.explanation import Explanation
from isograph.results.fit import Fit
from isograph.runtime.extras import require_extra
from isograph.runtime.progress import Display, Silent, Steps
from isograph.runtime.threads import resolve_threads
from isograph.schemas import Table
from isograph.schemas.explanation import (
    EXPLAIN_TABLES,
    GENE_DRIVER_TABLE,
    HIGH_VS_LOW_TABLE,
    IG_ATTRIBUTIONS,
    TRANSCRIPT_POLARITY_TABLE,
    VAE_DRIVERS,
)
from isograph.store.artifact import MANIFEST
from isograph.store.explanation import (
    EXPLANATION_MANIFEST,
    PartWriter,
    explanation_part,
    finish_explanation,
    read_part,
    require_explanation_only,
)
from isograph.store.files import file_digest

if TYPE_CHECKING:
    from isograph.explanation.encoded import Encoded
    from isograph.explanation.feature import Association

DEFAULT_PARENT = Path("artifacts/explain")
LIBRARIES = ("numpy", "scipy", "numba", "polars")
OVERVIEW = "overview"
USER_TABLES = ("feature_table", "feature_meta", "module_score_table", "annotation_table")


def explain(
    fit: str | Path | Fit,
    *,
    module_ids: str | Iterable[str] = (),
    plot: bool = False,
    output_formats: str | Iterable[str] = (),
    bundle: str | Path | None = None,
    feature_table: str | Path | None = None,
    feature_meta: str | Path | None = None,
    module_score_table: str | Path | None = None,
    annotation_table: str | Path | None = None,
    vae_attribution: bool = False,
    integrated_gradients: bool = False,
    ig_n_steps: int | None = None,
    ig_baseline: str | None = None,
    threads: int | None = None,
    output_dir: str | Path | None = None,
    overwrite: bool = False,
    display: Display | None = None,
) -> Explanation:
    """Explain the modules of a fit, write a directory of tables for each, and return all of them opened.

    Each module is written whole or not at all, and the manifest of the run when all are there: a run that was
    interrupted goes on where it was when it is started again, and one that asks for more modules adds them.

    Parameters
    ----------
    fit : a fit directory, or one opened with ``isograph.open``.
    module_ids : modules to explain; empty for all.
    plot : draw figures (needs the extra ``plot``).
    output_formats : of figures (``png``, ``pdf``, ``svg``) and of copies of the tables (``csv``, ``tsv``) beside
        parquet; figures are png where no format of figures is among them.
    bundle : where the bundle of the fit is; None for where it was when the fit was made.
    feature_table : a table of features to explain with instead of those of the fit: ``feature_id`` and one column per
        sample.
    feature_meta : their ``gene_id``, ``transcript_id`` and ``feature_type``, where these are not in the same table.
    module_score_table : a table of scores to explain instead of eigengenes: ``module_id``, ``sample_id``, ``score``.
    annotation_table : a table of columns to add by ``gene_id``, ``transcript_id`` or ``feature_id``.
    vae_attribution : add the response of the decoder, of vae fits only (needs the extra ``vae``).
    integrated_gradients : add the integrated gradients of the encoder, of vae fits only (needs the extra ``vae``).
    ig_n_steps : steps of their integral to begin with; None for 16.
    ig_baseline : where the integral begins, ``zero`` or ``mean`` of the samples; None for zero.
    threads : threads to use; None for the cores this process may use. No result depends on it.
    output_dir : where the explanation goes; by default ``artifacts/explain/<name of the fit directory>``.
    overwrite : replace what is there, whatever options it was made with.
    display : shows progress; None shows nothing.

    Raises
    ------
    UsageError
        The output holds something else or an explanation with other options, a module is not in the fit, an option is
        out of range, or the fit has no checkpoint to attribute with.
    MissingExtraError
        Figures or attributions are asked for, and the library that makes them is not installed.
    InputError
        The fit, its bundle or a table is not usable; everything found is listed.
    """
    config = ExplainConfig(
        module_ids=names_given(module_ids),
        plot=plot,
        output_formats=names_given(output_formats),
        bundle=_path(bundle),
        feature_table=_path(feature_table),
        feature_meta=_path(feature_meta),
        module_score_table=_path(module_score_table),
        annotation_table=_path(annotation_table),
        vae_attribution=vae_attribution,
        integrated_gradients=integrated_gradients,
        ig_n_steps=ig_n_steps,
        ig_baseline=ig_baseline,
        threads=threads,
    )
    opened = fit if isinstance(fit, Fit) else opened_fit(Path(fit))
    _require_model(opened, config)
    if config.plot:
        require_extra("matplotlib", "drawing figures", "plot")
    out = Path(output_dir) if output_dir is not None else DEFAULT_PARENT / opened.path.resolve().name
    _write_explanation(opened, config, out, Steps(display or Silent()), overwrite=overwrite)
    return Explanation(out)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _require_model(fit: Fit, config: ExplainConfig) -> None:
    """Raise where attributions are asked for and the fit has no model, or the library that runs it is missing."""
    wanted = [name for name in ("vae_attribution", "integrated_gradients") if getattr(config, name)]
    if not wanted:
        return
    backend = fit.config["backend"]
    if backend != "vae":
        raise UsageError(
            f"{' and '.join(map(option, wanted))} {'needs' if len(wanted) == 1 else 'need'} the checkpoint of a vae "
            f"fit, and {fit.path} is a {backend} fit. Fit the bundle with {option('backend', 'vae')}."
        )
    for module in ("torch", "captum"):
        require_extra(module, "attribution with the model of a vae fit", "vae")


def _write_explanation(fit: Fit, config: ExplainConfig, out: Path, steps: Steps, *, overwrite: bool) -> None:
    with steps.step("read"):
        require_explanation_only(out)
        explained = explained_fit(fit, config)
        encoded = None
        if config.vae_attribution or config.integrated_gradients:
            from isograph.explanation.encoded import encoded_fit

            encoded = encoded_fit(fit.path, explained.scores)
        annotation = _annotation(explained, config)
        facts = _facts(fit, out, config)
        stale = _stale_parts(out, facts, overwrite=overwrite)
        waiting = [name for name in explained.module_ids if overwrite or not (out / name).is_dir()]
    if waiting:
        with steps.step("correlation"):
            associations = explained.associations(threads=resolve_threads(config.threads))
        (out / EXPLANATION_MANIFEST).unlink(missing_ok=True)
        for name in stale:
            shutil.rmtree(out / name)
        with steps.step("modules") as progress:
            for done, module_id in enumerate(waiting):
                progress(done, len(waiting))
                tables = _module_tables(explained, associations, encoded, config, module_id)
                with explanation_part(
                    out / module_id,
                    facts={**facts, "module_id": module_id},
                    copies=config.copy_formats,
                    overwrite=overwrite,
                ) as writer:
                    frames = {
                        table.name: _written(writer, table, with_gene_names(rows, explained.gene_names), annotation)
                        for table, rows in tables
                    }
                    if config.plot:
                        from isograph.reporting.drawing import draw_module

                        draw_module(writer, explained, module_id, frames, config.figure_formats)
    if config.plot:
        with steps.step("overview"):
            _write_overview(explained, config, out, facts)
    _finish(out, config, facts)


def _annotation(explained: ExplainedFit, config: ExplainConfig) -> Annotation | None:
    path = config.annotation_table
    if path is None:
        return None
    features, transcripts = explained.features.rows, explained.transcripts.rows
    ids = {name: features.get_column(name) for name in ("gene_id", "feature_id")}
    annotation = read_annotation(path, {**ids, "transcript_id": transcripts.get_column("transcript_id")})
    annotation.refuse_clashes(EXPLAIN_TABLES.values(), path.name)
    return annotation


def _facts(fit: Fit, out: Path, config: ExplainConfig) -> dict[str, object]:
    """Return what every manifest of the run says: the fit, the options, the versions, and a digest of all of them."""
    paths: dict[str, Path | None] = {name: getattr(config, name) for name in ("bundle", *USER_TABLES)}
    digests = {"fit": file_digest(fit.path / MANIFEST)} | {
        name: None if (path := paths[name]) is None else file_digest(path) for name in USER_TABLES
    }
    content = {"options": config.content, "sha256": digests, "version": isograph.__version__}
    return {
        "fit": {
            "path": os.path.relpath(fit.path.absolute(), out.absolute()),
            "dataset_name": fit.config["bundle"]["dataset_name"],
            "backend": fit.config["backend"],
        },
        "options": {**config.content, **{name: None if path is None else str(path) for name, path in paths.items()}},
        "sha256": digests,
        "fingerprint": hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _stale_parts(out: Path, facts: Mapping[str, object], *, overwrite: bool) -> list[str]:
    """Return the names of the parts that are there and are not of this run.

    Raises
    ------
    UsageError
        There are some, and they may not be replaced.
    """
    parts = _parts(out).items()
    stale = [name for name, part in parts if part is None or part.get("fingerprint") != facts["fingerprint"]]
    if stale and not overwrite:
        raise UsageError(
            f"{out} holds {examples(stale)}, made with other options or from another fit, or changed since. "
            f"Pass {option('overwrite', value=True)} to replace them, or name another directory."
        )
    return stale


def _parts(out: Path) -> dict[str, dict[str, object] | None]:
    """Return the manifest of every part that is there, None for one that is not as it was written."""
    names = sorted(path.parent.name for path in out.glob(f"*/{EXPLANATION_MANIFEST}")) if out.is_dir() else []
    return {name: read_part(out / name) for name in names if not name.startswith(".")}


def _module_tables(
    explained: ExplainedFit,
    associations: Mapping[str, Association],
    encoded: Encoded | None,
    config: ExplainConfig,
    module_id: str,
) -> Iterator[tuple[Table, pl.LazyFrame]]:
    """Yield the tables of one module, those that need the model of the fit only where they are asked for."""
    module = explained.module_ids.index(module_id)
    members = explained.modules.filter(pl.col("module_id") == module_id).get_column("gene_id")
    eigengene = explained.eigengenes[module]
    groups = high_low_groups(eigengene)
    numbers = explained.transcripts.numbers(members)
    transcripts, usage = associations["transcripts"][numbers], explained.usage[numbers]
    yield GENE_DRIVER_TABLE, gene_driver_table(associations["features"], members, module=module)
    yield TRANSCRIPT_POLARITY_TABLE, transcript_polarity_table(transcripts, usage, groups, module=module)
    yield HIGH_VS_LOW_TABLE, high_vs_low_table(explained.features.of_genes(members), groups)
    if encoded is None:
        return
    direction = encoded.direction(eigengene)
    if config.vae_attribution:
        from isograph.explanation.response import vae_driver_table

        yield VAE_DRIVERS, vae_driver_table(encoded, direction, associations["scores"], members, module=module)
    if config.integrated_gradients:
        from isograph.explanation.gradient import ig_attribution_table, integrated_gradients

        integrated = None
        if direction.exists:
            n_steps, baseline = config.ig_n_steps or IG_N_STEPS, config.ig_baseline or IG_BASELINES[0]
            integrated = integrated_gradients(encoded, direction, baseline=baseline, n_steps=n_steps)
        yield IG_ATTRIBUTIONS, ig_attribution_table(integrated, direction, encoded.features, members)


def _written(writer: PartWriter, table: Table, rows: pl.LazyFrame, annotation: Annotation | None) -> pl.DataFrame:
    """Write a table, which has its gene names, with its annotation, and return it."""
    table = EXPLAIN_TABLES[table.name]
    annotated = rows if annotation is None else annotation.added_to(rows, table)
    frame = annotated.collect(engine="in-memory")
    added = {name: dtype for name, dtype in frame.schema.items() if name not in table.schema}
    writer.explained(table, frame, added)
    return frame


def _write_overview(explained: ExplainedFit, config: ExplainConfig, out: Path, facts: Mapping[str, object]) -> None:
    """Write the figure of all eigengenes, or of the scores that stand in for them, unless it is there."""
    from isograph.reporting.drawing import draw_overview

    if read_part(out / OVERVIEW) is not None:
        return
    module_ids, eigengenes = explained.module_ids, explained.eigengenes
    if config.module_score_table is None:
        # All modules of the fit, those that are not explained too.
        module_ids = explained.fit.chosen_modules()
        eigengenes = fit_eigengenes(explained.fit, module_ids, len(explained.sample_ids))
    with explanation_part(out / OVERVIEW, facts=facts, copies=config.copy_formats, overwrite=True) as writer:
        draw_overview(writer, module_ids, explained.sample_ids, eigengenes, config.figure_formats)


def _finish(out: Path, config: ExplainConfig, facts: Mapping[str, object]) -> None:
    """Write the manifest of the run over every part that is whole, also those of earlier runs."""
    parts = {name: part for name, part in _parts(out).items() if part is not None}
    module_ids = [name for name, part in parts.items() if part.get("module_id") == name]
    left_out = {VAE_DRIVERS.name: not config.vae_attribution, IG_ATTRIBUTIONS.name: not config.integrated_gradients}
    tables = [name for name in EXPLAIN_TABLES if not left_out.get(name)]
    out.mkdir(parents=True, exist_ok=True)
    finish_explanation(out, parts, {**facts, "parts": list(parts), "module_ids": module_ids, "tables": tables})

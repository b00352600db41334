"""``isograph explain-module``: from a fit to a directory of tables and figures for each module."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import orjson
import polars as pl

import isograph
from isograph.config import ExplainConfig
from isograph.config.explain import IG_BASELINES, IG_N_STEPS
from isograph.errors import ConfigError, UsageError, examples
from isograph.explanation.annotation import Annotation
from isograph.explanation.explained_fit import Subject, read_subject, subject_digests
from isograph.explanation.feature import Association, Features, associations
from isograph.explanation.tables import gene_driver_table, high_low_groups, high_vs_low_table, transcript_polarity_table
from isograph.explanation.user_tables import given_annotation
from isograph.results.explanation import Explanation
from isograph.results.fit import Fit
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
from isograph.store.explanation import (
    EXPLANATION_MANIFEST,
    PartWriter,
    explanation_part,
    finish_explanation,
    read_part,
    refuse_foreign,
)

if TYPE_CHECKING:
    from isograph.explanation.encoded import Encoded

logger = logging.getLogger(__name__)

DEFAULT_PARENT = Path("artifacts/explain")
LIBRARIES = ("numpy", "scipy", "numba", "polars")
OVERVIEW = "overview"
PATH_OPTIONS = ("bundle", "feature_table", "feature_meta", "module_score_table", "annotation_table")


class ExplainOptions(TypedDict, total=False):
    """The fields of ``ExplainConfig`` as keyword arguments."""

    module_ids: tuple[str, ...]
    plot: bool
    output_formats: tuple[str, ...]
    bundle: str | Path | None
    feature_table: str | Path | None
    feature_meta: str | Path | None
    module_score_table: str | Path | None
    annotation_table: str | Path | None
    vae_attribution: bool
    integrated_gradients: bool
    ig_n_steps: int | None
    ig_baseline: str | None
    threads: int | None


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: what is explained with what."""

    subject: Subject
    encoded: Encoded | None
    of_scores: Association
    of_features: Association
    of_transcripts: Association
    annotation: Annotation | None
    config: ExplainConfig


def explain(
    fit: str | Path | Fit,
    *,
    output_dir: str | Path | None = None,
    overwrite: bool = False,
    display: Display | None = None,
    **options: Unpack[ExplainOptions],
) -> Explanation:
    """Explain the modules of a fit, write a directory of tables for each, and return all of them opened.

    Each module is written whole or not at all, and the manifest of the run when all are there: a run that was
    interrupted goes on where it was when it is started again, and one that asks for more modules adds them.

    Parameters
    ----------
    fit : a fit directory, or one opened with ``isograph.open``.
    output_dir : where the explanation goes; by default ``artifacts/explain/<name of the fit directory>``.
    overwrite : replace what is there, whatever options it was made with.
    display : shows progress; None shows nothing.
    options : the fields of ``isograph.config.ExplainConfig``.

    Raises
    ------
    UsageError
        The output holds something else or an explanation with other options, a module is not in the fit, an option is
        out of range, or the fit has no checkpoint to attribute with.
    InputError
        The fit, its bundle or a given table is not usable; everything found is listed.
    """
    config = _config(options)
    steps = Steps(display or Silent())
    with steps.step("read"):
        subject = read_subject(fit, config)
        _require_checkpoint(subject.fit, config)
        encoded = _encoded(subject, config)
        out = Path(output_dir) if output_dir is not None else DEFAULT_PARENT / subject.fit.path.resolve().name
        refuse_foreign(out)
        annotation = _annotation(config, subject)
        facts = _facts(subject.fit, out, config)
        stale = _stale(out, facts, overwrite=overwrite)
        waiting = [name for name in subject.module_ids if overwrite or not (out / name).is_dir()]
    if waiting:
        run = _prepared(subject, encoded, annotation, config, steps)
        (out / EXPLANATION_MANIFEST).unlink(missing_ok=True)
        for name in stale:
            shutil.rmtree(out / name)
        with steps.step("modules") as progress:
            for done, module_id in enumerate(waiting):
                progress(done, len(waiting))
                _explain_module(run, module_id, out, facts, overwrite=overwrite)
    if config.figure_formats:
        with steps.step("overview"):
            _write_overview(subject, config, out, facts)
    _finish(out, config, facts)
    return Explanation(out)


def _config(options: ExplainOptions) -> ExplainConfig:
    given: dict[str, Any] = dict(options)
    if unknown := [name for name in given if name not in ExplainConfig.__dataclass_fields__]:
        known = ", ".join(ExplainConfig.__dataclass_fields__)
        raise ConfigError(f"explain takes no {examples(unknown)}. Its options are {known}.")
    for name in ("module_ids", "output_formats"):
        if name in given:
            given[name] = _names(given[name])
    for name in PATH_OPTIONS:
        if given.get(name) is not None:
            given[name] = Path(given[name])
    return ExplainConfig(**given)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _encoded(subject: Subject, config: ExplainConfig) -> Encoded | None:
    """Return the samples as the model of the fit sees them, None where no attribution is asked for."""
    if not (config.vae_attribution or config.integrated_gradients):
        return None
    from isograph.explanation.encoded import encoded_fit

    return encoded_fit(subject.fit.path, subject.scores)


def _require_checkpoint(fit: Fit, config: ExplainConfig) -> None:
    asked = {"--vae-attribution": config.vae_attribution, "--integrated-gradients": config.integrated_gradients}
    wanted = [option for option, is_asked in asked.items() if is_asked]
    backend = fit.config["backend"]
    if wanted and backend != "vae":
        verb = "needs" if len(wanted) == 1 else "need"
        raise UsageError(
            f"{' and '.join(wanted)} {verb} the checkpoint of a vae fit, and {fit.path} is a {backend} fit. "
            "Make one with: isograph fit BUNDLE --backend vae"
        )


def _annotation(config: ExplainConfig, subject: Subject) -> Annotation | None:
    path = config.annotation_table
    if path is None:
        return None
    known = {
        "gene_id": subject.features.rows.get_column("gene_id"),
        "feature_id": subject.features.rows.get_column("feature_id"),
        "transcript_id": subject.transcripts.rows.get_column("transcript_id"),
    }
    annotation = given_annotation(path, known)
    annotation.refuse_clashes(EXPLAIN_TABLES.values(), path.name)
    return annotation


def _facts(fit: Fit, out: Path, config: ExplainConfig) -> dict[str, object]:
    """Return what every manifest of the run says: the fit, the options, the versions, and a digest of all of them."""
    content = {"options": config.content, "sha256": subject_digests(fit, config), "version": isograph.__version__}
    paths = {name: None if (path := getattr(config, name)) is None else str(path) for name in PATH_OPTIONS}
    return {
        "fit": {
            "path": os.path.relpath(fit.path.absolute(), out.absolute()),
            "dataset_name": fit.config["bundle"]["dataset_name"],
            "backend": fit.config["backend"],
        },
        "options": {**config.content, **paths},
        "sha256": content["sha256"],
        "fingerprint": hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _stale(out: Path, facts: Mapping[str, object], *, overwrite: bool) -> list[str]:
    """Return the parts that are there and are not of this run.

    Raises
    ------
    UsageError
        There are some, and they may not be replaced.
    """
    there = _parts(out)
    stale = [name for name, part in there.items() if part is None or part.get("fingerprint") != facts["fingerprint"]]
    if stale and not overwrite:
        raise UsageError(
            f"{out} holds {examples(stale)}, made with other options or from another fit, or changed since. "
            "Pass --overwrite to replace them, or name another directory."
        )
    return stale


def _parts(out: Path) -> dict[str, dict[str, object] | None]:
    """Return the manifest of every part that is there, None for one that is not as it was written."""
    there = sorted(path.parent.name for path in out.glob(f"*/{EXPLANATION_MANIFEST}")) if out.is_dir() else []
    return {name: read_part(out / name) for name in there if not name.startswith(".")}


def _prepared(
    subject: Subject, encoded: Encoded | None, annotation: Annotation | None, config: ExplainConfig, steps: Steps
) -> _Run:
    threads = resolve_threads(config.threads)

    def associated(features: Features) -> Association:
        return associations(features, subject.eigengenes, lost_dof=subject.lost_dof, threads=threads)

    with steps.step("correlation"):
        of_scores = associated(subject.scores)
        of_features = associated(subject.features) if subject.is_given else of_scores
        of_transcripts = associated(subject.transcripts)
    return _Run(subject, encoded, of_scores, of_features, of_transcripts, annotation, config)


def _explain_module(run: _Run, module_id: str, out: Path, facts: Mapping[str, object], *, overwrite: bool) -> None:
    tables = [*_module_tables(run, module_id), *_attribution_tables(run, module_id)]
    told = {**facts, "module_id": module_id}
    with explanation_part(out / module_id, facts=told, copies=run.config.copy_formats, overwrite=overwrite) as writer:
        written = {table.name: _written(writer, table, rows, run.annotation) for table, rows in tables}
        if run.config.figure_formats:
            from isograph.reporting.drawing import draw_module

            draw_module(writer, run.subject, module_id, written, run.config.figure_formats)


def _written(writer: PartWriter, table: Table, rows: pl.LazyFrame, annotation: Annotation | None) -> pl.DataFrame:
    """Write a table, with its annotation, and return it."""
    annotated = rows if annotation is None else annotation.added_to(rows, table)
    frame = annotated.collect(engine="in-memory")
    added = {name: dtype for name, dtype in frame.schema.items() if name not in table.schema}
    writer.explained(table, frame, added)
    return frame


def _module_tables(run: _Run, module_id: str) -> list[tuple[Table, pl.LazyFrame]]:
    subject = run.subject
    module = subject.module_ids.index(module_id)
    members = subject.members(module_id)
    groups = high_low_groups(subject.eigengenes[module])
    chosen = subject.transcripts.numbers(members)
    return [
        (GENE_DRIVER_TABLE, gene_driver_table(subject.features, run.of_features, members, module=module)),
        (
            TRANSCRIPT_POLARITY_TABLE,
            transcript_polarity_table(
                subject.transcripts[chosen],
                run.of_transcripts[chosen],
                subject.usage[chosen],
                groups,
                module=module,
            ),
        ),
        (HIGH_VS_LOW_TABLE, high_vs_low_table(subject.features.of_genes(members), groups)),
    ]


def _attribution_tables(run: _Run, module_id: str) -> Iterator[tuple[Table, pl.LazyFrame]]:
    """Yield the tables that need the model of the fit, those that are asked for."""
    if run.encoded is None:
        return
    module = run.subject.module_ids.index(module_id)
    members = run.subject.members(module_id)
    direction = run.encoded.direction(run.subject.eigengenes[module])
    if run.config.vae_attribution:
        from isograph.explanation.response import vae_driver_table

        yield VAE_DRIVERS, vae_driver_table(run.encoded, direction, run.of_scores, members, module=module)
    if run.config.integrated_gradients:
        from isograph.explanation.gradient import ig_attribution_table, integrated_gradients

        found = None
        if direction.exists:
            n_steps, baseline = run.config.ig_n_steps or IG_N_STEPS, run.config.ig_baseline or IG_BASELINES[0]
            found = integrated_gradients(run.encoded, direction, baseline=baseline, n_steps=n_steps)
        yield IG_ATTRIBUTIONS, ig_attribution_table(found, direction, run.encoded.features, members)


def _write_overview(subject: Subject, config: ExplainConfig, out: Path, facts: Mapping[str, object]) -> None:
    """Write the figure of all eigengenes beside the modules, unless it is there."""
    from isograph.reporting.drawing import draw_overview

    if read_part(out / OVERVIEW) is not None:
        return
    given = config.module_score_table is not None
    module_ids, eigengenes = (subject.module_ids, subject.eigengenes) if given else subject.all_eigengenes
    with explanation_part(out / OVERVIEW, facts=facts, copies=config.copy_formats, overwrite=True) as writer:
        draw_overview(writer, module_ids, subject.sample_ids, eigengenes, config.figure_formats)


def _finish(out: Path, config: ExplainConfig, facts: Mapping[str, object]) -> None:
    parts = {name: part for name, part in _parts(out).items() if part is not None}
    modules = [name for name, part in parts.items() if part.get("module_id") == name]
    left_out = {VAE_DRIVERS.name: not config.vae_attribution, IG_ATTRIBUTIONS.name: not config.integrated_gradients}
    tables = [name for name in EXPLAIN_TABLES if not left_out.get(name)]
    out.mkdir(parents=True, exist_ok=True)
    finish_explanation(
        out,
        parts,
        {**facts, "parts": list(parts), "module_ids": modules, "tables": tables},
    )

"""``isograph fit``: from a bundle to a directory of artifacts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from isograph.bundle.bundle import TPM_WARNING, Bundle
from isograph.bundle.manifest import read_bundle_manifest
from isograph.bundle.read import read_bundle
from isograph.config import BackendConfig, FitConfig, backend_settings
from isograph.config.values import names_given
from isograph.errors import InputError, UsageError, examples, option
from isograph.features.assays import bundle_assays, gene_names
from isograph.features.channel import Channels, channels
from isograph.features.covariate import covariate_design, covariate_readings
from isograph.network.backends import infer_network
from isograph.network.modules import Modules, gene_modules
from isograph.network.result import Network
from isograph.network.roles import gene_roles
from isograph.network.tables import (
    eigengene_table,
    excluded_table,
    factor_ids,
    feature_score_table,
    gene_edges,
    hidden_factor_table,
    module_colors,
    module_table,
    summary_table,
    with_gene_names,
    with_sample_notes,
)
from isograph.pipeline.fit_records import FitInputs, calibration_record, fit_config_record
from isograph.pipeline.preflight import preflight
from isograph.results.bundle import OpenedBundle
from isograph.results.fit import Fit
from isograph.runtime.progress import Display, Silent, Steps, run_log
from isograph.runtime.threads import resolve_threads
from isograph.schemas import FEATURE_SCORES, FIT_TABLES, GENE_NAME
from isograph.store.artifact import ArtifactWriter, artifact_directory
from isograph.store.output import refuse_existing
from isograph.traits.adjusted import determined_by
from isograph.traits.adjustment import adjustment
from isograph.traits.alias import tested_once
from isograph.traits.association import trait_table
from isograph.traits.individual import read_individuals
from isograph.traits.trait import read_traits

logger = logging.getLogger(__name__)

DEFAULT_PARENT = Path("artifacts/fits")
_DIRECTORY_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9 ._+-]*$")


def fit(
    bundle: str | Path | OpenedBundle,
    *,
    backend: str = "factor",
    covariates: str | Iterable[str] = (),
    traits: str | Iterable[str] = (),
    individual: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    min_delta_usage: float = 0.1,
    settings: BackendConfig | Mapping[str, object] | None = None,
    output_dir: str | Path | None = None,
    overwrite: bool = False,
    display: Display | None = None,
) -> Fit:
    """Infer modules from a bundle, write every table of the fit, and return it opened.

    Parameters
    ----------
    bundle : a bundle directory, or one opened with ``isograph.open``.
    backend : how networks are inferred: ``factor``, ``vae`` or ``wgcna``.
    covariates : sample columns projected out of every feature; ``column:factor`` reads numbers as levels.
    traits : sample columns tested against modules: ``column``, ``column:ref=LEVEL``, ``column:factor`` (numbers as
        levels) or ``column:spline`` (a natural cubic spline of a number); empty for every column that can be one.
    individual : sample column that names the person, line or animal that a sample is of: samples of one are not taken
        as independent in tests of traits. None where every sample is of another.
    seed : seed of everything that draws numbers.
    threads : threads to use; None for the cores this process may use. No result depends on it.
    min_delta_usage : least change of a transcript's usage between the low and high third of its gene's switch score
        (dIF) for the gene to have a switch feature.
    settings : the backend's own settings, by name or as its configuration (``isograph.FactorConfig`` …); None for its
        defaults.
    output_dir : where the fit goes; by default ``artifacts/fits/<dataset_name>`` below the working directory.
    overwrite : replace a fit that is there.
    display : shows progress; None shows nothing.

    Raises
    ------
    UsageError
        The output exists, or an option is out of range.
    InputError
        The bundle, a covariate, a trait or the individuals are not usable; everything found is listed.
    ResourceError
        The run needs more memory or disk than there is.
    """
    config = FitConfig(
        backend=backend,
        covariates=names_given(covariates),
        traits=names_given(traits),
        individual=individual,
        seed=seed,
        threads=threads,
        min_delta_usage=min_delta_usage,
        settings=backend_settings(backend, settings) if isinstance(settings, Mapping) else settings,
    )
    path = bundle.path if isinstance(bundle, OpenedBundle) else Path(bundle)
    out = Path(output_dir) if output_dir is not None else DEFAULT_PARENT / _directory_name(path)
    refuse_existing(out, overwrite=overwrite)
    if out.resolve() in (path.resolve(), *path.resolve().parents):
        raise UsageError(f"{out} is the bundle or holds it, so it is not replaced. Name another output directory.")
    steps = Steps(display or Silent())
    with artifact_directory(out, "fit", overwrite=overwrite) as writer:
        log = writer.directory / "run.log"
        with run_log(log):
            _run(path, out, config, writer, steps)
        writer.file(log.name, log.read_bytes())
    return Fit(out, verified_manifest=writer.manifest)


def _directory_name(path: Path) -> str:
    name = read_bundle_manifest(path).dataset_name
    if not _DIRECTORY_NAME.match(name):
        raise UsageError(f"the dataset name {name!r} is no directory name. Name one with {option('output_dir')}.")
    return name


def _run(path: Path, out: Path, config: FitConfig, writer: ArtifactWriter, steps: Steps) -> None:
    threads = resolve_threads(config.threads)
    inputs, features = _inputs(path, config, writer.directory, threads, steps)
    network = infer_network(features, config, threads=threads, steps=steps)
    features = network.channels
    with steps.step("tables"):
        modules = gene_modules(
            features,
            network.community_of,
            min_module_size=network.min_module_size,
            min_kme=network.min_kme,
            threads=threads,
        )
        tables = _tables(inputs, features, network, modules, threads=threads)
    with steps.step("write"):
        for name, contract in FIT_TABLES.items():
            writer.table(contract, tables[name])
        for name, data in network.files.items():
            writer.file(name, data)
        writer.json("fit_config.json", fit_config_record(inputs, config, path=path, out=out, threads=threads))
    writer.json("calibration.json", calibration_record(inputs, config, network, tables, steps))


def _inputs(path: Path, config: FitConfig, directory: Path, threads: int, steps: Steps) -> tuple[FitInputs, Channels]:
    """Return what a fit keeps of its bundle, and the features; the matrices of the bundle end with this function.

    Raises
    ------
    InputError
        The bundle, a covariate or a trait is not usable; everything found is listed.
    ResourceError
        The fit needs more memory than is available, or more disk than the file system of ``directory`` has.
    """
    with steps.step("read"):
        bundle = read_bundle(path)
        inputs = _fit_inputs(bundle, config)
        _log_sample_columns(inputs, config)
        assays = bundle_assays(bundle)
        if assays.counts_are_tpm and assays.transcripts is not None:
            logger.warning("%s", TPM_WARNING)
    preflight(bundle, assays, config, threads, place=directory)
    with steps.step("features") as progress:
        features = channels(
            assays,
            inputs.design,
            switch_score=config.backend_settings.switch_score,
            min_delta_usage=config.min_delta_usage,
            threads=threads,
            progress=progress,
        )
        _log_features(features, expects_switch=assays.transcripts is not None)
    return inputs, features


def _fit_inputs(bundle: Bundle, config: FitConfig) -> FitInputs:
    """Return what a fit keeps of its bundle.

    What is wrong with covariates, traits and individuals is reported together.
    """
    problems: list[str] = []
    design, traits, individuals = None, None, None
    try:
        design = covariate_design(bundle.samples, config.covariates)
    except InputError as error:
        problems += [f"covariate: {violation}" for violation in error.violations]
    try:
        traits = read_traits(bundle.samples, config.traits, config.covariates, config.individual)
    except InputError as error:
        problems += [f"trait: {violation}" for violation in error.violations]
    try:
        individuals = None if config.individual is None else read_individuals(bundle.samples, config.individual)
    except InputError as error:
        problems += [f"individual: {violation}" for violation in error.violations]
    if clashing := [sample for sample in bundle.sample_ids if sample in FEATURE_SCORES.schema]:
        problems.append(f"samples named like a column of feature_scores: {examples(clashing)}. Rename them.")
    if design is None or traits is None or problems:
        raise InputError("sample table", problems)
    covariates = adjustment(bundle.samples, config.covariates)
    traits = tested_once(traits, covariates)
    names = gene_names(bundle)
    return FitInputs(bundle.dataset_name, bundle.samples, names, design, covariates, traits, individuals)


def _log_sample_columns(inputs: FitInputs, config: FitConfig) -> None:
    for name, reading in covariate_readings(inputs.design, config.covariates).items():
        logger.info("covariate %s: %s", name, reading)
    for trait in inputs.traits.traits:
        logger.info("trait %s: %s", trait.name, trait.reading)
    determined: dict[str, list[str]] = {}
    for trait in inputs.traits.traits:
        if determining := determined_by(trait, inputs.adjustment):
            determined.setdefault(" and ".join(determining), []).append(trait.name)
    for parts, names in determined.items():
        logger.warning("%d traits without a p-value, as %s determines them: %s", len(names), parts, examples(names))
    for name, reason in inputs.traits.skipped.items():
        logger.info("column %s is no trait: %s", name, reason)
    if inputs.individuals is not None:
        logger.info("individual %s: %s", inputs.individuals.name, inputs.individuals.reading)


def _log_features(features: Channels, *, expects_switch: bool) -> None:
    switches = int(features.is_switch.sum())
    logger.info(
        "%d abundance and %d switch features of %d genes",
        len(features.gene_of) - switches,
        switches,
        len(features.gene_ids),
    )
    reasons = features.excluded.group_by("feature_type", "reason", maintain_order=True).len()
    for feature_type, reason, count in reasons.sort("feature_type", "reason").iter_rows():
        logger.info("%d genes without a %s feature: %s", count, feature_type, reason)
    if expects_switch and not switches:
        logger.warning("no gene has isoforms that vary: the switch channel is empty, modules are of abundance alone")


def _tables(
    inputs: FitInputs, features: Channels, network: Network, modules: Modules, *, threads: int
) -> dict[str, pl.DataFrame]:
    sample_ids = inputs.sample_ids
    module_rows = module_table(features, modules, inputs.gene_names)
    hidden = zip(factor_ids(network.confounders), network.confounders, strict=True)
    removed = {name: confounder.score for name, confounder in hidden if confounder.removed}
    edges = gene_edges(features, network)
    eigengenes = eigengene_table(modules, sample_ids)
    traits = trait_table(
        modules.module_ids,
        modules.eigengenes,
        inputs.traits.traits,
        inputs.adjustment.with_confounders(removed),
        inputs.individuals,
    )
    tables = {
        "modules": module_rows,
        "edges": edges,
        "traits": with_sample_notes(traits, eigengenes),
        "feature_scores": feature_score_table(features, sample_ids),
        "module_gene_roles": gene_roles(features, modules, threads=threads),
        "eigengenes": eigengenes,
        "module_summary": summary_table(modules, features, module_rows, edges, colors=module_colors(modules, network)),
        "switch_loadings": features.loadings,
        "excluded_features": excluded_table(features, network),
        "feature_quality": features.quality,
        "hidden_factors": hidden_factor_table(network.confounders, sample_ids),
    }
    for name, contract in FIT_TABLES.items():
        if GENE_NAME.name in contract.schema and GENE_NAME.name not in tables[name].columns:
            named = with_gene_names(tables[name].lazy(), inputs.gene_names)
            tables[name] = named.collect(engine="in-memory")
    return tables

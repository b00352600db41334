"""What a benchmark runs on: fixtures that are simulated, and the real data set that is kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from isograph.bundle.bundle import Bundle
from isograph.config import ImportConfig
from isograph.errors import UsageError, examples, shown
from isograph.simulation.spec import FixtureSpec, fixture_directory, fixture_specs, suites

REAL_NAME = "geuvadis_ceu_chr19"
REAL_SUITE = "core_v1"
DEFAULT_SUITE = "core_v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set to benchmark on.

    Attributes
    ----------
    gates : limits for the metrics of a run.
    recorded_covariates : sample columns that hold a confounder.
    spec : what it is simulated from; None for real data, of which no truth is known.
    """

    name: str
    suite: str
    gates: Mapping[str, float] = field(default_factory=dict)
    recorded_covariates: tuple[str, ...] = ()
    spec: FixtureSpec | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes
    ----------
    genes : every gene of the bundle.
    planted : gene → module of the planted genes; None where no truth is known.
    roles : gene → role, of the planted genes; empty where no roles were planted.
    """

    genes: list[str]
    planted: Mapping[str, str] | None
    roles: Mapping[str, str]


def chosen_datasets(suite_names: tuple[str, ...], fixture_names: tuple[str, ...]) -> list[Dataset]:
    """Return the data sets of the suites, or of them (or of any suite) the named fixtures; one suite after another.

    Raises
    ------
    UsageError
        A suite or a fixture does not exist; all are named, with those that do and the nearest.
    """
    known = suites()
    unknown = [f"no suite '{shown(name)}'{_nearest(name, known)}" for name in suite_names if name not in known]
    if unknown:
        raise UsageError("\n".join([*unknown, f"The suites are {', '.join(known)}."]))
    searched = suite_names or (known if fixture_names else (DEFAULT_SUITE,))
    available = [dataset for suite in dict.fromkeys(searched) for dataset in datasets_of(suite)]
    if not fixture_names:
        return available
    names = {dataset.name for dataset in available}
    unknown = [f"no fixture '{shown(name)}'{_elsewhere(name, names)}" for name in fixture_names if name not in names]
    if unknown:
        raise UsageError("\n".join([*unknown, "The fixtures are", *_listing(available)]))
    return [dataset for dataset in available if dataset.name in fixture_names]


def datasets_of(suite: str) -> list[Dataset]:
    """Return the data sets of a suite; the real one is there where its files are, which a wheel does not hold."""
    simulated = [
        Dataset(
            name=spec.name,
            suite=suite,
            gates=spec.gates,
            recorded_covariates=spec.recorded_covariates,
            spec=spec,
        )
        for spec in fixture_specs(suite)
    ]
    real = Dataset(name=REAL_NAME, suite=REAL_SUITE, recorded_covariates=("performer",))
    return [*simulated, real] if suite == REAL_SUITE and _real_directory().is_dir() else simulated


Importer = Callable[[Path, Path, ImportConfig], object]


def write_dataset(dataset: Dataset, out: Path, *, seed: int, importer: Importer) -> Bundle:
    """Write the data set as a bundle to ``out`` and return it. Real data does not depend on the seed.

    importer: imports the files of real data, ``isograph.pipeline.import_.import_bundle``.
    """
    if dataset.spec is None:
        return _imported(out, importer)
    from isograph.bundle.write import write_bundle
    from isograph.simulation.bundle import simulated_bundle

    bundle = simulated_bundle(dataset.spec, seed=seed)
    write_bundle(bundle, out)
    return bundle


def truth_of(bundle: Bundle, *, is_real: bool) -> Truth:
    """Return what was planted in a simulated bundle; of real data the genes alone."""
    table = bundle.genes if bundle.genes is not None else bundle.transcripts
    genes = [] if table is None else table.get_column("gene_id").unique(maintain_order=True).to_list()
    if is_real:
        return Truth(genes, None, {})
    modules = bundle.feature_tables.get("truth_module")
    roles = bundle.feature_tables.get("truth_channel_role")
    planted = {} if modules is None else dict(modules.select("gene_id", "module_id").iter_rows())
    role_of = {} if roles is None else dict(roles.select("gene_id", "truth_role").iter_rows())
    return Truth(
        genes=genes,
        planted={gene: str(module) for gene, module in planted.items()},
        roles={gene: role for gene, role in role_of.items() if gene in planted},
    )


def _imported(out: Path, importer: Importer) -> Bundle:
    from isograph.bundle.read import read_bundle

    place = _real_directory()
    config = ImportConfig(samples=place / "samples.tsv", tx2gene=place / "tx2gene.tsv", dataset_name=REAL_NAME)
    importer(place / "counts.tsv.gz", out, config)
    return read_bundle(out)


def _real_directory() -> Path:
    return fixture_directory() / REAL_NAME


def _listing(datasets: list[Dataset]) -> list[str]:
    by_suite: dict[str, list[str]] = {}
    for dataset in datasets:
        by_suite.setdefault(dataset.suite, []).append(dataset.name)
    return [f"  {suite}: {', '.join(names)}" for suite, names in by_suite.items()]


def _elsewhere(name: str, names: Iterable[str]) -> str:
    """Say which suite has the fixture, or else which name among ``names`` is nearest."""
    having = [suite for suite in suites() if name in {dataset.name for dataset in datasets_of(suite)}]
    return f" there; it is in suite {', '.join(having)}." if having else _nearest(name, names)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {examples(close)}?" if close else "."

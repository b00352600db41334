"""One frozen dataclass per command and per backend; every range is checked when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from isograph.errors import ConfigError


def _require(checks: dict[str, bool]) -> None:
    broken = [sentence for sentence, holds in checks.items() if not holds]
    if broken:
        raise ConfigError("; ".join(broken))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportConfig:
    """What ``isograph import`` reads, how ids are matched, and which genes and transcripts are kept.

    Attributes
    ----------
    format : ``auto``, ``salmon``, ``nf-core`` or ``matrix``.
    samples : sample sheet; None makes one from the quantification's own sample names.
    sample_column : the sheet's id column; None finds it by name.
    tx2gene, gtf : where the gene of a transcript is looked up, when the quantification does not say.
    id_column, gene_column : columns of a generic matrix; None finds them by name.
    scale : ``counts``, or ``log`` for gene values already on a log scale (missing allowed).
    strip : ``auto``, ``none``, ``version`` (``.N``) or ``bar`` (everything after ``|``): how ids are made to match.
    drop_unmatched : leave out samples and transcripts without a partner instead of stopping.
    min_cpm, min_samples : a gene is kept with at least ``min_cpm`` counts per million in ``min_samples`` samples
        (a number ≥ 1, or a share of all samples < 1).
    min_tx_count, min_prop : a transcript is kept with at least ``min_tx_count`` counts in the share ``min_prop`` of
        samples.
    """

    format: str = "auto"
    samples: Path | None = None
    sample_column: str | None = None
    tx2gene: Path | None = None
    gtf: Path | None = None
    id_column: str | None = None
    gene_column: str | None = None
    scale: str = "counts"
    strip: str = "auto"
    drop_unmatched: bool = False
    min_cpm: float = 1.0
    min_samples: float = 0.1
    min_tx_count: float = 10.0
    min_prop: float = 0.1
    dataset_name: str | None = None

    def __post_init__(self) -> None:
        _require(
            {
                f"format is '{self.format}', expected auto, salmon, nf-core or matrix": self.format
                in ("auto", "salmon", "nf-core", "matrix"),
                f"scale is '{self.scale}', expected counts or log": self.scale in ("counts", "log"),
                f"strip is '{self.strip}', expected auto, none, version or bar": self.strip
                in ("auto", "none", "version", "bar"),
                f"min_cpm is {self.min_cpm}, expected 0 or more": self.min_cpm >= 0,
                f"min_samples is {self.min_samples}, expected 0 or more": self.min_samples >= 0,
                f"min_tx_count is {self.min_tx_count}, expected 0 or more": self.min_tx_count >= 0,
                f"min_prop is {self.min_prop}, expected 0 to 1": 0 <= self.min_prop <= 1,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorConfig:
    """Settings of the ``factor`` backend. The defaults are meant for every data set.

    Attributes
    ----------
    neighbours : strongest partners kept for each feature.
    fdr : share of the kept pairs that chance may explain.
    similarity_cuts : second-order similarities at which the graph is cut and partitioned.
    resolution : Leiden resolution; 1 is plain modularity.
    restarts : Leiden runs on the best graph at most, each with a seed of its own, while they improve the criterion.
    min_module_size : genes a module must have.
    min_kme : |kME| that a gene's best feature must reach for the gene to be in a module.
    """

    neighbours: int = 60
    fdr: float = 1e-4
    similarity_cuts: tuple[float, ...] = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
    resolution: float = 1.0
    restarts: int = 9
    min_module_size: int = 3
    min_kme: float = 0.3

    def __post_init__(self) -> None:
        cuts = self.similarity_cuts
        _require(
            {
                f"neighbours is {self.neighbours}, expected 1 to 10000": 1 <= self.neighbours <= 10_000,
                f"fdr is {self.fdr}, expected above 0 and below 1": 0 < self.fdr < 1,
                f"similarity_cuts is {list(cuts)}, expected one or more values from 0 to 1": len(cuts) > 0
                and all(0 <= cut <= 1 for cut in cuts),
                f"resolution is {self.resolution}, expected above 0": 0 < self.resolution < float("inf"),
                f"restarts is {self.restarts}, expected 1 to 1000": 1 <= self.restarts <= 1000,
                f"min_module_size is {self.min_module_size}, expected 2 or more": self.min_module_size >= 2,
                f"min_kme is {self.min_kme}, expected 0 to 1": 0 <= self.min_kme <= 1,
            }
        )


BACKENDS: dict[str, type[FactorConfig]] = {"factor": FactorConfig}


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """What ``isograph fit`` does, beside where it reads and writes.

    Attributes
    ----------
    backend : name of the network backend.
    covariates : sample columns projected out of every feature.
    traits : sample columns tested against modules, ``column`` or ``column:ref=LEVEL``; empty for every column that
        can be one.
    seed : seed of everything that draws numbers.
    threads : threads to use; None for the cores this process may use. No result depends on it.
    settings : the backend's own settings.
    """

    backend: str = "factor"
    covariates: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    seed: int = 0
    threads: int | None = None
    settings: FactorConfig = FactorConfig()

    def __post_init__(self) -> None:
        repeated = sorted({name for name in self.covariates if self.covariates.count(name) > 1})
        shared = sorted(set(self.covariates) & {trait.rpartition(":ref=")[0] or trait for trait in self.traits})
        _require(
            {
                _unknown_backend(self.backend): self.backend in BACKENDS,
                f"seed is {self.seed}, expected 0 to 2^32 − 1": 0 <= self.seed < 2**32,
                f"threads is {self.threads}, expected 1 or more": self.threads is None or self.threads >= 1,
                f"covariates named more than once: {', '.join(repeated)}": not repeated,
                f"covariates are projected out, so they cannot be traits too: {', '.join(shared)}": not shared,
            }
        )


def backend_settings(backend: str, given: Mapping[str, str]) -> FactorConfig:
    """Return the backend's configuration with ``given`` (``--set key=value``) in place of its defaults.

    Raises
    ------
    ConfigError
        The backend, a key or a value is not known or out of range; all are named.
    """
    if backend not in BACKENDS:
        raise ConfigError(_unknown_backend(backend))
    configuration = BACKENDS[backend]
    defaults = {field.name: getattr(configuration(), field.name) for field in fields(configuration)}
    problems, values = [], {}
    for key, text in given.items():
        if key not in defaults:
            problems.append(f"backend '{backend}' has no setting '{key}'{_nearest(key, defaults)}")
            continue
        try:
            values[key] = _value_like(defaults[key], text)
        except ValueError:
            problems.append(f"{key} is '{text}', expected a value like {_as_text(defaults[key])}")
    try:
        settings = configuration(**values)
    except ConfigError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
    return settings


def _value_like(default: object, text: str) -> Any:  # noqa: ANN401
    """Return ``text`` as a value of the default's type."""
    if isinstance(default, tuple):
        return tuple(float(part) for part in text.split(","))
    if isinstance(default, int):
        return int(text)
    return float(text)


def _as_text(default: object) -> str:
    return ",".join(str(part) for part in default) if isinstance(default, tuple) else str(default)


def _unknown_backend(backend: str) -> str:
    return f"no backend '{backend}'{_nearest(backend, BACKENDS)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(name, names, n=1)
    meant = f"; did you mean '{close[0]}'?" if close else ""
    return f"{meant} ({'; '.join(names)})" if len(names) > 1 else f"{meant} (there is {names[0]})"

"""What one run of a benchmark gave, and which limits of its fixture it does not keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isograph.benchmarking.process import FinishedProcess
from isograph.benchmarking.switching import SwitchCalls
from isograph.schemas.gate import GATES, MEASURED_GATES


@dataclass(frozen=True, slots=True)
class Metrics:
    """What gates limit; None where the fixture has nothing to take the metric of.

    Attributes
    ----------
    recovery, ari, background_rate : see ``isograph.benchmarking.metrics``.
    role_recall : by role, None for a role that was not planted.
    n_modules : modules found.
    switching : what is called switching, where no gene switches; None where genes may.
    """

    recovery: float | None
    ari: float | None
    background_rate: float | None
    role_recall: Mapping[str, float | None]
    n_modules: int
    switching: SwitchCalls | None = None

    @property
    def min_role_recall(self) -> float | None:
        """The smallest recall of a planted role; None where no role was planted."""
        return min((value for value in self.role_recall.values() if value is not None), default=None)

    @property
    def n_switch_features(self) -> float | None:
        """Switch features of the network."""
        return None if self.switching is None else self.switching.n_switch_features

    @property
    def switch_role_rate(self) -> float | None:
        """Share of the genes in modules whose role says that they switch."""
        return None if self.switching is None else self.switching.switch_role_rate

    @property
    def supported_switch_rate(self) -> float | None:
        """The same by the supported role; None where the fit has none."""
        return None if self.switching is None else self.switching.supported_switch_rate

    @property
    def switch_abundance_excess(self) -> float | None:
        """How far the mean |r| of the two channels of a gene is from independence; None with too few such genes."""
        return None if self.switching is None else self.switching.switch_abundance_excess


@dataclass(frozen=True, slots=True)
class GateFailure:
    """A limit that was not kept: its name, the limit, and the value, None where there was none to compare."""

    gate: str
    limit: float
    value: float | None


def gate_failures(gates: Mapping[str, float], metrics: Metrics | None) -> list[GateFailure]:
    """Return the gates that the metrics do not keep, in the order given; all of them when there are no metrics.

    A metric that could not be taken fails its lower limit and keeps its upper one, unless it is one that must
    be measured.
    """
    failures = []
    for gate, limit in gates.items():
        value = None if metrics is None else getattr(metrics, GATES[gate])
        is_upper = gate.startswith("max_")
        is_kept_unmeasured = is_upper and metrics is not None and gate not in MEASURED_GATES
        is_kept = is_kept_unmeasured if value is None else (value <= limit if is_upper else value >= limit)
        if not is_kept:
            failures.append(GateFailure(gate, limit, value))
    return failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One fixture, simulated and fitted with one seed.

    Attributes
    ----------
    covariates : sample columns that were projected out.
    n_planted_genes, n_planted_modules : None for real data, of which no truth is known.
    process : the fit's process.
    metrics : None where the fit failed.
    calibration : the fit's ``calibration.json``; empty where it failed.
    gates : the fixture's limits for the metrics.
    failures : the gates that were not kept.
    """

    dataset: str
    suite: str
    seed: int
    covariates: tuple[str, ...]
    n_samples: int
    n_genes: int
    n_planted_genes: int | None
    n_planted_modules: int | None
    process: FinishedProcess
    metrics: Metrics | None
    calibration: Mapping[str, object] = field(default_factory=dict)
    gates: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[GateFailure, ...] = ()

    @property
    def error(self) -> str | None:
        """Why there is no result; None where there is one."""
        if self.metrics is not None:
            return None
        line = self.process.last_lines.rpartition("\n")[2]
        return f"the fit ended with code {self.process.code}: {line}" if line else f"code {self.process.code}"

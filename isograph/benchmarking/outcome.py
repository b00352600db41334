"""What one run of a fixture gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isograph.benchmarking.gate import GateFailure, Measured
from isograph.benchmarking.process import Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One fixture, simulated and fitted with one seed.

    Attributes
    ----------
    covariates : sample columns that were projected out.
    n_planted_genes, n_planted_modules : None for real data, of which no truth is known.
    ended : how the fit's process ended.
    measured : None where the fit did not end well.
    calibration : the fit's ``calibration.json``; empty where it did not end well.
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
    ended: Ended
    measured: Measured | None
    calibration: Mapping[str, object] = field(default_factory=dict)
    gates: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[GateFailure, ...] = ()

    @property
    def error(self) -> str | None:
        """Why there is no result; None where there is one."""
        if self.measured is not None:
            return None
        last = self.ended.said.rpartition("\n")[2]
        return f"the fit ended with code {self.ended.code}: {last}" if last else f"code {self.ended.code}"

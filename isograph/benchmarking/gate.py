"""Gates: the limits a fixture sets for the metrics of a run on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from isograph.errors import UsageError, examples


@dataclass(frozen=True, slots=True)
class Measured:
    """What gates look at; None where the fixture has nothing the metric could be taken of.

    Attributes
    ----------
    recovery, ari, background_rate : see ``isograph.benchmarking.metrics``.
    role_recall : by role, None for a role that was not planted.
    n_modules : modules found.
    """

    recovery: float | None
    ari: float | None
    background_rate: float | None
    role_recall: Mapping[str, float | None]
    n_modules: int

    @property
    def min_role_recall(self) -> float | None:
        """The least recall of a planted role; None where no role was planted."""
        return min((value for value in self.role_recall.values() if value is not None), default=None)


GATES = {
    "min_recovery": "recovery",
    "min_ari": "ari",
    "min_role_recall": "min_role_recall",
    "max_background_rate": "background_rate",
    "max_modules": "n_modules",
}


@dataclass(frozen=True, slots=True)
class GateFailure:
    """A limit that was not kept: its name, the limit, and the value, None where there was none to compare."""

    gate: str
    limit: float
    value: float | None


def require_known_gates(names: Iterable[str], fixture: str) -> None:
    """Raise when a fixture sets a gate that does not exist.

    Raises
    ------
    UsageError
        Names them, and those that exist.
    """
    unknown = [name for name in names if name not in GATES]
    if unknown:
        raise UsageError(f"fixture '{fixture}' sets unknown gates: {examples(unknown)}. There are {', '.join(GATES)}.")


def gate_failures(gates: Mapping[str, float], measured: Measured | None) -> list[GateFailure]:
    """Return the gates that ``measured`` does not keep, in the order given; all of them when nothing was measured.

    A least value is not kept by a metric that could not be taken; a greatest value is.
    """
    failures = []
    for gate, limit in gates.items():
        value = None if measured is None else getattr(measured, GATES[gate])
        if value is None:
            kept = measured is not None and gate.startswith("max_")
        else:
            kept = value <= limit if gate.startswith("max_") else value >= limit
        if not kept:
            failures.append(GateFailure(gate, limit, value))
    return failures

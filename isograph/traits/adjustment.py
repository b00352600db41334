"""What a fit projected out of its features, and what that leaves of a trait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from isograph.arrays import Index, Matrix, Vector
from isograph.config.sample_column import sample_column
from isograph.features.covariate import covariate_design
from isograph.stats import unit_rows

RANK_TOLERANCE = 1e-9
# NOTE: values that were rounded when they were written down are a combination of others only up to that rounding.
LEAST_LEFT = 1e-6
HIDDEN = "hidden confounder"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Covariates and removed hidden confounders, each by what messages call it.

    Attributes
    ----------
    n_samples : samples of the fit.
    parts : columns of each covariate or confounder beside the constant, (columns, n_samples).
    """

    n_samples: int
    parts: Mapping[str, Matrix]

    @property
    def hidden(self) -> list[str]:
        """The parts that are hidden confounders."""
        return [name for name in self.parts if name.startswith(HIDDEN)]

    def with_confounders(self, scores: Mapping[str, Vector]) -> Adjustment:
        """Return the adjustment with the score of each hidden confounder that was removed, by its id."""
        hidden = {f"{HIDDEN} {name}": score[None, :] for name, score in scores.items()}
        return replace(self, parts={**self.parts, **hidden})

    def basis(self, used: Index, names: Sequence[str] | None = None) -> Matrix:
        """Return orthonormal rows that span the constant and the parts in the samples used.

        names: the parts; None for all.
        """
        parts = [self.parts[name][:, used] for name in (self.parts if names is None else names)]
        return orthonormal_rows(np.concatenate([np.ones((1, len(used))), *parts]))

    def determining(self, columns: Matrix, used: Index) -> list[str]:
        """Return the parts that determine the columns of a trait: one if one does, else no more than are needed."""
        if not self.parts:
            return []
        for name in self.parts:
            if not len(remainder(columns, self.basis(used, [name])).directions):
                return [name]
        needed = list(self.parts)
        for name in self.parts:
            fewer = [other for other in needed if other != name]
            if not len(remainder(columns, self.basis(used, fewer)).directions):
                needed = fewer
        return needed


def adjustment(samples: pl.DataFrame, covariates: Sequence[str]) -> Adjustment:
    """Return what covariates project out; they are written as ``covariate_design`` takes them."""
    parts = {
        f"covariate '{sample_column(entry).name}'": covariate_design(samples, [entry]).basis[1:] for entry in covariates
    }
    return Adjustment(samples.height, parts)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of the columns of a trait beside what was projected out.

    Attributes
    ----------
    directions : (rank, n), orthonormal; of a single column the unit vector along it. No row: nothing is left.
    length : norm of what is left of a single column, NaN for several.
    explained : share of the columns' sum of squares about the mean that was projected out.
    """

    directions: Matrix
    length: float
    explained: float


def remainder(columns: Matrix, basis: Matrix) -> Remainder:
    """Return what is left of columns (rows of a matrix) beside an orthonormal basis that spans the constant."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    left = without(centred, basis)
    total, size = (centred**2).sum(), np.linalg.norm(centred, axis=1)
    explained = float(1.0 - (left**2).sum() / total) if total > 0.0 else np.nan
    scaled = np.divide(left, size[:, None], out=np.zeros_like(left), where=size[:, None] > 0.0)
    if len(columns) == 1:
        is_left = np.linalg.norm(scaled) > LEAST_LEFT
        return Remainder(unit_rows(left)[: int(is_left)], float(np.linalg.norm(left)), explained)
    _, strength, directions = np.linalg.svd(scaled, full_matrices=False)
    return Remainder(directions[strength > LEAST_LEFT], np.nan, explained)


def orthonormal_rows(rows: Matrix) -> Matrix:
    """Return orthonormal rows with the span of ``rows``."""
    _, strength, basis = np.linalg.svd(unit_rows(rows), full_matrices=False)
    independent: Matrix = basis[strength > RANK_TOLERANCE * strength[0]]
    return independent


def without(rows: Matrix, basis: Matrix) -> Matrix:
    """Return rows projected off an orthonormal basis."""
    # Twice, as one projection leaves the rounding of a row that is much larger than what is left of it.
    for _ in range(2):
        rows = rows - (rows @ basis.T) @ basis
    return rows

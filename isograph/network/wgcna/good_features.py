"""Which features and samples have enough values to take part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isograph.arrays import Flags, Matrix
from isograph.errors import InputError

MIN_FRACTION = 0.5
MIN_SAMPLES = 4
MIN_FEATURES = 4
RELATIVE_TOLERANCE = 1e-10
TOO_MANY_MISSING = "half of its values or more are missing"
TOO_FEW_VALUES = f"fewer than {MIN_SAMPLES} values"
NO_VARIANCE = "constant"


@dataclass(frozen=True, slots=True)
class GoodSamplesGenes:
    """Which features and samples take part.

    Attributes
    ----------
    features : (n_features,).
    samples : (n_samples,).
    reasons : feature number → why it does not take part.
    """

    features: Flags
    samples: Flags
    reasons: dict[int, str]

    @property
    def all_good(self) -> bool:
        """Whether everything takes part."""
        return bool(self.features.all() and self.samples.all())


def good_samples_genes(features: Matrix) -> GoodSamplesGenes:
    """Return the features and samples with at least half of their values, 4 of them, and features that vary.

    R: ``goodSamplesGenes`` with its defaults. Features are judged on the good samples, samples on the good features,
    again until nothing changes.

    Raises
    ------
    InputError
        Fewer than 4 features or 4 samples are good.
    """
    present = ~np.isnan(features)
    largest = float(np.max(np.abs(features), where=present, initial=0.0))
    tolerance = (RELATIVE_TOLERANCE * largest) ** 2
    good = np.ones(features.shape[0], dtype=np.bool_)
    good_samples = np.ones(features.shape[1], dtype=np.bool_)
    reasons: dict[int, str] = {}
    while True:
        n_before = int(good.sum()) + int(good_samples.sum())
        new_reasons = _reasons(features, good, good_samples, tolerance)
        reasons |= new_reasons
        good[list(new_reasons)] = False
        n_good = int(good.sum())
        counts = present[good].sum(axis=0)
        good_samples &= (n_good - counts < (1.0 - MIN_FRACTION) * n_good) & (counts >= MIN_FEATURES)
        n_good_samples = int(good_samples.sum())
        if n_good < MIN_FEATURES or n_good_samples < MIN_SAMPLES:
            raise InputError(
                "features",
                f"{n_good} of {features.shape[0]} features and {n_good_samples} of {features.shape[1]} samples vary "
                f"and have more than half of their values, expected at least {MIN_FEATURES} of each. Leave out "
                "features and samples with many missing values.",
            )
        if n_good + n_good_samples == n_before:
            return GoodSamplesGenes(features=good, samples=good_samples, reasons=dict(sorted(reasons.items())))


def _reasons(features: Matrix, good: Flags, good_samples: Flags, tolerance: float) -> dict[int, str]:
    """Return why each of the good features that is not good any more is not."""
    rows = np.flatnonzero(good)
    values = features[np.ix_(good, good_samples)]
    present = ~np.isnan(values)
    counts = present.sum(axis=1)
    n = values.shape[1]
    means = np.where(present, values, 0.0).sum(axis=1) / np.maximum(counts, 1)
    squares = np.square(np.where(present, values - means[:, None], 0.0)).sum(axis=1)
    variance = np.where(counts > 1, squares / np.maximum(counts - 1, 1), 0.0)
    constant = ~(variance > tolerance) | ~varying(values)
    # NOTE: of several reasons the last one is given.
    reasons = {int(row): NO_VARIANCE for row in rows[constant]}
    reasons |= {int(row): TOO_FEW_VALUES for row in rows[counts < MIN_SAMPLES]}
    reasons |= {int(row): TOO_MANY_MISSING for row in rows[n - counts >= (1.0 - MIN_FRACTION) * n]}
    return reasons


def varying(features: Matrix) -> Flags:
    """Whether the values present in each row differ, by however little; False for a row without any."""
    present = ~np.isnan(features)
    lowest = np.min(features, axis=1, where=present, initial=np.inf)
    highest = np.max(features, axis=1, where=present, initial=-np.inf)
    return np.asarray(highest > lowest)

"""Missing values filled in from the nearest features."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Flags, Matrix, Vector
from isograph.errors import InputError
from isograph.network.wgcna.r_random import RRandom

NEIGHBOURS = 10
MAX_ROW_SHARE = 0.5
MAX_COLUMN_SHARE = 0.8
MAX_ROWS = 1500
SEED = 362_436_069
SPLIT_ITERATIONS = 5
SPLIT_CHANGE = 0.001


def impute_knn(features: Matrix, *, k: int = NEIGHBOURS) -> Matrix:
    """Return the features with missing values replaced by means over their nearest features; R: ``impute.knn``.

    Features with more than half of their values missing get the mean of each sample, and so does an entry that no
    neighbour has. More than 1,500 features are imputed in parts.
    Troyanskaya et al. 2001, doi:10.1093/bioinformatics/17.6.520.

    Parameters
    ----------
    features : (p, n), NaN where missing.
    k : neighbours.

    Raises
    ------
    InputError
        More than 80 % of the features are missing in a sample.
    """
    missing = np.isnan(features)
    n_rows, n_columns = features.shape
    if n_empty := int((missing.sum(axis=0) > MAX_COLUMN_SHARE * n_rows).sum()):
        raise InputError(
            "imputation", f"{n_empty} samples lack more than {MAX_COLUMN_SHARE:.0%} of the features' values."
        )
    out = features.copy()
    sparse = missing.sum(axis=1) > int(MAX_ROW_SHARE * n_columns)
    values = features[~sparse]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(values, axis=0) / (~np.isnan(values)).sum(axis=0)
    out[~sparse] = _imputed(values, k, means, RRandom(SEED) if len(values) > MAX_ROWS else None)
    # NOTE: R fills a single sparse feature with 0.
    filling = np.zeros(n_columns) if sparse.sum() == 1 else means
    out[sparse] = np.where(missing[sparse], filling, features[sparse])
    return out


def _imputed(values: Matrix, k: int, means: Vector, random: RRandom | None) -> Matrix:
    """Return the rows imputed, in parts of at most 1,500 rows; a part of k rows or fewer gets 0."""
    if random is not None and len(values) > MAX_ROWS:
        first = _first_half(values, random)
        out = np.empty_like(values)
        for half in (first, ~first):
            out[half] = _imputed(values[half], k, means, random)
        return out
    if random is not None and len(values) <= k:
        return np.where(np.isnan(values), 0.0, values)
    return _from_neighbours(values, min(k, len(values) - 1), means)


def _first_half(values: Matrix, random: RRandom) -> Flags:
    """Return which rows belong to the first of two groups by 2-means, missing values taken as 0."""
    filled = np.where(np.isnan(values), 0.0, values)
    centres = filled[random.sample(len(values), 2)]
    previous = None
    for _ in range(SPLIT_ITERATIONS):
        distances = np.stack([np.square(filled - centre).mean(axis=1) for centre in centres])
        first: Flags = distances[0] < distances[1]
        total = float(distances.min(axis=0).sum())
        if total == 0.0:
            break
        previous = 10.0 * total if previous is None else previous
        change = abs(total - previous) / previous
        centres = np.stack([filled[first].mean(axis=0), filled[~first].mean(axis=0)])
        previous = total
        if change <= SPLIT_CHANGE:
            break
    return first


def _from_neighbours(values: Matrix, k: int, means: Vector) -> Matrix:
    """Return the rows with missing values replaced by means over the k rows after the nearest one."""
    from isograph.kernels.neighbour import row_distances

    missing = np.isnan(values)
    out = values.copy()
    distances = np.empty(len(values))
    for row in np.flatnonzero(missing.any(axis=1)):
        row_distances(values, int(row), distances)
        # NOTE: as in R, the nearest row is left out as the row itself, also where it is an identical one before it.
        neighbours = np.argsort(distances, kind="stable")[1 : k + 1]
        gaps = np.flatnonzero(missing[row])
        near = values[np.ix_(neighbours, gaps)]
        present = ~np.isnan(near)
        counts = present.sum(axis=0)
        sums = np.where(present, near, 0.0).sum(axis=0)
        out[row, gaps] = np.where(counts > 0, sums / np.maximum(counts, 1), means[gaps])
    return out

"""Module eigengenes by a full singular value decomposition, and kME by the textbook correlation."""

from __future__ import annotations

import numpy as np


def eigengenes(z, modules):
    """Return the first right singular vector of each module's rows and its share of their variance.

    Its sign agrees with the mean row; where the two are uncorrelated, with the row of the largest |r|.
    """
    components, explained = [], []
    for members in modules:
        rows = z[members]
        _, values, vectors = np.linalg.svd(rows, full_matrices=False)
        component = vectors[0]
        norms = np.linalg.norm(rows, axis=1)
        r = rows @ component / norms
        agreement = rows.sum(axis=0) @ component / norms.sum()
        deciding = agreement if abs(agreement) > 1e-9 else r[np.argmax(np.abs(r) >= np.abs(r).max() - 1e-9)]
        components.append(component if deciding >= 0 else -component)
        explained.append(values[0] ** 2 / (values**2).sum())
    return np.array(components), np.array(explained)


def kme(z, components, component_of):
    """Return Pearson r of each row with its component; NaN where it has none (−1)."""
    return np.array(
        [
            np.corrcoef(row, components[number])[0, 1] if number >= 0 else np.nan
            for row, number in zip(z, component_of, strict=True)
        ]
    )

"""Cosine between rows of the |r| matrix, from the dense matrix."""

from __future__ import annotations

import numpy as np


def second_order_similarity(source, target, strength, n_features):
    """Return, for each pair, the cosine of its features' rows; a row's own entry is its largest other entry."""
    matrix = np.zeros((n_features, n_features))
    matrix[source, target] = strength
    matrix[target, source] = strength
    np.fill_diagonal(matrix, matrix.max(axis=1))
    return np.array(
        [
            (matrix[a] @ matrix[b]) / (np.linalg.norm(matrix[a]) * np.linalg.norm(matrix[b]))
            for a, b in zip(source, target, strict=True)
        ]
    )

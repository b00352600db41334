"""Natural cubic splines of a number: a smooth curve where a straight line would miss a rise and fall."""

from __future__ import annotations

import numpy as np

from isograph.arrays import Matrix, Vector

SPLINE_DOF = 3


def natural_spline(values: Vector) -> Matrix:
    """Return the columns of a natural cubic spline: (3, n), the first of them the number itself.

    A cubic between knots, linear beyond the outer two. The knots are the smallest value, the quantiles at 1/3 and 2/3,
    and the largest: the columns span what R's ``ns(x, df = 3)`` does. Where values repeat so that knots would
    coincide, the quantiles are those of the different values. Hastie, Tibshirani & Friedman 2009, The Elements of
    Statistical Learning, eq. 5.4 and 5.5.

    values: (n,), finite, at least four of them different. The number is scaled to [0, 1].
    """
    x = (values - values.min()) / np.ptp(values)
    positions = np.linspace(0.0, 1.0, SPLINE_DOF + 1)
    knots = np.quantile(x, positions)
    if np.diff(knots).min() <= 0.0:
        knots = np.quantile(np.unique(x), positions)

    def hinge(knot: float) -> Vector:
        column: Vector = (np.maximum(x - knot, 0.0) ** 3 - np.maximum(x - knots[-1], 0.0) ** 3) / (knots[-1] - knot)
        return column

    last = hinge(knots[-2])
    return np.array([x, *(hinge(knot) - last for knot in knots[:-2])])

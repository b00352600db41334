"""Two-sided p-values of r and t that stay accurate where a double underflows, and intervals of r."""

from __future__ import annotations

import numpy as np
import scipy.special

from isograph.kernels._jit import Index, Vector

SMALLEST_PLAIN = 1e-280
NORMAL_975 = 1.959963984540054


def correlation_log10_p(r: Vector, dof: Vector | Index) -> Vector:
    """Return log10 of P(|R| ≥ |r|) under no correlation, dof = samples − 2 − covariate columns.

    NaN where r is NaN or there is no degree of freedom; −inf at |r| = 1.
    """
    return _log10_incomplete_beta((1.0 - r) * (1.0 + r), r * r, np.asarray(dof, dtype=np.float64))


def student_log10_p(t: Vector, dof: Vector) -> Vector:
    """Return log10 of P(|T| ≥ |t|) under Student's t; NaN where t or dof is NaN."""
    square = t * t
    return _log10_incomplete_beta(dof / (dof + square), square / (dof + square), dof)


def correlation_interval(r: Vector, dof: Vector | Index) -> tuple[Vector, Vector]:
    """Return the 95 % interval of r by Fisher's z, whose standard error is 1 / √(dof − 1); NaN below 2 dof.

    Fisher 1921, Metron 1:3–32.
    """
    freedom = np.asarray(dof, dtype=np.float64) - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        half = NORMAL_975 / np.sqrt(np.where(freedom > 0.0, freedom, np.nan))
        z = np.arctanh(r)
        return np.tanh(z - half), np.tanh(z + half)


def _log10_incomplete_beta(x: Vector, complement: Vector, dof: Vector) -> Vector:
    """Return log10 I_x(dof / 2, 1/2); ``complement`` is 1 − x, given so that neither loses digits.

    ln I_x(a, ½) = a ln x − ln a − ln B(a, ½) + ½ ln(1 − x) + ln ₂F₁(a + ½, 1; a + 1; x): DLMF 8.17.8.
    """
    a = np.where(dof > 0.0, dof, np.nan) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = scipy.special.betainc(a, 0.5, x)
        result = np.log(plain)
        tiny = (plain <= SMALLEST_PLAIN) & (x > 0.0)
        a, x = a[tiny], x[tiny]
        series = np.log(scipy.special.hyp2f1(a + 0.5, 1.0, a + 1.0, x))
        result[tiny] = (
            a * np.log(x) - np.log(a) - scipy.special.betaln(a, 0.5) + 0.5 * np.log(complement[tiny]) + series
        )
    return np.asarray(result / np.log(10.0))

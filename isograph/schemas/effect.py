"""What the effect of a row of ``traits`` is."""

from __future__ import annotations

R, DIFFERENCE, ETA_SQUARED = "r", "difference", "η²"
_SPLINES = ("spline", "mixed_model_spline")


def effect_of(test: str, level: str | None, reference: str | None) -> str:
    """Return ``r`` for a number, ``difference`` for two levels, ``η²`` for more levels and for splines."""
    if reference is not None:
        return DIFFERENCE
    return ETA_SQUARED if level is not None or test in _SPLINES else R

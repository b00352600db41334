"""``isograph show``: a fit in short."""

from __future__ import annotations

from pathlib import Path

from isograph.results.fit import Fit
from isograph.results.summary import FitSummary


def show(fit: str | Path | Fit) -> FitSummary:
    """Return a fit in short: its largest modules, its strongest trait associations, what to be careful about.

    Parameters
    ----------
    fit : a fit directory, or one opened with ``isograph.open``.

    Raises
    ------
    InputError
        The directory is no fit, is not whole, or was changed since it was written.
    """
    return (fit if isinstance(fit, Fit) else Fit(fit)).summary

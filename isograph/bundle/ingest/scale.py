"""Telling counts from TPM and from values on a log scale, by their name and by what only they look like."""

from __future__ import annotations

import re

import numpy as np

from isograph.bundle.bundle import Matrix

# NOTE: measured on FluxCapacitor, Salmon, kallisto, RSEM and IsoQuant: of the positive counts 6 to 100 % are whole
# numbers, of TPM and FPKM at most 1.5 %. Length-scaled counts are not whole either, but they add up to the library
# size, and few libraries are smaller than the million that TPM cannot exceed.
_MOSTLY_FRACTIONAL = 0.02
_BELOW_ONE = 0.01
_MILLION = 1e6
_SUM_TOLERANCE = 1e-3
_ENOUGH_VALUES = 50
_LARGEST_LOG2 = 40.0
_NORMALISED = re.compile(r"(?<![a-z])(tpms?|fpkms?|rpkms?|cpms?)(?![a-z])")
_ADVICE = (
    "Give the estimated counts: NumReads (Salmon), est_counts (kallisto), expected_count (RSEM), "
    "…merged.transcript_counts.tsv (nf-core); or genes as log2(TPM + 1) with --scale log."
)


def count_scale_violations(values: Matrix, name: str) -> list[str]:
    """Return why ``values`` (n_features, n_samples) are not counts but TPM, FPKM, CPM or log values; else nothing.

    Missing, infinite and negative values are ignored here. ``name`` is the file name, part of the evidence.
    """
    positive = np.isfinite(values) & (values > 0)
    cells = values[positive]
    if not cells.size:
        return []
    whole = float(np.mean(cells == np.rint(cells)))
    named = _NORMALISED.search(name.lower())
    if named and whole < 1.0:
        return [f"holds normalised values, not counts (its name says '{named.group()}'). {_ADVICE}"]
    sums = np.where(positive, values, 0.0).sum(axis=0)
    # NOTE: whole numbers that add up to exactly a million in every sample are reads drawn to one depth; rounded TPM
    # miss it by their rounding.
    drawn = whole == 1.0 and bool(np.all(sums == _MILLION))
    if not drawn and np.all(np.abs(sums - _MILLION) <= _SUM_TOLERANCE * _MILLION):
        return [f"holds TPM or CPM, not counts: every sample adds up to one million. {_ADVICE}"]
    if whole == 1.0:
        return []
    if cells.size < _ENOUGH_VALUES or whole > _MOSTLY_FRACTIONAL:
        return []
    return _fractional_violations(cells, float(sums.max()), whole)


def _fractional_violations(cells: Matrix, largest_sum: float, whole: float) -> list[str]:
    if float(cells.max()) <= _LARGEST_LOG2:
        return [
            (
                f"holds values on a log scale, not counts: the largest is {cells.max():.4g} and {_share(1 - whole)} "
                "are fractional. Give the counts, or pass --scale log for genes that are already on a log scale."
            )
        ]
    below_one = float(np.mean(cells < 1))
    if largest_sum <= _MILLION * (1 + _SUM_TOLERANCE) and below_one >= _BELOW_ONE:
        return [
            (
                f"holds TPM or FPKM, not counts: {_share(1 - whole)} of the values are fractional, {_share(below_one)} "
                f"are below one, and no sample adds up to more than one million. {_ADVICE}"
            )
        ]
    return []


def log_scale_warnings(values: Matrix) -> list[str]:
    """Return a warning when ``values``, said to be on a log scale, are too large for one."""
    finite = values[np.isfinite(values)]
    if not finite.size or float(finite.max()) <= _LARGEST_LOG2:
        return []
    return [
        (
            f"the largest value is {finite.max():.4g}: log values are rarely above {_LARGEST_LOG2:.0f}. "
            "If these are counts, leave --scale log out."
        )
    ]


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"

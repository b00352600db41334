"""Telling counts from TPM and from values on a log scale, by their name and by what only they look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.arrays import Matrix
from isograph.bundle.findings import case_findings, text_findings
from isograph.errors import examples
from isograph.ingest.quantification import Quantification

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


FEWEST_SAMPLES = 3

FEW_SAMPLES = 15

LARGEST_COUNT = 1e12


def quantification_violations(quantified: Quantification, *, scale: str) -> list[str]:
    """Return a sentence for every kind of invalid id or value, with its count and examples."""
    return [
        *_id_violations(quantified.feature_ids, quantified.level),
        *_name_violations(quantified.sample_names),
        *value_violations(quantified, scale=scale),
    ]


def value_violations(quantified: Quantification, *, scale: str) -> list[str]:
    """Return a sentence for infinite values, and on the count scale for missing and negative ones and empty samples."""
    values = quantified.values
    sentences = _cells("infinite", np.isinf(values), quantified)
    if scale == "log":
        empty = np.asarray(np.isnan(values).all(axis=0))
        return [*sentences, *_samples("without any value", empty, quantified)]
    negative = values < 0
    if not quantified.violations:  # NOTE: what is not a number is missing too, and has been reported.
        sentences += _cells("missing", np.isnan(values), quantified)
    sentences += _cells("negative", negative, quantified)
    if negative.any() and np.mean(negative) > 0.01:
        sentences[-1] += ". Counts cannot be: are these log values of genes (--scale log)?"
    sentences += _cells(f"larger than {LARGEST_COUNT:.0e}", np.isfinite(values) & (values > LARGEST_COUNT), quantified)
    empty = np.asarray((np.nan_to_num(values) == 0).all(axis=0))
    return [*sentences, *(() if quantified.violations else _samples("without a single count", empty, quantified))]


def sample_number_findings(n_samples: int) -> tuple[list[str], list[str]]:
    """Return violations and warnings about the number of samples."""
    if n_samples < FEWEST_SAMPLES:
        return [f"samples: {n_samples}; a correlation needs at least {FEWEST_SAMPLES}"], []
    if n_samples < FEW_SAMPLES:
        warning = (
            f"{n_samples} samples: correlations from fewer than {FEW_SAMPLES} are mostly noise, and so will be modules"
        )
        return [], [warning]
    return [], []


def case_warnings(kind: str, ids: Iterable[str]) -> list[str]:
    """Return a warning when ids differ in nothing but case."""
    return [f"{kind} ids: {finding.message}" for finding in case_findings(pl.Series(list(ids), dtype=pl.String), kind)]


def _id_violations(ids: pl.Series, level: str) -> list[str]:
    sentences = []
    if ids.null_count():
        sentences.append(f"rows without a {level} id: {ids.null_count()}")
    present = ids.drop_nulls()
    twice = present.filter(present.is_duplicated()).unique(maintain_order=True)
    if twice.len():
        sentences.append(f"repeated {level} ids: {twice.len()} ({examples(twice)})")
    return [*sentences, *(f"{level} {finding.message}" for finding in text_findings(present, level))]


def _name_violations(names: Sequence[str]) -> list[str]:
    times = Counter(names)
    twice = [name for name, number in times.items() if number > 1]
    sentences = []
    if twice:
        sentences.append(
            f"repeated sample names: {len(twice)} ({examples(twice)}). Remove or rename the repeated columns."
        )
    return [*sentences, *(f"sample {finding.message}" for finding in text_findings(pl.Series(list(times)), "sample"))]


def _cells(what: str, where: NDArray[np.bool_], quantified: Quantification) -> list[str]:
    if not where.any():
        return []
    rows, columns = np.nonzero(where)
    found = (
        f"{quantified.feature_ids[int(row)]} in {quantified.sample_names[column]}"
        for row, column in zip(rows[:6], columns[:6], strict=True)
    )
    return [
        (
            f"values that are {what}: {rows.size}, in {np.unique(columns).size} of {where.shape[1]} samples "
            f"({examples(found)})"
        )
    ]


def _samples(what: str, where: NDArray[np.bool_], quantified: Quantification) -> list[str]:
    names = [quantified.sample_names[column] for column in np.flatnonzero(where)]
    return [f"samples {what}: {len(names)} ({examples(names)}). Leave them out."] if names else []

"""Whether quantified values can be used: their ids, each value, and whether they are counts at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import polars as pl

from isograph.arrays import Flags, Matrix
from isograph.bundle.findings import case_problems, id_problems, repeated_values, text_problems
from isograph.bundle.validate import ENOUGH_SAMPLES, MIN_SAMPLES
from isograph.errors import examples, option
from isograph.ingest.quantification import Quantification

LARGEST_COUNT = 1e12
# NOTE: measured on FluxCapacitor, Salmon, kallisto, RSEM and IsoQuant: of the positive counts 6 to 100 % are whole
# numbers, of TPM and FPKM at most 1.5 %. Length-scaled counts are not whole either, but they add up to the library
# size, and few libraries are smaller than the million that TPM cannot exceed.
_MOSTLY_FRACTIONAL = 0.02
_BELOW_ONE = 0.01
_MILLION = 1e6
_SUM_TOLERANCE = 1e-3
_ROUNDED_SUM_TOLERANCE = 0.05
_ENOUGH_VALUES = 50
_LARGEST_LOG2 = 40.0
_OFTEN_NEGATIVE = 0.01
_NORMALISED = re.compile(r"(?<![a-z])(tpms?|fpkms?|rpkms?|cpms?)(?![a-z])")


def quantification_violations(quantified: Quantification, *, scale: str) -> list[str]:
    """Return a sentence for every kind of invalid id or value, with its count and examples."""
    ids, names = quantified.feature_ids, pl.Series(quantified.sample_names, dtype=pl.String)
    problems = id_problems(ids, f"{quantified.level} id")
    problems += [f"{quantified.level} {problem}" for problem in text_problems(ids.drop_nulls())]
    if (repeated := repeated_values(names)).len():
        count = f"{repeated.len()} ({examples(repeated)})"
        problems.append(f"repeated sample names: {count}. Remove or rename the repeated columns.")
    problems += [f"sample {problem}" for problem in text_problems(names.unique(maintain_order=True))]
    values = quantified.values
    problems += _cells("infinite", np.isinf(values), quantified)
    if scale == "log":
        return problems + _samples("without any value", np.asarray(np.isnan(values).all(axis=0)), quantified)
    # NOTE: what is not a number is missing too, and has been reported.
    if not quantified.violations:
        problems += _cells("missing", np.isnan(values), quantified)
    negative = values < 0
    problems += _cells("negative", negative, quantified)
    if negative.any() and np.mean(negative) > _OFTEN_NEGATIVE:
        problems[-1] += f". Counts cannot be: are these log values of genes ({option('scale', 'log')})?"
    problems += _cells(f"larger than {LARGEST_COUNT:.0e}", np.isfinite(values) & (values > LARGEST_COUNT), quantified)
    if not quantified.violations:
        empty = np.asarray((np.nan_to_num(values) == 0).all(axis=0))
        problems += _samples("without a single count", empty, quantified)
    return problems


def count_scale_violations(values: Matrix, name: str) -> list[str]:
    """Return why ``values`` (n_features, n_samples) are not counts but TPM, FPKM, CPM or log values; else nothing.

    Missing, infinite and negative values are ignored here. ``name`` is the file name, part of the evidence.
    """
    positive = np.isfinite(values) & (values > 0)
    cells = values[positive]
    if not cells.size:
        return []
    whole = float(np.mean(cells == np.rint(cells)))
    fractional = f"{100 * (1 - whole):.1f} %"
    named = _NORMALISED.search(name.lower())
    sums = np.where(positive, values, 0.0).sum(axis=0)
    # NOTE: whole numbers that add up to exactly a million in every sample are reads drawn to one depth; rounded TPM
    # miss it by their rounding.
    drawn = whole == 1.0 and bool(np.all(sums == _MILLION))
    small = float(sums.max()) <= _MILLION * (1 + _SUM_TOLERANCE)
    advice = (
        "Give the estimated counts: NumReads (Salmon), est_counts (kallisto), expected_count (RSEM), "
        f"…merged.transcript_counts.tsv (nf-core). Where there are TPM alone, pass {option('scale', 'tpm')}: they give "
        "usage, and noise of counting cannot be told from them."
    )
    if named and whole < 1.0:
        sentence = f"holds normalised values, not counts (its name says '{named.group()}')"
    elif not drawn and np.all(np.abs(sums - _MILLION) <= _SUM_TOLERANCE * _MILLION):
        sentence = "holds TPM or CPM, not counts: every sample adds up to one million"
    elif cells.size < _ENOUGH_VALUES or whole > _MOSTLY_FRACTIONAL:
        return []
    elif float(cells.max()) <= _LARGEST_LOG2:
        sentence = (
            f"holds values on a log scale, not counts: the largest is {cells.max():.4g} and {fractional} are fractional"
        )
        advice = f"Give the counts, or pass {option('scale', 'log')} for genes that are already on a log scale."
    elif small and (below_one := float(np.mean(cells < 1))) >= _BELOW_ONE:
        sentence = (
            f"holds TPM or FPKM, not counts: {fractional} of the values are fractional, {100 * below_one:.1f} % "
            "are below one, and no sample adds up to more than one million"
        )
    else:
        return []
    return [f"{sentence}. {advice}"]


def tpm_scale_violations(values: Matrix) -> list[str]:
    """Return why ``values`` (n_features, n_samples), said to be TPM, are none, whatever is missing or negative."""
    positive = np.isfinite(values) & (values > 0)
    sums = np.where(positive, values, 0.0).sum(axis=0)
    leave_out = f"If these are counts, leave {option('scale', 'tpm')} out."
    large = int((sums > _MILLION * (1 + _SUM_TOLERANCE)).sum())
    if large:
        found = f"{large} of {sums.size} samples add up to more than one million, the largest to {sums.max():,.0f}"
        return [f"holds no TPM: {found}. {leave_out}"]
    cells = values[positive]
    is_whole = cells.size >= _ENOUGH_VALUES and bool(np.all(cells == np.rint(cells)))
    if is_whole and not np.all(np.abs(sums - _MILLION) <= _ROUNDED_SUM_TOLERANCE * _MILLION):
        return [f"holds no TPM: every value is a whole number. {leave_out}"]
    return []


def tpm_scale_warnings(values: Matrix) -> list[str]:
    """Return warnings when ``values``, said to be TPM, are of a part of the transcripts, are FPKM, or log values."""
    warnings = []
    sums = np.nansum(values, axis=0)
    if np.any(np.abs(sums - _MILLION) > _ROUNDED_SUM_TOLERANCE * _MILLION):
        warnings.append(
            f"samples add up to {sums.min():,.0f} to {sums.max():,.0f} and not to one million: a part of the "
            "transcripts, or FPKM. Usage holds; abundance compares samples only as far as these sums do."
        )
    if values.size >= _ENOUGH_VALUES and float(np.nanmax(values)) <= _LARGEST_LOG2:
        warnings.append(
            f"the largest value is {np.nanmax(values):.4g}: if these are log values, turn them back first, or the "
            "shares of a gene are wrong."
        )
    return warnings


def log_scale_warnings(values: Matrix) -> list[str]:
    """Return a warning when ``values``, said to be on a log scale, are too large for one."""
    finite = values[np.isfinite(values)]
    if not finite.size or float(finite.max()) <= _LARGEST_LOG2:
        return []
    largest = f"the largest value is {finite.max():.4g}: log values are rarely above {_LARGEST_LOG2:.0f}."
    return [f"{largest} If these are counts, leave {option('scale', 'log')} out."]


def sample_number_findings(n_samples: int) -> tuple[list[str], list[str]]:
    """Return violations and warnings about the number of samples."""
    if n_samples < MIN_SAMPLES:
        return [f"samples: {n_samples}; a correlation needs at least {MIN_SAMPLES}"], []
    if n_samples < ENOUGH_SAMPLES:
        noise = f"correlations from fewer than {ENOUGH_SAMPLES} are mostly noise, and so will be modules"
        return [], [f"{n_samples} samples: {noise}"]
    return [], []


def case_warnings(kind: str, ids: Iterable[str]) -> list[str]:
    """Return a warning when ids differ in nothing but case."""
    return [f"{kind} ids: {problem}" for problem in case_problems(pl.Series(list(ids), dtype=pl.String))]


def _cells(what: str, mask: Flags, quantified: Quantification) -> list[str]:
    if not mask.any():
        return []
    rows, columns = np.nonzero(mask)
    cells = (
        f"{quantified.feature_ids[int(row)]} in {quantified.sample_names[column]}"
        for row, column in zip(rows[:6], columns[:6], strict=True)
    )
    n_samples = f"{np.unique(columns).size} of {mask.shape[1]} samples"
    return [f"values that are {what}: {rows.size}, in {n_samples} ({examples(cells)})"]


def _samples(what: str, mask: Flags, quantified: Quantification) -> list[str]:
    names = [quantified.sample_names[column] for column in np.flatnonzero(mask)]
    return [f"samples {what}: {len(names)} ({examples(names)}). Leave them out."] if names else []

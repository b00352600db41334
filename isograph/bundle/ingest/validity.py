"""What makes a quantification unusable, or doubtful, before anything is matched or filtered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from isograph.bundle.ids import case_findings, text_findings
from isograph.bundle.ingest.quantification import Quantification
from isograph.errors import examples

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

"""Which quantified sample is which row of the sample sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from isograph.errors import examples

_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class SampleMatch:
    """Pairs of sheet ids and quantified names.

    Attributes
    ----------
    pairs : quantified name → sheet id, in quantified order.
    renamed : the pairs that are not equal.
    sheet_only, counts_only : what has no partner.
    """

    pairs: dict[str, str]
    renamed: dict[str, str]
    sheet_only: tuple[str, ...]
    counts_only: tuple[str, ...]


def make_names(name: str) -> str:
    """Return ``name`` as R's ``make.names`` changes column names: ``X1A2`` for ``1A2``, ``D10.D`` for ``D10-D``.

    Examples
    --------
    >>> make_names("1A2"), make_names("D10-D"), make_names("ok_1")
    ('X1A2', 'D10.D', 'ok_1')
    """
    changed = re.sub(r"[^\w.]", ".", name)
    if re.match(r"[^\W\d_]|\.(?!\d)", changed):
        return changed
    return f"X{changed}"


def match_samples(sheet_ids: Sequence[str], sample_names: Sequence[str]) -> SampleMatch:
    """Return equal ids as pairs, and of the rest those that ``make_names`` makes equal where only one can be meant."""
    known = set(sheet_ids)
    pairs = {name: name for name in sample_names if name in known}
    sheet_left = [sample for sample in sheet_ids if sample not in pairs]
    names_left = [name for name in sample_names if name not in pairs]
    sheet_keys = Counter(make_names(sample) for sample in known)
    name_keys = Counter(make_names(name) for name in set(sample_names))
    by_key = {make_names(sample): sample for sample in sheet_left}
    renamed = {
        name: by_key[key]
        for name in names_left
        if (key := make_names(name)) in by_key and sheet_keys[key] == 1 and name_keys[key] == 1
    }
    used = set(renamed.values())
    ordered = {name: (pairs | renamed)[name] for name in sample_names if name in pairs or name in renamed}
    return SampleMatch(
        pairs=ordered,
        renamed=renamed,
        sheet_only=tuple(sample for sample in sheet_left if sample not in used),
        counts_only=tuple(name for name in names_left if name not in renamed),
    )


def unmatched_violations(match: SampleMatch, sheet_name: str, *, n_sheet: int, n_counts: int) -> list[str]:
    """Return a sentence for each side that has samples without a partner."""
    sentences = []
    if match.sheet_only:
        sentences.append(
            f"rows of {sheet_name} without counts: {len(match.sheet_only)} of {n_sheet} ({examples(match.sheet_only)})"
        )
    if match.counts_only:
        sentences.append(
            f"quantified samples without a row in {sheet_name}: {len(match.counts_only)} of {n_counts} "
            f"({examples(match.counts_only)})"
        )
    if sentences:
        sentences[-1] += ". " + _remedy(match)
    return sentences


def is_transposed(feature_ids: pl.Series, sheet_ids: Sequence[str], match: SampleMatch) -> bool:
    """Return whether the rows, and not the columns, are named like the samples of the sheet."""
    if match.pairs or not feature_ids.len():
        return False
    return int(feature_ids.is_in(list(sheet_ids)).sum()) > _MOSTLY * min(len(sheet_ids), feature_ids.len())


def _remedy(match: SampleMatch) -> str:
    folded = {name.casefold() for name in match.counts_only}
    if any(sample.casefold() in folded for sample in match.sheet_only):
        return "Some differ only in case: write them alike."
    if not match.pairs:
        return "No id is in both: pass --sample-column if another column of the sheet names the samples."
    return "Correct the ids, or pass --drop-unmatched to leave these samples out."

"""Which quantified sample is which row of the sample sheet, and the sample table that follows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from isograph.config import ImportConfig
from isograph.errors import UsageError, examples, option
from isograph.ingest.quantification import Quantification
from isograph.ingest.samplesheet import SampleSheet, read_samplesheet
from isograph.ingest.table import UserTable
from isograph.ingest.validity import case_warnings, sample_number_findings

_MOSTLY = 0.5
_RENAMED_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MatchedSamples:
    """The samples of a bundle and the quantified columns they are.

    Attributes
    ----------
    table : ``sample_id`` first; row i describes column ``columns[i]`` of the quantification.
    n_quantified : columns of the quantification, with a row of the sheet or without.
    facts : for the report.
    violations, warnings, notes : sentences.
    """

    table: pl.DataFrame
    columns: tuple[int, ...]
    n_quantified: int
    facts: Mapping[str, Any]
    violations: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SamplePairs:
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


def matched_samples(quantified: Quantification, sheet: Path | UserTable | None, config: ImportConfig) -> MatchedSamples:
    """Return the quantified samples, with their rows of the sample sheet when there is one.

    Raises
    ------
    InputError
        The sheet is damaged or has no id column.
    UsageError
        A sheet column is named without a sheet.
    """
    if sheet is not None:
        described = read_samplesheet(sheet, quantified.sample_names, column=config.sample_column)
        return _described(quantified, described, drop_unmatched=config.drop_unmatched)
    if config.sample_column is not None:
        raise UsageError(
            f"{option('sample_column')} names a column of a sample sheet. Give the sheet: {option('samples', 'FILE')}."
        )
    names = quantified.sample_names
    violations, warnings = sample_number_findings(len(names))
    return MatchedSamples(
        table=pl.DataFrame({"sample_id": list(names)}, schema={"sample_id": pl.String}),
        columns=tuple(range(len(names))),
        n_quantified=len(names),
        facts={"sheet": None, "recorded": quantified.sample_facts},
        violations=tuple(violations),
        warnings=(
            "no sample sheet: the bundle has no traits and no covariates",
            *warnings,
            *case_warnings("sample", names),
        ),
        notes=(),
    )


def _described(quantified: Quantification, sheet: SampleSheet, *, drop_unmatched: bool) -> MatchedSamples:
    names = quantified.sample_names
    match = match_samples(sheet.sample_ids, names)
    violations, warnings = _unmatched(quantified, sheet, match, drop_unmatched=drop_unmatched)
    columns = [position for position, name in enumerate(names) if name in match.pairs]
    ids = pl.DataFrame(
        {"sample_id": [match.pairs[names[position]] for position in columns]}, schema={"sample_id": pl.String}
    )
    too_few, few = ([], []) if violations else sample_number_findings(len(columns))
    renamed = [f"{name} → {sample}" for name, sample in match.renamed.items()]
    listed = ", ".join(renamed[:_RENAMED_SHOWN]) + (", …" if len(renamed) > _RENAMED_SHOWN else "")
    note = f"samples matched as R renames columns (make.names): {len(renamed)} ({listed})"
    return MatchedSamples(
        table=ids.join(sheet.rows, on="sample_id", how="left", validate="m:1", maintain_order="left"),
        columns=tuple(columns),
        n_quantified=len(names),
        facts={
            "sheet": sheet.name,
            "id_column": sheet.id_column,
            "renamed": match.renamed,
            "sheet_only": match.sheet_only,
            "counts_only": match.counts_only,
            "columns": [reading.to_dict() for reading in sheet.readings],
            "recorded": quantified.sample_facts,
        },
        violations=(*(f"{sheet.name}: {sentence}" for sentence in sheet.violations), *violations, *too_few),
        warnings=(
            *warnings,
            *few,
            *(sentence for reading in sheet.readings for sentence in reading.warnings),
            *case_warnings("sample", ids.get_column("sample_id")),
        ),
        notes=(*sheet.notes, note) if renamed else sheet.notes,
    )


def _unmatched(
    quantified: Quantification, sheet: SampleSheet, match: SamplePairs, *, drop_unmatched: bool
) -> tuple[list[str], list[str]]:
    """Return violations and warnings about samples without a partner."""
    if is_transposed(quantified.feature_ids, sheet.sample_ids, match):
        sentence = (
            f"{', '.join(quantified.files)} is transposed: its rows, not its columns, are named like the samples of "
            f"{sheet.name} ({examples(sheet.sample_ids, 3)}). Rows must be transcripts or genes, and columns samples."
        )
        return [sentence], []
    sentences = unmatched_violations(
        match, sheet.name, n_sheet=sheet.rows.height, n_counts=len(quantified.sample_names)
    )
    if drop_unmatched:
        return [], [f"left out: {sentence}" for sentence in sentences]
    return sentences, []


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


def match_samples(sheet_ids: Sequence[str], sample_names: Sequence[str]) -> SamplePairs:
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
    partner = pairs | renamed
    return SamplePairs(
        pairs={name: partner[name] for name in sample_names if name in partner},
        renamed=renamed,
        sheet_only=tuple(sample for sample in sheet_left if sample not in used),
        counts_only=tuple(name for name in names_left if name not in renamed),
    )


def unmatched_violations(match: SamplePairs, sheet_name: str, *, n_sheet: int, n_counts: int) -> list[str]:
    """Return a sentence about rows of the sheet without counts, and one about counts without a row."""
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
    if not sentences:
        return []
    folded = {name.casefold() for name in match.counts_only}
    if any(sample.casefold() in folded for sample in match.sheet_only):
        remedy = "Some differ only in case: write them alike."
    elif not match.pairs:
        remedy = f"No id is in both: pass {option('sample_column')} if another column of the sheet names the samples."
    else:
        remedy = f"Correct the ids, or pass {option('drop_unmatched', value=True)} to leave these samples out."
    sentences[-1] += f". {remedy}"
    return sentences


def is_transposed(feature_ids: pl.Series, sheet_ids: Sequence[str], match: SamplePairs) -> bool:
    """Return whether the rows, and not the columns, are named like the samples of the sheet."""
    if match.pairs or not feature_ids.len():
        return False
    return int(feature_ids.is_in(list(sheet_ids)).sum()) > _MOSTLY * min(len(sheet_ids), feature_ids.len())

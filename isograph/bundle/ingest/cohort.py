"""The samples of a bundle: those quantified and described, in the order of the quantification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from isograph.bundle.ingest.quantification import Quantification
from isograph.bundle.ingest.samplematch import SampleMatch, is_transposed, match_samples, unmatched_violations
from isograph.bundle.ingest.samplesheet import SampleSheet, read_samplesheet
from isograph.bundle.ingest.validity import case_warnings, sample_number_findings
from isograph.config import ImportConfig
from isograph.errors import UsageError, examples


@dataclass(frozen=True, slots=True)
class Cohort:
    """Samples and the quantified columns they are.

    Attributes
    ----------
    samples : ``sample_id`` first; row i describes column ``columns[i]`` of the quantification.
    n_quantified : columns of the quantification, with a row of the sheet or without.
    facts : for the report.
    violations, warnings, notes : sentences.
    """

    samples: pl.DataFrame
    columns: tuple[int, ...]
    n_quantified: int
    facts: Mapping[str, Any]
    violations: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def read_cohort(quantified: Quantification, config: ImportConfig) -> Cohort:
    """Return the quantified samples, with their rows of the sample sheet when there is one.

    Raises
    ------
    InputError
        The sheet is damaged or has no id column.
    UsageError
        A sheet column is named without a sheet.
    """
    if config.samples is None:
        if config.sample_column is not None:
            raise UsageError("--sample-column names a column of a sample sheet. Give the sheet: --samples FILE.")
        return _undescribed(quantified)
    sheet = read_samplesheet(config.samples, quantified.sample_names, column=config.sample_column)
    match = match_samples(sheet.sample_ids, quantified.sample_names)
    if is_transposed(quantified.feature_ids, sheet.sample_ids, match):
        sentence = (
            f"{', '.join(quantified.files)} is transposed: its rows, not its columns, are named like the samples of "
            f"{sheet.name} ({examples(sheet.sample_ids, 3)}). Rows must be transcripts or genes, and columns samples."
        )
        return _described(quantified, sheet, match, violations=(sentence,))
    unmatched = unmatched_violations(
        match, sheet.name, n_sheet=sheet.rows.height, n_counts=len(quantified.sample_names)
    )
    if config.drop_unmatched:
        return _described(quantified, sheet, match, warnings=tuple(f"left out: {sentence}" for sentence in unmatched))
    return _described(quantified, sheet, match, violations=tuple(unmatched))


def _undescribed(quantified: Quantification) -> Cohort:
    names = quantified.sample_names
    violations, warnings = sample_number_findings(len(names))
    return Cohort(
        samples=pl.DataFrame({"sample_id": list(names)}, schema={"sample_id": pl.String}),
        columns=tuple(range(len(names))),
        n_quantified=len(names),
        facts={"sheet": None, "recorded": quantified.sample_facts},
        violations=tuple(violations),
        warnings=("no sample sheet: the bundle has no traits and no covariates", *warnings, *_alike(names)),
        notes=(),
    )


def _described(
    quantified: Quantification,
    sheet: SampleSheet,
    match: SampleMatch,
    *,
    violations: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> Cohort:
    columns = [position for position, name in enumerate(quantified.sample_names) if name in match.pairs]
    ids = pl.DataFrame(
        {"sample_id": [match.pairs[quantified.sample_names[position]] for position in columns]},
        schema={"sample_id": pl.String},
    )
    samples = ids.join(sheet.rows, on="sample_id", how="left", validate="m:1", maintain_order="left")
    too_few, few = ([], []) if violations else sample_number_findings(len(columns))
    renamed = (
        [f"samples matched as R renames columns (make.names): {len(match.renamed)} ({_arrows(match.renamed)})"]
        if match.renamed
        else []
    )
    return Cohort(
        samples=samples,
        columns=tuple(columns),
        n_quantified=len(quantified.sample_names),
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
            *_alike(samples.get_column("sample_id")),
        ),
        notes=(*sheet.notes, *renamed),
    )


def _arrows(renamed: Mapping[str, str]) -> str:
    shown = [f"{name} → {sample}" for name, sample in renamed.items()]
    return ", ".join(shown[:5]) + (", …" if len(shown) > 5 else "")


def _alike(names: Sequence[str] | pl.Series) -> list[str]:
    return case_warnings("sample", names)

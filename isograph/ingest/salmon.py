"""Salmon: one directory a sample, with ``quant.sf`` or ``quant.sf.gz`` in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError, examples
from isograph.ingest.identifiers import cut_at_bar
from isograph.ingest.quantification import Quantification, Violations
from isograph.ingest.table import read_user_table

QUANT_FILES = ("quant.sf", "quant.sf.gz")
_ID_COLUMN = "Name"
_COUNT_COLUMN = "NumReads"


def quant_files(source: Path) -> dict[str, Path]:
    """Return sample name → quantification file of every sample directory in ``source``, by name."""
    files: dict[str, Path] = {}
    for directory in sorted(path for path in source.iterdir() if path.is_dir()):
        for name in QUANT_FILES:
            if (directory / name).is_file():
                files[directory.name] = directory / name
                break
    return files


def read_salmon(source: Path) -> Quantification:
    """Return the estimated reads (``NumReads``) of every sample directory in ``source``.

    Transcripts come in the order of the first sample; a sample with the same transcripts in another order is aligned.

    Raises
    ------
    InputError
        A file is damaged or lacks its columns, or the samples were not quantified against the same transcripts.
    """
    files = quant_files(source)
    problems = Violations(source.name)
    names: pl.Series | None = None
    columns: list[Matrix] = []
    for sample, path in files.items():
        try:
            ids, reads = _read_quant(path)
            names = ids if names is None else names
            columns.append(_aligned(names, ids, reads, first=next(iter(files))))
        except InputError as error:
            problems.add(error.violations, f"{sample}/{path.name}")
    problems.raise_any()
    if names is None:
        raise InputError(source.name, "no sample directory with a quant.sf or quant.sf.gz in it")
    cut, notes = cut_at_bar(names)
    return Quantification(
        format="salmon",
        level="transcript",
        feature_ids=cut,
        values=np.column_stack(columns),
        sample_names=tuple(files),
        files=tuple(f"{sample}/{path.name}" for sample, path in files.items()),
        sample_facts=sample_facts(source, files),
        notes=notes,
    )


def sample_facts(source: Path, samples: dict[str, Path] | tuple[str, ...]) -> dict[str, dict[str, str | float]]:
    """Return the mapping rate (per cent) and Salmon version that ``aux_info/meta_info.json`` records, where there."""
    facts: dict[str, dict[str, str | float]] = {}
    for sample in samples:
        path = source / sample / "aux_info" / "meta_info.json"
        if not path.is_file():
            continue
        try:
            recorded = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError:
            continue
        if not isinstance(recorded, dict):
            continue
        known = {key: recorded.get(key) for key in ("percent_mapped", "salmon_version")}
        facts[sample] = {key: value for key, value in known.items() if isinstance(value, str | float | int)}
    return facts


def _read_quant(path: Path) -> tuple[pl.Series, Matrix]:
    quant = read_user_table(path)
    missing = [column for column in (_ID_COLUMN, _COUNT_COLUMN) if column not in quant.header]
    if missing:
        raise InputError(
            path.name,
            f"no column {examples(missing)}; found {examples(quant.header)}. "
            "Salmon writes Name, Length, EffectiveLength, TPM and NumReads.",
        )
    ids = quant.column(quant.header.index(_ID_COLUMN))
    reads, violations = quant.numbers([quant.header.index(_COUNT_COLUMN)])
    if violations:
        raise InputError(path.name, violations)
    return ids, reads[:, 0]


def _aligned(names: pl.Series, ids: pl.Series, reads: Matrix, *, first: str) -> Matrix:
    if names.equals(ids, null_equal=True, check_names=False):
        return reads
    missing = names.filter(~names.is_in(ids.implode()))
    extra = ids.filter(~ids.is_in(names.implode()))
    if missing.len() or extra.len() or ids.len() != names.len() or ids.n_unique() != ids.len():
        raise InputError(
            "",
            f"{ids.len()} transcripts where sample '{first}' has {names.len()}: {missing.len()} are missing "
            f"({examples(missing) or 'none'}), {extra.len()} are new ({examples(extra) or 'none'}). "
            "Quantify every sample against the same index.",
        )
    position = pl.DataFrame({"id": names}).join(
        pl.DataFrame({"id": ids}).with_row_index("row"), on="id", how="left", validate="1:1", maintain_order="left"
    )
    aligned: Matrix = reads[position.get_column("row").to_numpy()]
    return aligned

"""Salmon: one directory a sample, with ``quant.sf`` or ``quant.sf.gz`` in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import polars as pl

from isograph.arrays import Matrix
from isograph.errors import InputError, examples
from isograph.ingest.identifiers import cut_at_bar
from isograph.ingest.inferential import inferential_relative_variance
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
            names, reads = _sample_reads(path, names, first=next(iter(files)))
            columns.append(reads)
        except InputError as error:
            problems.add(error.violations, f"{sample}/{path.name}")
    problems.raise_any()
    if names is None:
        raise InputError(source.name, "no sample directory with a quant.sf or quant.sf.gz in it")
    cut, notes = cut_at_bar(names)
    inf_rv, of_replicates = inferential_relative_variance({sample: path.parent for sample, path in files.items()}, cut)
    return Quantification(
        format="salmon",
        level="transcript",
        feature_ids=cut,
        values=np.column_stack(columns),
        sample_names=tuple(files),
        files=tuple(f"{sample}/{path.name}" for sample, path in files.items()),
        sample_facts=sample_facts(source, files),
        inf_rv=inf_rv,
        notes=(*notes, *of_replicates),
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


def _sample_reads(path: Path, names: pl.Series | None, *, first: str) -> tuple[pl.Series, Matrix]:
    """Return the transcripts of a sample and its reads, in the order of ``names`` if sample ``first`` has set one."""
    quant = read_user_table(path)
    if missing := [column for column in (_ID_COLUMN, _COUNT_COLUMN) if column not in quant.header]:
        raise InputError(
            path.name,
            f"no column {examples(missing)}; found {examples(quant.header)}. "
            "Salmon writes Name, Length, EffectiveLength, TPM and NumReads.",
        )
    ids = quant.column(quant.header.index(_ID_COLUMN))
    counts, violations = quant.numbers([quant.header.index(_COUNT_COLUMN)])
    if violations:
        raise InputError(path.name, violations)
    reads: Matrix = counts[:, 0]
    if names is None:
        return ids, reads
    if names.equals(ids, null_equal=True, check_names=False):
        return names, reads
    lost = names.filter(~names.is_in(ids.implode()))
    extra = ids.filter(~ids.is_in(names.implode()))
    if lost.len() or extra.len() or ids.len() != names.len() or ids.n_unique() != ids.len():
        raise InputError(
            path.name,
            f"{ids.len()} transcripts where sample '{first}' has {names.len()}: {lost.len()} are missing "
            f"({examples(lost) or 'none'}), {extra.len()} are new ({examples(extra) or 'none'}). "
            "Quantify every sample against the same index.",
        )
    position = pl.DataFrame({"id": names}).join(
        pl.DataFrame({"id": ids}).with_row_index("row"), on="id", how="left", validate="1:1", maintain_order="left"
    )
    return names, reads[position.get_column("row").to_numpy()]

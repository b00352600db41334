"""Where two versions of a table or of a JSON record differ, beyond what rounding explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from isograph.arrays import Flags, Vector
from isograph.errors import EXAMPLES_SHOWN, shown
from isograph.results.snapshot import RUN_DEPENDENT
from isograph.schemas import Table

REFERENCE, CANDIDATE = "reference", "candidate"
SAMPLE_COLUMNS = "(sample columns)"
DIFFERENCE_SCHEMA = {
    "file": pl.String(),
    "table": pl.String(),
    "column": pl.String(),
    "rows": pl.Int64(),
    "max_abs_difference": pl.Float64(),
    "only_in": pl.String(),
    "examples": pl.String(),
}
_ABSENT = object()


# NOTE: an absolute and a relative tolerance: two floats are the same if |a − b| ≤ absolute + relative · max(|a|, |b|).
# Text, integers and truth values must be equal. Correlations, loadings and shares lie in [−1, 1]; a statistic has no
# bounds; a p-value means its order of magnitude, and one of 1e-300 must not equal one of 1e-20.
EXACT = (0.0, 0.0)
SHARE = (1e-8, 0.0)
MEASURE = (1e-8, 1e-6)
PROBABILITY = (0.0, 1e-6)
_TOLERANCE_OF_COLUMN = {
    **dict.fromkeys(("pvalue", "qvalue"), PROBABILITY),
    **dict.fromkeys(("kme", "weight", "similarity", "switch_r", "abundance_r", "switch_abundance_r", "r"), SHARE),
    **dict.fromkeys(("eigengene", "loading", "variance_explained", "mean_abs_kme"), SHARE),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    Attributes
    ----------
    table, column : None where the difference is not of one table, or not of one column.
    rows : rows that differ, or that only one of the two has.
    max_abs_difference : None where what differs is not two numbers.
    only_in : ``reference`` or ``candidate`` for a table, column or row that the other lacks.
    examples : keys of the first rows; of a JSON value, the two values.
    """

    file: str
    table: str | None
    column: str | None
    rows: int
    max_abs_difference: float | None = None
    only_in: str | None = None
    examples: tuple[str, ...] = ()


def difference_table(differences: Sequence[Difference]) -> pl.DataFrame:
    """Return one row a difference; the examples are joined by ``; ``."""
    rows = [{**asdict(difference), "examples": "; ".join(difference.examples)} for difference in differences]
    return pl.DataFrame(rows, schema=DIFFERENCE_SCHEMA)


def table_differences(
    contract: Table, reference: pl.DataFrame, candidate: pl.DataFrame, *, tolerance: float = 1.0
) -> list[Difference]:
    """Return the differences of two tables whose rows are told apart by the key of ``contract``; order plays no part.

    tolerance: factor on the tolerance of every column.
    """
    file, key = f"{contract.name}.parquet", list(contract.key)
    sides = ((REFERENCE, reference, candidate), (CANDIDATE, candidate, reference))
    differences = [
        Difference(file, contract.name, name, frame.height, only_in=side)
        for side, frame, other in sides
        for name in frame.columns
        if name not in other.columns
    ]
    for side, frame, other in sides:
        lone = frame.join(other.select(key), on=key, how="anti", validate="m:m", maintain_order="left")
        if lone.height:
            keys = _key_texts(lone, key)
            differences.append(Difference(file, contract.name, None, lone.height, only_in=side, examples=keys))
    reference, candidate = _aligned(reference, candidate, key)
    shared = [name for name in reference.columns if name in candidate.columns and name not in key]
    columns = {name: [name] for name in contract.schema if name in shared}
    # A table with one column per sample may have thousands: they differ, or not, as one.
    columns[SAMPLE_COLUMNS] = [name for name in shared if name not in contract.schema]
    for title, names in columns.items():
        changed, largest = np.zeros(reference.height, dtype=np.bool_), None
        for name in names:
            limit = _TOLERANCE_OF_COLUMN.get(name, MEASURE) if title == name else MEASURE
            rows, size = _changed(reference.get_column(name), candidate.get_column(name), limit, factor=tolerance)
            changed |= rows
            largest = size if largest is None else max(largest, size or 0.0)
        if changed.any():
            keys = _key_texts(reference.filter(pl.Series(changed)), key)
            differences.append(Difference(file, contract.name, title, int(changed.sum()), largest, examples=keys))
    return differences


def _aligned(reference: pl.DataFrame, candidate: pl.DataFrame, key: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows whose key both have, in the order of the reference."""
    # NOTE: no column of a table begins with NUL.
    first, second = (
        frame.select(*key, pl.int_range(pl.len(), dtype=pl.Int64).alias(f"\0{side}"))
        for side, frame in ((REFERENCE, reference), (CANDIDATE, candidate))
    )
    rows = first.join(second, on=key, how="inner", validate="1:1", maintain_order="left")
    return reference[rows.get_column(f"\0{REFERENCE}")], candidate[rows.get_column(f"\0{CANDIDATE}")]


def _changed(
    reference: pl.Series, candidate: pl.Series, tolerance: tuple[float, float], *, factor: float
) -> tuple[Flags, float | None]:
    """Return which rows differ, and the largest difference of two numbers; null and NaN each equal themselves."""
    if not (reference.dtype.is_numeric() and candidate.dtype.is_numeric()):
        texts = [column if column.dtype == pl.String else column.cast(pl.String) for column in (reference, candidate)]
        return texts[0].ne_missing(texts[1]).to_numpy(), None
    a_null, b_null = (column.is_null().to_numpy() for column in (reference, candidate))
    a, b = (column.cast(pl.Float64).fill_null(0.0).to_numpy() for column in (reference, candidate))
    exact = reference.dtype.is_integer() and candidate.dtype.is_integer()
    changed, sizes = _floats_changed(a, b, EXACT if exact else tolerance, factor=factor)
    changed = np.where(a_null | b_null, a_null != b_null, changed)
    measured = sizes[changed & ~a_null & ~b_null & np.isfinite(sizes)]
    return changed, float(measured.max()) if measured.size else None


def _floats_changed(a: Vector, b: Vector, tolerance: tuple[float, float], *, factor: float) -> tuple[Flags, Vector]:
    """Return which floats differ by more than the tolerance times ``factor``, and by how much each differs."""
    absolute, relative = (limit * factor for limit in tolerance)
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(a - b)
        allowed = absolute + relative * np.maximum(np.abs(a), np.abs(b))
        same = (a == b) | (np.isnan(a) & np.isnan(b)) | ((sizes <= allowed) & np.isfinite(allowed))
    return ~same, sizes


def _key_texts(rows: pl.DataFrame, key: Sequence[str]) -> tuple[str, ...]:
    return tuple(", ".join(shown(part) for part in row) for row in rows.select(key).head(EXAMPLES_SHOWN).iter_rows())


def record_differences(
    file: str, reference: Mapping[str, Any], candidate: Mapping[str, Any], *, tolerance: float = 1.0
) -> list[Difference]:
    """Return the differences of two JSON records, one a value; seconds and thread counts do not count.

    ``column`` is the path of the value, ``role_recall.coupled``.
    """
    values, others = dict(leaves(reference)), dict(leaves(candidate))
    differences = []
    for path in dict.fromkeys([*values, *others]):
        a, b = values.get(path, _ABSENT), others.get(path, _ABSENT)
        size = None
        if a is _ABSENT or b is _ABSENT:
            side, value = (CANDIDATE, b) if a is _ABSENT else (REFERENCE, a)
            differences.append(Difference(file, None, path, 1, only_in=side, examples=(shown(value),)))
            continue
        if is_number(a) and is_number(b):
            limit = EXACT if isinstance(a, int) and isinstance(b, int) else MEASURE
            changed, sizes = _floats_changed(np.array([float(a)]), np.array([float(b)]), limit, factor=tolerance)
            differs, size = bool(changed[0]), float(sizes[0])
        else:
            differs = a != b
        if differs:
            differences.append(Difference(file, None, path, 1, size, examples=(shown(a), shown(b))))
    return differences


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the path of every value of a JSON record and the value, ``a.b[0]``; run-dependent ones are left out."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if key not in RUN_DEPENDENT:
                yield from leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, entry in enumerate(value):
            yield from leaves(entry, f"{path}[{number}]")
    else:
        yield path, value


def is_number(value: object) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
